//! The state of optimisers between steps.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// The state of an optimiser, to be saved.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OptimizerState {
    /// The optimiser's name; empty before there is one.
    pub optimizer: String,
    /// How many steps it has made.
    pub steps: u64,
    /// Buffers with the sizes of their parameters: `enc.weight/velocity`. Empty before the first step.
    pub buffers: BTreeMap<String, Vec<f32>>,
}

/// A state that an optimiser cannot restore.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is the state of another kind of optimiser.
    #[error("the state is that of the optimiser `{found}`, not of `{expected}`")]
    Optimizer {
        /// The optimiser whose state it is.
        found: String,
        /// The optimiser that should restore it.
        expected: String,
    },
    /// A buffer is missing.
    #[error("`{optimizer}` remembers a buffer `{buffer}` of `{parameter}`, which the state does not have")]
    Missing {
        /// The optimiser.
        optimizer: String,
        /// The parameter.
        parameter: String,
        /// The buffer.
        buffer: String,
    },
    /// A buffer that the optimiser does not know.
    #[error("the state has a buffer `{buffer}`, which `{optimizer}` does not remember")]
    Unknown {
        /// The optimiser.
        optimizer: String,
        /// The buffer, with its parameter.
        buffer: String,
    },
    /// A buffer whose size is not that of its parameter.
    #[error("the state has {found} elements in `{buffer}`, expected {expected}")]
    Length {
        /// The buffer, with its parameter.
        buffer: String,
        /// How many elements it has.
        found: usize,
        /// How many the parameter has.
        expected: usize,
    },
}

/// The key of a buffer in a state.
pub(in crate::train) fn key(parameter: &str, buffer: &str) -> String {
    format!("{parameter}/{buffer}")
}

/// The steps and buffers of an optimiser with at most two buffers per parameter.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Buffers {
    pub(super) steps: u64,
    buffers: BTreeMap<String, Vec<Vec<f32>>>,
}

impl Buffers {
    /// The buffers of a parameter, zeros at first.
    pub(super) fn buffers<const N: usize>(&mut self, parameter: &str, elements: usize) -> &mut [Vec<f32>; N] {
        if !self.buffers.contains_key(parameter) {
            self.buffers.insert(parameter.to_owned(), vec![vec![0.0; elements]; N]);
        }
        let own = self.buffers.get_mut(parameter).and_then(|own| own.first_chunk_mut());
        own.expect("a parameter has the buffers of its optimiser")
    }

    pub(super) fn remembered(&self, parameter: &str) -> Option<usize> {
        self.buffers.get(parameter)?.first().map(Vec::len)
    }

    pub(super) fn state(&self, optimizer: String, names: &[&str]) -> OptimizerState {
        let buffers = self.buffers.iter().flat_map(|(parameter, own)| {
            names.iter().zip(own).map(move |(name, buffer)| (key(parameter, name), buffer.clone()))
        });
        OptimizerState { optimizer, steps: self.steps, buffers: buffers.collect() }
    }

    /// The reverse of [`Buffers::state`].
    pub(super) fn of(state: OptimizerState, expected: String, names: &[&str]) -> Result<Buffers, StateError> {
        if state == OptimizerState::default() {
            return Ok(Buffers::default());
        }
        if state.optimizer != expected {
            return Err(StateError::Optimizer { found: state.optimizer, expected });
        }
        let mut found: BTreeMap<String, BTreeMap<String, Vec<f32>>> = BTreeMap::new();
        for (buffer, elements) in state.buffers {
            match buffer.rsplit_once('/') {
                Some((parameter, name)) if names.contains(&name) => {
                    found.entry(parameter.to_owned()).or_default().insert(name.to_owned(), elements);
                }
                _ => return Err(StateError::Unknown { optimizer: expected, buffer }),
            }
        }
        let mut memory = Buffers { steps: state.steps, buffers: BTreeMap::new() };
        for (parameter, mut own) in found {
            let mut buffers: Vec<Vec<f32>> = Vec::new();
            for name in names {
                let Some(buffer) = own.remove(*name) else {
                    return Err(StateError::Missing { optimizer: expected, parameter, buffer: (*name).to_owned() });
                };
                if let Some(expected) = buffers.first().map(Vec::len).filter(|expected| *expected != buffer.len()) {
                    return Err(StateError::Length { buffer: key(&parameter, name), found: buffer.len(), expected });
                }
                buffers.push(buffer);
            }
            memory.buffers.insert(parameter, buffers);
        }
        Ok(memory)
    }
}

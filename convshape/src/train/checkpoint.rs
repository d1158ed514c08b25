//! Checkpoints: a file with the state of a training run, which resumes from it as if never interrupted.

use alloc::borrow::{Cow, ToOwned};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};

use super::optimizer::key;
use super::{History, Optimizer, OptimizerState, StateError, Train};
use crate::weights::files;
use crate::weights::{LoadError, SaveError, open, replace};

/// The key that marks a safetensors file as a checkpoint.
const FORMAT: &str = "convshape checkpoint";
/// The version of the format.
const VERSION: &str = "2";
/// The prefix of the names of the optimiser's buffers.
const OPTIMIZER: &str = "optimizer/";

/// The state of a training after an epoch.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Checkpoint<M> {
    /// The model.
    pub model: M,
    /// The state of the optimiser.
    pub optimizer: OptimizerState,
    /// The epochs so far.
    pub history: History,
    /// The model with the lowest loss so far, and that loss, if they are kept.
    pub best: Option<(f64, M)>,
    /// The batches so far.
    pub steps: u64,
    /// The average of the weights, if one is kept.
    pub average: Option<M>,
}

impl<M: Train> Checkpoint<M> {
    /// Writes a safetensors file that holds the model under `model/`. An existing file of this name is replaced in one
    /// step once the new one is complete and on disk.
    ///
    /// # Errors
    /// If the file cannot be written. An existing file is then unchanged.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        let file = path.as_ref();
        let mut tensors = Vec::new();
        collect("model", &self.model, &mut tensors);
        if let Some((_, best)) = &self.best {
            collect("best", best, &mut tensors);
        }
        if let Some(average) = &self.average {
            collect("average", average, &mut tensors);
        }
        for (name, buffer) in &self.optimizer.buffers {
            tensors.push((format!("{OPTIMIZER}{name}"), Floats { shape: [buffer.len()].into(), data: buffer.clone() }));
        }
        let best = self.best.as_ref().map(|(loss, _)| ("best", loss.to_string()));
        let numbers = [
            ("format", FORMAT.to_owned()),
            ("version", VERSION.to_owned()),
            ("steps", self.steps.to_string()),
            ("optimizer", self.optimizer.optimizer.clone()),
            ("optimizer_steps", self.optimizer.steps.to_string()),
            ("history", self.history.csv()),
        ];
        let average = self.average.as_ref().map(|_| ("average", "kept".to_owned()));
        let metadata =
            numbers.into_iter().chain(best).chain(average).map(|(name, value)| (name.to_owned(), value)).collect();
        let bytes = safetensors::serialize(tensors, Some(metadata))
            .map_err(|error| SaveError::Format { file: file.to_owned(), reason: error.to_string() })?;
        replace(file, &bytes)
    }

    /// Reads a checkpoint of the same chain; `like` is any model of it.
    ///
    /// # Errors
    /// If the file cannot be read, is not a checkpoint, or belongs to another chain.
    pub fn read(path: impl AsRef<Path>, like: &M) -> Result<Checkpoint<M>, LoadError> {
        let file = path.as_ref();
        let bytes = files::read(file).map_err(|source| LoadError::Read { file: file.to_owned(), source })?;
        Checkpoint::of_file(file, &bytes, like)
    }

    /// The checkpoint in the bytes of a file.
    pub(super) fn of_file(file: &Path, bytes: &[u8], like: &M) -> Result<Checkpoint<M>, LoadError> {
        parse(bytes, like).map_err(|reason| LoadError::Format { file: file.display().to_string(), reason })
    }
}

fn parse<M: Train>(bytes: &[u8], like: &M) -> Result<Checkpoint<M>, String> {
    let tensors = open(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let text = |name: &str| metadata.get(name).ok_or(format!("no checkpoint: it has no `{name}`"));
    if !tensors.names().iter().any(|name| name.starts_with("model/")) {
        return Err("weights, and no checkpoint: `load` reads them".into());
    }
    let number = |name: &str| text(name)?.parse::<u64>().map_err(|error| format!("{name}: {error}"));

    for (name, expected) in [("format", FORMAT), ("version", VERSION)] {
        let found = text(name)?;
        if found != expected {
            return Err(format!(
                "no checkpoint that this version of the library reads: {name} {found}, not {expected}"
            ));
        }
    }

    let mut buffers = BTreeMap::new();
    for name in tensors.names() {
        if let Some(buffer) = name.strip_prefix(OPTIMIZER) {
            buffers.insert(buffer.to_owned(), floats(&tensors, name, None)?);
        }
    }
    let best = match metadata.get("best") {
        Some(loss) => {
            Some((loss.parse().map_err(|error| format!("best: {error}"))?, restored("best", &tensors, like)?))
        }
        None => None,
    };
    let average = metadata.get("average").map(|_| restored("average", &tensors, like)).transpose()?;
    Ok(Checkpoint {
        model: restored("model", &tensors, like)?,
        optimizer: OptimizerState { optimizer: text("optimizer")?.clone(), steps: number("optimizer_steps")?, buffers },
        history: History::from_csv(text("history")?).ok_or("the history is damaged")?,
        best,
        steps: number("steps")?,
        average,
    })
}

/// Restores an optimiser's state from a checkpoint of `model`.
///
/// # Errors
/// If it is not the state of such an optimiser for such a model. Nothing is changed then.
pub(super) fn restore<M: Train>(
    optimizer: &mut impl Optimizer,
    state: OptimizerState,
    model: &M,
) -> Result<(), StateError> {
    // Checked against the parameters first, because an optimiser would keep the state of unknown parameters forever.
    let mut expected = BTreeMap::new();
    model.clone().for_each_trained(model, |parameter, param, _| {
        for buffer in optimizer.buffers(parameter) {
            expected.insert(key(parameter, buffer), (param.as_slice().len(), parameter.to_owned(), *buffer));
        }
    });
    let kind = optimizer.name();
    if state.optimizer != kind && !state.optimizer.is_empty() {
        return Err(StateError::Optimizer { found: state.optimizer, expected: kind });
    }
    for (buffer, elements) in &state.buffers {
        let (found, buffer) = (elements.len(), buffer.clone());
        match expected.get(&buffer) {
            None => return Err(StateError::Unknown { optimizer: kind, buffer }),
            Some((count, ..)) if *count != found => {
                return Err(StateError::Length { buffer, found, expected: *count });
            }
            Some(_) => {}
        }
    }
    if let Some((_, (_, parameter, buffer))) = expected.into_iter().find(|(key, _)| !state.buffers.contains_key(key))
        && state.steps > 0
    {
        return Err(StateError::Missing { optimizer: kind, parameter, buffer: buffer.to_owned() });
    }
    optimizer.restore(state)
}

/// The parameters of a model, with a prefix before their names.
fn collect<M: Train>(prefix: &str, model: &M, tensors: &mut Vec<(String, Floats)>) {
    model.for_each_param(|name, param| {
        let floats = Floats { shape: param.shape().to_vec(), data: param.as_slice().to_vec() };
        tensors.push((format!("{prefix}/{name}"), floats));
    });
}

/// The reverse of [`collect`].
fn restored<M: Train>(prefix: &str, tensors: &SafeTensors<'_>, like: &M) -> Result<M, String> {
    let mut model = like.clone();
    let mut result = Ok(());
    model.for_each_param_mut(|name, param| {
        if result.is_ok() {
            result = floats(tensors, &format!("{prefix}/{name}"), Some(param.shape()))
                .map(|elements| param.as_mut_slice().copy_from_slice(&elements));
        }
    });
    result.map(|()| model).map_err(|error| format!("a checkpoint of another model: {error}"))
}

/// The elements of a tensor, bit for bit.
fn floats(tensors: &SafeTensors<'_>, name: &str, shape: Option<&[usize]>) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("{name}: missing"))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("{name}: found elements of type {}, expected f32", tensor.dtype()));
    }
    if let Some(expected) = shape
        && tensor.shape() != expected
    {
        return Err(format!("{name}: found {:?}, expected {expected:?}", tensor.shape()));
    }
    let (elements, _) = tensor.data().as_chunks();
    Ok(elements.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Elements to be written.
struct Floats {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl View for Floats {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.data.iter().flat_map(|element| element.to_le_bytes()).collect::<Vec<u8>>().into()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.data.as_slice())
    }
}

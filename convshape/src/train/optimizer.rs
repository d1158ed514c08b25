//! Optimisers: how parameters move, given their gradients. The formulas are PyTorch's.

mod adam;
mod rms_prop;
mod sgd;

use alloc::vec;
use alloc::vec::Vec;

pub use self::adam::{Adam, AdamW};
pub use self::rms_prop::RmsProp;
pub use self::sgd::Sgd;
use super::{Train, single};

/// Moves a model's parameters, given their gradients.
///
/// What an optimiser remembers of each parameter it keeps in the order of the parameters: it serves
/// one model.
pub trait Optimizer {
    /// One step.
    fn step<M: Train>(&mut self, model: &mut M, gradients: &M);

    /// The learning rate.
    fn learning_rate(&self) -> f64;

    /// Changes the learning rate, as a schedule does.
    fn set_learning_rate(&mut self, rate: f64);

    /// What it remembers, to be saved.
    fn state(&self) -> OptimizerState;

    /// Goes on from what another one of the same kind remembered.
    fn restore(&mut self, state: OptimizerState);
}

/// What an optimiser remembers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OptimizerState {
    /// How many steps it has made.
    pub steps: u64,
    /// Numbers of the parameters' own sizes, all of one parameter after the other. Empty before the
    /// first step.
    pub buffers: Vec<Vec<f32>>,
}

impl OptimizerState {
    /// Calls `rule` with each parameter's elements, gradients and `N` buffers, which begin as zeros.
    fn step<const N: usize, M: Train>(
        &mut self,
        model: &mut M,
        gradients: &M,
        mut rule: impl FnMut(&mut [f32], &[f32], &mut [Vec<f32>; N]),
    ) {
        self.steps += 1;
        let mut index = 0;
        model.for_each_trained(gradients, |_, param, gradient| {
            if self.buffers.len() < index + N {
                let count = gradient.as_slice().len();
                self.buffers.resize_with(index + N, || vec![0.0; count]);
            }
            let buffers = self.buffers[index..].first_chunk_mut().expect("resized above");
            rule(param.as_mut_slice(), gradient.as_slice(), buffers);
            index += N;
        });
    }
}

/// The methods of [`Optimizer`] as an optimiser's own, so that a step needs no import of the trait.
macro_rules! optimizer {
    ($name:ident) => {
        impl $name {
            /// Moves the parameters of `model` by one step. Running statistics stay.
            pub fn step<M: Train>(&mut self, model: &mut M, gradients: &M) {
                Optimizer::step(self, model, gradients);
            }
        }
    };
}
use optimizer;

/// The methods of [`Optimizer`] that only store.
macro_rules! stored {
    () => {
        fn learning_rate(&self) -> f64 {
            self.learning_rate
        }

        fn set_learning_rate(&mut self, rate: f64) {
            self.learning_rate = rate;
        }

        fn state(&self) -> OptimizerState {
            self.state.clone()
        }

        fn restore(&mut self, state: OptimizerState) {
            self.state = state;
        }
    };
}
use stored;

//! Optimisers: they update parameters with their gradients. The formulas are those of PyTorch or of the papers.

mod adam;
mod groups;
mod lamb;
mod lion;
mod rms_prop;
mod sgd;
mod state;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;

pub use self::adam::{Adam, AdamW};
pub use self::groups::Groups;
pub use self::lamb::Lamb;
pub use self::lion::Lion;
pub use self::rms_prop::RmsProp;
pub use self::sgd::Sgd;
use self::state::Buffers;
#[cfg(feature = "safetensors")]
pub(super) use self::state::key;
pub use self::state::{OptimizerState, StateError};
use super::{Train, single};
use crate::model::error::ShapeError;
use crate::model::param::Param;

/// Updates a model's parameters with their gradients.
///
/// An optimiser keeps state for each parameter under the parameter's name, so it can be used with one model only. To
/// choose the kind at run time, use a `Box<dyn Optimizer>`.
pub trait Optimizer: Debug + Send {
    /// Its name in checkpoints.
    fn name(&self) -> String;

    /// Starts a step, in which every parameter is updated once.
    fn begin(&mut self);

    /// Updates one parameter.
    fn update(&mut self, parameter: Parameter<'_>);

    /// The learning rate.
    fn learning_rate(&self) -> f64;

    /// Changes the learning rate, as a schedule does.
    fn set_learning_rate(&mut self, rate: f64);

    /// The names of the buffers that it keeps for a parameter. Each has the size of the parameter.
    fn buffers(&self, parameter: &str) -> &'static [&'static str];

    /// The number of elements in a parameter's buffers, if it was updated before.
    fn remembered(&self, parameter: &str) -> Option<usize>;

    /// The patterns of names that it was given ([`Groups`]). Each must match a parameter.
    fn patterns(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Its state, to be saved.
    fn state(&self) -> OptimizerState;

    /// Restores the state of another optimiser of the same kind.
    ///
    /// # Errors
    /// If it is the state of another kind of optimiser, or is damaged. Nothing is changed then.
    fn restore(&mut self, state: OptimizerState) -> Result<(), StateError>;

    /// Updates the parameters of a model by one step. Running statistics do not change.
    ///
    /// # Errors
    /// If a parameter was replaced by one of a different shape, the optimiser was used with another model, or no
    /// parameter matches the pattern of a group. Nothing is changed then.
    fn step<M: Train>(&mut self, model: &mut M, gradients: &M) -> Result<(), ShapeError>
    where
        Self: Sized,
    {
        model.check_params()?;
        gradients.check_params()?;
        let mut result = Ok(());
        let mut unused = self.patterns();
        model.for_each_trained(gradients, |name, param, _| {
            unused.retain(|pattern| !groups::matches(pattern, name));
            let found = param.as_slice().len();
            if let Some(expected) = self.remembered(name).filter(|expected| *expected != found) {
                result = Err(ShapeError::Optimizer { name: name.into(), found, expected });
            }
        });
        result?;
        if let Some(pattern) = unused.first() {
            let mut names = Vec::new();
            model.for_each_trained(gradients, |name, _, _| names.push(name.into()));
            return Err(ShapeError::Pattern { pattern: (*pattern).into(), names });
        }
        self.begin();
        model.for_each_trained(gradients, |name, param, gradient| self.update(Parameter { name, param, gradient }));
        Ok(())
    }
}

/// A parameter in a step.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parameter<'a> {
    /// Its name in files.
    pub name: &'a str,
    /// The parameter.
    pub param: &'a mut Param,
    /// Its gradient, of the same shape.
    pub gradient: &'a Param,
}

impl<O: Optimizer + ?Sized> Optimizer for Box<O> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn begin(&mut self) {
        (**self).begin();
    }

    fn update(&mut self, parameter: Parameter<'_>) {
        (**self).update(parameter);
    }

    fn learning_rate(&self) -> f64 {
        (**self).learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        (**self).set_learning_rate(rate);
    }

    fn buffers(&self, parameter: &str) -> &'static [&'static str] {
        (**self).buffers(parameter)
    }

    fn remembered(&self, parameter: &str) -> Option<usize> {
        (**self).remembered(parameter)
    }

    fn patterns(&self) -> Vec<&str> {
        (**self).patterns()
    }

    fn state(&self) -> OptimizerState {
        (**self).state()
    }

    fn restore(&mut self, state: OptimizerState) -> Result<(), StateError> {
        (**self).restore(state)
    }
}

/// The methods of [`Optimizer`] as inherent methods, so that a step needs no import of the trait.
macro_rules! optimizer {
    ($name:ident) => {
        impl $name {
            /// Updates the parameters of `model` by one step. Running statistics do not change.
            ///
            /// # Errors
            /// If a parameter was replaced by one of a different shape, or the optimiser was used with another model.
            /// Nothing is changed then.
            pub fn step<M: Train>(&mut self, model: &mut M, gradients: &M) -> Result<(), ShapeError> {
                Optimizer::step(self, model, gradients)
            }
        }
    };
}
use optimizer;

/// The methods of [`Optimizer`] for its state. `buffers` are the names of its buffers.
macro_rules! stored {
    ($name:literal, |$self:ident| $buffers:expr) => {
        fn name(&self) -> String {
            $name.into()
        }

        fn begin(&mut self) {
            self.memory.steps += 1;
        }

        fn learning_rate(&self) -> f64 {
            self.learning_rate
        }

        fn set_learning_rate(&mut self, rate: f64) {
            self.learning_rate = rate;
        }

        fn buffers(&$self, _: &str) -> &'static [&'static str] {
            $buffers
        }

        fn remembered(&self, parameter: &str) -> Option<usize> {
            self.memory.remembered(parameter)
        }

        fn state(&self) -> OptimizerState {
            self.memory.state(self.name(), self.buffers(""))
        }

        fn restore(&mut self, state: OptimizerState) -> Result<(), StateError> {
            self.memory = Buffers::of(state, self.name(), self.buffers(""))?;
            Ok(())
        }
    };
}
use stored;

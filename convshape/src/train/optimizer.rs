//! Optimisers: how parameters move, given their gradients. The formulas are PyTorch's, or those of the papers.

mod adam;
mod groups;
mod lamb;
mod lion;
mod rms_prop;
mod sgd;
mod state;

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::Debug;

pub use self::adam::{Adam, AdamW};
pub use self::groups::Groups;
pub use self::lamb::Lamb;
pub use self::lion::Lion;
pub use self::rms_prop::RmsProp;
pub use self::sgd::Sgd;
use self::state::Memory;
#[cfg(feature = "safetensors")]
pub(super) use self::state::key;
pub use self::state::{OptimizerState, StateError};
use super::{Train, single};
use crate::model::error::ShapeError;
use crate::model::param::Param;

/// Moves a model's parameters, given their gradients.
///
/// What an optimiser remembers of a parameter it keeps under the parameter's name: it serves one
/// model. One whose kind is chosen at run time is a `Box<dyn Optimizer>`.
pub trait Optimizer: Debug + Send {
    /// Its name, as checkpoints have it.
    fn name(&self) -> String;

    /// Begins a step, in which every parameter is moved once.
    fn begin(&mut self);

    /// Moves one parameter.
    fn update(&mut self, parameter: Parameter<'_>);

    /// The learning rate.
    fn learning_rate(&self) -> f64;

    /// Changes the learning rate, as a schedule does.
    fn set_learning_rate(&mut self, rate: f64);

    /// What it remembers of a parameter after a step: the names of its buffers, each of which has the
    /// parameter's own size.
    fn buffers(&self, parameter: &str) -> &'static [&'static str];

    /// How many elements the buffers of a parameter have, if it was moved before.
    fn remembered(&self, parameter: &str) -> Option<usize>;

    /// What it remembers, to be saved.
    fn state(&self) -> OptimizerState;

    /// Goes on from what another one of the same kind remembered.
    ///
    /// # Errors
    /// If that is the state of another kind of optimiser, or was damaged. Nothing is changed then.
    fn restore(&mut self, state: OptimizerState) -> Result<(), StateError>;

    /// Moves the parameters of a model by one step. Running statistics stay.
    ///
    /// # Errors
    /// If a parameter was replaced by one of another shape, or the optimiser served another model.
    /// Nothing is changed then.
    fn step<M: Train>(&mut self, model: &mut M, gradients: &M) -> Result<(), ShapeError>
    where
        Self: Sized,
    {
        model.check_params()?;
        gradients.check_params()?;
        let mut result = Ok(());
        model.for_each_trained(gradients, |name, param, _| {
            let found = param.as_slice().len();
            if let Some(expected) = self.remembered(name).filter(|expected| *expected != found) {
                result = Err(ShapeError::Optimizer { name: name.into(), found, expected });
            }
        });
        result?;
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

    fn state(&self) -> OptimizerState {
        (**self).state()
    }

    fn restore(&mut self, state: OptimizerState) -> Result<(), StateError> {
        (**self).restore(state)
    }
}

/// The methods of [`Optimizer`] as an optimiser's own, so that a step needs no import of the trait.
macro_rules! optimizer {
    ($name:ident) => {
        impl $name {
            /// Moves the parameters of `model` by one step. Running statistics stay.
            ///
            /// # Errors
            /// If a parameter was replaced by one of another shape, or the optimiser served another
            /// model. Nothing is changed then.
            pub fn step<M: Train>(&mut self, model: &mut M, gradients: &M) -> Result<(), ShapeError> {
                Optimizer::step(self, model, gradients)
            }
        }
    };
}
use optimizer;

/// The methods of [`Optimizer`] that only store. `buffers` are the names of what it remembers.
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
            self.memory = Memory::of(state, self.name(), self.buffers(""))?;
            Ok(())
        }
    };
}
use stored;

//! RMSprop.

use alloc::string::String;

use super::{Buffers, Optimizer, OptimizerState, Parameter, StateError, Train, optimizer, single, stored};
use crate::model::error::ShapeError;

/// RMSprop (Tieleman and Hinton, 2012; `torch.optim.RMSprop`): steps divided by the root of the mean
/// square of the gradients.
#[derive(Clone, PartialEq, Debug)]
pub struct RmsProp {
    learning_rate: f64,
    alpha: f64,
    eps: f64,
    momentum: f64,
    weight_decay: f64,
    memory: Buffers,
}

optimizer!(RmsProp);

impl RmsProp {
    /// With alpha 0.99 and eps 1e-8.
    #[must_use]
    pub fn new(learning_rate: f64) -> RmsProp {
        let memory = Buffers::default();
        RmsProp { learning_rate, alpha: 0.99, eps: 1e-8, momentum: 0.0, weight_decay: 0.0, memory }
    }

    /// The decay rate of the mean square.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> RmsProp {
        RmsProp { alpha, ..self }
    }

    /// The number added to the root of the mean square.
    #[must_use]
    pub fn eps(self, eps: f64) -> RmsProp {
        RmsProp { eps, ..self }
    }

    /// The momentum.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> RmsProp {
        RmsProp { momentum, ..self }
    }

    /// The weight decay.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> RmsProp {
        RmsProp { weight_decay, ..self }
    }
}

impl Optimizer for RmsProp {
    fn update(&mut self, Parameter { name, param, gradient }: Parameter<'_>) {
        let (alpha, new) = (single(self.alpha), single(1.0 - self.alpha));
        let (rate, eps) = (single(self.learning_rate), single(self.eps));
        let (momentum, decay) = (single(self.momentum), single(self.weight_decay));
        let (param, gradient) = (param.as_mut_slice(), gradient.as_slice());
        let [square, velocity] = self.memory.buffers(name, param.len());
        for (((p, g), s), v) in param.iter_mut().zip(gradient).zip(square).zip(velocity) {
            let g = g + decay * *p;
            *s = alpha * *s + new * g * g;
            *v = momentum * *v + g / (s.sqrt() + eps);
            *p -= rate * *v;
        }
    }

    stored!("RmsProp", |self| &["square", "velocity"]);
}

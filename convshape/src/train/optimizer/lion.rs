//! Lion.

use alloc::string::String;

use super::{Buffers, Optimizer, OptimizerState, Parameter, StateError, Train, optimizer, single, stored};
use crate::model::error::ShapeError;

/// Lion (Chen et al., 2023): steps of constant size in the direction of the sign of a mean of gradients. Its learning
/// rate should be three to ten times smaller than AdamW's.
#[derive(Clone, PartialEq, Debug)]
pub struct Lion {
    learning_rate: f64,
    betas: (f64, f64),
    weight_decay: f64,
    memory: Buffers,
}

optimizer!(Lion);

impl Lion {
    /// With betas 0.9 and 0.99, without weight decay.
    #[must_use]
    pub fn new(learning_rate: f64) -> Lion {
        Lion { learning_rate, betas: (0.9, 0.99), weight_decay: 0.0, memory: Buffers::default() }
    }

    /// The weight of the mean gradient in the direction of a step, and the decay rate of the mean.
    #[must_use]
    pub fn betas(self, direction: f64, mean: f64) -> Lion {
        Lion { betas: (direction, mean), ..self }
    }

    /// The weight decay, which shrinks the parameters by this share of the learning rate.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Lion {
        Lion { weight_decay, ..self }
    }
}

impl Optimizer for Lion {
    fn update(&mut self, Parameter { name, param, gradient }: Parameter<'_>) {
        let (beta1, beta2) = (single(self.betas.0), single(self.betas.1));
        let (new1, new2) = (single(1.0 - self.betas.0), single(1.0 - self.betas.1));
        let (rate, shrink) = (single(self.learning_rate), single(1.0 - self.learning_rate * self.weight_decay));
        let (param, gradient) = (param.as_mut_slice(), gradient.as_slice());
        let [mean] = self.memory.buffers(name, param.len());
        for ((p, g), m) in param.iter_mut().zip(gradient).zip(mean) {
            let direction = beta1 * *m + new1 * g;
            // The sign of zero is zero.
            let step = if direction == 0.0 { 0.0 } else { rate.copysign(direction) };
            *p = *p * shrink - step;
            *m = beta2 * *m + new2 * g;
        }
    }

    stored!("Lion", |self| &["mean"]);
}

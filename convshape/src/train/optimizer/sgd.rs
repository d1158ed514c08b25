//! Stochastic gradient descent.

use alloc::string::String;

use super::{Buffers, Optimizer, OptimizerState, Parameter, StateError, Train, optimizer, single, stored};
use crate::model::error::ShapeError;

/// Stochastic gradient descent (`torch.optim.SGD`).
///
/// With gradient `g`, parameter `p`, velocity `v`: `g += weight_decay * p`, `v = momentum * v + g`,
/// `p -= learning_rate * v`; Nesterov's form moves by `g + momentum * v` instead.
#[derive(Clone, PartialEq, Debug)]
pub struct Sgd {
    learning_rate: f64,
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    memory: Buffers,
}

optimizer!(Sgd);

impl Sgd {
    /// Plain descent.
    #[must_use]
    pub fn new(learning_rate: f64) -> Sgd {
        Sgd { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 0.0, memory: Buffers::default() }
    }

    /// The share of the velocity that a step keeps.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Sgd {
        Sgd { momentum, ..self }
    }

    /// Nesterov's form of momentum.
    #[must_use]
    pub fn nesterov(self) -> Sgd {
        Sgd { nesterov: true, ..self }
    }

    /// The weight decay.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Sgd {
        Sgd { weight_decay, ..self }
    }
}

impl Optimizer for Sgd {
    fn update(&mut self, Parameter { name, param, gradient }: Parameter<'_>) {
        let (rate, momentum, decay) = (single(self.learning_rate), single(self.momentum), single(self.weight_decay));
        let nesterov = self.nesterov;
        let (param, gradient) = (param.as_mut_slice(), gradient.as_slice());
        if momentum == 0.0 {
            for (p, g) in param.iter_mut().zip(gradient) {
                *p -= rate * (g + decay * *p);
            }
            return;
        }
        let [velocity] = self.memory.buffers(name, param.len());
        for ((p, g), v) in param.iter_mut().zip(gradient).zip(velocity) {
            let g = g + decay * *p;
            *v = momentum * *v + g;
            *p -= rate * if nesterov { g + momentum * *v } else { *v };
        }
    }

    stored!("Sgd", |self| if self.momentum == 0.0 { &[] } else { &["velocity"] });
}

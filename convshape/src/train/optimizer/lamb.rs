//! LAMB.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Buffers, Optimizer, OptimizerState, Parameter, StateError, Train, optimizer, single, stored};
use crate::model::error::ShapeError;

/// LAMB (You et al., 2019), for large batches: Adam's step, scaled for each parameter to the norm of the parameter
/// times the learning rate.
#[derive(Clone, PartialEq, Debug)]
pub struct Lamb {
    learning_rate: f64,
    betas: (f64, f64),
    eps: f64,
    weight_decay: f64,
    memory: Buffers,
}

optimizer!(Lamb);

impl Lamb {
    /// With betas 0.9 and 0.999, eps 1e-6 and weight decay 0.01.
    #[must_use]
    pub fn new(learning_rate: f64) -> Lamb {
        Lamb { learning_rate, betas: (0.9, 0.999), eps: 1e-6, weight_decay: 0.01, memory: Buffers::default() }
    }

    /// The decay rates of the mean of the gradients and of the mean of their squares.
    #[must_use]
    pub fn betas(self, mean: f64, square: f64) -> Lamb {
        Lamb { betas: (mean, square), ..self }
    }

    /// The number added to the root of the mean square.
    #[must_use]
    pub fn eps(self, eps: f64) -> Lamb {
        Lamb { eps, ..self }
    }

    /// The weight decay.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Lamb {
        Lamb { weight_decay, ..self }
    }
}

impl Optimizer for Lamb {
    fn update(&mut self, Parameter { name, param, gradient }: Parameter<'_>) {
        let (beta1, beta2) = self.betas;
        let steps = i32::try_from(self.memory.steps).unwrap_or(i32::MAX);
        let (correction1, correction2) = (1.0 - beta1.powi(steps), 1.0 - beta2.powi(steps));
        let (param, gradient) = (param.as_mut_slice(), gradient.as_slice());
        let [mean, square] = self.memory.buffers(name, param.len());
        let direction = param.iter().zip(gradient).zip(mean).zip(square).map(|(((p, g), m), v)| {
            let g = f64::from(*g);
            *m = single(beta1 * f64::from(*m) + (1.0 - beta1) * g);
            *v = single(beta2 * f64::from(*v) + (1.0 - beta2) * g * g);
            let root = (f64::from(*v) / correction2).sqrt() + self.eps;
            f64::from(*m) / correction1 / root + self.weight_decay * f64::from(*p)
        });
        let direction: Vec<f64> = direction.collect();
        let norm = |elements: &mut dyn Iterator<Item = f64>| elements.map(|x| x * x).sum::<f64>().sqrt();
        let own = norm(&mut param.iter().map(|p| f64::from(*p)));
        let of_step = norm(&mut direction.iter().copied());
        let ratio = if own > 0.0 && of_step > 0.0 { own / of_step } else { 1.0 };
        for (p, step) in param.iter_mut().zip(direction) {
            *p = single(f64::from(*p) - self.learning_rate * ratio * step);
        }
    }

    stored!("Lamb", |self| &["mean", "square"]);
}

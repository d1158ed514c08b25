//! Adam, and AdamW, whose weight decay bypasses the moments.

use alloc::string::String;

use super::{Buffers, Optimizer, OptimizerState, Parameter, StateError, Train, optimizer, single, stored};
use crate::model::error::ShapeError;

/// The common part of the two.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Rule {
    betas: (f64, f64),
    eps: f64,
    weight_decay: f64,
    /// Whether decay shrinks the parameters rather than adding to the gradients.
    decoupled: bool,
}

impl Rule {
    fn update(&self, learning_rate: f64, memory: &mut Buffers, Parameter { name, param, gradient }: Parameter<'_>) {
        let (beta1, beta2) = self.betas;
        // The moments start at zero; this corrects their bias.
        let steps = i32::try_from(memory.steps).unwrap_or(i32::MAX);
        let (correction1, correction2) = (1.0 - beta1.powi(steps), 1.0 - beta2.powi(steps));
        let rate = single(learning_rate / correction1);
        let root = single(correction2.sqrt());
        let (new1, beta2, new2) = (single(1.0 - beta1), single(beta2), single(1.0 - beta2));
        let eps = single(self.eps);
        let (decay, shrink) = if self.decoupled {
            (0.0, single(1.0 - learning_rate * self.weight_decay))
        } else {
            (single(self.weight_decay), 1.0)
        };
        let (param, gradient) = (param.as_mut_slice(), gradient.as_slice());
        let [mean, square] = memory.buffers(name, param.len());
        for (((p, g), m), v) in param.iter_mut().zip(gradient).zip(mean).zip(square) {
            *p *= shrink;
            let g = g + decay * *p;
            *m += new1 * (g - *m);
            *v = beta2 * *v + new2 * g * g;
            *p -= rate * *m / (v.sqrt() / root + eps);
        }
    }
}

macro_rules! adams {
    ($($(#[$doc:meta])* $name:ident $text:literal { weight_decay: $weight_decay:literal, decoupled: $decoupled:literal })+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug)]
        pub struct $name {
            learning_rate: f64,
            rule: Rule,
            memory: Buffers,
        }

        optimizer!($name);

        impl $name {
            /// With betas 0.9 and 0.999 and eps 1e-8.
            #[must_use]
            pub fn new(learning_rate: f64) -> $name {
                let rule =
                    Rule { betas: (0.9, 0.999), eps: 1e-8, weight_decay: $weight_decay, decoupled: $decoupled };
                $name { learning_rate, rule, memory: Buffers::default() }
            }

            /// The decay rates of the mean of the gradients and of the mean of their squares.
            #[must_use]
            pub fn betas(mut self, mean: f64, square: f64) -> $name {
                self.rule.betas = (mean, square);
                self
            }

            /// The number added to the root of the mean square.
            #[must_use]
            pub fn eps(mut self, eps: f64) -> $name {
                self.rule.eps = eps;
                self
            }

            /// The weight decay.
            #[must_use]
            pub fn weight_decay(mut self, weight_decay: f64) -> $name {
                self.rule.weight_decay = weight_decay;
                self
            }
        }

        impl Optimizer for $name {
            fn update(&mut self, parameter: Parameter<'_>) {
                self.rule.update(self.learning_rate, &mut self.memory, parameter);
            }

            stored!($text, |self| &["mean", "square"]);
        }
    )+};
}

adams! {
    /// Adam (Kingma and Ba, 2014; `torch.optim.Adam`). Weight decay, none by default, adds to the
    /// gradients.
    Adam "Adam" { weight_decay: 0.0, decoupled: false }

    /// AdamW (Loshchilov and Hutter, 2017; `torch.optim.AdamW`). Weight decay, 0.01 by default,
    /// shrinks the parameters directly.
    AdamW "AdamW" { weight_decay: 0.01, decoupled: true }
}

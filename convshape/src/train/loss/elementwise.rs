//! Losses that are means over all elements, each element with its own target.

use alloc::vec;

use ndarray::{ArrayD, ArrayViewD, Zip};

use super::{Evaluation, LastLayer, Loss, pair, same_shape, single};
use crate::model::error::{Of, ShapeError};

/// The mean of `element(output, target)`, which gives the loss and its derivative.
fn mean(
    name: &'static str,
    loss: &impl Loss,
    outputs: &[ArrayViewD<'_, f32>],
    targets: &[ArrayViewD<'_, f32>],
    element: impl Fn(f64, f64) -> (f64, f64),
) -> Result<Evaluation, ShapeError> {
    let (output, target) = pair(loss, outputs, targets)?;
    same_shape(name, output, target)?;
    let count = output.len() as f64;
    let mut sum = 0.0;
    let mut gradient = ArrayD::zeros(output.raw_dim());
    Zip::from(&mut gradient).and(output).and(target).for_each(|gradient, output, target| {
        let (loss, derivative) = element(f64::from(*output), f64::from(*target));
        sum += loss;
        *gradient = single(derivative / count);
    });
    Ok(Evaluation { value: sum / count, gradients: vec![gradient] })
}

/// How far a probability may be outside of 0 to 1, because of rounding in means and interpolations.
const ROUNDING: f32 = 1e-5;

/// Checks that all numbers are probabilities. NaN is rejected only in targets: in outputs it makes the loss NaN, and
/// training then reports the layer that it comes from.
fn probabilities(loss: &'static str, of: Of, array: &ArrayViewD<'_, f32>) -> Result<(), ShapeError> {
    let bad = |value: &f32| match of {
        Of::Output => *value < -ROUNDING || *value > 1.0 + ROUNDING,
        Of::Target => !(-ROUNDING..=1.0 + ROUNDING).contains(value),
    };
    match array.iter().position(bad) {
        Some(place) => {
            let elements = array.len() / array.shape().first().copied().unwrap_or(1).max(1);
            let found = array.iter().nth(place).copied().unwrap_or(f32::NAN);
            Err(ShapeError::Probability { loss, of, sample: place / elements.max(1), found })
        }
        None => Ok(()),
    }
}

macro_rules! losses {
    ($($(#[$doc:meta])* $name:ident $(($($of:ident),+) $(applies $last:ident)?)? = $element:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub struct $name;

        impl Loss for $name {
            fn evaluate(
                &mut self,
                outputs: &[ArrayViewD<'_, f32>],
                targets: &[ArrayViewD<'_, f32>],
            ) -> Result<Evaluation, ShapeError> {
                $(
                    let (output, target) = pair(self, outputs, targets)?;
                    for (of, array) in [(Of::Output, output), (Of::Target, target)] {
                        if [$(Of::$of),+].contains(&of) {
                            probabilities(stringify!($name), of, array)?;
                        }
                    }
                )?
                mean(stringify!($name), self, outputs, targets, $element)
            }

            $($(
                fn applies(&self, _: usize) -> Option<LastLayer> {
                    Some(LastLayer::$last)
                }
            )?)?
        }
    )+};
}

losses! {
    /// The mean of the squared differences.
    Mse = |output, target| {
        let difference = output - target;
        (difference * difference, 2.0 * difference)
    };

    /// The mean of the absolute differences.
    L1 = |output, target| {
        let difference: f64 = output - target;
        (libm::fabs(difference), sign(difference))
    };

    /// The mean of `-t ln(y) - (1 - t) ln(1 - y)` for outputs and targets that are probabilities; other numbers are an
    /// error. As in PyTorch, logarithms are at least -100.
    BinaryCrossEntropy(Output, Target) = |output, target| {
        // Not `max`, which would turn NaN into -100.
        let log = |x: f64| Some(libm::log(x)).filter(|log| log.is_nan() || *log >= -100.0).unwrap_or(-100.0);
        let output = output.clamp(0.0, 1.0);
        let loss = -target * log(output) - (1.0 - target) * log(1.0 - output);
        (loss, (output - target) / ((1.0 - output) * output).max(1e-12))
    };

    /// [`BinaryCrossEntropy`] for logits: more accurate than a sigmoid followed by `BinaryCrossEntropy`. Targets are
    /// probabilities.
    BinaryCrossEntropyWithLogits(Target) applies Sigmoid = |output, target| {
        let loss = output.max(0.0) - output * target + libm::log1p(libm::exp(-libm::fabs(output)));
        (loss, 1.0 / (1.0 + libm::exp(-output)) - target)
    };
}

/// The mean over the differences `d` of `d^2 / 2` if `|d| <= delta`, and of `delta (|d| - delta / 2)` otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Huber {
    /// The difference from which on the loss is linear.
    pub delta: f64,
}

impl Default for Huber {
    fn default() -> Huber {
        Huber { delta: 1.0 }
    }
}

impl Loss for Huber {
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let delta = self.delta;
        mean("Huber", self, outputs, targets, |output, target| {
            let difference = output - target;
            if libm::fabs(difference) <= delta {
                (0.5 * difference * difference, difference)
            } else {
                (delta * (libm::fabs(difference) - 0.5 * delta), delta * sign(difference))
            }
        })
    }
}

/// -1, 0 or 1, as `torch.sign`.
fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

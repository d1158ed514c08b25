//! Losses that are means over all elements, each element with its own target.

use alloc::vec;

use ndarray::{ArrayD, ArrayViewD, Zip};

use super::{Evaluation, Loss, same_shape, single};
use crate::error::ShapeError;

/// The mean of `element(output, target)`, which gives the loss and its derivative.
fn mean(
    outputs: &[ArrayViewD<'_, f32>],
    targets: &[ArrayViewD<'_, f32>],
    element: impl Fn(f64, f64) -> (f64, f64),
) -> Result<Evaluation, ShapeError> {
    let (output, target) = (&outputs[0], &targets[0]);
    same_shape(output, target)?;
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

macro_rules! losses {
    ($($(#[$doc:meta])* $name:ident = $element:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub struct $name;

        impl Loss for $name {
            fn evaluate(
                &mut self,
                outputs: &[ArrayViewD<'_, f32>],
                targets: &[ArrayViewD<'_, f32>],
            ) -> Result<Evaluation, ShapeError> {
                mean(outputs, targets, $element)
            }
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

    /// The mean of `-t ln(y) - (1 - t) ln(1 - y)` for outputs that are probabilities. As in PyTorch
    /// a logarithm is at least -100.
    BinaryCrossEntropy = |output, target| {
        let log = |x: f64| libm::log(x).max(-100.0);
        let loss = -target * log(output) - (1.0 - target) * log(1.0 - output);
        (loss, (output - target) / ((1.0 - output) * output).max(1e-12))
    };

    /// [`BinaryCrossEntropy`] for outputs that a sigmoid would make probabilities: more exact than
    /// the two one after the other.
    BinaryCrossEntropyWithLogits = |output, target| {
        let loss = output.max(0.0) - output * target + libm::log1p(libm::exp(-libm::fabs(output)));
        (loss, 1.0 / (1.0 + libm::exp(-output)) - target)
    };
}

/// The mean of a parabola within `delta` and straight lines beyond: `d^2 / 2` where the difference
/// `d` is small, `delta (|d| - delta / 2)` elsewhere.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Huber {
    /// Where the parabola ends.
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
        mean(outputs, targets, |output, target| {
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

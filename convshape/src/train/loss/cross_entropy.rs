//! The loss of classifiers.

use alloc::vec;

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::{Evaluation, Loss, single};
use crate::error::ShapeError;

/// `-sum(t ln(softmax(y)))` over the classes, and the mean over everything else
/// (`torch.nn.functional.cross_entropy`).
///
/// The outputs are `[batch, classes, ..]`, before any softmax. Targets are probabilities of the same
/// shape, or the classes' numbers, of that shape without the axis of classes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CrossEntropy;

impl Loss for CrossEntropy {
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let (output, target) = (&outputs[0], &targets[0]);
        let mut without_classes = output.shape().to_vec();
        if without_classes.len() > 1 {
            without_classes.remove(1);
        }
        let by_number = target.shape() == without_classes;
        if output.ndim() < 2 || !(by_number || target.shape() == output.shape()) {
            return Err(ShapeError::Target { found: target.shape().to_vec(), expected: without_classes });
        }
        let classes = output.len_of(Axis(1));
        let places = output.len() / classes.max(1);
        let mut sum = 0.0;
        let mut gradient = ArrayD::zeros(output.raw_dim());
        // Class numbers, as one probability of 1, are read from an axis of size 1.
        let target = if by_number { target.view().insert_axis(Axis(1)) } else { target.view() };
        let rows = gradient.lanes_mut(Axis(1)).into_iter();
        for ((mut gradient, output), target) in rows.zip(output.lanes(Axis(1))).zip(target.lanes(Axis(1))) {
            let wanted = |class: usize| {
                if by_number { f64::from(u8::from(is_class(target[0], class))) } else { f64::from(target[class]) }
            };
            let largest = output.iter().fold(f64::NEG_INFINITY, |largest, y| largest.max(f64::from(*y)));
            let log_sum = libm::log(output.iter().map(|y| libm::exp(f64::from(*y) - largest)).sum::<f64>()) + largest;
            let all: f64 = (0..classes).map(wanted).sum();
            for (class, (gradient, y)) in gradient.iter_mut().zip(output).enumerate() {
                let log = f64::from(*y) - log_sum;
                let wanted = wanted(class);
                if wanted != 0.0 {
                    sum -= wanted * log;
                }
                *gradient = single((all * libm::exp(log) - wanted) / places as f64);
            }
        }
        Ok(Evaluation { value: sum / places as f64, gradients: vec![gradient] })
    }
}

/// Whether a target is a class's number.
fn is_class(target: f32, class: usize) -> bool {
    f64::from(target) == class as f64
}

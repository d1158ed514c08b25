//! The loss of classifiers.

use alloc::vec;
use alloc::vec::Vec;

use ndarray::{ArrayD, ArrayView1, ArrayViewD};

use super::{Context, Evaluation, LastLayer, Loss, pair, single};
use crate::model::error::{ShapeError, TargetProblem};

/// `-sum(t ln(softmax(y)))` over the classes, and the mean over everything else
/// (`torch.nn.functional.cross_entropy`).
///
/// The outputs are logits `[batch, classes, ..]`, or `[batch, .., classes]` in the dialects `flax` and `keras`. Targets
/// are probabilities of the same shape, or class indices from 0 of that shape without the axis of classes. An index
/// that is not a class is an error, unless it is ignored with [`CrossEntropy::ignore`]. As in PyTorch, probabilities need
/// not add up to 1; but a target that is 0 for every class is an error.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CrossEntropy;

/// [`CrossEntropy`] with options.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CrossEntropyWith {
    ignored: Option<f32>,
    smoothing: f64,
    weights: Option<Vec<f32>>,
}

impl CrossEntropy {
    /// Ignores positions with this target (PyTorch's `ignore_index`, by default -100 there): they do not count, not
    /// even in the mean.
    #[must_use]
    pub fn ignore(self, number: f32) -> CrossEntropyWith {
        CrossEntropyWith::default().ignore(number)
    }

    /// Label smoothing: distributes this share of each target evenly over all classes (PyTorch's `label_smoothing`).
    #[must_use]
    pub fn smoothing(self, share: f64) -> CrossEntropyWith {
        CrossEntropyWith::default().smoothing(share)
    }

    /// A weight for each class (PyTorch's `weight`). With class indices, the mean divides by the sum of the targets'
    /// weights.
    #[must_use]
    pub fn weights(self, weights: impl Into<Vec<f32>>) -> CrossEntropyWith {
        CrossEntropyWith::default().weights(weights)
    }
}

impl CrossEntropyWith {
    /// Like [`CrossEntropy::ignore`].
    #[must_use]
    pub fn ignore(self, number: f32) -> CrossEntropyWith {
        CrossEntropyWith { ignored: Some(number), ..self }
    }

    /// Like [`CrossEntropy::smoothing`].
    #[must_use]
    pub fn smoothing(self, share: f64) -> CrossEntropyWith {
        CrossEntropyWith { smoothing: share, ..self }
    }

    /// Like [`CrossEntropy::weights`].
    #[must_use]
    pub fn weights(self, weights: impl Into<Vec<f32>>) -> CrossEntropyWith {
        CrossEntropyWith { weights: Some(weights.into()), ..self }
    }

    fn is_ignored(&self, target: f32) -> bool {
        self.ignored.is_some_and(|ignored| ignored == target)
    }

    /// The target probability of each class at one position.
    fn want(&self, target: ArrayView1<'_, f32>, by_number: bool, wanted: &mut [f64]) {
        let spread = self.smoothing / wanted.len() as f64;
        for (class, wanted) in wanted.iter_mut().enumerate() {
            let target =
                if by_number { f64::from(u8::from(target[0] == class as f32)) } else { f64::from(target[class]) };
            *wanted = (target * (1.0 - self.smoothing) + spread) * self.weight(class);
        }
    }

    /// The error for a target that is not a class.
    fn not_a_class(&self, sample: usize, found: f32, targets: &[ArrayViewD<'_, f32>], classes: usize) -> ShapeError {
        let counted = || targets.iter().flatten().copied().filter(|target| !self.is_ignored(*target));
        let range = counted().fold((found, found), |(low, high), target| (low.min(target), high.max(target)));
        let two = counted().all(|target| target == range.0 || target == range.1);
        ShapeError::Class { sample, found, range, two, classes }
    }

    /// The weight of a class.
    fn weight(&self, class: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| f64::from(weights[class]))
    }
}

impl Loss for CrossEntropy {
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        self.evaluate_in(&Context::default(), outputs, targets)
    }

    fn evaluate_in(
        &mut self,
        context: &Context,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        CrossEntropyWith::default().evaluate_in(context, outputs, targets)
    }

    fn applies(&self, _: usize) -> Option<LastLayer> {
        Some(LastLayer::Softmax)
    }
}

impl Loss for CrossEntropyWith {
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        self.evaluate_in(&Context::default(), outputs, targets)
    }

    fn evaluate_in(
        &mut self,
        context: &Context,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let (output, target) = pair(self, outputs, targets)?;
        let axis = context.channel_axis(output.ndim());
        let mut numbers = output.shape().to_vec();
        if output.ndim() > 1 {
            numbers.remove(axis.0);
        }
        let by_number = target.shape() == numbers;
        if output.ndim() < 2 || !(by_number || target.shape() == output.shape()) {
            let (found, output) = (target.shape().to_vec(), output.shape());
            let problem = TargetProblem::of_classes(&found, output, axis.0);
            return Err(ShapeError::Target { loss: "CrossEntropy", found, expected: numbers, problem });
        }
        let classes = output.len_of(axis);
        if let Some(weights) = self.weights.as_ref().filter(|weights| weights.len() != classes) {
            return Err(ShapeError::ClassWeights { found: weights.len(), expected: classes });
        }
        // Class indices are read like probabilities, from an axis of size 1.
        let target = if by_number { target.view().insert_axis(axis) } else { target.view() };
        let positions = (output.len() / classes.max(1) / output.shape()[0].max(1)).max(1);
        let mut counted = 0.0;
        for (place, target) in target.lanes(axis).into_iter().enumerate() {
            counted += match (by_number, class_of(target[0], classes)) {
                (false, _) if target.iter().all(|share| *share == 0.0) => {
                    return Err(ShapeError::NoClass { sample: place / positions });
                }
                (false, _) => 1.0,
                (true, _) if self.is_ignored(target[0]) => 0.0,
                (true, Some(class)) => self.weight(class),
                (true, None) => return Err(self.not_a_class(place / positions, target[0], targets, classes)),
            };
        }
        if counted == 0.0 {
            return Err(ShapeError::AllIgnored);
        }

        let mut sum = 0.0;
        let mut gradient = ArrayD::zeros(output.raw_dim());
        let mut wanted = vec![0.0; classes];
        let rows = gradient.lanes_mut(axis).into_iter();
        for ((mut gradient, output), target) in rows.zip(output.lanes(axis)).zip(target.lanes(axis)) {
            if by_number && self.is_ignored(target[0]) {
                continue;
            }
            self.want(target, by_number, &mut wanted);
            let largest = output.iter().fold(f64::NEG_INFINITY, |largest, y| largest.max(f64::from(*y)));
            let log_sum = libm::log(output.iter().map(|y| libm::exp(f64::from(*y) - largest)).sum::<f64>()) + largest;
            let all: f64 = wanted.iter().sum();
            for ((gradient, y), wanted) in gradient.iter_mut().zip(output).zip(&wanted) {
                let log = f64::from(*y) - log_sum;
                if *wanted != 0.0 {
                    sum -= wanted * log;
                }
                *gradient = single((all * libm::exp(log) - wanted) / counted);
            }
        }
        Ok(Evaluation { value: sum / counted, gradients: vec![gradient] })
    }

    fn applies(&self, _: usize) -> Option<LastLayer> {
        Some(LastLayer::Softmax)
    }
}

/// The class of a target.
fn class_of(number: f32, classes: usize) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with the number below")]
    let class = number as usize;
    (class < classes && class as f32 == number).then_some(class)
}

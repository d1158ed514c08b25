//! Metrics of classification and segmentation.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use ndarray::{ArrayView1, ArrayViewD};

use super::Metric;
use crate::model::error::{ShapeError, TargetProblem};
use crate::train::Context;

/// Calls `each` with the output and the class at every position. Targets are class indices, or probabilities shaped
/// like the output, of which the largest counts. Indices that are not a class (such as ignored ones) are skipped. A
/// single output has the classes 0 and 1.
fn positions(
    metric: &'static str,
    context: &Context,
    output: &ArrayViewD<'_, f32>,
    target: &ArrayViewD<'_, f32>,
    mut each: impl FnMut(ArrayView1<'_, f32>, usize),
) -> Result<(), ShapeError> {
    let axis = context.channel_axis(output.ndim());
    let mut numbers = output.shape().to_vec();
    if output.ndim() > 1 {
        numbers.remove(axis.0);
    }
    let by_number = output.ndim() > 1 && target.shape() == numbers;
    if output.ndim() < 2 || !(by_number || target.shape() == output.shape()) {
        let found = target.shape().to_vec();
        let problem = TargetProblem::of_classes(&found, output.shape(), axis.0);
        return Err(ShapeError::Target { loss: metric, found, expected: numbers, problem });
    }
    let classes = output.len_of(axis).max(2);
    let target = if by_number { target.view().insert_axis(axis) } else { target.view() };
    for (output, target) in output.lanes(axis).into_iter().zip(target.lanes(axis)) {
        let class = if target.len() > 1 { Some(largest(target)) } else { number(target[0], classes) };
        if let Some(class) = class {
            each(output, class);
        }
    }
    Ok(())
}

/// The class of a number.
fn number(number: f32, classes: usize) -> Option<usize> {
    (0..classes).find(|class| *class as f32 == number)
}

/// The index of the first of the largest.
fn largest(values: ArrayView1<'_, f32>) -> usize {
    (1..values.len()).fold(0, |best, place| if values[place] > values[best] { place } else { best })
}

/// The predicted class.
fn predicted(context: &Context, output: ArrayView1<'_, f32>) -> usize {
    let middle = if context.logits { 0.0 } else { 0.5 };
    if output.len() == 1 { usize::from(output[0] >= middle) } else { largest(output) }
}

/// For each class, the counts of true positives, false positives and false negatives.
#[derive(Clone, PartialEq, Debug, Default)]
struct Counts {
    classes: Vec<ClassCounts>,
    /// Whether there is a single output, so that only class 1 is scored.
    binary: bool,
}

#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct ClassCounts {
    right: f64,
    false_positive: f64,
    false_negative: f64,
}

impl Counts {
    fn update(
        &mut self,
        metric: &'static str,
        context: &Context,
        output: &ArrayViewD<'_, f32>,
        target: &ArrayViewD<'_, f32>,
    ) -> Result<(), ShapeError> {
        let classes = output.shape().get(context.channel_axis(output.ndim()).0).copied().unwrap_or(1);
        self.binary = classes == 1;
        if self.classes.len() < classes.max(2) {
            self.classes.resize(classes.max(2), ClassCounts::default());
        }
        positions(metric, context, output, target, |output, class| {
            let said = predicted(context, output);
            if said == class {
                self.classes[class].right += 1.0;
            } else {
                self.classes[said].false_positive += 1.0;
                self.classes[class].false_negative += 1.0;
            }
        })
    }

    /// The mean of a score over the classes that occur or were predicted; for a single output, the score of class 1.
    fn mean(&self, score: impl Fn(&ClassCounts) -> f64) -> f64 {
        let first = usize::from(self.binary);
        let scores = self.classes.iter().skip(first).filter(|count| count.total() > 0.0).map(score);
        let (sum, classes) = scores.fold((0.0, 0.0), |(sum, classes), score| (sum + score, classes + 1.0));
        sum / classes
    }
}

impl ClassCounts {
    fn total(&self) -> f64 {
        self.right + self.false_positive + self.false_negative
    }

    fn f1(&self) -> f64 {
        2.0 * self.right / (self.right + self.total())
    }
}

/// The share of positions whose class has the largest output. A single output predicts class 1 from 0.5 on, or from 0
/// on if the loss applies `Sigmoid` itself ([`Context::logits`]).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Accuracy(Counts);

/// The harmonic mean of precision and recall, averaged over the classes that occur or were predicted (scikit-learn's
/// `average="macro"`; for a single output `"binary"`).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct F1(Counts);

/// The intersection over the union of predicted and true positions, averaged over the classes that occur or were
/// predicted (Jaccard index).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Iou(Counts);

/// Twice the intersection over the sum of predicted and true positions, averaged over the classes that occur or were
/// predicted (Dice coefficient; the same value as [`F1`]).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Dice(Counts);

macro_rules! counted {
    ($($metric:ident $name:literal = $value:expr;)+) => {$(
        impl Metric for $metric {
            fn name(&self) -> String {
                $name.into()
            }

            fn reset(&mut self) {
                self.0 = Counts::default();
            }

            fn update(
                &mut self,
                context: &Context,
                output: &ArrayViewD<'_, f32>,
                target: &ArrayViewD<'_, f32>,
            ) -> Result<(), ShapeError> {
                self.0.update(stringify!($metric), context, output, target)
            }

            fn value(&self) -> f64 {
                let value: fn(&Counts) -> f64 = $value;
                value(&self.0)
            }
        }
    )+};
}

counted! {
    Accuracy "accuracy" = |counts| {
        let right: f64 = counts.classes.iter().map(|count| count.right).sum();
        let wrong: f64 = counts.classes.iter().map(|count| count.false_negative).sum();
        right / (right + wrong)
    };
    F1 "f1" = |counts| counts.mean(ClassCounts::f1);
    Iou "iou" = |counts| counts.mean(|count| count.right / count.total());
    Dice "dice" = |counts| counts.mean(ClassCounts::f1);
}

/// The share of positions whose class is among the `k` largest outputs: fewer than `k` outputs are larger.
#[derive(Clone, PartialEq, Debug)]
pub struct TopK {
    k: usize,
    right: f64,
    count: f64,
}

impl TopK {
    /// With the `k` largest outputs.
    #[must_use]
    pub fn new(k: usize) -> TopK {
        TopK { k, right: 0.0, count: 0.0 }
    }
}

impl Metric for TopK {
    fn name(&self) -> String {
        format!("top_{}", self.k)
    }

    fn reset(&mut self) {
        *self = TopK::new(self.k);
    }

    fn update(
        &mut self,
        context: &Context,
        output: &ArrayViewD<'_, f32>,
        target: &ArrayViewD<'_, f32>,
    ) -> Result<(), ShapeError> {
        positions("TopK", context, output, target, |output, class| {
            let (value, larger) = match output.get(class) {
                Some(value) if output.len() > 1 => (*value, output.iter().filter(|other| *other > value).count()),
                _ => (output[0], usize::from(predicted(context, output) != class)),
            };
            self.right += f64::from(u8::from(!value.is_nan() && larger < self.k));
            self.count += 1.0;
        })
    }

    fn value(&self) -> f64 {
        self.right / self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use ndarray::{arr1, arr2};

    fn value(metric: &mut dyn Metric, output: &ArrayViewD<'_, f32>, target: &ArrayViewD<'_, f32>) -> f64 {
        metric.reset();
        metric.update(&Context::default(), output, target).unwrap();
        metric.value()
    }

    /// By hand: predicted 0, 1, 1, 2; true 0, 1, 2, 2.
    #[test]
    fn classes_are_counted() {
        let output = arr2(&[[5.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 3.0, 2.0], [1.0, 0.0, 2.0_f32]]).into_dyn();
        let numbers = arr1(&[0.0, 1.0, 2.0, 2.0_f32]).into_dyn();
        let one_hot = arr2(&[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0_f32]]).into_dyn();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
        for target in [numbers.view(), one_hot.view()] {
            let of = |metric: &mut dyn Metric| value(metric, &output.view(), &target);
            close(of(&mut Accuracy::default()), 0.75);
            // F1: 1, 2/3, 2/3. IoU: 1, 1/2, 1/2.
            close(of(&mut F1::default()), 7.0 / 9.0);
            close(of(&mut Dice::default()), 7.0 / 9.0);
            close(of(&mut Iou::default()), 2.0 / 3.0);
            close(of(&mut TopK::new(1)), 0.75);
            close(of(&mut TopK::new(2)), 1.0);
        }
        let ignored = arr1(&[0.0, 1.0, -100.0, 2.0_f32]).into_dyn();
        close(value(&mut Accuracy::default(), &output.view(), &ignored.view()), 1.0);
        // Two classes: predicted 1, 0, 1, 0; true 1, 1, 0, 0.
        let output = arr2(&[[0.9], [0.2], [0.5], [0.1_f32]]).into_dyn();
        let target = arr2(&[[1.0], [1.0], [0.0], [0.0_f32]]).into_dyn();
        close(value(&mut Accuracy::default(), &output.view(), &target.view()), 0.5);
        close(value(&mut F1::default(), &output.view(), &target.view()), 0.5);
        close(value(&mut Iou::default(), &output.view(), &target.view()), 1.0 / 3.0);
        close(value(&mut TopK::new(1), &output.view(), &target.view()), 0.5);
        close(value(&mut TopK::new(2), &output.view(), &target.view()), 1.0);
        let output = arr2(&[[0.9], [0.2], [-0.1], [-0.5_f32]]).into_dyn();
        close(value(&mut Accuracy::default(), &output.view(), &target.view()), 0.75);
        let (mut accuracy, context) = (Accuracy::default(), Context { logits: true, ..Context::default() });
        accuracy.update(&context, &output.view(), &target.view()).unwrap();
        close(accuracy.value(), 1.0);
        assert!(Accuracy::default().value().is_nan());
    }

    #[test]
    fn another_target_is_refused() {
        let output = arr2(&[[5.0, 1.0, 0.0_f32]]).into_dyn();
        let target = arr2(&[[1.0, 0.0_f32]]).into_dyn();
        let error = Accuracy::default().update(&Context::default(), &output.view(), &target.view()).unwrap_err();
        assert!(error.to_string().starts_with("`Accuracy`: found a target of shape [1, 2]"), "{error}");
    }
}

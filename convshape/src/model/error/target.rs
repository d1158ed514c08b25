//! What can be wrong with a target, or with an output, that a loss reads.

use alloc::vec::Vec;
use core::fmt;

use convshape_arith::data::{self, ArrayPort, Cause, Labels};
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::text::Text;

/// Whether a number comes from the model or from the data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    /// An output of the model.
    Output,
    /// A target.
    Target,
}

impl Of {
    /// The help for a number that is not a probability.
    pub(super) fn help(self, loss: &str) -> &'static str {
        match (self, loss) {
            (Of::Output, _) => "; end the chain with a `Sigmoid`, or take `BinaryCrossEntropyWithLogits`",
            (Of::Target, _) => "; divide bytes by 255",
        }
    }
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Of::Output => "the output",
            Of::Target => "the target",
        })
    }
}

/// What may have happened to a target with the wrong shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TargetProblem {
    /// A different number of samples.
    Samples,
    /// The right sizes in a different order.
    Permuted,
    /// An axis of size 1 is missing, at this position.
    MissingAxis(usize),
    /// There is an extra axis of size 1, at this position.
    ExtraAxis(usize),
    /// Class indices, but the loss needs a value for each element.
    ClassNumbers,
    /// One value per class, but on a different axis than in the output.
    ClassAxis {
        /// The axis of the target.
        found: usize,
        /// The axis of the output.
        expected: usize,
    },
    /// The output has no class axis.
    NoClasses,
    /// Labels in the wrong form, such as one-hot labels for an output with a single element.
    Labels {
        /// What is wrong.
        cause: Cause,
        /// How many axes a sample of the output has.
        axes: usize,
        /// Whether the classes are on its last axis.
        last: bool,
    },
}

impl TargetProblem {
    /// For a target that must have the output's shape.
    pub(crate) fn of(found: &[usize], expected: &[usize]) -> Option<TargetProblem> {
        if let Some(problem) = TargetProblem::of_axes(found, expected) {
            return Some(problem);
        }
        // One number per position, but the output has one per class.
        let class = expected.len().checked_sub(1)?;
        let without = |axis: usize| expected[..axis].iter().chain(&expected[axis + 1..]).eq(found);
        let numbers = class > 0 && (without(1) || without(class));
        if numbers { Some(TargetProblem::ClassNumbers) } else { TargetProblem::of_labels(found, expected, None) }
    }

    /// What is wrong with labels for an output of this shape; data files are checked in the same way at compile time.
    /// If the class axis is not known, any axis of the output may be it.
    fn of_labels(found: &[usize], output: &[usize], axis: Option<usize>) -> Option<TargetProblem> {
        let sizes: Vec<i64> = output.get(1..)?.iter().map(|size| i64::try_from(*size).ok()).collect::<Option<_>>()?;
        if sizes.is_empty() || sizes.len() > MAX_RANK {
            return None;
        }
        let order = if axis == Some(output.len() - 1) { AxisOrder::ChannelsLast } else { AxisOrder::ChannelsFirst };
        // Where the loss takes class indices, numbers without the axis of classes are such.
        let cause = ArrayPort { shape: &Shape::of(&sizes), order, output: true }.cause(found, axis.is_some());
        let known = axis.is_some() || sizes.len() == 1 || matches!(cause, Cause::Steps { .. });
        let labels = cause.is_of_labels() && cause != Cause::FloatClasses;
        let (axes, last) = (sizes.len(), matches!(order, AxisOrder::ChannelsLast));
        (known && labels).then_some(TargetProblem::Labels { cause, axes, last })
    }

    /// For a target with the output's shape, with or without the class axis.
    pub(crate) fn of_classes(found: &[usize], output: &[usize], axis: usize) -> Option<TargetProblem> {
        if output.len() < 2 {
            return Some(TargetProblem::NoClasses);
        }
        let mut numbers = output.to_vec();
        let classes = numbers.remove(axis);
        let other = if axis == 1 { output.len() - 1 } else { 1 };
        let mut moved = numbers.clone();
        moved.insert(other, classes);
        if other != axis && (found == moved) {
            return Some(TargetProblem::ClassAxis { found: other, expected: axis });
        }
        let axes = TargetProblem::of_axes(found, &numbers).or_else(|| TargetProblem::of_axes(found, output));
        axes.or_else(|| TargetProblem::of_labels(found, output, Some(axis)))
    }

    fn of_axes(found: &[usize], expected: &[usize]) -> Option<TargetProblem> {
        // The axis of size 1 that one shape has and the other lacks.
        let without = |long: &[usize], short: &[usize]| {
            (0..long.len()).find(|&axis| long[axis] == 1 && long[..axis].iter().chain(&long[axis + 1..]).eq(short))
        };
        if found.is_empty() && expected.is_empty() {
            return None;
        }
        if found.len() == expected.len() {
            if found[1..] == expected[1..] {
                return Some(TargetProblem::Samples);
            }
            let count = |sizes: &[usize], size| sizes.iter().filter(|&&other| other == size).count();
            let permuted = found.iter().all(|&size| count(found, size) == count(expected, size));
            return permuted.then_some(TargetProblem::Permuted);
        }
        if found.len() + 1 == expected.len() {
            return without(expected, found).map(TargetProblem::MissingAxis);
        }
        if found.len() == expected.len() + 1 {
            return without(found, expected).map(TargetProblem::ExtraAxis);
        }
        None
    }
}

impl fmt::Display for TargetProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetProblem::Samples => f.write_str("the target has another number of samples than the output"),
            TargetProblem::Permuted => f.write_str("the axes look permuted"),
            TargetProblem::MissingAxis(axis) => {
                write!(f, "an axis of size 1 is missing: `insert_axis(Axis({axis}))`")
            }
            TargetProblem::ExtraAxis(axis) => {
                write!(f, "there is an axis of size 1 too many: `index_axis(Axis({axis}), 0)`")
            }
            TargetProblem::ClassNumbers => f.write_str("these look like class numbers, which `CrossEntropy` takes"),
            TargetProblem::ClassAxis { found, expected } => {
                write!(
                    f,
                    "the classes are on axis {expected} of the output, and look to be on axis {found} of the target"
                )
            }
            TargetProblem::NoClasses => f.write_str("the output has no axis of classes"),
            TargetProblem::Labels { cause, axes, last } => {
                let mut text = Text::new();
                let order = if *last { AxisOrder::ChannelsLast } else { AxisOrder::ChannelsFirst };
                let port = ArrayPort { shape: &Shape::unknown(*axes), order, output: true };
                f.write_str(data::note(&mut text, &port, *cause).as_str())
            }
        }
    }
}

/// Displays what may have happened to a target.
pub(super) struct Hinted<'a>(pub(super) &'a Option<TargetProblem>);

impl fmt::Display for Hinted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(problem) => write!(f, "; {problem}"),
            None => Ok(()),
        }
    }
}

/// Displays that a target is not a class.
pub(super) struct ClassProblem {
    pub(super) sample: usize,
    pub(super) found: f32,
    pub(super) range: (f32, f32),
    pub(super) two: bool,
    pub(super) classes: usize,
}

impl fmt::Display for ClassProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClassProblem { sample, found, range: (low, high), two, classes } = *self;
        let last = classes.saturating_sub(1);
        write!(f, "`CrossEntropy`: sample {sample} of the batch has the label {found}, and the output has ")?;
        write!(f, "{classes} classes, 0 to {last}; labels from {low} to {high}; ")?;
        let mut looks = Text::new();
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let labels = Labels { range: (low as i64, high as i64), two, map: false, candidates: &[] };
        if data::labels_look(&mut looks, &labels, i64::try_from(classes).unwrap_or(i64::MAX)) {
            return f.write_str(looks.as_str());
        }
        f.write_str(if found.trunc() == found {
            "numbers that mean no class are left out with `CrossEntropy.ignore(..)`"
        } else {
            "classes are whole numbers"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn likely_causes_are_named() {
        use TargetProblem::{ClassAxis, ClassNumbers, ExtraAxis, MissingAxis, NoClasses, Permuted, Samples};
        let of = TargetProblem::of;
        assert_eq!(of(&[31, 1, 28, 28], &[32, 1, 28, 28]), Some(Samples));
        assert_eq!(of(&[32, 28, 28, 1], &[32, 1, 28, 28]), Some(Permuted));
        assert_eq!(of(&[32, 28, 28], &[32, 1, 28, 28]), Some(MissingAxis(1)));
        assert_eq!(of(&[32], &[32, 1]), Some(MissingAxis(1)));
        assert_eq!(of(&[32, 1], &[32]), Some(ExtraAxis(1)));
        assert_eq!(of(&[32], &[32, 10]), Some(ClassNumbers));
        assert_eq!(of(&[32, 28, 28], &[32, 3, 28, 28]), Some(ClassNumbers));
        assert_eq!(of(&[32, 28, 28], &[32, 28, 28, 3]), Some(ClassNumbers));
        let labels = |problem: Option<TargetProblem>| problem.map(|problem| problem.to_string()).unwrap_or_default();
        assert!(labels(of(&[32, 10], &[32, 1])).contains("one-hot, a number for each of 10 classes"));
        assert!(labels(of(&[32, 9, 4], &[32, 4])).contains("a label for each of 9 steps"));
        assert!(labels(TargetProblem::of_classes(&[32, 5], &[32, 10], 1)).contains("5 classes, the chain gives 10"));
        assert_eq!(of(&[], &[]), None);
        assert_eq!(of(&[], &[4]), None);
        assert_eq!(of(&[5, 7], &[3, 4, 6]), None);
        let of = TargetProblem::of_classes;
        assert_eq!(of(&[32, 1], &[32, 10], 1), Some(ExtraAxis(1)));
        assert_eq!(of(&[32, 4, 4, 3], &[32, 3, 4, 4], 1), Some(ClassAxis { found: 3, expected: 1 }));
        assert_eq!(of(&[32, 3, 4, 4], &[32, 4, 4, 3], 3), Some(ClassAxis { found: 1, expected: 3 }));
        assert_eq!(of(&[31], &[32, 10], 1), Some(Samples));
        assert_eq!(of(&[32], &[32], 1), Some(NoClasses));
        let steps = "these look like class numbers for an output with its classes on axis 2, and a loss reads them on \
                     axis 1: end the chain with `Permute(1, 0);`";
        assert_eq!(labels(of(&[32, 20], &[32, 20, 3], 1)), steps);
        assert!(labels(of(&[32], &[32, 3, 8, 8], 1)).contains("the chain gives one for each position"));
    }
}

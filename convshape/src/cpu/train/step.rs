//! One layer of a training plan, and where its gradients go.

use std::boxed::Box;
use std::string::String;
use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::graph::Node;
use convshape_arith::op::{Activation, AxisOrder, DropTogether, Op, PaddingMode, Reduction};
use convshape_arith::shape::Shape;

use super::SumViews;
use super::draft::{Draft, Key, combines};
use super::elements::ByOutput;
use super::norm::{Norm, Together};
use super::row_major::RowMajor;
use super::sum::TrainedSum;
use crate::cpu::buffer::View;
use crate::cpu::elementwise::Binary;
use crate::cpu::math::Epilogue;
use crate::cpu::pool::Windows;
use crate::cpu::rearrange::{Moves, Rearrangement};
use crate::cpu::reduce::Reduce;
use crate::cpu::resample::{Resample, border};
use crate::cpu::simd::Level;

/// The views of a value and of its gradient.
pub(super) struct StoredValue {
    pub(super) shape: Shape,
    pub(super) y: View,
    pub(super) dy: View,
}

/// A layer.
pub(super) struct TrainStep {
    pub(super) name: String,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
    /// The indices of its parameters.
    pub(super) params: Vec<usize>,
    pub(super) job: TrainJob,
    /// The activation that is fused into it.
    pub(super) activation: Option<Activation>,
    /// The derivative of that activation, unless the step's own kernels differentiate it.
    pub(super) by_output: Option<ByOutput>,
    /// How the gradient of each input is stored.
    pub(super) back: Vec<Back>,
    /// Whether an output depends on it, and it depends on something whose gradient is wanted.
    pub(super) is_differentiated: bool,
}

impl TrainStep {
    /// The operand of a sum that takes over the memory of the sum's gradient, which is its own gradient too.
    pub(super) fn heir(&self, values: &[StoredValue]) -> Option<usize> {
        let TrainJob::Combine(Binary::Add) = self.job else { return None };
        let written = self.inputs.iter().zip(&self.back).enumerate().filter(|(_, (_, back))| **back == Back::Write);
        let once = |value: usize| self.inputs.iter().filter(|&&other| other == value).count() == 1;
        let mut alike = written.filter(|(_, (value, _))| values[**value].dy == values[self.output].dy && once(**value));
        alike.next().map(|(index, _)| index)
    }
}

pub(super) enum TrainJob {
    Sum(Box<TrainedSum>),
    Norm(Norm),
    Pool(Windows),
    /// Output rows that are rows of the input, or weighted sums of a few.
    Resample(Resample),
    /// What is copied of each input.
    Move(Vec<Copies>),
    /// A sum or mean along some axes, and the copy of its gradient to all elements, times a factor.
    Reduce {
        forward: Box<Reduce>,
        back: Box<Rearrangement>,
        factor: f32,
    },
    Activation(Activation),
    /// Dropout in training; the identity otherwise.
    Dropout {
        p: f64,
        /// Which elements share a factor.
        together: DropTogether,
        factors: Option<Vec<f32>>,
    },
    /// A product with a constant.
    Scale(f32),
    /// A sum or product of values, which broadcast over axes of size 1.
    Combine(Binary),
    RowMajor(Box<RowMajor>),
}

/// The copy of an input's elements to the output, and that of their gradients back.
pub(super) struct Copies {
    pub(super) forward: Rearrangement,
    pub(super) back: Rearrangement,
    /// Whether every element of the input is copied.
    pub(super) reads_all: bool,
}

impl Copies {
    /// `None` for layers that do not just move elements.
    fn new(op: &Op, index: usize, inputs: &[&StoredValue], to: &StoredValue, order: AxisOrder) -> Option<Copies> {
        let shapes: Vec<Shape> = inputs.iter().map(|value| value.shape).collect();
        let (from, moves) = (inputs[index], Moves::new(op, &shapes, index, &to.shape, order)?);
        let forward = Rearrangement::new(&moves, [(&from.y, &from.shape), (&to.y, &to.shape)])?;
        let back = Rearrangement::new(&moves.back(), [(&to.dy, &to.shape), (&from.dy, &from.shape)])?;
        Some(Copies { reads_all: forward.elements() == from.y.grid().elements(), forward, back })
    }
}

/// The job of a reduction whose gradient is the same for all elements; `None` for any other layer.
fn reduction(op: &Op, from: &StoredValue, to: &StoredValue, order: AxisOrder) -> Option<TrainJob> {
    let Op::Reduce { kind: Reduction::Sum | Reduction::Mean, .. } = op else { return None };
    let forward = Reduce::new(op, order, [(&from.y, &from.shape), (&to.y, &to.shape)])?;
    let moves = Moves::spread(op, &from.shape, order)?;
    let back = Rearrangement::new(&moves, [(&to.dy, &to.shape), (&from.dy, &from.shape)])?;
    Some(TrainJob::Reduce { factor: forward.factor(), forward: Box::new(forward), back: Box::new(back) })
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Back {
    /// It is not needed.
    Unwanted,
    /// It is the first contribution to the value's gradient, so it is written.
    Write,
    Add,
}

/// The step that a draft becomes.
pub(super) fn step(
    level: Level,
    key: &Key,
    order: AxisOrder,
    values: &[StoredValue],
    draft: Draft,
    back: Vec<Back>,
    is_differentiated: bool,
) -> TrainStep {
    let Draft { node: Node { name, op, inputs, outputs, params, .. }, axes, activation } = draft;
    let output = outputs[0];
    let (from, to) = (&values[inputs[0]], &values[output]);
    let read: Vec<&StoredValue> = inputs.iter().map(|&value| &values[value]).collect();
    let copies =
        (0..read.len()).map(|index| Copies::new(&op, index, &read, to, order)).collect::<Option<Vec<Copies>>>();
    let reduction = reduction(&op, from, to, order);
    let job = match (op, axes) {
        (Op::Reduce { .. }, None) if let Some(reduction) = reduction => reduction,
        (op, None)
            if !matches!(op, Op::Source { .. })
                && let Some(copies) = copies =>
        {
            TrainJob::Move(copies)
        }
        (_, Some(axes)) => {
            let ends = SumViews { x: from.y, y: to.y, dx: from.dy, dy: to.dy };
            let epilogue = activation.map_or(Epilogue::None, Epilogue::of);
            let wanted = back[0] != Back::Unwanted;
            TrainJob::Sum(Box::new(TrainedSum::new(level, &op, &axes, &ends, epilogue, (key.batch, wanted))))
        }
        (Op::BatchNorm { dialect, eps, affine, momentum, .. }, None) => {
            let momentum = key.training.then_some(momentum);
            let unbiased = dialect.has_unbiased_statistics();
            TrainJob::Norm(Norm::new(Together::Batch { momentum, unbiased }, eps, affine, activation))
        }
        (Op::GroupNorm { groups, eps, .. }, None) if usize::try_from(groups).is_ok_and(|groups| groups > 0) => {
            let groups = Together::Groups(usize::try_from(groups).unwrap_or(1));
            TrainJob::Norm(Norm::new(groups, eps, true, activation))
        }
        (Op::InstanceNorm { eps, affine, .. }, None) => {
            TrainJob::Norm(Norm::new(Together::Groups(from.y.channels), eps, affine, activation))
        }
        (Op::Pool(pool), None) if pool.windows(&from.shape, order).is_ok() => {
            let mut windows = [Window::new(1); 3];
            if let Ok(own) = pool.windows(&from.shape, order) {
                windows[3 - pool.rank..].copy_from_slice(&own[..pool.rank]);
            }
            let sizes = (from.y.buffer.size, to.y.buffer.size);
            TrainJob::Pool(Windows::new(pool.kind, &windows, pool.count_include_pad, sizes.0, sizes.1))
        }
        (Op::AdaptivePool { kind, .. }, None) if from.shape.rank() <= 4 => {
            TrainJob::Pool(Windows::adaptive(kind, from.y.buffer.size, to.y.buffer.size))
        }
        (Op::GlobalPool { kind, .. }, None) => {
            TrainJob::Pool(Windows::adaptive(kind, from.y.buffer.size, to.y.buffer.size))
        }
        (Op::Upsample(upsample), None) if (2..=4).contains(&from.shape.rank()) => {
            let (grids, rank) = ((from.y.grid(), to.y.grid()), from.shape.rank() - 1);
            TrainJob::Resample(Resample::resize(&upsample, rank, &grids.0, &grids.1))
        }
        (Op::Activation(function), None) => TrainJob::Activation(function),
        (Op::Dropout { p, together }, None) => TrainJob::Dropout { p, together, factors: key.training.then(Vec::new) },
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        (Op::Scale { by }, None) => TrainJob::Scale(by as f32),
        (Op::Add | Op::Mul, None)
            if combines(&op, inputs.iter().map(|&value| &values[value].shape), &to.shape, order) =>
        {
            TrainJob::Combine(if matches!(op, Op::Mul) { Binary::Mul } else { Binary::Add })
        }
        (Op::Pad { amount, mode, value, axis: None }, None) if (2..=4).contains(&from.shape.rank()) => {
            let (grids, rank) = ((from.y.grid(), to.y.grid()), from.shape.rank() - 1);
            TrainJob::Resample(Resample::pad(border(amount, rank, &grids.0, &grids.1), mode, value, &grids.0, &grids.1))
        }
        (Op::Crop { amount }, None) if (2..=4).contains(&from.shape.rank()) => {
            let (grids, rank) = ((from.y.grid(), to.y.grid()), from.shape.rank() - 1);
            let low = border(amount, rank, &grids.0, &grids.1).map(|low| -low);
            TrainJob::Resample(Resample::pad(low, PaddingMode::Zeros, 0.0, &grids.0, &grids.1))
        }
        _ => {
            let shapes = inputs.iter().map(|&value| values[value].shape).collect();
            let wanted = back.first().is_some_and(|back| *back != Back::Unwanted);
            let layer = RowMajor::new(level, op, order, (shapes, to.shape), (key.batch, wanted));
            TrainJob::RowMajor(Box::new(layer))
        }
    };
    let by_output = activation.filter(|_| !matches!(job, TrainJob::Norm(_))).and_then(ByOutput::of);
    TrainStep { name, inputs, output, params, job, activation, by_output, back, is_differentiated }
}

//! The receptive field: how many input rows of the chain an element of a value depends on.
//!
//! Computed per axis with the recurrence of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
//! Networks" (Distill, 2019): a window of extent `K` adds `(K - 1) * jump` rows, and a stride multiplies the jump. A
//! transposed convolution divides the jump, and each of its outputs sees `ceil(K / stride)` inputs.

use crate::axis::extent;
use crate::layer::AxisMap;
use crate::op::{AxisOrder, Class, MAX_SPATIAL, Op, PerAxis};
use crate::shape::Shape;
use crate::size::Size;

/// The receptive field of one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Receptive {
    /// Rows per spatial axis, and the distance between neighbouring elements, measured on the input, as a fraction.
    Rows {
        /// Rows of the chain's input.
        rows: PerAxis<i64>,
        /// The distance between neighbours: numerator and denominator.
        jump: PerAxis<(i64, i64)>,
    },
    /// Every element depends on the whole input.
    Whole,
}

impl Receptive {
    /// The receptive field of the input itself.
    pub const INPUT: Receptive = Receptive::Rows { rows: [1; MAX_SPATIAL], jump: [(1, 1); MAX_SPATIAL] };

    /// The receptive field of a layer's output, given that of its first input.
    #[must_use]
    pub const fn through(self, op: &Op, input: &Shape, output: &Shape, order: AxisOrder) -> Receptive {
        if let Class::Source = op.class() {
            return Receptive::Rows { rows: [0; MAX_SPATIAL], jump: [(1, 1); MAX_SPATIAL] };
        }
        let Receptive::Rows { mut rows, mut jump } = self else { return Receptive::Whole };
        if output.rank() != input.rank() || input.rank() < 2 {
            // The spatial axes are gone or were mixed.
            return if output.rank() == input.rank() { self } else { Receptive::Whole };
        }
        match op.class() {
            Class::Reduction | Class::Normalisation | Class::Permutation | Class::Source => return Receptive::Whole,
            Class::Channels | Class::Window | Class::Join if !is_over_channels(op, input.rank(), order) => {
                return Receptive::Whole;
            }
            Class::Matrix if !matches!(op, Op::Linear { .. } | Op::Projection(_)) => return Receptive::Whole,
            Class::View if !op.keeps_shape() => return Receptive::Whole,
            Class::View | Class::Elementwise | Class::Channels | Class::Window | Class::Matrix | Class::Join => {}
        }
        let mut axis = 0;
        while axis + 1 < input.rank() && axis < MAX_SPATIAL {
            let place = order.spatial(axis);
            let (seen, step) = match op.axis_map(input, order, axis) {
                Ok(Some(AxisMap::Window(window))) => match extent(window.kernel, window.dilation) {
                    Ok(extent) => (ceil(extent, window.input_dilation), (window.stride, window.input_dilation)),
                    Err(_) => return Receptive::Whole,
                },
                Ok(Some(AxisMap::Scatter(scatter))) => match extent(scatter.kernel, scatter.dilation) {
                    Ok(extent) => (ceil(extent, scatter.stride), (1, scatter.stride)),
                    Err(_) => return Receptive::Whole,
                },
                _ => match (op, input.size(place), output.size(place)) {
                    (Op::MaxUnpool(pool), ..) => match extent(pool.kernel[axis], pool.dilation[axis]) {
                        Ok(extent) => (ceil(extent, pool.stride[axis]), (1, pool.stride[axis])),
                        Err(_) => return Receptive::Whole,
                    },
                    (
                        Op::Upsample(_) | Op::PixelShuffle { .. } | Op::DepthToSpace { .. },
                        Size::Number(from),
                        Size::Number(to),
                    ) => (1, (from, to)),
                    (Op::PixelUnshuffle { factor }, ..) => (*factor, (*factor, 1)),
                    _ => (1, (1, 1)),
                },
            };
            // (seen - 1) * jump, rounded up to whole rows.
            rows[axis] = rows[axis].saturating_add(ceil((seen - 1).saturating_mul(jump[axis].0), jump[axis].1));
            jump[axis] = reduced(jump[axis].0.saturating_mul(step.0), jump[axis].1.saturating_mul(step.1));
            axis += 1;
        }
        Receptive::Rows { rows, jump }
    }

    /// The receptive field of a join: the larger one.
    #[must_use]
    pub const fn joined(self, other: Receptive) -> Receptive {
        match (self, other) {
            // The receptive field of a value that does not depend on the input.
            (Receptive::Rows { rows: [0, 0, 0], .. }, other) => other,
            (Receptive::Rows { mut rows, jump }, Receptive::Rows { rows: more, .. }) => {
                let mut axis = 0;
                while axis < MAX_SPATIAL {
                    if more[axis] > rows[axis] {
                        rows[axis] = more[axis];
                    }
                    axis += 1;
                }
                Receptive::Rows { rows, jump }
            }
            _ => Receptive::Whole,
        }
    }
}

/// Whether a layer that mixes the elements along an axis mixes only channels.
const fn is_over_channels(op: &Op, rank: usize, order: AxisOrder) -> bool {
    let (Op::Softmax { axis, .. } | Op::Glu { axis }) = *op else { return true };
    matches!(axis.index(rank, order), Some(at) if at == order.channel(rank))
}

const fn ceil(a: i64, b: i64) -> i64 {
    match crate::size::div_ceil(a, b) {
        Some(quotient) => quotient,
        None => i64::MAX,
    }
}

const fn reduced(a: i64, b: i64) -> (i64, i64) {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    if x == 0 { (a, b) } else { (a / x, b / x) }
}

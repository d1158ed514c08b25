//! `Softmax` over the last axis, and its logarithm.

use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::Shape;

use super::Machine;
use crate::cpu::norm::{smallest_power, softmax};
use crate::cpu::simd::{Kernel, Simd};
use crate::cpu::tuning::SOFTMAX;

/// A softmax of each run of `size` elements.
#[derive(Clone, Copy)]
pub(super) struct TrainedSoftmax {
    size: usize,
    log: bool,
}

impl TrainedSoftmax {
    /// `None` for other layers, and other axes.
    pub(super) fn new(op: &Op, shape: &Shape, order: AxisOrder) -> Option<TrainedSoftmax> {
        let Op::Softmax { axis, log } = *op else { return None };
        let last = shape.rank().checked_sub(1)?;
        let size = shape.size(last).number().and_then(|size| usize::try_from(size).ok())?;
        (axis.index(shape.rank(), order)? == last && size > 0).then_some(TrainedSoftmax { size, log })
    }

    pub(super) fn forward(&self, on: Machine, x: &[f32], y: &mut [f32]) {
        let size = self.size;
        on.threads.pieces(y, SOFTMAX * x.len(), &|at| at / size * size, &|first, y| {
            on.level.run(SoftmaxRows { softmax: *self, x: &x[first..][..y.len()], y });
        });
    }

    /// Writes the gradient of the input, which may be empty.
    pub(super) fn backward(&self, on: Machine, [y, dy]: [&[f32]; 2], dx: &mut [f32]) {
        let size = self.size;
        on.threads.pieces(dx, SOFTMAX * y.len(), &|at| at / size * size, &|first, dx| {
            let (y, dy) = (&y[first..][..dx.len()], &dy[first..][..dx.len()]);
            on.level.run(SoftmaxRowsBack { softmax: *self, y, dy, dx });
        });
    }
}

struct SoftmaxRows<'a> {
    softmax: TrainedSoftmax,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for SoftmaxRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let SoftmaxRows { softmax: TrainedSoftmax { size, log }, x, y } = self;
        let smallest = smallest_power(size);
        for (x, y) in x.chunks_exact(size).zip(y.chunks_exact_mut(size)) {
            softmax(simd, log, smallest, x, y);
        }
    }
}

/// A row's gradient is `y (dy - sum(y dy))`, and that of the logarithm is `dy - exp(y) sum(dy)`.
struct SoftmaxRowsBack<'a> {
    softmax: TrainedSoftmax,
    y: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for SoftmaxRowsBack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let SoftmaxRowsBack { softmax: TrainedSoftmax { size, log }, y, dy, dx } = self;
        for ((y, dy), dx) in y.chunks_exact(size).zip(dy.chunks_exact(size)).zip(dx.chunks_exact_mut(size)) {
            let whole = size - size % S::LANES;
            let mut sums = simd.splat(0.0);
            for at in (0..whole).step_by(S::LANES) {
                let dy = simd.load(&dy[at..]);
                sums = if log { simd.add(dy, sums) } else { simd.mul_add(simd.load(&y[at..]), dy, sums) };
            }
            let rest = y[whole..].iter().zip(&dy[whole..]).map(|(y, dy)| if log { *dy } else { y * dy });
            let sum = simd.sum(sums) + rest.sum::<f32>();
            let all = dx.iter_mut().zip(y).zip(dy);
            match log {
                true => all.for_each(|((dx, y), dy)| *dx = dy - y.exp() * sum),
                false => all.for_each(|((dx, y), dy)| *dx = y * (dy - sum)),
            }
        }
    }
}

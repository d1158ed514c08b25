//! Permutations of axes, and reductions over them.

use convshape_arith::op::Reduction;
use convshape_arith::shape::{MAX_RANK, Shape};

use super::matrix::Real;
use crate::reference::kernels::axes::{Groups, extreme, permuted_strides};
use crate::reference::kernels::join::Odometer;
use crate::reference::kernels::layout::sizes;

pub(super) fn permute<T: Real>(from: [usize; MAX_RANK], input: &Shape, output: &Shape, dy: &[T], dx: &mut [T]) {
    let strides = permuted_strides(input, from);
    let mut odometer = Odometer::new(sizes(output));
    for dy in dy {
        dx[odometer.place(&strides)] += *dy;
        odometer.step();
    }
}

/// Of equal extremes the first has the gradient.
pub(super) fn reduce<T: Real>(kind: Reduction, groups: &Groups, x: &[T], dy: &[T], dx: &mut [T]) {
    let share = if kind == Reduction::Mean { 1.0 / groups.size() as f64 } else { 1.0 };
    for (start, dy) in groups.starts().zip(dy) {
        match kind {
            Reduction::Sum | Reduction::Mean => {
                groups.members().for_each(|at| dx[start + at] += T::of(dy.get() * share));
            }
            Reduction::Max | Reduction::Min => dx[start + extreme(kind, groups, &x[start..])] += *dy,
        }
    }
}

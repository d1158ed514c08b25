//! Permutations of axes, reductions over axes, and layers that work along one axis.

use convshape_arith::op::Reduction;
use convshape_arith::shape::{MAX_RANK, Shape};

use super::Real;
use crate::reference::kernels::axes::{Blocks, ReductionGroups, extreme, permuted_strides};
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

/// The first of equal extremes gets the gradient.
pub(super) fn reduce<T: Real>(kind: Reduction, groups: &ReductionGroups, x: &[T], dy: &[T], dx: &mut [T]) {
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

/// The gradient of the operand of a join that starts at element `first` of each block.
pub(super) fn join<T: Real>(first: usize, output: Blocks, dy: &[T], dx: &mut [T]) {
    for (dx, dy) in output.of_mut(dx).zip(output.of(dy)) {
        dx.iter_mut().zip(&dy[first..]).for_each(|(dx, dy)| *dx += *dy);
    }
}

pub(super) fn slice<T: Real>(start: usize, input: Blocks, dy: &[T], dx: &mut [T]) {
    for (dx, dy) in input.of_mut(dx).zip(input.of(dy)) {
        dx[start * input.stride..].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy);
    }
}

pub(super) fn glu<T: Real>(input: Blocks, x: &[T], dy: &[T], dx: &mut [T]) {
    for ((x, dx), dy) in input.of(x).zip(input.of_mut(dx)).zip(input.of(dy)) {
        let ((a, b), (da, db)) = (x.split_at(dy.len()), dx.split_at_mut(dy.len()));
        for (at, dy) in dy.iter().enumerate() {
            let gate = 1.0 / (1.0 + libm::exp(-b[at].get()));
            da[at] += T::of(dy.get() * gate);
            db[at] += T::of(dy.get() * a[at].get() * gate * (1.0 - gate));
        }
    }
}

//! Permutations of axes, reductions over axes, and layers that work along one axis.

use convshape_arith::op::{Axis, AxisOrder, Reduction};
use convshape_arith::shape::{MAX_RANK, Shape};

use super::Operands;
use super::join::Odometer;
use super::layout::{sizes, strides};
use super::number::Number;

/// The input's strides in the output's order of axes.
pub(super) fn permuted_strides(input: &Shape, from: [usize; MAX_RANK]) -> [usize; MAX_RANK] {
    let strides = strides(input);
    from.map(|axis| strides[axis])
}

/// Permutes axes: axis `a` of the output is axis `from[a]` of the input.
pub(super) fn permute<T: Number>(from: [usize; MAX_RANK], input: &Shape, x: &[T], output: &Shape, y: &mut [T]) {
    let strides = permuted_strides(input, from);
    let mut odometer = Odometer::new(sizes(output));
    for y in y {
        *y = x[odometer.place(&strides)];
        odometer.step();
    }
}

/// The elements of an input in groups, one for each element of the output that they are reduced to.
pub(super) struct ReductionGroups {
    strides: [usize; MAX_RANK],
    /// The sizes of the axes that are kept; the others are 1.
    outer: [usize; MAX_RANK],
    /// The sizes of the axes that are reduced over; the others are 1.
    inner: [usize; MAX_RANK],
}

impl ReductionGroups {
    pub(super) fn new(input: &Shape, over: [bool; MAX_RANK]) -> ReductionGroups {
        let (mut outer, mut inner) = (sizes(input), sizes(input));
        for axis in 0..MAX_RANK {
            if over[axis] {
                outer[axis] = 1;
            } else {
                inner[axis] = 1;
            }
        }
        ReductionGroups { strides: strides(input), outer, inner }
    }

    /// The groups of the elements along one axis.
    pub(super) fn along(input: &Shape, axis: Axis, order: AxisOrder) -> ReductionGroups {
        let at = axis.index(input.rank(), order);
        ReductionGroups::new(input, core::array::from_fn(|axis| Some(axis) == at))
    }

    /// The number of elements of each group.
    pub(super) fn size(&self) -> usize {
        self.inner.iter().product()
    }

    /// The index of the first element of each group.
    pub(super) fn starts(&self) -> impl Iterator<Item = usize> + use<> {
        places(self.outer, self.strides)
    }

    /// The offsets of a group's elements from its first.
    pub(super) fn members(&self) -> impl Iterator<Item = usize> + use<> {
        places(self.inner, self.strides)
    }
}

fn places(sizes: [usize; MAX_RANK], strides: [usize; MAX_RANK]) -> impl Iterator<Item = usize> {
    let mut odometer = Odometer::new(sizes);
    (0..sizes.iter().product()).map(move |_| {
        let place = odometer.place(&strides);
        odometer.step();
        place
    })
}

/// Reduces each group to one number; NaN propagates.
pub(super) fn reduce<T: Number>(kind: Reduction, groups: &ReductionGroups, x: &[T], y: &mut [T]) {
    for (start, y) in groups.starts().zip(y) {
        *y = match kind {
            Reduction::Sum => T::of(groups.members().map(|at| x[start + at].get()).sum()),
            Reduction::Mean => {
                let sum: f64 = groups.members().map(|at| x[start + at].get()).sum();
                T::of(sum / groups.size() as f64)
            }
            Reduction::Max | Reduction::Min => x[start + extreme(kind, groups, &x[start..])],
        };
    }
}

/// The index of the first of the largest or smallest elements of a group.
pub(super) fn extreme<T: Number>(kind: Reduction, groups: &ReductionGroups, x: &[T]) -> usize {
    let mut best = 0;
    for at in groups.members() {
        let (value, so_far) = (x[at].get(), x[best].get());
        let better = if kind == Reduction::Max { value > so_far } else { value < so_far };
        if better || value.is_nan() && !so_far.is_nan() {
            best = at;
        }
    }
    best
}

/// A value as contiguous blocks: one for each index along the axes before a given one.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    /// The number of blocks.
    pub(super) count: usize,
    /// The stride of the axis, in elements.
    pub(super) stride: usize,
}

impl Blocks {
    pub(super) fn new(shape: &Shape, axis: Axis, order: AxisOrder) -> Blocks {
        let at = axis.index(shape.rank(), order).unwrap_or(0);
        let (count, stride) = (sizes(shape)[..at].iter().product(), strides(shape)[at]);
        Blocks { count, stride }
    }

    /// The blocks of a value.
    pub(super) fn of<T>(self, x: &[T]) -> core::slice::ChunksExact<'_, T> {
        x.chunks_exact((x.len() / self.count).max(1))
    }

    pub(super) fn of_mut<T>(self, x: &mut [T]) -> core::slice::ChunksExactMut<'_, T> {
        x.chunks_exact_mut((x.len() / self.count).max(1))
    }
}

/// Joins values along an axis, or along a new one.
pub(super) fn join<T: Number>(inputs: &(impl Operands<T> + ?Sized), output: Blocks, y: &mut [T]) {
    let mut first = 0;
    for index in 0..inputs.count() {
        let (_, x) = inputs.get(index);
        for (x, y) in output.of(x).zip(output.of_mut(y)) {
            y[first..first + x.len()].copy_from_slice(x);
        }
        first += x.len() / output.count;
    }
}

/// Copies elements along an axis, from `start` on, until the output is full.
pub(super) fn slice<T: Number>(start: usize, input: Blocks, x: &[T], y: &mut [T]) {
    for (x, y) in input.of(x).zip(input.of_mut(y)) {
        y.copy_from_slice(&x[start * input.stride..][..y.len()]);
    }
}

/// Multiplies the first half by the sigmoid of the second.
pub(super) fn glu<T: Number>(input: Blocks, x: &[T], y: &mut [T]) {
    for (x, y) in input.of(x).zip(input.of_mut(y)) {
        let (a, b) = x.split_at(y.len());
        for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
            *y = T::of(a.get() / (1.0 + libm::exp(-b.get())));
        }
    }
}

/// Permutations of axes, reductions over axes, and layers that work along one axis.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use convshape_arith::op::Reduction;
    use convshape_arith::shape::{MAX_RANK, Shape};

    use super::{Blocks, ReductionGroups, extreme, permuted_strides};
    use crate::reference::kernels::join::Odometer;
    use crate::reference::kernels::layout::sizes;
    use crate::reference::kernels::number::Real;

    pub(in crate::reference::kernels) fn permute<T: Real>(
        from: [usize; MAX_RANK],
        input: &Shape,
        output: &Shape,
        dy: &[T],
        dx: &mut [T],
    ) {
        let strides = permuted_strides(input, from);
        let mut odometer = Odometer::new(sizes(output));
        for dy in dy {
            dx[odometer.place(&strides)] += *dy;
            odometer.step();
        }
    }

    /// The first of equal extremes gets the gradient.
    pub(in crate::reference::kernels) fn reduce<T: Real>(
        kind: Reduction,
        groups: &ReductionGroups,
        x: &[T],
        dy: &[T],
        dx: &mut [T],
    ) {
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
    pub(in crate::reference::kernels) fn join<T: Real>(first: usize, output: Blocks, dy: &[T], dx: &mut [T]) {
        for (dx, dy) in output.of_mut(dx).zip(output.of(dy)) {
            dx.iter_mut().zip(&dy[first..]).for_each(|(dx, dy)| *dx += *dy);
        }
    }

    pub(in crate::reference::kernels) fn slice<T: Real>(start: usize, input: Blocks, dy: &[T], dx: &mut [T]) {
        for (dx, dy) in input.of_mut(dx).zip(input.of(dy)) {
            dx[start * input.stride..].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy);
        }
    }

    pub(in crate::reference::kernels) fn glu<T: Real>(input: Blocks, x: &[T], dy: &[T], dx: &mut [T]) {
        for ((x, dx), dy) in input.of(x).zip(input.of_mut(dx)).zip(input.of(dy)) {
            let ((a, b), (da, db)) = (x.split_at(dy.len()), dx.split_at_mut(dy.len()));
            for (at, dy) in dy.iter().enumerate() {
                let gate = 1.0 / (1.0 + libm::exp(-b[at].get()));
                da[at] += T::of(dy.get() * gate);
                db[at] += T::of(dy.get() * a[at].get() * gate * (1.0 - gate));
            }
        }
    }
}

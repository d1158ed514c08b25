//! Sums, products and similar combinations of activations that broadcast.

use convshape_arith::op::AxisOrder;
use convshape_arith::shape::{MAX_RANK, Shape};

use super::Operands;
use super::layout::{sizes, strides};
use super::number::Number;

/// Combines activations that broadcast: along axes of size 1, and those with fewer axes as [`Shape::aligned`] says. With
/// more than two operands it goes from left to right, like `a + b + c`.
pub(super) fn broadcast<T: Number>(
    combine: impl Fn(f64, f64) -> f64,
    inputs: &(impl Operands<T> + ?Sized),
    order: AxisOrder,
    output: &Shape,
    y: &mut [T],
) {
    for index in 0..inputs.count() {
        let (shape, x) = inputs.get(index);
        let strides = broadcast_strides(shape, order, output);
        let mut odometer = Odometer::new(sizes(output));
        for y in &mut *y {
            let x = x[odometer.place(&strides)];
            *y = if index == 0 { x } else { T::of(combine(y.get(), x.get())) };
            odometer.step();
        }
    }
}

/// The stride of each axis of the output in an operand: 0 where it broadcasts.
pub(super) fn broadcast_strides(shape: &Shape, order: AxisOrder, output: &Shape) -> [usize; MAX_RANK] {
    let shape = shape.aligned(output, order);
    let mut moves = strides(&shape);
    let (from, to) = (sizes(&shape), sizes(output));
    for axis in 0..output.rank() {
        if from[axis] == 1 && to[axis] != 1 {
            moves[axis] = 0;
        }
    }
    moves
}

/// Counts through the indices of a shape in row-major order.
pub(super) struct Odometer {
    sizes: [usize; MAX_RANK],
    index: [usize; MAX_RANK],
}

impl Odometer {
    pub(super) fn new(sizes: [usize; MAX_RANK]) -> Odometer {
        Odometer { sizes, index: [0; MAX_RANK] }
    }

    pub(super) fn place(&self, strides: &[usize; MAX_RANK]) -> usize {
        self.index.iter().zip(strides).map(|(index, stride)| index * stride).sum()
    }

    pub(super) fn step(&mut self) {
        for axis in (0..MAX_RANK).rev() {
            self.index[axis] += 1;
            if self.index[axis] < self.sizes[axis] {
                return;
            }
            self.index[axis] = 0;
        }
    }
}

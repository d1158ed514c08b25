//! Layers that put activations together or take channels out.

use convshape_arith::op::AxisOrder;
use convshape_arith::shape::{MAX_RANK, Shape};

use super::matrix::Real;
use crate::reference::kernels::join::{Odometer, broadcast_strides};
use crate::reference::kernels::layout::{Channels, sizes};

/// An operand that was broadcast gets the sum over what it was broadcast to.
pub(super) fn add<T: Real>(shape: &Shape, order: AxisOrder, output: &Shape, dy: &[T], dx: &mut [T]) {
    let strides = broadcast_strides(shape, order, output);
    let mut odometer = Odometer::new(sizes(output));
    for dy in dy {
        dx[odometer.place(&strides)] += *dy;
        odometer.step();
    }
}

/// Operand `index` of a product gets the gradient times the others.
pub(super) fn mul<T: Real>(
    index: usize,
    shapes: &[Shape],
    inputs: &[&[T]],
    order: AxisOrder,
    output: &Shape,
    dy: &[T],
    dx: &mut [T],
) {
    let strides: alloc::vec::Vec<[usize; MAX_RANK]> =
        shapes.iter().map(|shape| broadcast_strides(shape, order, output)).collect();
    let mut odometer = Odometer::new(sizes(output));
    for dy in dy {
        let mut factor = dy.get();
        for (other, x) in inputs.iter().enumerate().filter(|(other, _)| *other != index) {
            factor *= x[odometer.place(&strides[other])].get();
        }
        dx[odometer.place(&strides[index])] += T::of(factor);
        odometer.step();
    }
}

/// The operand of a `Concat` that begins at channel `first`.
pub(super) fn concat<T: Real>(first: usize, [input, output]: [&Channels; 2], dy: &[T], dx: &mut [T]) {
    for (channel, position) in input.iter() {
        dx[input.at(channel, position)] += dy[output.at(first + channel, position)];
    }
}

pub(super) fn slice<T: Real>(start: usize, [input, output]: [&Channels; 2], dy: &[T], dx: &mut [T]) {
    for (channel, position) in output.iter() {
        dx[input.at(start + channel, position)] += dy[output.at(channel, position)];
    }
}

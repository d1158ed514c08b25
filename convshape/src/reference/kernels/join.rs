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

/// Sums, products and similar combinations of activations that broadcast.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use convshape_arith::op::AxisOrder;
    use convshape_arith::shape::{MAX_RANK, Shape};

    use super::{Odometer, broadcast_strides};
    use crate::reference::kernels::layout::sizes;
    use crate::reference::kernels::number::Real;

    /// An operand that was broadcast gets the sum over the elements it was broadcast to.
    pub(in crate::reference::kernels) fn add<T: Real>(
        shape: &Shape,
        order: AxisOrder,
        output: &Shape,
        dy: &[T],
        dx: &mut [T],
    ) {
        let strides = broadcast_strides(shape, order, output);
        let mut odometer = Odometer::new(sizes(output));
        for dy in dy {
            dx[odometer.place(&strides)] += *dy;
            odometer.step();
        }
    }

    /// Operand `index` of a product gets the gradient times the others.
    pub(in crate::reference::kernels) fn mul<T: Real>(
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

    /// The larger of two operands by `first` and `second`, and its derivative with respect to each. Equal extremes share
    /// the gradient, as in PyTorch.
    pub(in crate::reference::kernels) fn extreme(operands: [f64; 2], first: bool, second: bool) -> (f64, [f64; 2]) {
        match (first, second) {
            (true, _) => (operands[0], [1.0, 0.0]),
            (_, true) => (operands[1], [0.0, 1.0]),
            (false, false) => (operands[0], [0.5, 0.5]),
        }
    }

    /// The gradients of a layer that combines its operands one after another. `combined` gives the value of two of them,
    /// and its derivative with respect to each.
    pub(in crate::reference::kernels) fn folded<T: Real>(
        combined: impl Fn(f64, f64) -> (f64, [f64; 2]),
        shapes: &[Shape],
        inputs: &[&[T]],
        order: AxisOrder,
        output: &Shape,
        dy: &[T],
        dx: &mut [&mut [T]],
    ) {
        let strides: alloc::vec::Vec<[usize; MAX_RANK]> =
            shapes.iter().map(|shape| broadcast_strides(shape, order, output)).collect();
        for (index, dx) in dx.iter_mut().enumerate() {
            let mut odometer = Odometer::new(sizes(output));
            for dy in dy {
                let value = |operand: usize| inputs[operand][odometer.place(&strides[operand])].get();
                let (mut so_far, mut slope) = (value(0), 1.0);
                for operand in 1..inputs.len() {
                    let (next, [of_earlier, of_this]) = combined(so_far, value(operand));
                    so_far = next;
                    if operand == index {
                        slope = of_this;
                    } else if operand > index {
                        slope *= of_earlier;
                    }
                }
                dx[odometer.place(&strides[index])] += T::of(dy.get() * slope);
                odometer.step();
            }
        }
    }
}

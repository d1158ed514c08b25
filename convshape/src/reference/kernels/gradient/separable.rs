//! `SeparableConv`: two convolutions, one after the other.

use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::fault::Fault;
use convshape_arith::op::{AxisOrder, Op, SeparableConv};
use convshape_arith::shape::Shape;

use super::conv::Patches;
use super::elements;
use super::matrix::Real;

/// The two convolutions over one input shape.
pub(super) struct Separable {
    depthwise: Patches,
    pointwise: Patches,
    /// The elements of a sample between the two.
    middle: usize,
    /// The elements of a sample of the input.
    input: usize,
}

impl Separable {
    pub(super) fn new(
        conv: &SeparableConv,
        order: AxisOrder,
        input: &Shape,
        output: &Shape,
    ) -> Result<Separable, Fault> {
        let middle = Op::Conv(conv.depthwise).output(&[*input], order)?;
        Ok(Separable {
            depthwise: Patches::new(&conv.depthwise, order, input, &middle)?,
            pointwise: Patches::new(&conv.pointwise, order, &middle, output)?,
            middle: elements(&middle),
            input: elements(input),
        })
    }

    /// `params` are the two weights and, if there is one, the bias.
    pub(super) fn forward<T: Real>(&self, params: &[&[T]], x: &[T], y: &mut [T]) {
        self.pointwise.forward(&params[1..], &self.between(params, x), y);
    }

    /// What the first convolution gives.
    fn between<T: Real>(&self, params: &[&[T]], x: &[T]) -> Vec<T> {
        let mut middle = vec![T::default(); x.len() / self.input * self.middle];
        self.depthwise.forward(&params[..1], x, &mut middle);
        middle
    }

    /// Adds the gradients of the parameters and of the input.
    pub(super) fn backward<T: Real>(&self, params: &[&[T]], x: &[T], dy: &[T], dparams: &mut [Vec<T>], dx: &mut [T]) {
        let middle = self.between(params, x);
        let mut dmiddle = vec![T::default(); middle.len()];
        let (first, second) = dparams.split_at_mut(1);
        self.pointwise.backward(&params[1..], &middle, dy, second, &mut dmiddle);
        self.depthwise.backward(&params[..1], x, &dmiddle, first, dx);
    }
}

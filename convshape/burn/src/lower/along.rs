//! Layers that work along axes, and products of matrices.

use burn::tensor::{Tensor, activation as functions};
use convshape::Shape;
use convshape::graph::Node;
use convshape::graph::op::Axis;

use super::join::AXES;
use super::{Run, sizes};

const CHECKED: &str = "a checked chain has the axes that its layers name";

impl Run<'_> {
    /// The position of an axis, counting the batch.
    fn place(&self, axis: Axis, shape: &Shape) -> usize {
        1 + axis.index(shape.rank(), self.graph.order()).expect(CHECKED)
    }

    fn input_place(&self, node: &Node, axis: Axis) -> usize {
        self.place(axis, self.graph.shape(node.inputs[0]))
    }

    pub(super) fn slice(&mut self, node: &Node, axis: Axis, start: usize, count: usize) -> Tensor<3> {
        let at = self.input_place(node, axis);
        let x = self.all_axes(node.inputs[0]).narrow(at, start, count);
        self.flattened(node, x)
    }

    pub(super) fn join(&mut self, node: &Node, axis: Axis) -> Tensor<3> {
        let output = *self.graph.shape(node.outputs[0]);
        let at = self.place(axis, &output);
        let mut dims = [1; AXES];
        dims[0] = self.batch;
        dims[1..=output.rank()].copy_from_slice(&sizes(&output));
        let others: usize = dims.iter().product::<usize>() / dims[at];
        let inputs = node.inputs.iter().map(|&value| {
            let x = self.natural(value);
            let mut own = dims;
            own[at] = x.dims().iter().product::<usize>() / others;
            x.reshape(own)
        });
        let joined = Tensor::cat(inputs.collect(), at);
        self.flattened(node, joined)
    }

    pub(super) fn glu(&mut self, node: &Node, axis: Axis) -> Tensor<3> {
        let at = self.input_place(node, axis);
        let x = self.all_axes(node.inputs[0]);
        let half = x.dims()[at] / 2;
        let gate = functions::sigmoid(x.clone().narrow(at, half, half));
        self.flattened(node, x.narrow(at, 0, half) * gate)
    }

    pub(super) fn softmax(&mut self, node: &Node, axis: Axis, log: bool) -> Tensor<3> {
        let at = self.input_place(node, axis);
        let x = self.all_axes(node.inputs[0]);
        let y = if log { functions::log_softmax(x, at) } else { functions::softmax(x, at) };
        self.flattened(node, y)
    }

    /// Matrices on the last two axes; leading axes broadcast.
    pub(super) fn product(&mut self, node: &Node, transposed: [bool; 2]) -> Tensor<3> {
        let output = sizes(self.graph.shape(node.outputs[0]));
        let mut operands = node.inputs.iter().zip(transposed).map(|(&value, transposed)| {
            let own = sizes(self.graph.shape(value));
            let mut dims = [1; AXES];
            dims[0] = self.batch;
            dims[AXES - own.len()..].copy_from_slice(&own);
            let mut wide = dims;
            for (place, size) in wide[AXES - output.len()..].iter_mut().zip(&output).take(output.len() - 2) {
                *place = *size;
            }
            let x = self.natural(value).reshape(dims).expand(wide);
            if transposed { x.swap_dims(AXES - 2, AXES - 1) } else { x }
        });
        let (Some(a), Some(b)) = (operands.next(), operands.next()) else { unreachable!("a product has two operands") };
        drop(operands);
        let product = a.matmul(b);
        self.flattened(node, product)
    }
}

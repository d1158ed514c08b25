//! Sums and products of values that broadcast.

use burn::tensor::Tensor;
use convshape::Shape;
use convshape::graph::Node;

use super::{Run, sizes};

/// The batch, and the most axes that a shape has.
pub(super) const AXES: usize = 7;

impl Run<'_> {
    /// Combines a node's inputs from left to right. `combine` and `aligned` do the same, for equal shapes and for
    /// shapes that broadcast.
    pub(super) fn broadcast(
        &mut self,
        node: &Node,
        combine: impl Fn(Tensor<3>, Tensor<3>) -> Tensor<3>,
        aligned: impl Fn(Tensor<AXES>, Tensor<AXES>) -> Tensor<AXES>,
    ) -> Tensor<3> {
        let output = *self.graph.shape(node.outputs[0]);
        let is_whole = |&value: &usize| self.graph.shape(value) == &output;
        if node.inputs.iter().all(is_whole) {
            let inputs: Vec<Tensor<3>> = node.inputs.iter().map(|&value| self.take(value)).collect();
            return inputs.into_iter().reduce(combine).expect("a layer reads a value");
        }
        let inputs: Vec<Tensor<AXES>> = node.inputs.iter().map(|&value| self.aligned(value, &output)).collect();
        let sum = inputs.into_iter().reduce(aligned).expect("a layer reads a value");
        let mut dims = [1; AXES];
        dims[0] = self.batch;
        dims[AXES - output.rank()..].copy_from_slice(&sizes(&output));
        let flat = sum.expand(dims).reshape([self.batch, super::elements(&output)]);
        self.channels_first(flat, &output)
    }

    /// A value with its axes aligned to the output's: at the end, but a single axis on the channels.
    fn aligned(&mut self, value: usize, output: &Shape) -> Tensor<AXES> {
        let own = sizes(self.graph.shape(value));
        let mut dims = [1; AXES];
        dims[0] = self.batch;
        let start = AXES - output.rank();
        let channel = self.graph.order().channel(output.rank());
        match own[..] {
            [count] if count == sizes(output)[channel] => dims[start + channel] = count,
            _ => dims[AXES - own.len()..].copy_from_slice(&own),
        }
        self.natural(value).reshape(dims)
    }
}

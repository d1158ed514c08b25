//! Layers that use all axes of a value: permutations and reductions.

use burn::tensor::Tensor;
use convshape::graph::op::Reduction;
use convshape::graph::{Fault, GraphError, Node};

use super::join::AXES;
use super::{Run, elements, sizes};
use crate::BurnError;

/// The smallest sum of powers: an `f32` with full precision, far below every eps.
const LEAST_SUM: f64 = 1e-36;

impl Run<'_> {
    pub(super) fn permute(&mut self, node: &Node) -> Result<Tensor<3>, BurnError> {
        let shape = *self.graph.shape(node.inputs[0]);
        let order = node.op.permutation(&shape, self.graph.order()).map_err(|fault| refused(node, fault))?;
        let mut axes = [0, 1, 2, 3, 4, 5, 6];
        for (slot, axis) in axes[1..].iter_mut().zip(&order[..shape.rank()]) {
            *slot = axis + 1;
        }
        let permuted = self.all_axes(node.inputs[0]).permute(axes);
        Ok(self.flattened(node, permuted))
    }

    pub(super) fn reduce(&mut self, node: &Node, kind: Reduction) -> Result<Tensor<3>, BurnError> {
        let shape = *self.graph.shape(node.inputs[0]);
        let over = node.op.reduced_axes(&shape, self.graph.order()).map_err(|fault| refused(node, fault))?;
        let x = self.all_axes(node.inputs[0]);
        let axes = (0..shape.rank()).filter(|&axis| over[axis]).map(|axis| axis + 1);
        let reduced = axes.fold(x, |x, axis| match kind {
            Reduction::Sum => x.sum_dim(axis),
            Reduction::Mean => x.mean_dim(axis),
            Reduction::Max => x.max_dim(axis),
            Reduction::Min => x.min_dim(axis),
        });
        Ok(self.flattened(node, reduced))
    }

    pub(super) fn lp_norm(&mut self, node: &Node, p: f64, eps: f64) -> Result<Tensor<3>, BurnError> {
        let shape = *self.graph.shape(node.inputs[0]);
        let over = node.op.reduced_axes(&shape, self.graph.order()).map_err(|fault| refused(node, fault))?;
        let x = self.all_axes(node.inputs[0]);
        let powers = x.clone().abs().powf_scalar(p);
        let axes = (0..shape.rank()).filter(|&axis| over[axis]).map(|axis| axis + 1);
        let sum = axes.fold(powers, |x, axis| x.sum_dim(axis));
        // At 0 the slope of the root is infinite and the gradient would be NaN, so the sum must stay above 0 too.
        let norm = sum.clamp_min(eps.powf(p).max(LEAST_SUM)).powf_scalar(1.0 / p).clamp_min(eps);
        Ok(self.flattened(node, x / norm))
    }

    /// A value with the batch and its own axes first, then axes of size 1.
    pub(super) fn all_axes(&mut self, value: usize) -> Tensor<AXES> {
        let own = sizes(self.graph.shape(value));
        let mut dims = [1; AXES];
        dims[0] = self.batch;
        dims[1..=own.len()].copy_from_slice(&own);
        self.natural(value).reshape(dims)
    }

    pub(super) fn flattened(&self, node: &Node, x: Tensor<AXES>) -> Tensor<3> {
        let output = self.graph.shape(node.outputs[0]);
        self.channels_first(x.reshape([self.batch, elements(output)]), output)
    }
}

fn refused(node: &Node, fault: Fault) -> GraphError {
    GraphError::Layer { layer: node.name.clone(), fault }
}

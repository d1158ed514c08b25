//! Normalisation. Except for batch normalisation, burn's own layers only normalise the last axis.

use burn::tensor::Tensor;
use burn::tensor::module::{batch_norm, batch_norm_train};
use convshape::graph::Node;
use convshape::graph::op::Dialect;

use super::{Run, elements, to_i64, to_usize};
use crate::BurnError;

/// The fields of `Op::BatchNorm` that a run needs.
pub(super) struct BatchNorm {
    pub(super) dialect: Dialect,
    pub(super) eps: f64,
    pub(super) affine: bool,
    pub(super) momentum: f64,
}

impl Run<'_> {
    pub(super) fn batch_norm(&mut self, node: &Node, norm: BatchNorm) -> Result<Tensor<3>, BurnError> {
        let x = self.take(node.inputs[0]);
        let [batch, channels, positions] = x.dims();
        let values = batch * positions;
        if self.training && values < 2 {
            return Err(BurnError::TooFewValues { layer: node.name.clone(), values });
        }
        let (weight, bias) = match norm.affine {
            true => (self.param(node, 0, [channels]), self.param(node, 1, [channels])),
            false => (Tensor::ones([channels], &x.device()), Tensor::zeros([channels], &x.device())),
        };
        let first = node.params.len() - 2;
        if !self.training {
            let (mean, variance) = (self.param(node, first, [channels]), self.param(node, first + 1, [channels]));
            return Ok(batch_norm(x, weight, bias, mean, variance, norm.eps));
        }
        let trained = batch_norm_train(x, weight, bias, norm.eps);
        let count = values as f64;
        // Burn's variance is that of the batch: divided by the count.
        let unbiased = if norm.dialect.has_unbiased_statistics() { count / (count - 1.0) } else { 1.0 };
        let [mean, variance] = [first, first + 1].map(|index| &self.params[node.params[index]]);
        mean.update(trained.mean, norm.momentum);
        variance.update(trained.variance.mul_scalar(unbiased), norm.momentum);
        Ok(trained.output)
    }

    /// Groups of neighbouring channels; an instance normalisation has one channel per group.
    pub(super) fn group_norm(&mut self, node: &Node, groups: usize, eps: f64, affine: bool) -> Tensor<3> {
        let x = self.take(node.inputs[0]);
        let dims = x.dims();
        let grouped = x.reshape([to_i64(self.batch), to_i64(groups), -1]);
        let y = normalised(grouped, eps).reshape(dims);
        if affine { y * self.per_channel(node, 0, dims[1]) + self.per_channel(node, 1, dims[1]) } else { y }
    }

    /// Like [`Run::layer_norm`], with the root mean square only.
    pub(super) fn rms_norm(&mut self, node: &Node, eps: f64) -> Tensor<3> {
        let shape = *self.graph.shape(node.inputs[0]);
        let size = elements(&self.graph.params()[node.params[0]].shape);
        let x = self.natural(node.inputs[0]).reshape([to_i64(self.batch), -1, to_i64(size)]);
        let mean = x.clone().square().mean_dim(2);
        let y = x / (mean + eps).sqrt() * self.param(node, 0, [1, 1, size]);
        self.channels_first(y.reshape([to_i64(self.batch), -1]), &shape)
    }

    /// Over the last axes in the chain's order, with as many elements as the weight.
    pub(super) fn layer_norm(&mut self, node: &Node, eps: f64) -> Tensor<3> {
        let shape = *self.graph.shape(node.inputs[0]);
        let size = elements(&self.graph.params()[node.params[0]].shape);
        let x = self.natural(node.inputs[0]).reshape([to_i64(self.batch), -1, to_i64(size)]);
        let y = normalised(x, eps) * self.param(node, 0, [1, 1, size]) + self.param(node, 1, [1, 1, size]);
        self.channels_first(y.reshape([to_i64(self.batch), -1]), &shape)
    }
}

/// With a window of some channels before and after, and `alpha / size`, `beta` and `k`.
pub(super) fn local_response(x: Tensor<3>, window: (i64, i64), [factor, beta, k]: [f64; 3]) -> Tensor<3> {
    let [batch, channels, positions] = x.dims();
    let (below, above) = (to_usize(window.0), to_usize(window.1));
    let border = |channels: usize| Tensor::zeros([batch, channels, positions], &x.device());
    let squares = Tensor::cat(vec![border(below), x.clone().square(), border(above)], 1);
    let shifted = (0..=below + above).map(|shift| squares.clone().narrow(1, shift, channels));
    let sum = shifted.reduce(|a, b| a + b).expect("a window has a channel");
    x / (sum.mul_scalar(factor) + k).powf_scalar(beta)
}

/// Over the last axis; the variance is divided by the count.
fn normalised(x: Tensor<3>, eps: f64) -> Tensor<3> {
    // burn adds up one element after the other: the mean of many nearly equal ones is off by more than they differ. What
    // is left of it is small, so a second mean is exact.
    let centered = (0..2).fold(x, |x, _| x.clone() - x.mean_dim(2));
    let variance = centered.clone().square().mean_dim(2);
    centered / (variance + eps).sqrt()
}

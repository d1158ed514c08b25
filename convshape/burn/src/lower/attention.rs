//! Attention.

use burn::tensor::{Bool, Tensor, activation};
use convshape::graph::Node;
use convshape::graph::op::{Attention, Projection};

use super::{Run, sizes, to_i64, to_usize};

/// The most axes that scores have, with the batch.
const AXES: usize = 7;

impl Run<'_> {
    /// Scaled dot-product attention, with the heads as a separate axis.
    pub(super) fn attention(&mut self, node: &Node, layer: &Attention) -> Tensor<3> {
        let shapes = node.inputs.iter().map(|&value| sizes(self.graph.shape(value))).collect::<Vec<_>>();
        let (heads, samples, front) = (to_usize(layer.heads), self.batch, shapes[0].len() - 2);
        let windows = &shapes[0][..front];
        // Windows are further samples.
        let batch = samples * windows.iter().product::<usize>();
        let [q, k, v] = [0, 1, 2].map(|operand| {
            let [tokens, features] = [shapes[operand][front], shapes[operand][front + 1]];
            let x = self.natural(node.inputs[operand]);
            x.reshape([batch, tokens, heads, features / heads]).swap_dims(1, 2)
        });
        let [tokens, keys] = [shapes[0][front], shapes[1][front]];
        let scale = layer.factor(to_i64(shapes[0][front + 1] / heads));
        let mut scores = q.mul_scalar(scale).matmul(k.swap_dims(2, 3));
        if let Some(&value) = node.inputs.get(3) {
            // Axes in front that it does not have, or of size 1, are broadcast.
            let wide = |sizes: &[usize]| {
                let mut all = [1; AXES];
                all[AXES - sizes.len()..].copy_from_slice(sizes);
                all[0] = samples;
                all
            };
            let all = wide(&[windows, &[heads, tokens, keys]].concat());
            let added: Tensor<AXES> = self.natural(value).reshape(wide(&shapes[3]));
            scores = (scores.reshape(all) + added).reshape([batch, heads, tokens, keys]);
        }
        if layer.causal {
            let later: Tensor<2, Bool> = Tensor::tril_mask([tokens, keys], 0, &scores.device());
            let later = later.reshape([1, 1, tokens, keys]).expand([batch, heads, tokens, keys]);
            scores = scores.mask_fill(later, f32::NEG_INFINITY);
        }
        let mut weights = activation::softmax(scores, 3);
        if self.training {
            let dims = weights.dims();
            let flat = weights.reshape([dims[0], dims[1], dims[2] * dims[3]]);
            weights = super::dropped(flat, layer.dropout, super::DropTogether::Element).reshape(dims);
        }
        let attended = weights.matmul(v).swap_dims(1, 2);
        let output = self.graph.shape(node.outputs[0]);
        self.channels_first(attended.reshape([to_i64(self.batch), -1]), output)
    }

    /// Some of the outputs of a larger linear layer.
    pub(super) fn projection(&mut self, node: &Node, part: &Projection) -> Tensor<3> {
        let (inputs, outputs) = (to_usize(part.inputs), to_usize(part.outputs));
        let weight: Tensor<2> = self.param(node, 0, [to_usize(part.rows.1), inputs]);
        let weight = weight.narrow(0, to_usize(part.rows.0), outputs).swap_dims(0, 1);
        let y = self.natural(node.inputs[0]).reshape([-1, to_i64(inputs)]).matmul(weight);
        let y = match part.bias {
            Some((first, count)) => {
                let bias: Tensor<2> = self.param(node, 1, [1, to_usize(count)]);
                y + bias.narrow(1, to_usize(first), outputs)
            }
            None => y,
        };
        let output = self.graph.shape(node.outputs[0]);
        self.channels_first(y.reshape([to_i64(self.batch), -1]), output)
    }
}

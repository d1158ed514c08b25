//! Products of matrices.

use convshape::graph::Op;
use convshape::ndarray::ArrayD;

use super::batch::{Tensor, positions};
use super::node::Node;
use super::{Import, Lowered, TORCH};

impl Import {
    pub(super) fn gemm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let weight = self.constant(node, 1).ok_or("a matrix that is computed")?.floats();
        if node.int("transA", 0) != 0 || weight.ndim() != 2 || self.sizes(x).len() != 2 {
            return Err("only rows times a matrix are a layer".to_owned());
        }
        let weight = if node.int("transB", 0) == 0 { weight.reversed_axes() } else { weight };
        #[expect(clippy::cast_possible_truncation, reason = "it was f32")]
        let (alpha, beta) = (node.float("alpha", 1.0) as f32, node.float("beta", 1.0) as f32);
        let bias = match node.input(2) {
            Some(_) => {
                let bias = self.constant(node, 2).ok_or("a bias that is computed")?.floats();
                let outputs = weight.shape()[0];
                let wide = bias.broadcast((1, outputs)).ok_or("a bias of another size")?;
                Some(wide.iter().map(|number| number * beta).collect::<Vec<f32>>())
            }
            None => None,
        };
        self.linear(node, x, weight.mapv(|number| number * alpha), bias)
    }

    pub(super) fn matrix(&mut self, node: Node<'_>) -> Lowered {
        if let Some(weight) = self.constant(node, 1).map(|weight| weight.floats()).filter(|weight| weight.ndim() == 2) {
            let x = self.tensor(node, 0)?;
            return self.linear(node, x, weight.reversed_axes(), None);
        }
        let operands = [self.operand(node, 0, 2)?, self.operand(node, 1, 2)?];
        let rank = self.ranks(node);
        if operands.iter().any(|&x| self.sizes(x).len() < 2) {
            return Err("a product with a vector".to_owned());
        }
        let (operands, batch) = match self.aligned(&operands)? {
            // A batch among rows or columns is an ordinary axis.
            (operands, Some(1 | 2)) => {
                (operands.into_iter().map(|x| self.merged(x)).collect::<Result<Vec<_>, _>>()?, None)
            }
            aligned => aligned,
        };
        let [first, second] = [operands[0], operands[1]];
        if self.sample(first).len() == self.sample(second).len()
            && let Some(y) = self.attention(node, first, second)
        {
            let y = Tensor { batch: batch.map(|place| self.sizes(first).len() - place), ..y? };
            return self.widened(y, rank);
        }
        let ((a, transpose_a), (b, transpose_b)) = (self.upright(first), self.upright(second));
        let op = Op::MatMul { transpose_a, transpose_b };
        let y = self.joined(self.path(node), op, &[a, b], batch)?;
        self.widened(y, rank)
    }

    /// The value whose last two axes were swapped, and `true`; otherwise the value itself, and `false`.
    fn upright(&self, x: Tensor) -> (usize, bool) {
        let Some((Op::Permute { axes, .. }, inputs)) = self.made(x.value) else { return (x.value, false) };
        let rank = axes.as_slice().len();
        let mut swapped: Vec<usize> = (0..rank).collect();
        swapped.swap(rank - 2, rank - 1);
        match positions(&axes) == Some(swapped) {
            true => (inputs[0], true),
            false => (x.value, false),
        }
    }

    fn linear(&mut self, node: Node<'_>, x: Tensor, weight: ArrayD<f32>, bias: Option<Vec<f32>>) -> Lowered {
        // The last axis must be one of the sample.
        let x = if x.batch == Some(self.sizes(x).len() - 1) { self.merged(x)? } else { x };
        let (outputs, inputs) = (weight.shape()[0], weight.shape()[1]);
        let op =
            Op::Linear { dialect: TORCH, inputs: Some(inputs as i64), outputs: outputs as i64, bias: bias.is_some() };
        let value = self.push(self.path(node), op, &[x.value])?;
        self.give(value, "weight", vec![outputs, inputs], weight.iter().copied().collect());
        if let Some(bias) = bias {
            self.give(value, "bias", vec![outputs], bias);
        }
        Ok(Tensor { value, ..x })
    }
}

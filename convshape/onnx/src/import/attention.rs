//! Scaled dot-product attention, which exporters write as products, a softmax and moves of axes.

use convshape::graph::Op;
use convshape::graph::op::{Attention, Axis};

use super::Import;
use super::batch::{Tensor, positions};
use super::lower::{Lowered, TORCH};
use super::node::Node;

/// A mask with a value this low or lower hides a key.
pub(super) const MASKED: f32 = -1e4;

/// Tokens of several heads.
struct Heads {
    /// What is reshaped to `[tokens, heads, features]`.
    source: usize,
    /// `[tokens, heads * features]`
    shape: [i64; 2],
    heads: i64,
}

impl Import {
    /// `softmax(q * k^T * scale + mask) * v` as one layer, seen from its last product; `None` if that is another one.
    pub(super) fn attention(&mut self, node: Node<'_>, weights: Tensor, values: Tensor) -> Option<Lowered> {
        let rank = self.sample(weights).len();
        let is_last = |axis: Axis| matches!(axis, Axis::At(at) if at == -1 || at == rank as i64 - 1);
        let (softmax, scores) = self.made(weights.value)?;
        let (Op::Softmax { axis, log: false }, 2..=3) = (softmax, rank) else { return None };
        let mut score = *scores.first().filter(|_| is_last(axis))?;
        let mut mask = None;
        if let Some((Op::Add, operands)) = self.made(score) {
            let &[first, second] = operands.as_slice() else { return None };
            (score, mask) = if self.is_scores(first) { (first, Some(second)) } else { (second, Some(first)) };
        }
        let mut scale = self.unscaled(&mut score).ok()?;
        let (Op::MatMul { transpose_a: false, transpose_b }, operands) = self.made(score)? else { return None };
        let (mut queries, mut keys) = (operands[0], operands[1]);
        scale *= self.unscaled(&mut queries).ok()? * self.unscaled(&mut keys).ok()?;
        let parts = [(queries, false), (keys, !transpose_b), (values.value, false)];
        let mut operands = Vec::new();
        let mut heads = 1;
        let mut features = 1;
        for (at, (value, transposed)) in parts.into_iter().enumerate() {
            let part = self.heads(value, transposed)?;
            if at == 0 {
                (heads, features) = (part.heads, part.shape[1] / part.heads);
            }
            if part.heads != heads {
                return None;
            }
            let flat = Tensor { value: part.source, batch: None };
            operands.push(self.placed(flat, &part.shape, None).ok()?.value);
        }
        let mut layer = Attention { scale: Some(scale), ..Attention::new(TORCH, heads) };
        let usual = Attention { scale: None, ..layer }.factor(features);
        if (scale - usual).abs() < 1e-6 * usual {
            layer.scale = None;
        }
        match mask {
            Some(mask) if self.is_causal(mask) => layer.causal = true,
            Some(mask) => {
                let whole = Tensor { value: mask, batch: None };
                let mut sizes = self.sample(whole);
                while sizes.len() > 2 && sizes[0] == 1 {
                    sizes.remove(0);
                }
                operands.push(self.placed(whole, &sizes, None).ok()?.value);
            }
            None => {}
        }
        let op = Op::Attention(layer);
        let shapes: Vec<_> = operands.iter().map(|&value| self.shapes[value]).collect();
        op.output(&shapes, super::ORDER).ok()?;
        Some(self.spread(node, op, &operands, heads, weights, rank))
    }

    /// The layer, and its tokens with the heads in front as the product had them.
    fn spread(&mut self, node: Node<'_>, op: Op, operands: &[usize], heads: i64, like: Tensor, rank: usize) -> Lowered {
        let value = self.push(self.path(node), op, operands)?;
        let y = Tensor { value, batch: None };
        let (tokens, features) = (self.sample(y)[0], self.sample(y)[1] / heads);
        let y = match rank {
            2 => y,
            _ => {
                let split = self.placed(y, &[tokens, heads, features], None)?;
                self.permuted(String::new(), split, &[1, 0, 2])?
            }
        };
        Ok(Tensor { batch: like.batch, ..y })
    }

    /// The layer that gives a value, and what it reads.
    pub(super) fn made(&self, value: usize) -> Option<(Op, Vec<usize>)> {
        let statement = &self.statements[self.maker(value)?];
        Some((statement.op, statement.inputs.clone()))
    }

    fn is_scores(&self, value: usize) -> bool {
        match self.made(value) {
            Some((Op::MatMul { .. }, _)) => true,
            Some((Op::Scale { .. }, inputs)) => self.is_scores(inputs[0]),
            _ => false,
        }
    }

    /// The factors that a value was multiplied by; the value becomes the one before.
    fn unscaled(&mut self, value: &mut usize) -> Result<f64, String> {
        let mut factor = 1.0;
        loop {
            let (source, order) = match self.beneath(*value) {
                Some((source, order)) => (source, Some(order)),
                None => (*value, None),
            };
            let Some((Op::Scale { by }, inputs)) = self.made(source) else { return Ok(factor) };
            factor *= by;
            *value = match order {
                Some(order) => self.turned(inputs[0], &order)?,
                None => inputs[0],
            };
        }
    }

    /// `[heads, tokens, features]`, or with the last two axes swapped, as tokens.
    fn heads(&self, value: usize, transposed: bool) -> Option<Heads> {
        let sizes = self.sample(Tensor { value, batch: None });
        let order = match (sizes.len(), transposed) {
            (3, false) => vec![1, 0, 2],
            (3, true) => vec![1, 2, 0],
            (2, true) => vec![1, 0],
            _ => Vec::new(),
        };
        let (heads, rows, columns) = match *sizes.as_slice() {
            [heads, rows, columns] => (heads, rows, columns),
            [rows, columns] => (1, rows, columns),
            _ => return None,
        };
        let (tokens, features) = if transposed { (columns, rows) } else { (rows, columns) };
        let permuted = match self.made(value) {
            Some((Op::Permute { axes, .. }, inputs)) => (positions(&axes) == Some(order)).then_some(inputs[0]),
            _ => None,
        };
        // One head needs no permutation.
        let source = match (permuted, heads == 1 && !transposed) {
            (Some(source), _) => source,
            (None, true) => value,
            (None, false) => return None,
        };
        Some(Heads { source, shape: [tokens, heads * features], heads })
    }

    /// Whether numbers of the file keep each token from the later ones, and do nothing else.
    fn is_causal(&self, mask: usize) -> bool {
        let Some(statement) = self.maker(mask).map(|at| &self.statements[at]) else { return false };
        let (Op::Source { .. }, [(_, shape, numbers)]) = (statement.op, statement.params.as_slice()) else {
            return false;
        };
        let [ones @ .., rows, columns] = shape.as_slice() else { return false };
        let is_masked = |(at, &number): (usize, &f32)| match at % columns > at / columns {
            true => number <= MASKED,
            false => number == 0.0,
        };
        ones.iter().all(|&size| size == 1) && rows == columns && numbers.iter().enumerate().all(is_masked)
    }
}

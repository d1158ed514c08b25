//! Scaled dot-product attention, which exporters write as products, a softmax and moves of axes.

use convshape::graph::Op;
use convshape::graph::op::{Attention, Axis};

use super::batch::{Tensor, positions};
use super::node::Node;
use super::{Import, Lowered, TORCH};

/// A mask with a value this low or lower hides a key.
pub(super) const MASKED: f32 = -1e4;

/// Values that may be added to the scores: a table of positions, and a mask.
const MOST_ADDED: usize = 2;

/// Tokens of several heads.
struct Heads {
    /// What is reshaped to `[.., tokens, heads, features]`.
    source: usize,
    /// `[.., tokens, heads * features]`
    shape: Vec<i64>,
    heads: i64,
}

/// How a product's operand holds its heads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `[.., heads, tokens, features]`
    Heads,
    /// `[.., tokens, features]`
    Single,
}

impl Import {
    /// `softmax(q * k^T * scale + mask) * v` as one layer, seen from its last product; `None` if that is another one.
    pub(super) fn attention(&mut self, node: Node<'_>, weights: Tensor, values: Tensor) -> Option<Lowered> {
        let rank = self.sample(weights).len();
        let is_last = |axis: Axis| matches!(axis, Axis::At(at) if at == -1 || at == rank as i64 - 1);
        let (Op::Softmax { axis, log: false }, scores) = self.made(weights.value)? else { return None };
        let mut score = *scores.first().filter(|_| is_last(axis))?;
        let mut added = Vec::new();
        while let Some((Op::Add, operands)) = self.made(score) {
            let &[first, second] = operands.as_slice() else { return None };
            let (scores, other) = if self.is_scores(first, MOST_ADDED) { (first, second) } else { (second, first) };
            score = scores;
            added.push(other);
        }
        if self.shapes[score] != self.shapes[weights.value] {
            return None;
        }
        let mut scale = self.unscaled(&mut score).ok()?;
        let (Op::MatMul { transpose_a: false, transpose_b }, operands) = self.made(score)? else { return None };
        let (mut queries, mut keys) = (operands[0], operands[1]);
        scale *= self.unscaled(&mut queries).ok()? * self.unscaled(&mut keys).ok()?;
        let parts = [(queries, false), (keys, !transpose_b), (values.value, false)];
        let of = |layout| -> Option<Vec<Heads>> {
            parts.iter().map(|&(value, transposed)| self.heads(value, transposed, layout)).collect()
        };
        let parts = of(Layout::Heads).or_else(|| of(Layout::Single))?;
        let heads = parts[0].heads;
        let features = parts[0].shape.last()? / heads;
        if parts.iter().any(|part| part.heads != heads) {
            return None;
        }
        let mut operands = Vec::new();
        for part in parts {
            let flat = Tensor { value: part.source, batch: None };
            operands.push(self.placed(flat, &part.shape, None).ok()?.value);
        }
        let mut layer = Attention { scale: Some(scale), ..Attention::new(TORCH, heads) };
        let usual = Attention { scale: None, ..layer }.factor(features);
        if (scale - usual).abs() < 1e-6 * usual {
            layer.scale = None;
        }
        match added.as_slice() {
            [] => {}
            [mask] if self.is_causal(*mask) => layer.causal = true,
            [first, others @ ..] => {
                let mut sum = *first;
                for &other in others {
                    sum = self.push(String::new(), Op::Add, &[sum, other]).ok()?;
                }
                let whole = Tensor { value: sum, batch: None };
                let mut sizes = self.sample(whole);
                while sizes.len() > 2 && sizes[0] == 1 {
                    sizes.remove(0);
                }
                operands.push(self.placed(whole, &sizes, None).ok()?.value);
            }
        }
        let op = Op::Attention(layer);
        let shapes: Vec<_> = operands.iter().map(|&value| self.shapes[value]).collect();
        op.output(&shapes, super::ORDER).ok()?;
        Some(self.spread(node, op, &operands, heads, weights))
    }

    /// The layer, and its tokens with the heads in front of them as the product had them.
    fn spread(&mut self, node: Node<'_>, op: Op, operands: &[usize], heads: i64, like: Tensor) -> Lowered {
        let value = self.push(self.path(node), op, operands)?;
        let mut y = Tensor { value, batch: None };
        let mut sizes = self.sample(y);
        if sizes.len() < self.sample(like).len() {
            let last = sizes.len() - 1;
            sizes[last] /= heads;
            sizes.insert(last, heads);
            y = self.placed(y, &sizes, None)?;
            y = self.permuted(String::new(), y, &swapped(sizes.len(), false))?;
        }
        Ok(Tensor { batch: like.batch, ..y })
    }

    /// The layer that gives a value, and what it reads.
    pub(super) fn made(&self, value: usize) -> Option<(Op, Vec<usize>)> {
        let statement = &self.statements[self.maker(value)?];
        Some((statement.op, statement.inputs.clone()))
    }

    /// Whether a value is a product, possibly scaled and with up to `added` values added to it.
    fn is_scores(&self, value: usize, added: usize) -> bool {
        match self.made(value) {
            Some((Op::MatMul { .. }, _)) => true,
            Some((Op::Scale { .. }, inputs)) => self.is_scores(inputs[0], added),
            Some((Op::Add, inputs)) => added > 0 && inputs.iter().any(|&input| self.is_scores(input, added - 1)),
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

    /// An operand of this layout, or with its last two axes swapped, as tokens.
    fn heads(&self, value: usize, transposed: bool, layout: Layout) -> Option<Heads> {
        let mut shape = self.sample(Tensor { value, batch: None });
        let rank = shape.len();
        let order = match (layout, transposed) {
            (Layout::Heads, _) if rank < 3 => return None,
            (Layout::Heads, _) => swapped(rank, transposed),
            (Layout::Single, true) => (0..rank.checked_sub(2)?).chain([rank - 1, rank - 2]).collect(),
            (Layout::Single, false) => Vec::new(),
        };
        if transposed {
            shape.swap(rank - 2, rank - 1);
        }
        let heads = match layout {
            Layout::Heads => shape.remove(rank - 3),
            Layout::Single => 1,
        };
        *shape.last_mut()? *= heads;
        let permuted = match self.made(value) {
            Some((Op::Permute { axes, .. }, inputs)) => (positions(&axes) == Some(order)).then_some(inputs[0]),
            _ => None,
        };
        // One head needs no permutation.
        let source = permuted.or((heads == 1 && !transposed).then_some(value))?;
        Some(Heads { source, shape, heads })
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

/// The order that puts the heads of `[.., tokens, heads, features]` in front of the tokens; `transposed` swaps the last
/// two axes after that.
fn swapped(rank: usize, transposed: bool) -> Vec<usize> {
    let [tokens, heads, features] = [rank - 3, rank - 2, rank - 1];
    let last = if transposed { [features, tokens] } else { [tokens, features] };
    (0..tokens).chain([heads]).chain(last).collect()
}

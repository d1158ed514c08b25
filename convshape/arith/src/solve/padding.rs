//! Padding that is a word, or differs between the sides.

use super::{AxisField, anchors::anchors, gives};
use crate::op::{AxisOrder, Conv, Dialect, MAX_SPATIAL, Op, Padding, PerAxis, Pool};
use crate::shape::Shape;
use crate::size::Size;

/// `padding: _` where no number of rows on both sides does: the word that does, where the dialect pads
/// by words, else pairs, with the odd row at the end as in `same`. Fewest rows first; a dialect that
/// takes negative numbers may crop. The layer with that padding, which gives `target` on every axis.
///
/// In PyTorch `padding` is a number, and nothing else is found.
pub const fn uneven_padding(op: &Op, input: &Shape, order: AxisOrder, target: &Shape) -> Option<Op> {
    let (dialect, rank) = match op {
        Op::Conv(conv) => (conv.dialect, conv.rank),
        Op::Pool(pool) => (pool.dialect, pool.rank),
        _ => return None,
    };
    if let Dialect::Torch = dialect {
        return None;
    }
    padding_pairs(op, input, order, target, rank, matches!(dialect, Dialect::Keras))
}

/// As [`uneven_padding`], in any dialect: what a suggestion may say.
pub const fn suggested_padding(op: &Op, input: &Shape, order: AxisOrder, target: &Shape) -> Option<Op> {
    match op {
        Op::Conv(Conv { rank, .. }) | Op::Pool(Pool { rank, .. }) => {
            padding_pairs(op, input, order, target, *rank, false)
        }
        _ => None,
    }
}

const fn padding_pairs(
    op: &Op,
    input: &Shape,
    order: AxisOrder,
    target: &Shape,
    rank: usize,
    words: bool,
) -> Option<Op> {
    if input.rank() != rank + 1 || target.rank() != rank + 1 {
        return None;
    }
    if words {
        let same = with_padding(op, Padding::Same);
        let mut axis = 0;
        while axis < rank && gives(&same, input, order, axis, target.size(order.spatial(axis))) {
            axis += 1;
        }
        if axis == rank {
            return Some(same);
        }
    }
    let mut pairs = [(0, 0); MAX_SPATIAL];
    let mut axis = 0;
    while axis < rank {
        let size = target.size(order.spatial(axis));
        let Some(pair) = fewest_rows(op, &pairs, input, order, axis, size) else { return None };
        pairs[axis] = pair;
        axis += 1;
    }
    Some(with_padding(op, Padding::Pairs(pairs)))
}

/// The fewest rows of border, both sides together, that give a size on one axis: 0, 1, -1, 2, -2, ..
const fn fewest_rows(
    op: &Op,
    pairs: &PerAxis<(i64, i64)>,
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    size: Size,
) -> Option<(i64, i64)> {
    // Twice a symmetric padding is an even total, and the odd ones are next to it.
    let values = anchors(&with_padding(op, Padding::Pairs(*pairs)), AxisField::Padding, input, order, axis, size, 0);
    let mut best: Option<i64> = None;
    let mut value = i64::MIN;
    while let Some(next) = values.after(value) {
        value = next;
        let mut odd = 0;
        while odd < 2 {
            let total = value.saturating_mul(2).saturating_add(odd);
            let fewer = match best {
                // Of equals the one that adds.
                Some(best) => total.unsigned_abs() < best.unsigned_abs() || total == best.saturating_neg() && total > 0,
                None => true,
            };
            let mut pairs = *pairs;
            pairs[axis] = split(total);
            if fewer && gives(&with_padding(op, Padding::Pairs(pairs)), input, order, axis, size) {
                best = Some(total);
            }
            odd += 1;
        }
    }
    match best {
        Some(total) => Some(split(total)),
        None => None,
    }
}

/// The odd row at the end.
const fn split(total: i64) -> (i64, i64) {
    (total / 2, total - total / 2)
}

const fn with_padding(op: &Op, padding: Padding) -> Op {
    match *op {
        Op::Conv(conv) => Op::Conv(Conv { padding, ..conv }),
        Op::Pool(pool) => Op::Pool(Pool { padding, ..pool }),
        other => other,
    }
}

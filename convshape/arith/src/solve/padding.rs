//! Padding that is a word, or that differs between the sides.

use super::{AxisField, anchors::anchors, gives};
use crate::op::{AxisOrder, Conv, Dialect, MAX_SPATIAL, Op, Padding, PerAxis, Pool};
use crate::shape::Shape;
use crate::size::Size;

/// Solves `padding: _` if no symmetric number works. Tries the dialect's padding word, if it has one, then pairs with
/// the odd row at the end as in `same`; the fewest rows come first, and a dialect that takes negative numbers may crop.
/// Returns the layer with that padding, which gives `target` on every axis.
///
/// In PyTorch `padding` is a number, so there is nothing else to find.
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

/// Like [`uneven_padding`] but for every dialect, for use in suggestions.
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

/// The fewest total border rows that give a size on one axis, tried in the order 0, 1, -1, 2, -2, ..
const fn fewest_rows(
    op: &Op,
    pairs: &PerAxis<(i64, i64)>,
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    size: Size,
) -> Option<(i64, i64)> {
    // Symmetric padding has an even total, and the odd totals are its neighbours.
    let values = anchors(&with_padding(op, Padding::Pairs(*pairs)), AxisField::Padding, input, order, axis, size, 0);
    let mut best: Option<i64> = None;
    let mut value = i64::MIN;
    while let Some(next) = values.after(value) {
        value = next;
        let mut odd = 0;
        while odd < 2 {
            let total = value.saturating_mul(2).saturating_add(odd);
            let fewer = match best {
                // On a tie, the one that adds rows.
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

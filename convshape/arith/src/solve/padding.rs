//! Padding that is a word, or differs between the sides.

use super::{AxisField, MOST_TRIALS, gives, most};
use crate::op::{AxisOrder, Conv, Dialect, MAX_SPATIAL, Op, Padding, Pool};
use crate::shape::Shape;

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
        let most = most(AxisField::Padding, op, input.size(order.spatial(axis)), axis, size);
        let mut total = 0;
        loop {
            let lo = total / 2;
            pairs[axis] = (lo, total - lo);
            if gives(&with_padding(op, Padding::Pairs(pairs)), input, order, axis, size) {
                break;
            }
            // 0, 1, -1, 2, -2, ..
            total = if total > 0 { -total } else { 1 - total };
            if total > most || total > MOST_TRIALS {
                return None;
            }
        }
        axis += 1;
    }
    Some(with_padding(op, Padding::Pairs(pairs)))
}

const fn with_padding(op: &Op, padding: Padding) -> Op {
    match *op {
        Op::Conv(conv) => Op::Conv(Conv { padding, ..conv }),
        Op::Pool(pool) => Op::Pool(Pool { padding, ..pool }),
        other => other,
    }
}

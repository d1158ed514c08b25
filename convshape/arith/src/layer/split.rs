//! Splitting an axis into pieces.

use super::{at_least_one, rank_at_least};
use crate::fault::{Fault, Reason, tri};
use crate::op::{Axis, AxisOrder, Op, Pieces};
use crate::shape::Shape;
use crate::size::Size;

impl Op {
    /// The axis that a `Split` divides, and where the piece starts. `None` for other layers, a missing axis, and equal
    /// pieces of a symbolic size.
    pub fn piece_start(&self, input: &Shape, order: AxisOrder) -> Option<(usize, i64)> {
        let Op::Split { axis, index, pieces } = *self else { return None };
        let at = axis.index(input.rank(), order)?;
        let start = match pieces {
            Pieces::Equal { count } => input.size(at).number()?.checked_div(count)?.checked_mul(index)?,
            Pieces::Sized { start, .. } => start,
        };
        Some((at, start))
    }
}

pub(super) const fn piece(
    axis: Axis,
    index: i64,
    pieces: Pieces,
    input: &Shape,
    order: AxisOrder,
) -> Result<Shape, Fault> {
    tri!(rank_at_least(input, 1));
    let Some(at) = axis.index(input.rank(), order) else {
        return Err(Fault::new(Reason::Axis { axis, found: *input }));
    };
    let size = input.size(at);
    let part = match pieces {
        Pieces::Equal { count } => {
            tri!(at_least_one("pieces", count));
            if index < 0 || index >= count {
                return Err(Fault::new(Reason::NoPiece { index, count }));
            }
            tri!(equal(axis, size, count))
        }
        Pieces::Sized { start, end, total } => {
            let part = end.saturating_sub(start);
            tri!(at_least_one("pieces", part));
            if start < 0 || end > total || !size.fits(Size::Number(total)) {
                return Err(Fault::new(Reason::Pieces { axis, size, total }));
            }
            Size::Number(part)
        }
    };
    Ok(input.with(at, part))
}

/// The size of each of `count` equal pieces.
const fn equal(axis: Axis, size: Size, count: i64) -> Result<Size, Fault> {
    match size {
        Size::Number(number) if number % count == 0 => Ok(Size::Number(number / count)),
        Size::Symbolic { scale, symbol, offset } if scale % count == 0 && offset % count == 0 => {
            Ok(Size::Symbolic { scale: scale / count, symbol, offset: offset / count })
        }
        Size::Unknown => Ok(Size::Unknown),
        size => Err(Fault::new(Reason::EqualPieces { axis, size, count })),
    }
}

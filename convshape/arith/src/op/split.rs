//! The pieces of a split axis.

use super::plain::plain;

/// How an axis is split, from the point of view of one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pieces {
    /// Into pieces of equal size.
    Equal {
        /// The number of pieces.
        count: i64,
    },
    /// Into pieces of given sizes, which add up to `total`. This piece has the elements `start..end`.
    Sized {
        /// Its first element.
        start: i64,
        /// One past its last element.
        end: i64,
        /// The sum of all sizes.
        total: i64,
    },
}

plain!(enum op::Pieces { Equal { count }, Sized { start, end, total } });

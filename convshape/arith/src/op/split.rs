//! The pieces of an axis that is split.

/// How an axis is split, as far as one piece needs to know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pieces {
    /// Into pieces of equal size.
    Equal {
        /// How many.
        count: i64,
    },
    /// Into pieces of given sizes, which add up to `total`. The piece meant has the elements `start..end`.
    Sized {
        /// Its first element.
        start: i64,
        /// One past its last element.
        end: i64,
        /// The elements of all pieces.
        total: i64,
    },
}

//! The pieces of a split axis.

use convshape_arith::shape::Shape;

use super::layout::sizes;

/// The position of one piece of an axis: row-major arrays are `outer` blocks of `from` rows of `inner` elements, and
/// the piece has `rows` of them, beginning at `start`.
pub(super) struct SplitPiece {
    from: usize,
    start: usize,
    rows: usize,
    inner: usize,
}

impl SplitPiece {
    pub(super) fn new(input: &Shape, output: &Shape, (axis, start): (usize, i64)) -> SplitPiece {
        let (from, to) = (sizes(input), sizes(output));
        let inner = from[axis + 1..input.rank()].iter().product();
        SplitPiece { from: from[axis], start: usize::try_from(start).unwrap_or(0), rows: to[axis], inner }
    }

    /// The input elements of the piece, in order: calls `f` with each contiguous run and its start within the piece.
    pub(super) fn each(&self, elements: usize, mut f: impl FnMut(core::ops::Range<usize>, usize)) {
        let run = self.rows * self.inner;
        for (block, place) in (0..elements).step_by(run.max(1)).enumerate() {
            let first = (block * self.from + self.start) * self.inner;
            f(first..first + run, place);
        }
    }
}

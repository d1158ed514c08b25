//! Tiles: the sums of some positions and some output channels, which stay in registers until they are complete. The
//! code for their initial values and for storing them is compiled once for all tile sizes.

use core::ops::Range;

use super::math::Epilogue;
use super::relayout::copy;
use super::simd::{Kernel, MOST_LANES, Runs, Simd, products, store};

/// The most positions of a tile.
pub(super) const MOST_POSITIONS: usize = 12;

/// Offsets with stride `row`.
pub(super) fn rows(row: usize) -> [usize; MOST_POSITIONS] {
    core::array::from_fn(|position| position * row)
}

/// The inputs and weights of a tile's sums.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    pub(super) x: &'a [f32],
    /// The offset of each position.
    pub(super) starts: &'a [usize],
    pub(super) runs: &'a Runs,
    pub(super) weights: &'a [f32],
    /// Weights of a later tile, to prefetch.
    pub(super) ahead: &'a [f32],
}

/// The most vectors of a tile: twelve positions of two vectors, eight of three or six of four.
pub(super) const MOST_VECTORS: usize = 24;

/// The panels of some output channels, of at most `most` vectors and nearly equal width, since narrow ones are slow.
pub(super) fn panels(channels: usize, lanes: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let mut end = 0;
    core::iter::from_fn(move || {
        let (first, left) = (end, (channels - end).div_ceil(lanes));
        end = channels.min(first + left.div_ceil(left.div_ceil(most).max(1)) * lanes);
        (first < channels).then_some(first..end)
    })
}

/// A tile of sums of products, of 1 to 4 vectors of output channels and at most [`Simd::POSITIONS`] positions.
pub(super) struct Products<'a> {
    pub(super) tile: Tile<'a>,
    pub(super) vectors: usize,
    /// The initial sums.
    pub(super) shift: &'a [f32],
    /// The first input of each run to read, and the stride to the next.
    pub(super) inputs: [usize; 2],
    /// Whether the old values of `y` are added to the sums.
    pub(super) onto: bool,
    pub(super) epilogue: Epilogue,
    /// The output of each position, and its channels: less than the vectors hold if the last one is not full.
    pub(super) y: &'a mut [f32],
    pub(super) places: &'a [usize],
    pub(super) channels: usize,
}

/// All inputs.
pub(super) const EACH: [usize; 2] = [0, 1];

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let count = self.tile.starts.len();
        match self.vectors {
            1 => by_count!(count, S::POSITIONS[0], |R| simd.call(ProductTile::<R, 1>(self))),
            2 => by_count!(count, S::POSITIONS[1], |R| simd.call(ProductTile::<R, 2>(self))),
            3 => by_count!(count, S::POSITIONS[2], |R| simd.call(ProductTile::<R, 3>(self))),
            _ => by_count!(count, S::POSITIONS[3], |R| simd.call(ProductTile::<R, 4>(self))),
        }
    }
}

struct ProductTile<'a, const R: usize, const V: usize>(Products<'a>);

impl<const R: usize, const V: usize> Kernel for ProductTile<'_, R, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Tile { x, starts, runs, weights, ahead } = self.0.tile;
        let starts = starts.first_chunk().expect("a start for each position");
        let mut sums = [[first::<S, V>(simd, self.0.shift); R]];
        if self.0.onto {
            self.0.add_stored(simd, &mut sums[0]);
        }
        products(simd, x, starts, runs, [weights, ahead], self.0.inputs, &mut sums);
        self.0.end(simd, sums[0]);
    }
}

/// The initial sums of a position.
#[inline(always)]
fn first<S: Simd, const V: usize>(simd: S, shift: &[f32]) -> [S::F; V] {
    let mut first = [simd.splat(0.0); V];
    for v in 0..V {
        first[v] = simd.load(&shift[v * S::LANES..]);
    }
    first
}

impl Products<'_> {
    /// Adds the old output of each position.
    #[inline(always)]
    fn add_stored<S: Simd, const R: usize, const V: usize>(&self, simd: S, sums: &mut [[S::F; V]; R]) {
        for r in 0..R {
            let y = &self.y[self.places[r]..][..self.channels];
            for v in 0..V {
                let y = &y[v * S::LANES..];
                sums[r][v] = simd.add(sums[r][v], simd.load_some(y, y.len()));
            }
        }
    }

    /// Applies the epilogue to the sums and stores them.
    #[inline(always)]
    fn end<S: Simd, const R: usize, const V: usize>(self, simd: S, mut sums: [[S::F; V]; R]) {
        let Products { epilogue, y, places, channels, .. } = self;
        epilogue.apply_all(simd, &mut sums);
        sums = epilogue.rest_all(simd, sums);
        let places = places.first_chunk().expect("a place for each position");
        if channels == V * S::LANES {
            return store(simd, &sums, y, places);
        }
        for r in 0..R {
            let y = &mut y[places[r]..][..channels];
            for v in 0..V {
                let y = &mut y[v * S::LANES..];
                let count = y.len();
                simd.store_some(sums[r][v], y, count);
            }
        }
    }
}

/// [`Products`] with four partial sums, each of every fourth input, so that a single position does not wait for each
/// addition. A position's result is the same alone and among others.
pub(super) struct PartialProducts<'a>(pub(super) Products<'a>);

impl Kernel for PartialProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match (self.0.tile.starts.len(), self.0.vectors) {
            (1, 1) => return simd.call(SingleTile::<1>(self.0)),
            (1, 2) => return simd.call(SingleTile::<2>(self.0)),
            (1, 3) => return simd.call(SingleTile::<3>(self.0)),
            (1, _) => return simd.call(SingleTile::<4>(self.0)),
            _ => {}
        }
        let Products { tile, vectors, shift, onto, epilogue, y, places, channels, .. } = self.0;
        let row = vectors * S::LANES;
        let (mut sums, mut part) = ([0.0; MOST_VECTORS * MOST_LANES], [0.0; MOST_VECTORS * MOST_LANES]);
        let rows = &rows(row)[..places.len()];
        if onto {
            for (sums, place) in sums.chunks_exact_mut(row).zip(places) {
                copy(simd, &y[*place..][..channels], sums);
            }
        }
        let sums = &mut sums[..row * places.len()];
        for turn in 0..4 {
            let (shift, y) = if turn == 0 { (shift, &mut *sums) } else { (&[0.0; 4 * MOST_LANES][..], &mut part[..]) };
            let (onto, epilogue, inputs) = (onto && turn == 0, Epilogue::None, [turn, 4]);
            simd.call(Products { tile, vectors, shift, inputs, onto, epilogue, y, places: rows, channels: row });
            if turn == 0 {
                continue;
            }
            for (sum, part) in sums.chunks_exact_mut(S::LANES).zip(part.chunks_exact(S::LANES)) {
                simd.store(simd.add(simd.load(sum), simd.load(part)), sum);
            }
        }
        epilogue.all(simd, sums);
        for (sums, place) in sums.chunks_exact(row).zip(places) {
            copy(simd, &sums[..channels], &mut y[*place..]);
        }
    }
}

/// All partial sums of a single position.
struct SingleTile<'a, const V: usize>(Products<'a>);

impl<const V: usize> Kernel for SingleTile<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Tile { x, starts, runs, weights, ahead } = self.0.tile;
        let starts = starts.first_chunk().expect("a start");
        let mut sums = [[[simd.splat(0.0); V]]; 4];
        sums[0][0] = first(simd, self.0.shift);
        if self.0.onto {
            self.0.add_stored(simd, &mut sums[0]);
        }
        products(simd, x, starts, runs, [weights, ahead], [0, 4], &mut sums);
        let [mut sum, rest @ ..] = sums;
        for part in rest {
            for v in 0..V {
                sum[0][v] = simd.add(sum[0][v], part[0][v]);
            }
        }
        self.0.end(simd, sum);
    }
}

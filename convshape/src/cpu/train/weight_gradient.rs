//! Weight gradients: sums of outer products over the positions of a batch.
//!
//! A convolution and a transposed one relate two sides in the same way: through each tap, each position of the `dense`
//! side meets one position of the `spread` side. One side is an activation, the other a gradient, and a weight's
//! gradient is the sum of their products over all such pairs. The channels of one side fill vectors, which are
//! multiplied by single elements of the other; a tile of sums stays in registers over all positions.

use std::ops::Range;
use std::vec::Vec;

use convshape_arith::op::PerAxis;

use super::permutation::{NOTHING, Permutation, zeros};
use crate::cpu::buffer::{SLACK, View};
use crate::cpu::simd::{Kernel, Level, Simd, Walk, outer};
use crate::cpu::taps::{Line, all_taps};
use crate::cpu::threads::Threads;
use crate::cpu::tuning::{CHUNK, COLUMN_VECTORS as BLOCK, GRADIENT_TASKS, IDLE_LANES};
use crate::model::workspace::Workspace;

/// Contiguous elements of a position: some channels of one or several taps.
#[derive(Clone, Copy, Debug)]
struct ElementRun {
    place: usize,
    count: usize,
}

/// A tile of sums: some elements at each offset times some vectors.
struct SumTile {
    places: [usize; 4],
    groups: usize,
    rows: usize,
    column: usize,
    vectors: usize,
    /// The range of its sums.
    sums: Range<usize>,
}

/// A weight gradient.
pub(super) struct WeightGradient {
    level: Level,
    /// Whether the vectors are those of the dense side.
    dense_vectors: bool,
    /// The strides of samples and of each axis, on the side of the single elements and on that of the vectors.
    rows: [usize; 4],
    columns: [usize; 4],
    counts: PerAxis<usize>,
    /// The offset of the first position on either side.
    start: [usize; 2],
    tiles: Vec<SumTile>,
    /// The number of sums of one share of the samples.
    size: usize,
    shares: usize,
    /// The permutation from the sums to the parameter.
    moves: Permutation,
    count: usize,
    sums: Workspace,
    /// Samples per chunk, which has at least as many elements as there are sums: each chunk loads and stores them.
    chunk: usize,
    work: usize,
}

/// The weight whose gradient is computed.
pub(super) struct GradientOf<'a> {
    pub(super) groups: usize,
    /// The number of elements.
    pub(super) count: usize,
    /// The index of the weight of a dense channel, a spread channel and a tap.
    pub(super) place: &'a dyn Fn(usize, usize, PerAxis<usize>) -> usize,
    pub(super) lines: &'a [Line; 3],
}

impl WeightGradient {
    pub(super) fn new(
        level: Level,
        weight: &GradientOf<'_>,
        dense: &View,
        spread: &View,
        samples: usize,
    ) -> WeightGradient {
        let lanes = level.lanes();
        let (dense_strides, spread_strides) = (dense.buffer.strides(), spread.buffer.strides());
        let lines = weight.lines;
        let (dense_group, spread_group) = (dense.channels / weight.groups, spread.channels / weight.groups);
        let dense_vectors = has_dense_vectors(weight, lanes, [dense_group, spread_group]);
        let steps = [0, 1, 2].map(|axis| lines[axis].step * spread_strides[axis]);
        let of_dense = [dense.buffer.sample(), dense_strides[0], dense_strides[1], dense_strides[2]];
        let of_spread = [spread.buffer.sample(), steps[0], steps[1], steps[2]];
        let dense_start = dense.at([0; 3]);
        let taps: Vec<(PerAxis<usize>, usize)> = all_taps(lines)
            .map(|tap| (tap.map(|(tap, _)| tap), spread.buffer.at_signed(tap.map(|(_, row)| row)) + spread.channel))
            .collect();
        let (rows, columns) = if dense_vectors { (of_spread, of_dense) } else { (of_dense, of_spread) };
        let mut places = Vec::new();
        let mut tiles = Vec::new();
        let mut size = 0;
        for group in 0..weight.groups {
            // The offsets of either side's elements, and the channel and tap of each.
            let dense_side: Vec<(usize, usize)> =
                (group * dense_group..(group + 1) * dense_group).map(|channel| (channel, channel)).collect();
            let mut spread_side = Vec::new();
            for (tap, place) in &taps {
                let channels = group * spread_group..(group + 1) * spread_group;
                spread_side.extend(channels.map(|channel| (place + channel, (channel, *tap))));
            }
            let dense_runs = runs(dense_side.iter().map(|(place, _)| *place));
            let spread_runs = runs(spread_side.iter().map(|(place, _)| *place));
            let (row_runs, column_runs) =
                if dense_vectors { (&spread_runs, &dense_runs) } else { (&dense_runs, &spread_runs) };
            // A block of columns meets all rows before the next one, so that the cache holds it.
            let mut first_column = 0;
            let row_pieces = row_pieces(row_runs, level.rows());
            for run in column_runs {
                for block in (0..run.count).step_by(BLOCK * lanes) {
                    let mut first_row = 0;
                    for (rows, pieces) in &row_pieces {
                        let (rows, count) = (*rows, rows * pieces.len());
                        let mut starts = [0; 4];
                        starts.iter_mut().zip(pieces).for_each(|(start, piece)| *start = piece.place);
                        let (mut done, end) = (block, run.count.min(block + BLOCK * lanes));
                        while done < end {
                            let vectors = vectors((end - done).div_ceil(lanes), count, pieces.len(), level);
                            let wide = vectors * lanes;
                            places.resize(size + count * wide, NOTHING);
                            for row in 0..count {
                                for column in 0..wide.min(end - done) {
                                    let (row_at, column_at) = (first_row + row, first_column + done + column);
                                    let (dense, spread) =
                                        if dense_vectors { (column_at, row_at) } else { (row_at, column_at) };
                                    let (channel, tap) = spread_side[spread].1;
                                    let place = (weight.place)(dense_side[dense].1, channel, tap);
                                    places[size + row * wide + column] = u32::try_from(place).unwrap_or(NOTHING);
                                }
                            }
                            let (sums, column) = (size..size + count * wide, run.place + done);
                            size = sums.end;
                            tiles.push(SumTile { places: starts, groups: pieces.len(), rows, column, vectors, sums });
                            done += wide;
                        }
                        first_row += count;
                    }
                }
                first_column += run.count;
            }
        }
        let shares = (GRADIENT_TASKS / tiles.len().max(1)).clamp(1, samples.max(1));
        let sample = dense.buffer.sample() + spread.buffer.sample();
        WeightGradient {
            level,
            dense_vectors,
            rows,
            columns,
            counts: dense.buffer.size,
            start: if dense_vectors { [0, dense_start] } else { [dense_start, 0] },
            tiles,
            size,
            shares,
            moves: Permutation::new(&places),
            count: weight.count,
            sums: Workspace::with_elements(size * shares),
            chunk: (CHUNK.max(size) / sample.max(1)).max(1),
            work: samples * dense.grid().positions() * taps.len() * dense_group * spread.channels,
        }
    }

    /// The multiply-adds of a batch.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Computes the gradient over a batch. Both sides have [`WeightGradient::SLACK`] elements after the last one.
    pub(super) fn run(&mut self, threads: Threads, samples: usize, dense: &[f32], spread: &[f32]) {
        let mut sums = std::mem::replace(&mut self.sums, Workspace::with_elements(0));
        let share = samples.div_ceil(self.shares).max(1);
        let (a, b) = if self.dense_vectors { (spread, dense) } else { (dense, spread) };
        let this = &*self;
        let bounds: Vec<usize> = this.tiles.iter().map(|tile| tile.sums.start).collect();
        threads.pieces(sums.get_mut(), this.work, &|at| this.split(&bounds, at), &|first, sums| {
            // The shares of samples whose sums are in this part, and the tiles of each.
            let mut sums = sums;
            let mut first = first;
            while !sums.is_empty() {
                let (index, within) = (first / this.size, first % this.size);
                let count = sums.len().min(this.size - within);
                let (own, rest) = sums.split_at_mut(count);
                let tiles = bounds.partition_point(|start| *start < within)
                    ..bounds.partition_point(|start| *start < within + count);
                let from = (index * share).min(samples);
                let of = from..samples.min(from + share);
                this.level.run(TileRange { outer: this, tiles, samples: of, a, b, sums: own, first: within });
                (sums, first) = (rest, first + count);
            }
        });
        self.sums = sums;
    }

    /// The boundary between tiles that is closest to an index of all sums.
    fn split(&self, bounds: &[usize], at: usize) -> usize {
        let (share, within) = (at / self.size, at % self.size);
        let tile = bounds.partition_point(|start| *start <= within).saturating_sub(1);
        share * self.size + bounds[tile]
    }

    /// Adds the result of [`WeightGradient::run`] to the gradient of the parameter; an empty gradient counts as zeros.
    pub(super) fn add_to(&self, gradient: &mut Vec<f32>) {
        let sums = &self.sums.get()[..self.size * self.shares];
        zeros(gradient, self.count);
        for sums in sums.chunks_exact(self.size.max(1)) {
            self.moves.push(self.level, sums, gradient);
        }
    }

    /// Elements that a side must have after its last one.
    pub(super) const SLACK: usize = 4 * SLACK;
}

/// Whether the channels of the dense side fill the vectors: the side that leaves the fewest lanes idle, or the one whose
/// channels are closer to each other in the parameter, to which a vector is then added in fewer cache lines.
fn has_dense_vectors(weight: &GradientOf<'_>, lanes: usize, [dense, spread]: [usize; 2]) -> bool {
    let filled = |channels: usize| channels.next_multiple_of(lanes) as f64 / channels as f64;
    let place = |dense, spread| (weight.place)(dense, spread, [0; 3]);
    let step = |other: usize| other.abs_diff(place(0, 0));
    let (dense_step, spread_step) = (step(place(dense.min(2) - 1, 0)), step(place(0, spread.min(2) - 1)));
    let scattered = |own: usize, other: usize| if own > other { IDLE_LANES } else { 1.0 };
    filled(dense) * scattered(dense_step, spread_step) <= filled(spread) * scattered(spread_step, dense_step)
}

/// The number of vectors of a tile with `rows` rows.
fn vectors(left: usize, rows: usize, groups: usize, level: Level) -> usize {
    let most = level.rows();
    match left {
        _ if groups > 1 => 1,
        4.. if rows <= most[2] => 4,
        2.. if rows <= most[1] => 2,
        _ => 1,
    }
}

/// The contiguous runs of some offsets.
fn runs(places: impl Iterator<Item = usize>) -> Vec<ElementRun> {
    let mut runs: Vec<ElementRun> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some(run) if run.place + run.count == place => run.count += 1,
            _ => runs.push(ElementRun { place, count: 1 }),
        }
    }
    runs
}

/// Divides runs into parts of nearly the same size for which a tile has registers. If all runs are short, a part is
/// several runs of one size.
fn row_pieces(runs: &[ElementRun], most: [usize; 3]) -> Vec<(usize, Vec<ElementRun>)> {
    let alike = |count: usize| runs.iter().all(|run| run.count == count);
    for (count, group) in [(3, 3), (4, 4)] {
        if most[0] >= 12 && alike(count) && runs.len().is_multiple_of(group) {
            return runs.chunks(group).map(|runs| (count, runs.to_vec())).collect();
        }
    }
    let mut pieces = Vec::new();
    for run in runs {
        let tiles = run.count.div_ceil(most[1]);
        for tile in 0..tiles {
            let (from, to) = (tile * run.count / tiles, (tile + 1) * run.count / tiles);
            pieces.push((to - from, std::vec![ElementRun { place: run.place + from, count: to - from }]));
        }
    }
    pieces
}

/// Some tiles over some samples.
struct TileRange<'a> {
    outer: &'a WeightGradient,
    tiles: Range<usize>,
    samples: Range<usize>,
    a: &'a [f32],
    b: &'a [f32],
    /// The sums of these tiles, from the first one on.
    sums: &'a mut [f32],
    first: usize,
}

impl Kernel for TileRange<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let TileRange { outer, tiles, samples, a, b, sums, first } = self;
        sums.fill(0.0);
        let [depth, height, width] = outer.counts;
        for from in samples.clone().step_by(outer.chunk) {
            let count = outer.chunk.min(samples.end - from);
            let walk = Walk { counts: [count, depth, height, width], rows: outer.rows, columns: outer.columns };
            let a = &a[from * outer.rows[0] + outer.start[0]..];
            let b = &b[from * outer.columns[0] + outer.start[1]..];
            for tile in &outer.tiles[tiles.clone()] {
                let sums = &mut sums[tile.sums.start - first..tile.sums.end - first];
                let b = &b[tile.column..];
                let mut job = TileTask { tile, walk: &walk, a, b, sums };
                match (tile.groups, tile.rows, tile.vectors) {
                    (3, ..) => simd.call(TileSums::<3, 3, 1>(&mut job)),
                    (4, ..) => simd.call(TileSums::<4, 4, 1>(&mut job)),
                    (_, rows, 4) => by_count!(rows, S::ROWS[2], |L| simd.call(TileSums::<1, L, 4>(&mut job))),
                    (_, rows, 2) => by_count!(rows, S::ROWS[1], |L| simd.call(TileSums::<1, L, 2>(&mut job))),
                    (_, rows, _) => by_count!(rows, S::ROWS[0], |L| simd.call(TileSums::<1, L, 1>(&mut job))),
                }
            }
        }
    }
}

struct TileTask<'a> {
    tile: &'a SumTile,
    walk: &'a Walk,
    a: &'a [f32],
    b: &'a [f32],
    sums: &'a mut [f32],
}

/// One tile.
struct TileSums<'a, 'b, const G: usize, const L: usize, const V: usize>(&'a mut TileTask<'b>);

impl<const G: usize, const L: usize, const V: usize> Kernel for TileSums<'_, '_, G, L, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let job = self.0;
        let places: &[usize; G] = job.tile.places.first_chunk().expect("a tile has at most four places");
        let mut sums = [[[simd.splat(0.0); V]; L]; G];
        outer(simd, job.a, places, job.b, job.walk, &mut sums);
        for g in 0..G {
            for l in 0..L {
                for v in 0..V {
                    let to = &mut job.sums[((g * L + l) * V + v) * S::LANES..];
                    simd.store(simd.add(sums[g][l][v], simd.load(to)), to);
                }
            }
        }
    }
}

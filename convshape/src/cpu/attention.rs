//! Attention that never stores all its weights: it works on a few queries and a few hundred keys at a time.
//!
//! For each query it keeps the largest score so far and the sum of the exponentials so far. When a later key has a
//! larger score, the sums are scaled down (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax";
//! Dao et al. 2022, "FlashAttention"). Scores are logarithms to base 2.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use convshape_arith::op::Attention as Layer;
use convshape_arith::shape::Shape;

use super::buffer::{Buffer, Grid, Place, View};
use super::scratch::with_scratch;
use super::simd::{Kernel, Level, MOST_LANES, Simd, panel};
use super::threads::{Spread, Threads};
use super::tuning::{ATTENTION_VECTORS as VECTORS, KEYS, QUERIES};

/// The lowest score relative to the largest, as a power of 2; lower ones are raised to it. Such a weight is too small
/// to matter in `f32`, yet no product with it is denormal.
const LEAST: f32 = -100.0;

/// An attention layer and its sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention {
    pub(super) heads: usize,
    /// How often it runs for a sample: the indices of the axes in front of `[tokens, features]`.
    pub(super) windows: usize,
    pub(super) tokens: usize,
    pub(super) keys: usize,
    /// Features of a head's query and key, and of its value.
    pub(super) width: usize,
    pub(super) values: usize,
    pub(super) causal: bool,
    /// The factor of the scores, times `log2(e)`.
    pub(super) log_scale: f32,
    op: Layer,
    /// The shapes of the queries and of the values added to the scores.
    queries: Shape,
    added: Option<Shape>,
    lanes: usize,
}

/// Which weights become zero in training.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drop {
    pub(super) seed: u64,
    pub(super) p: f64,
}

impl Drop {
    /// The factor of the weight with this index: 0, or the scale that keeps the mean. It depends on the seed and the
    /// index only.
    pub(super) fn factor(&self, place: usize) -> f32 {
        // A counter-based random number: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
        let mut bits = self.seed.wrapping_add((place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let kept = 1.0 - self.p;
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        if (bits >> 11) as f64 / (1_u64 << 53) as f64 >= self.p { (1.0 / kept) as f32 } else { 0.0 }
    }
}

/// What a run reads.
#[derive(Clone, Copy)]
pub(super) struct AttentionInputs<'a> {
    pub(super) q: (&'a View, &'a [f32]),
    /// The values added to the scores (a mask or a bias).
    pub(super) added: Option<(&'a View, &'a [f32])>,
    /// Keys and values, see [`Attention::pack`].
    pub(super) packed: &'a [f32],
    pub(super) drop: Option<Drop>,
    /// For each sample, window, head and query, the logarithm to base 2 of the sum of exponentials: the backward pass
    /// needs it.
    pub(super) logs: &'a [AtomicU32],
}

impl Attention {
    /// `inputs` are the shapes of what it reads.
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    pub(super) fn new(level: Level, op: &Layer, inputs: &[Shape]) -> Option<Attention> {
        let [queries, keys, values, ..] = inputs else { return None };
        let heads = usize::try_from(op.heads).ok().filter(|heads| *heads > 0)?;
        let front = queries.rank().checked_sub(2)?;
        let last = |shape: &Shape| shape.numbers().map(|sizes| [sizes[front], sizes[front + 1]]);
        let ([tokens, width], [keys, _], [_, values]) = (last(queries)?, last(keys)?, last(values)?);
        let width = width / heads;
        let scale = op.factor(i64::try_from(width).ok()?);
        Some(Attention {
            heads,
            windows: queries.numbers()?[..front].iter().product(),
            tokens,
            keys,
            width,
            values: values / heads,
            causal: op.causal,
            log_scale: (scale * core::f64::consts::LOG2_E) as f32,
            op: *op,
            queries: *queries,
            added: inputs.get(3).copied(),
            lanes: level.lanes(),
        })
    }

    /// The index of the row that is added to the scores of the first query of a head.
    pub(super) fn added_row(&self, window: usize, head: usize) -> usize {
        let [first, step] = self.added.map_or([0; 2], |added| self.op.added_rows(&added, &self.queries, window));
        first + head * step
    }

    /// Multiply-adds of a sample.
    pub(super) fn work(&self) -> usize {
        let all = self.windows * self.heads * self.tokens * self.keys * (self.width + self.values);
        if self.causal { all / 2 } else { all }
    }

    /// Elements of a head's packed keys, and of its packed values.
    pub(super) fn parts(&self) -> [usize; 2] {
        let whole = |count: usize| count.next_multiple_of(self.lanes);
        [whole(self.keys) * self.width, whole(self.values) * self.keys]
    }

    /// Elements of the packed keys and values of a sample.
    pub(super) fn room(&self) -> usize {
        self.windows * self.heads * self.parts().iter().sum::<usize>()
    }

    /// The packed keys and values, from an element of the workspace on.
    pub(super) fn scratch(&self, to: &View, first: usize) -> View {
        let grid = Grid { channels: self.room(), size: [1; 3] };
        let buffer = Buffer { place: Place::Workspace(first), ..Buffer::new(&grid) };
        View { buffer, channel: 0, channels: grid.channels, ..*to }
    }

    /// How many keys a query sees.
    pub(super) fn seen(&self, token: usize) -> usize {
        if self.causal { self.keys.min(token + 1) } else { self.keys }
    }

    /// Packs the keys (`part` 0) or the values (1) of all samples: for each head panels of a few keys with all their
    /// features, and panels of a few features of all values.
    pub(super) fn pack(
        &self,
        (level, threads): (Level, Threads),
        samples: usize,
        part: usize,
        (from, x): (&View, &[f32]),
        packed: &mut [f32],
    ) {
        let [keys, values] = self.parts();
        let units = self.windows * self.heads;
        let spread = Spread { sample: self.room(), units, origin: 0, step: keys + values };
        // An element takes about as long as 8 multiply-adds.
        let work = 8 * self.room() / 2;
        let packed = &mut packed[..samples * self.room()];
        spread.run(threads, work, samples, packed, &|packed, base, samples, own| {
            for sample in samples {
                for unit in own.clone() {
                    let (window, head) = (unit / self.heads, unit % self.heads);
                    let place = (sample * units + unit) * (keys + values) - base;
                    let own = &mut packed[place..place + keys + values];
                    let width = if part == 0 { self.width } else { self.values };
                    let (first, feature, count) = (window * self.keys, head * width, self.keys);
                    let rows = TokenRows { view: from, x, sample, first, feature, count, width };
                    match part {
                        0 => level.run(PackColumns { rows, y: &mut own[..keys] }),
                        _ => level.run(PackRows { rows, y: &mut own[keys..] }),
                    }
                }
            }
        });
    }

    /// Writes the weighted values of all queries.
    pub(super) fn run(
        &self,
        (level, threads): (Level, Threads),
        samples: usize,
        operands: &AttentionInputs<'_>,
        (to, y): (&View, &mut [f32]),
    ) {
        let spread = to.spread();
        let each = self.windows * self.tokens / spread.units.max(1);
        spread.run(threads, self.work(), samples, y, &|y, base, samples, units| {
            let rows = units.start * each..units.end * each;
            with_scratch(QUERIES * (self.width + KEYS), |scratch| {
                level.run(QueryShare { layer: self, operands, samples, rows, to, y, base, scratch });
            });
        });
    }
}

impl Attention {
    /// Scores of `R` queries with the keys of a panel.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(&self, simd: S, q: &[f32], keys: &[f32], scores: &mut [f32]) {
        let mut sums = [[simd.splat(0.0); V]; R];
        panel::<S, R, V>(simd, q, [1, R], self.width, keys, &mut sums);
        let scale = simd.splat(self.log_scale);
        for r in 0..R {
            for v in 0..V {
                simd.store(simd.mul(sums[r][v], scale), &mut scores[r * KEYS + v * S::LANES..]);
            }
        }
    }
}

/// A matrix with one row per token: the features of one head.
#[derive(Clone, Copy)]
pub(super) struct TokenRows<'a> {
    pub(super) view: &'a View,
    pub(super) x: &'a [f32],
    pub(super) sample: usize,
    /// The index of the first token's position, and the first feature.
    pub(super) first: usize,
    pub(super) feature: usize,
    pub(super) count: usize,
    pub(super) width: usize,
}

impl TokenRows<'_> {
    /// The offset of the first row, and the stride from row to row, in elements.
    #[inline(always)]
    fn place(&self) -> (usize, usize) {
        let first = self.sample * self.view.buffer.sample() + self.view.at_index(self.first) + self.feature;
        (first, self.view.buffer.strides()[2])
    }
}

/// Packs panels of a few rows with all their features.
pub(super) struct PackColumns<'a> {
    pub(super) rows: TokenRows<'a>,
    pub(super) y: &'a mut [f32],
}

impl Kernel for PackColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PackColumns { rows: TokenRows { x, count, width, .. }, y } = self;
        let (first, step) = self.rows.place();
        for (index, y) in y.chunks_mut(VECTORS * S::LANES * width).enumerate() {
            let lanes = y.len() / width;
            let start = index * VECTORS * S::LANES;
            for row in (0..lanes).step_by(S::LANES) {
                let there = S::LANES.min(count - (start + row).min(count));
                for feature in (0..width).step_by(S::LANES) {
                    let columns = S::LANES.min(width - feature);
                    let y = &mut y[feature * lanes + row..];
                    if there < S::LANES {
                        for column in 0..columns {
                            y[column * lanes + there..column * lanes + S::LANES].fill(0.0);
                        }
                    }
                    let x = &x[first + (start + row).min(count.saturating_sub(1)) * step + feature..];
                    simd.transpose(x, step, y, lanes, [there, columns]);
                }
            }
        }
    }
}

/// Packs panels of a few features of all rows.
pub(super) struct PackRows<'a> {
    pub(super) rows: TokenRows<'a>,
    pub(super) y: &'a mut [f32],
}

impl Kernel for PackRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let PackRows { rows: TokenRows { x, count, width, .. }, y } = self;
        let (first, step) = self.rows.place();
        for (index, y) in y.chunks_mut(VECTORS * S::LANES * count).enumerate() {
            let lanes = y.len() / count;
            let start = index * VECTORS * S::LANES;
            let there = lanes.min(width - start);
            for (row, y) in y.chunks_exact_mut(lanes).enumerate() {
                y[..there].copy_from_slice(&x[first + row * step + start..][..there]);
                y[there..].fill(0.0);
            }
        }
    }
}

/// The share of one thread: some queries, counted over all windows, of some samples.
struct QueryShare<'a> {
    layer: &'a Attention,
    operands: &'a AttentionInputs<'a>,
    samples: Range<usize>,
    rows: Range<usize>,
    to: &'a View,
    y: &'a mut [f32],
    base: usize,
    scratch: &'a mut [f32],
}

impl Kernel for QueryShare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        by_size!(S::ROWS[VECTORS - 1], |R| self.all::<S, R>(simd));
    }
}

/// Some queries of a head.
#[derive(Clone, Copy)]
struct QueryBlock<'a> {
    sample: usize,
    window: usize,
    head: usize,
    first: usize,
    count: usize,
    /// The index of the row added to the scores of the window's first query.
    added: usize,
    keys: &'a [f32],
    values: &'a [f32],
}

impl QueryShare<'_> {
    #[inline(always)]
    fn all<S: Simd, const R: usize>(mut self, simd: S) {
        const { assert!(QUERIES.is_multiple_of(R)) };
        let (layer, parts) = (self.layer, self.layer.parts());
        let windows = self.rows.start / layer.tokens..self.rows.end.div_ceil(layer.tokens);
        let units = windows.flat_map(|window| (0..layer.heads).map(move |head| (window, head)));
        for sample in self.samples.clone() {
            for (window, head) in units.clone() {
                let unit = (sample * layer.windows + window) * layer.heads + head;
                let packed = &self.operands.packed[unit * (parts[0] + parts[1])..];
                let (keys, values) = packed[..parts[0] + parts[1]].split_at(parts[0]);
                let added = layer.added_row(window, head);
                let start = self.rows.start.saturating_sub(window * layer.tokens);
                let end = layer.tokens.min(self.rows.end - window * layer.tokens);
                for first in (start..end).step_by(QUERIES) {
                    let count = QUERIES.min(end - first);
                    let block = QueryBlock { sample, window, head, first, count, added, keys, values };
                    self.block::<S, R>(simd, &block);
                }
            }
        }
    }

    #[inline(always)]
    fn block<S: Simd, const R: usize>(&mut self, simd: S, block: &QueryBlock<'_>) {
        let layer = self.layer;
        self.queries::<S, R>(simd, block);
        let (mut largest, mut sums) = ([f32::NEG_INFINITY; QUERIES], [0.0; QUERIES]);
        let last = layer.seen(block.first + block.count - 1);
        for start in (0..last).step_by(KEYS) {
            let mut factors = [1.0; QUERIES];
            let seen = KEYS.min(last - start);
            self.scores::<S, R>(simd, block, start, seen);
            for row in 0..block.count {
                let own = layer.seen(block.first + row).saturating_sub(start).min(seen);
                self.add(simd, block, row, start, own);
                let scores = &mut self.scratch[QUERIES * layer.width + row * KEYS..][..KEYS];
                factors[row] = powers(simd, scores, [own, seen], &mut largest[row], &mut sums[row]);
                self.drop(block, row, start, own);
            }
            let end = start + KEYS >= last;
            if end {
                for row in 0..block.count {
                    self.log(block, row, largest[row], sums[row]);
                }
            }
            // If all scores are minus infinity, every weight is zero.
            let last = if end { Some(inverses(&largest, &sums)) } else { None };
            self.values::<S, R>(simd, block, [start, seen], &factors, last.as_ref());
        }
    }

    /// Packs the queries of a block: within a tile, the rows of a feature are contiguous.
    #[inline(always)]
    fn queries<S: Simd, const R: usize>(&mut self, simd: S, block: &QueryBlock<'_>) {
        let width = self.layer.width;
        let (view, x) = self.operands.q;
        let (first, feature, count) = (block.window * self.layer.tokens, block.head * width, self.layer.tokens);
        let rows = TokenRows { view, x, sample: block.sample, first, feature, count, width };
        let (first, step) = rows.place();
        for (tile, y) in self.scratch[..QUERIES * width].chunks_exact_mut(R * width).enumerate() {
            if tile * R >= block.count {
                break;
            }
            let there = R.min(block.count - tile * R);
            if there < R {
                y.fill(0.0);
            }
            for feature in (0..width).step_by(S::LANES) {
                let x = &x[first + (block.first + tile * R) * step + feature..];
                let columns = S::LANES.min(width - feature);
                for row in (0..there).step_by(S::LANES) {
                    let rows = S::LANES.min(there - row);
                    simd.transpose(&x[row * step..], step, &mut y[feature * R + row..], R, [rows, columns]);
                }
            }
        }
    }

    /// The scores of a block with the keys from `start` on.
    #[inline(always)]
    fn scores<S: Simd, const R: usize>(&mut self, simd: S, block: &QueryBlock<'_>, start: usize, seen: usize) {
        let (layer, width) = (self.layer, self.layer.width);
        let (queries, scores) = self.scratch.split_at_mut(QUERIES * width);
        let panel = VECTORS * S::LANES;
        for from in (0..seen).step_by(panel) {
            let keys = &block.keys[(start + from) * width..];
            let keys = &keys[..keys.len().min(panel * width)];
            for tile in 0..block.count.div_ceil(R) {
                let queries = &queries[tile * R * width..][..R * width];
                let scores = &mut scores[tile * R * KEYS + from..];
                if keys.len() == panel * width {
                    layer.tile::<S, R, VECTORS>(simd, queries, keys, scores);
                } else {
                    layer.tile::<S, R, 1>(simd, queries, keys, scores);
                }
            }
        }
    }

    /// Adds the mask or bias to the scores of a query.
    #[inline(always)]
    fn add<S: Simd>(&mut self, simd: S, block: &QueryBlock<'_>, row: usize, start: usize, count: usize) {
        let Some((view, x)) = self.operands.added else { return };
        let place = block.sample * view.buffer.sample() + view.at_index(block.added + block.first + row) + start;
        let (added, base) = (&x[place..][..count], simd.splat(core::f32::consts::LOG2_E));
        let scores = &mut self.scratch[QUERIES * self.layer.width + row * KEYS..][..KEYS];
        for at in (0..count).step_by(S::LANES) {
            let left = S::LANES.min(count - at);
            let sum = simd.mul_add(simd.load_some(&added[at..], left), base, simd.load(&scores[at..]));
            simd.store_some(sum, &mut scores[at..], left);
        }
    }

    /// Dropout: zeroes some weights of a query and scales up the others.
    #[inline(always)]
    fn drop(&mut self, block: &QueryBlock<'_>, row: usize, start: usize, count: usize) {
        let Some(drop) = self.operands.drop else { return };
        let place = self.query(block, row) * self.layer.keys + start;
        let weights = &mut self.scratch[QUERIES * self.layer.width + row * KEYS..][..count];
        weights.iter_mut().enumerate().for_each(|(key, weight)| *weight *= drop.factor(place + key));
    }

    /// The index of a query among those of all samples, windows and heads.
    #[inline(always)]
    fn query(&self, block: &QueryBlock<'_>, row: usize) -> usize {
        let Attention { windows, heads, tokens, .. } = *self.layer;
        ((block.sample * windows + block.window) * heads + block.head) * tokens + block.first + row
    }

    /// Stores the logarithm of a query's sum of exponentials.
    #[inline(always)]
    fn log(&self, block: &QueryBlock<'_>, row: usize, largest: f32, sum: f32) {
        if let Some(log) = self.operands.logs.get(self.query(block, row)) {
            log.store((largest + sum.log2()).to_bits(), Ordering::Relaxed);
        }
    }

    /// Adds to the sums so far the values of `seen` keys from `start` on, multiplied by their weights.
    #[inline(always)]
    fn values<S: Simd, const R: usize>(
        &mut self,
        simd: S,
        block: &QueryBlock<'_>,
        [start, seen]: [usize; 2],
        factors: &[f32; QUERIES],
        last: Option<&[f32; QUERIES]>,
    ) {
        let layer = self.layer;
        let weights = &self.scratch[QUERIES * layer.width..];
        let row = self.to.buffer.strides()[2];
        let first = self.to.at_index(block.window * layer.tokens + block.first);
        let place = block.sample * self.to.buffer.sample() + first;
        let y = &mut self.y[place + block.head * layer.values - self.base..];
        let panel = VECTORS * S::LANES;
        for feature in (0..layer.values).step_by(panel) {
            let values = &block.values[feature * layer.keys..];
            let lanes = (values.len() / layer.keys).min(panel);
            let values = &values[start * lanes..(start + seen) * lanes];
            for tile in (0..block.count).step_by(R) {
                let sums = ValueSums {
                    rows: R.min(block.count - tile),
                    columns: layer.values - feature,
                    row,
                    weights: &weights[tile * KEYS..],
                    values,
                    first: start == 0,
                    factors: &factors[tile..],
                    last: last.map(|last| &last[tile..]),
                };
                let y = &mut y[tile * row + feature..];
                if lanes == panel {
                    sums.add::<S, R, VECTORS>(simd, seen, y);
                } else {
                    sums.add::<S, R, 1>(simd, seen, y);
                }
            }
        }
    }
}

/// A tile of sums of weighted values.
struct ValueSums<'a> {
    rows: usize,
    /// Features from the tile's first one to the end.
    columns: usize,
    /// The stride from row to row, in elements.
    row: usize,
    weights: &'a [f32],
    values: &'a [f32],
    /// Whether this is the first block of keys, so that the sums start from zero.
    first: bool,
    factors: &'a [f32],
    last: Option<&'a [f32]>,
}

impl ValueSums<'_> {
    #[inline(always)]
    fn add<S: Simd, const R: usize, const V: usize>(&self, simd: S, keys: usize, y: &mut [f32]) {
        let mut sums = [[simd.splat(0.0); V]; R];
        if !self.first {
            for r in 0..R {
                if r < self.rows {
                    let factor = simd.splat(self.factors[r]);
                    for v in 0..V {
                        let left = S::LANES.min(self.columns - (v * S::LANES).min(self.columns));
                        if left > 0 {
                            let y = &y[r * self.row + v * S::LANES..];
                            sums[r][v] = simd.mul(simd.load_some(y, left), factor);
                        }
                    }
                }
            }
        }
        panel::<S, R, V>(simd, self.weights, [KEYS, 1], keys, self.values, &mut sums);
        for r in 0..R {
            if r < self.rows {
                let factor = simd.splat(self.last.map_or(1.0, |last| last[r]));
                for v in 0..V {
                    let left = S::LANES.min(self.columns - (v * S::LANES).min(self.columns));
                    if left > 0 {
                        let sum = if self.last.is_some() { simd.mul(sums[r][v], factor) } else { sums[r][v] };
                        simd.store_some(sum, &mut y[r * self.row + v * S::LANES..], left);
                    }
                }
            }
        }
    }
}

/// The factor that normalises the sums of values in the end.
#[inline(always)]
fn inverses(largest: &[f32; QUERIES], sums: &[f32; QUERIES]) -> [f32; QUERIES] {
    let mut inverses = [0.0; QUERIES];
    for row in 0..QUERIES {
        inverses[row] = if largest[row] == f32::NEG_INFINITY { 0.0 } else { 1.0 / sums[row] };
    }
    inverses
}

/// Replaces the first `own` of `seen` scores by 2 to the power of their difference from the query's largest, and those
/// after them by zeros. Returns the factor for the sums so far.
#[inline(always)]
fn powers<S: Simd>(simd: S, scores: &mut [f32], [own, seen]: [usize; 2], largest: &mut f32, sum: &mut f32) -> f32 {
    let whole = own - own % S::LANES;
    let mut most = simd.splat(*largest);
    for at in (0..whole).step_by(S::LANES) {
        most = simd.larger(most, simd.load(&scores[at..]));
    }
    if whole > 0 {
        // The last vector overlaps the one before it.
        most = simd.larger(most, simd.load(&scores[own - S::LANES..]));
    }
    let mut lanes = [0.0; MOST_LANES];
    simd.store(simd.largest(most), &mut lanes);
    let mut next = lanes[0];
    if whole == 0 {
        for &score in &scores[..own] {
            next = if score > next || score.is_nan() { score } else { next };
        }
    }
    // Minus infinity minus itself would be NaN.
    let from = if next == f32::NEG_INFINITY { 0.0 } else { next };
    let (base, mut powers) = (simd.splat(from), simd.splat(0.0));
    for at in (0..whole).step_by(S::LANES) {
        let power = exp2(simd, simd.sub(simd.load(&scores[at..]), base));
        simd.store(power, &mut scores[at..]);
        powers = simd.add(powers, power);
    }
    for at in (whole..seen).step_by(S::LANES) {
        let mut power = simd.splat(0.0);
        if at < own {
            simd.store(exp2(simd, simd.sub(simd.load(&scores[at..]), base)), &mut lanes);
            lanes.iter_mut().enumerate().for_each(|(lane, power)| *power = if at + lane < own { *power } else { 0.0 });
            power = simd.load(&lanes);
        }
        simd.store(power, &mut scores[at..]);
        powers = simd.add(powers, power);
    }
    let factor = if *largest == f32::NEG_INFINITY { 0.0 } else { (*largest - next).exp2() };
    *sum = *sum * factor + simd.sum(powers);
    *largest = next;
    factor
}

/// `2^x` for `x <= 0`, accurate to 2 units in the last place; `x` below [`LEAST`] counts as [`LEAST`].
#[inline(always)]
pub(super) fn exp2<S: Simd>(simd: S, x: S::F) -> S::F {
    let x = simd.at_least(x, simd.splat(LEAST));
    let n = simd.round(x);
    let r = simd.sub(x, n);
    // The coefficients of Cephes' `exp2f` (Moshier), for `x` from -0.5 to 0.5.
    let mut series = simd.splat(1.535_336_2e-4);
    for factor in [1.339_887_4e-3, 9.618_437e-3, 5.550_332_5e-2, 0.240_226_48, core::f32::consts::LN_2] {
        series = simd.mul_add(series, r, simd.splat(factor));
    }
    let power = simd.exp2(n);
    simd.mul_add(simd.mul(series, r), power, power)
}

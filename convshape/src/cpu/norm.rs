//! Normalisation by the values' own statistics, and softmax.
//!
//! Statistics are taken of units of positions that fit in the first-level cache: two passes over a unit give its mean
//! and the sum of squared deviations, which are combined in `f64`. The units depend on the shape alone, so the result
//! does not depend on the number of threads.

use std::ops::Range;
use std::vec::Vec;

use super::buffer::{Buffer, Grid, Place, View};
use super::elementwise::{ElementShare, RunPair, RunPairs};
use super::math::{Epilogue, exp};
use super::simd::{Kernel, Level, MOST_LANES, Sets, Simd};
use super::threads::{Spread, Threads};
use super::tuning::{MEANS, NORM};

/// Calls `$code` for blocks of four vectors of channels, then for single vectors, with the number of vectors, the first
/// channel, and the number of channels in the last vector.
macro_rules! each_vector {
    ($channels:expr, |$vectors:ident, $channel:ident, $count:ident| $code:expr) => {{
        let mut $channel = 0;
        while $channel < $channels {
            if $channels - $channel >= 4 * S::LANES {
                const $vectors: usize = 4;
                let $count = S::LANES;
                $code;
                $channel += 4 * S::LANES;
            } else {
                const $vectors: usize = 1;
                let $count = S::LANES.min($channels - $channel);
                $code;
                $channel += S::LANES;
            }
        }
    }};
}

/// Calls `$code` with the offset of each of some positions of a sample.
macro_rules! each_position {
    ($view:expr, $positions:expr, |$at:ident| $code:expr) => {{
        let width = $view.buffer.size[2];
        let mut position = $positions.start;
        while position < $positions.end {
            let (row, column) = (position / width, position % width);
            let count = (width - column).min($positions.end - position);
            let mut $at = $view.row(row) + column * $view.buffer.width;
            for _ in 0..count {
                $code;
                $at += $view.buffer.width;
            }
            position += count;
        }
    }};
}

/// `GroupNorm`, and `InstanceNorm` with a group for each channel.
pub(super) struct GroupNorm {
    pub(super) groups: usize,
    pub(super) eps: f64,
    /// Of each channel.
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) epilogue: Epilogue,
}

/// The units of a sample.
#[derive(Clone, Copy)]
pub(super) struct Units {
    pub(super) count: usize,
    /// The positions of each unit but the last, and those of a sample.
    each: usize,
    positions: usize,
    pub(super) channels: usize,
}

impl Units {
    pub(super) fn new(grid: &Grid) -> Units {
        let (channels, positions) = (grid.channels, grid.positions());
        let each = (NORM / channels.max(1)).clamp(1, positions.max(1));
        Units { count: positions.div_ceil(each), each, positions, channels }
    }

    /// Scratch elements per sample: two for each channel of each unit.
    pub(super) fn room(&self) -> usize {
        2 * self.count * self.channels
    }

    /// The positions of a unit.
    pub(super) fn positions(&self, unit: usize) -> Range<usize> {
        unit * self.each..self.positions.min((unit + 1) * self.each)
    }

    /// Mean and variance of each group of `size` channels over some samples, from the results of [`Units::moments`].
    pub(super) fn statistics(
        self,
        moments: &[f32],
        samples: Range<usize>,
        size: usize,
    ) -> impl Iterator<Item = (f64, f64)> + use<'_> {
        let count = (samples.len() * self.positions) as f64;
        let mut some = [[0.0; MEANS]; 2];
        (0..self.channels).step_by(size).map(move |first| {
            let (mut mean, mut squares, mut before) = (0.0, 0.0, 0.0);
            for channel in first..first + size {
                if channel.is_multiple_of(MEANS) {
                    some = self.of_channels(moments, samples.clone(), channel);
                }
                let [own_mean, own_squares] = some.map(|of| of[channel % MEANS]);
                // As in Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm".
                let (apart, share) = (own_mean - mean, 1.0 / (before + 1.0));
                mean += apart * share;
                squares += own_squares + apart * apart * count * before * share;
                before += 1.0;
            }
            (mean, squares / (count * before))
        })
    }

    /// The means of some channels from `first` on over some samples, and the sums of squared deviations from them.
    fn of_channels(&self, moments: &[f32], samples: Range<usize>, first: usize) -> [[f64; MEANS]; 2] {
        let end = self.channels.min(first + MEANS);
        let ([mut mean, mut squares], mut before) = ([[0.0; MEANS]; 2], 0.0);
        for unit in samples.start * self.count..samples.end * self.count {
            let all = before + self.positions(unit % self.count).len() as f64;
            let share = 1.0 - before / all;
            let (means, rest) = moments[2 * unit * self.channels..][..2 * self.channels].split_at(self.channels);
            let own = means[first..end].iter().zip(&rest[first..end]);
            for ((mean, squares), (own_mean, own_squares)) in mean.iter_mut().zip(&mut squares).zip(own) {
                let apart = f64::from(*own_mean) - *mean;
                *mean += apart * share;
                *squares += f64::from(*own_squares) + apart * apart * before * share;
            }
            before = all;
        }
        [mean, squares]
    }

    /// The mean of each channel of each unit, and the sum of squared deviations from it.
    pub(super) fn moments(&self, on: (Level, Threads), samples: usize, view: &View, x: &[f32], y: &mut [f32]) {
        self.share(on.1, samples, y, &|first, y| on.0.run(Moments { units: *self, first, view, x, y }));
    }

    /// Calls `f` with the index of a unit and its scratch elements, followed by those of later units.
    pub(super) fn share(
        &self,
        threads: Threads,
        samples: usize,
        y: &mut [f32],
        f: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) {
        let (sample, step) = (samples * self.room(), 2 * self.channels);
        let spread = Spread { sample, units: samples * self.count, origin: 0, step };
        // An element takes a few operations.
        let work = 8 * samples * self.positions * self.channels;
        spread.run(threads, work, 1, &mut y[..sample], &|y, _, _, units| f(units.start, y));
    }
}

struct Moments<'a> {
    units: Units,
    first: usize,
    view: &'a View,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Moments<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Moments { units, first, view, x, y } = self;
        let channels = units.channels;
        for (unit, y) in (first..).zip(y.chunks_exact_mut(2 * channels)) {
            let positions = units.positions(unit % units.count);
            let (means, squares) = y.split_at_mut(channels);
            let x = &x[unit / units.count * view.buffer.sample()..];
            each_vector!(channels, |V, channel, count| {
                moments_of::<S, V>(simd, view, x, &positions, channel, count, means, squares)
            });
        }
    }
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a loop of the kernel above")]
fn moments_of<S: Simd, const V: usize>(
    simd: S,
    view: &View,
    x: &[f32],
    positions: &Range<usize>,
    channel: usize,
    count: usize,
    means: &mut [f32],
    squares: &mut [f32],
) {
    let zero = simd.splat(0.0);
    #[expect(clippy::cast_precision_loss, reason = "a number of positions")]
    let share = simd.splat(1.0 / positions.len() as f32);
    let mut sum = [zero; V];
    each_position!(view, positions, |at| {
        let x = &x[at + channel..];
        for v in 0..V {
            sum[v] = simd.add(sum[v], simd.load_some(&x[v * S::LANES..], count));
        }
    });
    let mut mean = [zero; V];
    for v in 0..V {
        mean[v] = simd.mul(sum[v], share);
    }
    // The sum of the deviations corrects the rounding error of the mean.
    let (mut apart, mut square) = ([zero; V], [zero; V]);
    each_position!(view, positions, |at| {
        let x = &x[at + channel..];
        for v in 0..V {
            let x = simd.sub(simd.load_some(&x[v * S::LANES..], count), mean[v]);
            apart[v] = simd.add(apart[v], x);
            square[v] = simd.mul_add(x, x, square[v]);
        }
    });
    for v in 0..V {
        let error = simd.mul(apart[v], share);
        let rest = simd.sub(square[v], simd.mul(error, apart[v]));
        simd.store_some(simd.add(mean[v], error), &mut means[channel + v * S::LANES..], count);
        simd.store_some(rest, &mut squares[channel + v * S::LANES..], count);
    }
}

impl GroupNorm {
    /// Scratch elements per sample.
    pub(super) fn room(grid: &Grid) -> usize {
        Units::new(grid).room() + 2 * grid.channels
    }

    /// The view of that scratch buffer, from element `first` of the workspace on, for a layer that writes to `to`.
    pub(super) fn scratch(to: &View, first: usize) -> View {
        let grid = Grid { channels: GroupNorm::room(&to.grid()), size: [1; 3] };
        let buffer = Buffer { place: Place::Workspace(first), ..Buffer::new(&grid) };
        View { buffer, channel: 0, channels: grid.channels, ..*to }
    }

    /// Writes to `scratch` the scales of each channel of each sample, then the shifts.
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    pub(super) fn lines(&self, on: (Level, Threads), samples: usize, (view, x): (&View, &[f32]), scratch: &mut [f32]) {
        let (units, channels) = (Units::new(&view.grid()), view.channels);
        let (lines, moments) = scratch.split_at_mut(2 * samples * channels);
        let (scale, shift) = lines.split_at_mut(samples * channels);
        units.moments(on, samples, view, x, moments);
        let size = channels / self.groups;
        for sample in 0..samples {
            let groups = units.statistics(moments, sample..sample + 1, size.max(1));
            for (group, (mean, variance)) in groups.enumerate() {
                let factor = 1.0 / (variance + self.eps).sqrt();
                for channel in group * size..(group + 1) * size {
                    let (weight, bias) = match self.weight[..] {
                        [] => (1.0, 0.0),
                        _ => (f64::from(self.weight[channel]), f64::from(self.bias[channel])),
                    };
                    let at = sample * channels + channel;
                    scale[at] = (factor * weight) as f32;
                    shift[at] = (bias - mean * factor * weight) as f32;
                }
            }
        }
    }
}

/// An operation along the channels of each position.
pub(super) enum Along {
    /// `LayerNorm` over the channels.
    Norm { eps: f64, weight: Vec<f32>, bias: Vec<f32> },
    /// `RmsNorm` over the channels.
    Rms { eps: f64, weight: Vec<f32> },
    /// `Softmax`, or its logarithm.
    Softmax { log: bool },
    /// `ChannelShuffle`
    Shuffle { groups: usize },
    /// `LocalResponseNorm`; `window` has the channels below and above the centre.
    Local { window: (usize, usize), factor: f32, beta: f32, k: f32 },
}

impl Along {
    /// `LocalResponseNorm` with `alpha`, `beta` and `k`; `None` if the window's size is out of range.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "rounds to the nearest f32")]
    pub(super) fn local(window: (i64, i64), size: i64, [alpha, beta, k]: [f64; 3]) -> Option<Along> {
        let window = (usize::try_from(window.0).ok()?, usize::try_from(window.1).ok()?);
        Some(Along::Local { window, factor: (alpha / size as f64) as f32, beta: beta as f32, k: k as f32 })
    }
}

/// Some positions.
pub(super) struct AlongChannels<'a> {
    pub(super) along: &'a Along,
    pub(super) share: ElementShare<'a>,
    pub(super) epilogue: Epilogue,
}

impl Kernel for AlongChannels<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let AlongChannels { along, share, epilogue } = self;
        let channels = share.to.channels;
        let smallest = smallest_power(channels);
        for RunPair { x, place, ended, .. } in RunPairs::new(&share) {
            for (x, y) in x.chunks_exact(channels).zip(share.y[place].chunks_exact_mut(channels)) {
                match along {
                    Along::Norm { eps, weight, bias } => normalise(simd, *eps, weight, bias, x, y),
                    Along::Rms { eps, weight } => root_mean_square(simd, *eps, weight, x, y),
                    Along::Softmax { log } => softmax(simd, *log, smallest, x, y),
                    Along::Shuffle { groups } => shuffle(simd, *groups, x, y),
                    Along::Local { window, factor, beta, k } => local_response(*window, [*factor, *beta, *k], x, y),
                }
            }
            epilogue.all(simd, &mut share.y[ended]);
        }
    }
}

/// The sum of `f` over vectors; the last one is padded with `center`.
#[inline(always)]
fn sum<S: Simd>(simd: S, x: &[f32], center: f32, square: bool) -> f64 {
    let center_lanes = simd.splat(center);
    let mut sum = simd.splat(0.0);
    let mut rest = 0.0;
    let mut chunks = x.chunks_exact(S::LANES);
    for chunk in &mut chunks {
        let x = simd.sub(simd.load(chunk), center_lanes);
        sum = if square { simd.mul_add(x, x, sum) } else { simd.add(x, sum) };
    }
    for x in chunks.remainder() {
        let x = f64::from(x - center);
        rest += if square { x * x } else { x };
    }
    f64::from(simd.sum(sum)) + rest
}

/// The mean of some elements, and the inverse of their standard deviation.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
pub(super) fn moments<S: Simd>(simd: S, eps: f64, x: &[f32]) -> (f32, f32) {
    let count = x.len() as f64;
    let mean = (sum(simd, x, 0.0, false) / count) as f32;
    (mean, (1.0 / (sum(simd, x, mean, true) / count + eps).sqrt()) as f32)
}

#[inline(always)]
pub(super) fn normalise<S: Simd>(simd: S, eps: f64, weight: &[f32], bias: &[f32], x: &[f32], y: &mut [f32]) {
    let (mean, factor) = moments(simd, eps, x);
    for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
        *y = (x - mean) * factor * weight + bias;
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn root_mean_square<S: Simd>(simd: S, eps: f64, weight: &[f32], x: &[f32], y: &mut [f32]) {
    let factor = (1.0 / (sum(simd, x, 0.0, true) / x.len() as f64 + eps).sqrt()) as f32;
    for ((y, x), weight) in y.iter_mut().zip(x).zip(weight) {
        *y = x * factor * weight;
    }
}

/// Interleaves the channels of the groups.
#[inline(always)]
fn shuffle<S: Simd>(simd: S, groups: usize, x: &[f32], y: &mut [f32]) {
    let size = x.len() / groups;
    if groups == 2 && size >= S::LANES {
        let (first, second) = x.split_at(size);
        for at in (0..size).step_by(S::LANES) {
            // The last vector overlaps the one before it.
            let at = at.min(size - S::LANES);
            let [low, high] = simd.interleave(simd.load(&first[at..]), simd.load(&second[at..]));
            simd.store(low, &mut y[2 * at..]);
            simd.store(high, &mut y[2 * at + S::LANES..]);
        }
        return;
    }
    for (group, x) in x.chunks_exact(size).enumerate() {
        for (y, x) in y[group..].iter_mut().step_by(groups).zip(x) {
            *y = *x;
        }
    }
}

/// One pass per channel of the window, which has only a few.
#[inline(always)]
fn local_response((below, above): (usize, usize), [factor, beta, k]: [f32; 3], x: &[f32], y: &mut [f32]) {
    y.fill(0.0);
    let count = x.len();
    for shift in 1..=below.min(count - 1) {
        y[shift..].iter_mut().zip(x).for_each(|(y, x)| *y += x * x);
    }
    for shift in 0..=above.min(count - 1) {
        y.iter_mut().zip(&x[shift..]).for_each(|(y, x)| *y += x * x);
    }
    if beta == 0.75 {
        for (y, x) in y.iter_mut().zip(x) {
            let root = 1.0 / (k + factor * *y).sqrt();
            *y = x * (root * root.sqrt());
        }
    } else {
        y.iter_mut().zip(x).for_each(|(y, x)| *y = x * (k + factor * *y).powf(-beta));
    }
}

/// `exp(x - largest)`, or zero if the difference is less than `smallest`.
#[inline(always)]
fn power<S: Simd>(simd: S, x: S::F, largest: S::F, smallest: S::F) -> S::F {
    let less = simd.sub(x, largest);
    simd.select(less, smallest, exp(simd, less).0, simd.splat(0.0))
}

/// The logarithm of the smallest power in a softmax of `count` elements that does not count as zero: `exp(-87)` is about
/// the smallest normal number, and the sum is at most the number of elements.
#[expect(clippy::cast_precision_loss, reason = "a few digits are enough")]
pub(super) fn smallest_power(count: usize) -> f32 {
    (count as f32).ln() - 87.0
}

/// The softmax of some elements, or its logarithm.
///
/// The largest element is subtracted first, so that nothing overflows. Subnormal results are rounded to zero:
/// arithmetic with subnormal numbers, which the masked scores of attention would give, is a hundred times slower.
/// `smallest` is [`smallest_power`].
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "fewer than the lanes of a vector")]
pub(super) fn softmax<S: Simd>(simd: S, log: bool, smallest: f32, x: &[f32], y: &mut [f32]) {
    let whole = x.len() - x.len() % S::LANES;
    // Lanes of minus infinity after the last element change neither the largest nor the sum.
    let (count, lanes) = (x.len() - whole, core::array::from_fn::<f32, MOST_LANES, _>(|lane| lane as f32));
    let (below, beyond) = (simd.splat(f32::NEG_INFINITY), simd.splat(count as f32 - 0.5));
    let rest = simd.select(simd.load(&lanes), beyond, below, simd.load_some(&x[whole..], count));
    let mut largest = rest;
    for x in x[..whole].chunks_exact(S::LANES) {
        largest = simd.larger(largest, simd.load(x));
    }
    let (largest, smallest) = (simd.largest(largest), simd.splat(smallest));
    let rest = power(simd, rest, largest, smallest);
    let mut sum = rest;
    for (x, y) in x[..whole].chunks_exact(S::LANES).zip(y.chunks_exact_mut(S::LANES)) {
        let power = power(simd, simd.load(x), largest, smallest);
        simd.store(power, y);
        sum = simd.add(sum, power);
    }
    let sum = simd.sum(sum);
    if log {
        let mut lanes = [0.0; MOST_LANES];
        simd.store(largest, &mut lanes);
        let less = lanes[0] + sum.ln();
        y.iter_mut().zip(x).for_each(|(y, x)| *y = x - less);
        return;
    }
    let factor = simd.splat(1.0 / sum);
    simd.store_some(simd.mul(rest, factor), &mut y[whole..], count);
    for y in y[..whole].chunks_exact_mut(S::LANES) {
        simd.store(simd.mul(simd.load(y), factor), y);
    }
}

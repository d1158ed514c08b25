//! Steps whose output rows are, along each axis, rows of the input or weighted sums of a few: padding, cropping,
//! interpolation.

use std::vec::Vec;

use convshape_arith::op::{Amount, PaddingMode, PerAxis, Upsample};
use convshape_arith::size::Size;

use super::buffer::{Grid, View};
use super::elementwise::{self, ElementShare};
use super::scratch::with_scratch;
use super::simd::{Kernel, Level, MOST_LANES, Sets, Simd};
use super::threads::{Spread, Threads};
use super::tuning::RESAMPLED_VECTORS as BLOCK;
use crate::reference::kernels;

/// The most input rows of an output row along an axis: those of a cubic interpolation.
const MOST_ROWS: usize = 4;

/// The input rows of each output row, for each axis.
#[derive(Clone, Debug)]
pub(super) struct Resample {
    axes: PerAxis<Vec<SourceRows>>,
    /// The value of output rows without an input row.
    value: f32,
}

/// The input rows of one output row, with their weights.
#[derive(Clone, Copy, Debug)]
struct SourceRows {
    rows: [(usize, f32); MOST_ROWS],
    count: usize,
}

impl SourceRows {
    fn new(rows: impl Iterator<Item = (usize, f32)>) -> SourceRows {
        let mut row = SourceRows { rows: [(0, 1.0); MOST_ROWS], count: 0 };
        for (slot, source) in row.rows.iter_mut().zip(rows) {
            *slot = source;
            row.count += 1;
        }
        row
    }
}

impl Resample {
    /// Padding or cropping: `low` rows are added before the first one of each axis, or removed if it is negative.
    pub(super) fn pad(low: PerAxis<i64>, mode: PaddingMode, value: f64, from: &Grid, to: &Grid) -> Resample {
        let row = |axis: usize, row: usize| {
            let source = kernels::source(row as i64 - low[axis], from.size[axis], mode);
            SourceRows::new(source.map(|row| (row, 1.0)).into_iter())
        };
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        let value = value as f32;
        Resample { axes: [0, 1, 2].map(|axis| (0..to.size[axis]).map(|at| row(axis, at)).collect()), value }
    }

    /// Interpolation along the last `rank` axes.
    pub(super) fn resize(upsample: &Upsample, rank: usize, from: &Grid, to: &Grid) -> Resample {
        let row = |axis: usize, row: usize| {
            if axis + rank < 3 {
                return SourceRows::new([(row, 1.0)].into_iter());
            }
            let taps = kernels::taps(upsample, axis + rank - 3, row, from.size[axis], to.size[axis]);
            #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
            SourceRows::new(taps.iter().map(|(row, weight)| (row, weight as f32)))
        };
        Resample { axes: [0, 1, 2].map(|axis| (0..to.size[axis]).map(|at| row(axis, at)).collect()), value: 0.0 }
    }

    /// Multiply-adds per output element.
    fn work(&self) -> usize {
        4 * self.most().iter().map(|count| count.max(&1)).product::<usize>()
    }
}

/// The low side of `Pad` or `Crop` on each axis.
pub(super) fn border(amount: Amount, rank: usize, from: &Grid, to: &Grid) -> PerAxis<i64> {
    let mut low = [0; 3];
    for axis in 0..rank {
        let at = 3 - rank + axis;
        let [from, to] = [from, to].map(|grid| Size::Number(grid.size[at] as i64));
        (low[at], _) = amount.rows(axis, from, Some(to));
    }
    low
}

impl Resample {
    /// The most input rows of an output row, along each axis.
    fn most(&self) -> PerAxis<usize> {
        [0, 1, 2].map(|axis| self.axes[axis].iter().map(|row| row.count).max().unwrap_or(0))
    }

    /// Computes the output on as many threads as are worth waking.
    pub(super) fn spread(
        &self,
        (level, threads): (Level, Threads),
        samples: usize,
        (from, x): (&View, &[f32]),
        (to, y): (&View, &mut [f32]),
    ) {
        if to.buffer.planar {
            let planes =
                Spread { units: to.channels, step: to.buffer.channel_stride(), ..Spread::samples(to.buffer.sample()) };
            let work = self.work() * to.grid().elements();
            planes.run(threads, work, samples, y, &|y, base, samples, units| {
                let some = |view: &View| View { channel: view.channel + units.start, channels: units.len(), ..*view };
                let (from, to) = (some(from), some(to));
                self.run(level, ElementShare { samples, from: &from, x, to, start: [0; 3], units: 0..1, y, base });
            });
        } else {
            elementwise::spread(threads, self.work(), samples, (from, x), (to, y), &|share| self.run(level, share));
        }
    }

    /// Computes some rows of the output.
    fn run(&self, level: Level, share: ElementShare<'_>) {
        let (most, planar) = (self.most(), share.to.buffer.planar);
        if !planar && most.iter().all(|&count| count <= 1) {
            return level.run(Pick { rows: self, share });
        }
        let parts = most[0] * most[1] + usize::from(planar);
        let needed = parts * self.axes[2].len() * share.to.channels;
        with_scratch(needed, |scratch| level.run(Mix { rows: self, most, share, scratch }));
    }
}

/// Output rows that are rows of the input.
struct Pick<'a> {
    rows: &'a Resample,
    share: ElementShare<'a>,
}

impl Kernel for Pick<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Pick { rows, share: ElementShare { samples, from, x, to, y, base, start, .. } } = self;
        let rows_of = |axis: usize| &rows.axes[axis][start[axis]..][..to.buffer.size[axis]];
        let [ds, hs, ws] = [rows_of(0), rows_of(1), rows_of(2)];
        let strides = from.buffer.strides();
        for sample in samples {
            let x = &x[sample * from.buffer.sample() + from.at([0; 3])..];
            for (d, depth) in ds.iter().enumerate() {
                for (h, height) in hs.iter().enumerate() {
                    let y_row = sample * to.buffer.sample() + to.at([d, h, 0]) - base;
                    for (w, width) in ws.iter().enumerate() {
                        let y = &mut y[y_row + w * to.buffer.width..][..to.channels];
                        if depth.count * height.count * width.count == 0 {
                            y.fill(rows.value);
                            continue;
                        }
                        let at = [depth, height, width].map(|row| row.rows[0].0);
                        let at = at[0] * strides[0] + at[1] * strides[1] + at[2] * strides[2];
                        y.copy_from_slice(&x[at..][..to.channels]);
                    }
                }
            }
        }
    }
}

/// Output rows that are weighted sums. Each input row is interpolated along the width once, into the scratch buffer; an
/// output row is then a sum of such rows. For a planar output they are transposed first.
struct Mix<'a> {
    rows: &'a Resample,
    most: PerAxis<usize>,
    share: ElementShare<'a>,
    scratch: &'a mut [f32],
}

impl Kernel for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Mix { rows, most, share: ElementShare { samples, from, x, to, y, base, start, .. }, scratch } = self;
        let rows_of = |axis: usize| &rows.axes[axis][start[axis]..][..to.buffer.size[axis]];
        let [ds, hs, ws] = [rows_of(0), rows_of(1), rows_of(2)];
        let strides = from.buffer.strides();
        let length = ws.len() * to.channels;
        let (scratch, wide) = scratch.split_at_mut(most[0] * most[1] * length);
        // Elements that are neighbours in the output, and the stride between such runs.
        let (run, apart) = match (to.buffer.planar, to.buffer.width == to.channels) {
            (true, _) => (ws.len(), to.buffer.channel_stride()),
            (false, true) => (length, length),
            (false, false) => (to.channels, to.buffer.width),
        };
        for sample in samples {
            let x = &x[sample * from.buffer.sample() + from.at([0; 3])..];
            // The input row stored in each part of the scratch buffer.
            let mut held = [usize::MAX; MOST_ROWS * MOST_ROWS];
            for (d, depth) in ds.iter().enumerate() {
                for (h, height) in hs.iter().enumerate() {
                    let mut sources = [(0, 0.0); MOST_ROWS * MOST_ROWS];
                    let mut count = 0;
                    for (d, by_depth) in &depth.rows[..depth.count] {
                        for (h, by_height) in &height.rows[..height.count] {
                            // The input rows of an output row are neighbours, so each has its own part of the buffer.
                            let place = d % most[0] * most[1] + h % most[1];
                            let at = d * strides[0] + h * strides[1];
                            let own = &mut scratch[place * length..][..length];
                            if held[place] != at {
                                held[place] = at;
                                if to.buffer.planar {
                                    widen(simd, ws, strides[2], &x[at..], &mut wide[..length]);
                                    planes(simd, wide, ws.len(), own);
                                } else {
                                    widen(simd, ws, strides[2], &x[at..], own);
                                }
                            }
                            sources[count] = (place * length, by_depth * by_height);
                            count += 1;
                        }
                    }
                    let y_row = sample * to.buffer.sample() + to.at([d, h, 0]) - base;
                    for (index, at) in (0..length).step_by(run).enumerate() {
                        let y = &mut y[y_row + index * apart..][..run];
                        sum(simd, &sources[..count], &scratch[at..], y);
                    }
                }
            }
        }
    }
}

/// Transposes a row of positions to a row for each channel.
#[inline(always)]
fn planes<S: Simd>(simd: S, row: &[f32], positions: usize, y: &mut [f32]) {
    let channels = y.len() / positions;
    for channel in (0..channels).step_by(MOST_LANES) {
        for position in (0..positions).step_by(MOST_LANES) {
            let counts = [MOST_LANES.min(positions - position), MOST_LANES.min(channels - channel)];
            let x = &row[position * channels + channel..];
            simd.transpose(x, channels, &mut y[channel * positions + position..], positions, counts);
        }
    }
}

/// Interpolates a row along the width.
#[inline(always)]
fn widen<S: Simd>(simd: S, widths: &[SourceRows], step: usize, x: &[f32], y: &mut [f32]) {
    let channels = y.len() / widths.len();
    for (width, y) in widths.iter().zip(y.chunks_exact_mut(channels)) {
        for channel in (0..channels).step_by(S::LANES) {
            let count = S::LANES.min(channels - channel);
            let mut sum = simd.splat(0.0);
            for (w, by_width) in &width.rows[..width.count] {
                let x = simd.load_some(&x[w * step + channel..], count);
                sum = simd.mul_add(simd.splat(*by_width), x, sum);
            }
            simd.store_some(sum, &mut y[channel..], count);
        }
    }
}

/// The weighted sum of rows that begin at offsets of `rows`.
#[inline(always)]
fn sum<S: Simd>(simd: S, sources: &[(usize, f32)], rows: &[f32], y: &mut [f32]) {
    let block = BLOCK * S::LANES;
    let whole = y.len() - y.len() % block;
    for at in (0..whole).step_by(block) {
        let mut sums = [simd.splat(0.0); BLOCK];
        for (offset, weight) in sources {
            let (x, weight) = (&rows[offset + at..][..block], simd.splat(*weight));
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = simd.mul_add(weight, simd.load(&x[i * S::LANES..]), *sum);
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            simd.store(sum, &mut y[at + i * S::LANES..]);
        }
    }
    for at in (whole..y.len()).step_by(S::LANES) {
        let count = S::LANES.min(y.len() - at);
        let mut sum = simd.splat(0.0);
        for (offset, weight) in sources {
            sum = simd.mul_add(simd.splat(*weight), simd.load_some(&rows[offset + at..], count), sum);
        }
        simd.store_some(sum, &mut y[at..], count);
    }
}

/// The gradient of the input: the gradient of each output row is added to those of its input rows.
#[cfg(feature = "train")]
pub(super) struct PickBack<'a> {
    pub(super) rows: &'a Resample,
    pub(super) samples: usize,
    /// The output's gradient from the first sample on, and the input's.
    pub(super) dy: (&'a View, &'a [f32]),
    pub(super) dx: (&'a View, &'a mut [f32]),
}

#[cfg(feature = "train")]
impl Kernel for PickBack<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PickBack { rows, samples, dy: (from, dy), dx: (to, dx) } = self;
        let [ds, hs, ws] = &rows.axes;
        let strides = to.buffer.strides();
        dx[..samples * to.buffer.sample()].fill(0.0);
        for sample in 0..samples {
            let dx = &mut dx[sample * to.buffer.sample() + to.at([0; 3])..];
            for (d, depth) in ds.iter().enumerate() {
                for (h, height) in hs.iter().enumerate() {
                    let row = sample * from.buffer.sample() + from.at([d, h, 0]);
                    for (w, width) in ws.iter().enumerate() {
                        let dy = &dy[row + w * from.buffer.width..];
                        add(simd, [depth, height, width], strides, to.channels, dy, dx);
                    }
                }
            }
        }
    }
}

/// Adds the gradient of one position to several.
#[cfg(feature = "train")]
#[inline(always)]
fn add<S: Simd>(simd: S, rows: [&SourceRows; 3], strides: PerAxis<usize>, channels: usize, dy: &[f32], dx: &mut [f32]) {
    let [depth, height, width] = rows;
    for (d, by_depth) in &depth.rows[..depth.count] {
        for (h, by_height) in &height.rows[..height.count] {
            for (w, by_width) in &width.rows[..width.count] {
                let at = d * strides[0] + h * strides[1] + w * strides[2];
                let weight = simd.splat(by_depth * by_height * by_width);
                for channel in (0..channels).step_by(S::LANES) {
                    let count = S::LANES.min(channels - channel);
                    let own = &mut dx[at + channel..];
                    let sum = simd.mul_add(weight, simd.load_some(&dy[channel..], count), simd.load_some(own, count));
                    simd.store_some(sum, &mut own[..count], count);
                }
            }
        }
    }
}

//! Depthwise 3x3 convolutions over planes: each plane is copied into a scratch buffer with a border, where it stays in
//! the first-level cache while a window slides over it.

use std::ops::Range;
use std::vec::Vec;

use super::buffer::{Grid, View};
use super::conv::TapSum;
use super::math::Epilogue;
use super::relayout::copy;
use super::scratch::with_scratch;
use super::simd::{Kernel, Level, MOST_LANES, Sets, Simd, slide};
use super::taps::Axis;
use super::threads::{Spread, Threads};

/// A convolution, ready to run.
pub(super) struct Slide {
    level: Level,
    /// The weights and the shift of each output channel.
    weights: Vec<([f32; 9], f32)>,
    epilogue: Epilogue,
    /// Output channels per input channel.
    each: usize,
    channels: usize,
    /// Rows and columns of input and output, and the rows and columns of border that are read before and after the
    /// input.
    from: [usize; 2],
    to: [usize; 2],
    low: [usize; 2],
    high: [usize; 2],
    spread: Spread,
    /// Multiply-adds of a sample.
    pub(super) work: usize,
}

/// Output rows that are computed together.
const ROWS: usize = 4;

/// Whether it is a depthwise 3x3 convolution with stride 1 over planes that are wide enough.
pub(super) fn fits(axes: &[Axis; 3], groups: usize, from: &Grid, to: &Grid) -> bool {
    let [_, height, width] = axes;
    let whole = |axis: &Axis| axis.modulus == 1 && axis.step == 1 && axis.three().is_some();
    // The border surrounds whole planes; no row or column is cropped.
    let begins = |axis: &Axis| axis.three().is_some_and(|(_, row)| row == -i64::try_from(axis.low).unwrap_or(0));
    let flat = from.size[0] == 1 && to.size[0] == 1 && axes[0].phases[0].taps.len() == 1;
    let large = to.size[1] >= ROWS && to.size[2] >= MOST_LANES;
    flat && groups == from.channels && large && whole(height) && whole(width) && begins(height) && begins(width)
}

impl Slide {
    pub(super) fn new(level: Level, sum: &TapSum<'_>, x: View, y: View) -> Option<Slide> {
        let [depth, height, width] = sum.axes;
        let (taps_h, _) = height.three()?;
        let (taps_w, _) = width.three()?;
        let (tap_d, _) = *depth.phases[0].taps.first()?;
        let each = y.channels / x.channels;
        let weights = (0..y.channels).map(|channel| {
            let tap = |i: usize| [tap_d, taps_h[i / 3], taps_w[i % 3]];
            let weight = |i: usize| sum.weights.at(channel, channel / each, tap(i)) * sum.scale[channel];
            (core::array::from_fn(weight), sum.shift[channel])
        });
        let plane = |view: &View| [view.buffer.size[1], view.buffer.size[2]];
        let (from, to) = (plane(&x), plane(&y));
        Some(Slide {
            level,
            weights: weights.collect(),
            epilogue: sum.epilogue,
            each,
            channels: x.channels,
            from,
            to,
            low: [height.low, width.low],
            high: [height.high, width.high],
            spread: Spread { sample: y.buffer.sample(), units: x.channels, origin: 0, step: each * to[0] * to[1] },
            // Memory accesses take longer than the sums: count them as three times as many.
            work: 27 * to[0] * to[1] * y.channels,
        })
    }

    /// Runs all samples. `x` and `y` are the buffers, without borders.
    pub(super) fn run(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        let padded = |axis: usize| self.low[axis] + self.from[axis] + self.high[axis];
        let needed = padded(0) * padded(1);
        self.spread.run(threads, self.work, samples, y, &|y, base, samples, channels| {
            with_scratch(needed, |scratch| {
                scratch.fill(0.0);
                self.level.run(ChannelShare { own: self, x, y, base, samples, channels, scratch, row: padded(1) });
            });
        });
    }
}

/// Some channels of some samples. `y` starts at `base`.
struct ChannelShare<'a> {
    own: &'a Slide,
    x: &'a [f32],
    y: &'a mut [f32],
    base: usize,
    samples: Range<usize>,
    channels: Range<usize>,
    /// The scratch plane, whose border is zero, and the stride of its rows.
    scratch: &'a mut [f32],
    row: usize,
}

impl Kernel for ChannelShare<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let ChannelShare { own, x, y, base, samples, channels, scratch, row } = self;
        let ([rows, columns], [height, width]) = (own.from, own.to);
        for sample in samples {
            for channel in channels.clone() {
                let plane = &x[(sample * own.channels + channel) * rows * columns..][..rows * columns];
                for (from, to) in plane.chunks_exact(columns).zip(scratch[own.low[0] * row..].chunks_mut(row)) {
                    copy(simd, from, &mut to[own.low[1]..]);
                }
                for output in channel * own.each..(channel + 1) * own.each {
                    let start = (sample * own.channels * own.each + output) * height * width - base;
                    let y = &mut y[start..][..height * width];
                    let (weights, shift) = own.weights[output];
                    simd.call(Plane {
                        x: &*scratch,
                        row,
                        y: &mut *y,
                        size: own.to,
                        weights,
                        shift,
                        epilogue: own.epilogue,
                    });
                    own.epilogue.rest(simd, y);
                }
            }
        }
    }
}

/// One output plane.
struct Plane<'a> {
    x: &'a [f32],
    row: usize,
    y: &'a mut [f32],
    size: [usize; 2],
    weights: [f32; 9],
    shift: f32,
    epilogue: Epilogue,
}

impl Kernel for Plane<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Plane { x, row, y, size: [height, width], weights, shift, epilogue } = self;
        let shift = simd.splat(shift);
        let mut taps = [shift; 9];
        for i in 0..9 {
            taps[i] = simd.splat(weights[i]);
        }
        // The last rows and columns overlap some that were computed before.
        for top in (0..height).step_by(ROWS) {
            let top = top.min(height - ROWS);
            for left in (0..width).step_by(S::LANES) {
                let left = left.min(width - S::LANES);
                let sums = slide::<S, ROWS>(simd, x, top * row + left, row, &taps, shift);
                for r in 0..ROWS {
                    simd.store(epilogue.apply(simd, sums[r]), &mut y[(top + r) * width + left..]);
                }
            }
        }
    }
}

//! Steps that take each position by itself, or a few: copies, element-wise functions, pooling.

use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::op::{AxisOrder, PoolKind};

use super::buffer::View;
use super::math::Finish;
use super::simd::{Kernel, MOST_LANES, Simd};

/// Between the caller's order of axes and a view: `x` to `y`.
pub(super) struct Relayout<'a> {
    pub(super) order: AxisOrder,
    pub(super) samples: usize,
    pub(super) view: &'a View,
    /// Whether the view is read or written.
    pub(super) export: bool,
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
}

impl Kernel for Relayout<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Relayout { order, samples, view, export, x, y } = self;
        let grid = view.grid();
        if view.buffer.planar {
            return planes(samples, view, export, x, y);
        }
        let (channels, positions, step) = (grid.channels, grid.positions(), view.buffer.width);
        // Without a border, the rows of a sample are one.
        let (rows, width) = view.long_rows();
        for row in 0..rows * samples {
            let place = view.long_row(row);
            let first = row / rows * channels * positions;
            let row = row % rows * width;
            let neighbours = order == AxisOrder::ChannelsLast || channels == 1;
            if neighbours && step == channels {
                let (own, theirs) = (place, first + row * channels);
                let (from, to) = if export { (own, theirs) } else { (theirs, own) };
                y[to..][..width * channels].copy_from_slice(&x[from..][..width * channels]);
            } else if neighbours {
                for position in 0..width {
                    let (own, theirs) = (place + position * step, first + (row + position) * channels);
                    let (from, to) = if export { (own, theirs) } else { (theirs, own) };
                    y[to..][..channels].copy_from_slice(&x[from..][..channels]);
                }
            } else if channels < MOST_LANES / 2 {
                for channel in 0..channels {
                    let theirs = first + channel * positions + row;
                    if export {
                        let from = x[place + channel..].iter().step_by(step);
                        y[theirs..][..width].iter_mut().zip(from).for_each(|(y, x)| *y = *x);
                    } else {
                        let to = y[place + channel..].iter_mut().step_by(step);
                        to.zip(&x[theirs..][..width]).for_each(|(y, x)| *y = *x);
                    }
                }
            } else {
                for channel in (0..channels).step_by(MOST_LANES) {
                    for position in (0..width).step_by(MOST_LANES) {
                        let own = place + position * step + channel;
                        let theirs = first + channel * positions + row + position;
                        let count = [MOST_LANES.min(width - position), MOST_LANES.min(channels - channel)];
                        if export {
                            simd.transpose(&x[own..], step, &mut y[theirs..], positions, count);
                        } else {
                            simd.transpose(&x[theirs..], positions, &mut y[own..], step, [count[1], count[0]]);
                        }
                    }
                }
            }
        }
    }
}

/// [`Relayout`] of planes, which differ from the caller's in their border alone.
fn planes(samples: usize, view: &View, export: bool, x: &[f32], y: &mut [f32]) {
    let [depth, height, width] = view.buffer.size;
    let channel = view.buffer.channel_stride();
    for plane in 0..samples * view.channels {
        let (sample, first) = (plane / view.channels, plane % view.channels * channel);
        for row in 0..depth * height {
            let own = sample * view.buffer.sample() + first + view.at([row / height, row % height, 0]);
            let theirs = (plane * depth * height + row) * width;
            let (from, to) = if export { (own, theirs) } else { (theirs, own) };
            y[to..][..width].copy_from_slice(&x[from..][..width]);
        }
    }
}

/// The stretches of neighbours that two views of one grid have in common: how many there are and
/// how long, and where each starts.
#[derive(Clone, Copy)]
struct Stretches<'a> {
    x: &'a View,
    y: &'a View,
    count: usize,
    length: usize,
    /// Stretches of a row.
    pieces: usize,
}

impl<'a> Stretches<'a> {
    #[inline(always)]
    fn new(x: &'a View, y: &'a View, samples: usize) -> Stretches<'a> {
        let [depth, height, width] = y.buffer.size;
        let rows = samples * depth * height;
        let whole = x.buffer.width == y.channels && y.buffer.width == y.channels;
        let pieces = if whole { 1 } else { width };
        Stretches { x, y, count: rows * pieces, length: width * y.channels / pieces, pieces }
    }

    #[inline(always)]
    fn at(&self, index: usize) -> (usize, usize) {
        let (row, piece) = (index / self.pieces, index % self.pieces);
        (self.x.row(row) + piece * self.x.buffer.width, self.y.row(row) + piece * self.y.buffer.width)
    }
}

/// `finish(scale * x + shift)` with a factor and a constant for each channel; none is the identity.
pub(super) struct Each<'a> {
    pub(super) samples: usize,
    pub(super) from: &'a View,
    pub(super) x: &'a [f32],
    pub(super) to: &'a View,
    pub(super) y: &'a mut [f32],
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    pub(super) finish: Finish,
}

impl Kernel for Each<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Each { samples, from, x, to, y, scale, shift, finish } = self;
        let stretches = Stretches::new(from, to, samples);
        for index in 0..stretches.count {
            let (x_at, y_at) = stretches.at(index);
            let (x, y) = (&x[x_at..][..stretches.length], &mut y[y_at..][..stretches.length]);
            if scale.is_empty() {
                y.copy_from_slice(x);
            } else {
                for (x, y) in x.chunks_exact(scale.len()).zip(y.chunks_exact_mut(scale.len())) {
                    for (((y, x), scale), shift) in y.iter_mut().zip(x).zip(scale).zip(shift) {
                        *y = *x * scale + shift;
                    }
                }
            }
            finish.all(simd, y);
        }
    }
}

/// Adds `x` to what stands in `y`.
pub(super) struct Add<'a> {
    pub(super) samples: usize,
    pub(super) from: &'a View,
    pub(super) x: &'a [f32],
    pub(super) to: &'a View,
    pub(super) y: &'a mut [f32],
    pub(super) finish: Finish,
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Add { samples, from, x, to, y, finish } = self;
        let stretches = Stretches::new(from, to, samples);
        for index in 0..stretches.count {
            let (x_at, y_at) = stretches.at(index);
            let y = &mut y[y_at..][..stretches.length];
            for (y, x) in y.iter_mut().zip(&x[x_at..][..stretches.length]) {
                *y += *x;
            }
            finish.all(simd, y);
        }
    }
}

/// Repeats each position `times` along each axis.
pub(super) fn repeat(times: [usize; 3], samples: usize, from: &View, x: &[f32], to: &View, y: &mut [f32]) {
    let [depth, height, width] = to.buffer.size;
    for n in 0..samples {
        for d in 0..depth {
            for h in 0..height {
                let x_row = n * from.buffer.sample() + from.at([d / times[0], h / times[1], 0]);
                let y_row = n * to.buffer.sample() + to.at([d, h, 0]);
                for w in 0..width {
                    let x = &x[x_row + w / times[2] * from.buffer.width..][..from.channels];
                    y[y_row + w * to.buffer.width..][..to.channels].copy_from_slice(x);
                }
            }
        }
    }
}

/// The windows of a pooling layer, an axis each.
pub(super) struct Windows {
    kind: PoolKind,
    spans: [Vec<Span>; 3],
}

/// The rows of one axis that a window holds.
#[derive(Clone, Copy)]
struct Span {
    first: usize,
    count: usize,
    step: usize,
    /// How many rows the divisor of a mean counts.
    divisor: usize,
}

impl Windows {
    pub(super) fn new(
        kind: PoolKind,
        windows: &[Window; 3],
        count_include_pad: bool,
        from: [usize; 3],
        to: [usize; 3],
    ) -> Windows {
        let span = |axis: usize| {
            let span = move |row: usize| Span::new(&windows[axis], from[axis], row, count_include_pad);
            (0..to[axis]).map(span).collect()
        };
        Windows { kind, spans: [span(0), span(1), span(2)] }
    }
}

impl Span {
    fn new(window: &Window, size: usize, row: usize, count_include_pad: bool) -> Span {
        let Window { kernel, stride, dilation, lo, hi, .. } = *window;
        let start = row as i64 * stride - lo;
        let size = size as i64;
        // The taps between two rows, the second not counted.
        let taps = |low: i64, high: i64| {
            let from = (low - start + dilation - 1).div_euclid(dilation).clamp(0, kernel);
            let to = (high - start + dilation - 1).div_euclid(dilation).clamp(0, kernel);
            (from, to - from)
        };
        let (from, count) = taps(0, size);
        let (_, divisor) = if count_include_pad { taps(-lo, size + hi) } else { (from, count) };
        let number = |rows: i64| usize::try_from(rows).unwrap_or(0);
        Span {
            first: number(start + from * dilation),
            count: number(count),
            step: number(dilation),
            divisor: number(divisor),
        }
    }
}

/// A pooling layer.
pub(super) struct Pool<'a> {
    pub(super) windows: &'a Windows,
    pub(super) samples: usize,
    pub(super) from: &'a View,
    pub(super) x: &'a [f32],
    pub(super) to: &'a View,
    pub(super) y: &'a mut [f32],
}

impl Kernel for Pool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Pool { windows, samples, from, x, to, y } = self;
        let [ds, hs, ws] = &windows.spans;
        for n in 0..samples {
            for (d, ds) in ds.iter().enumerate() {
                for (h, hs) in hs.iter().enumerate() {
                    let x_row = n * from.buffer.sample() + from.at([ds.first, hs.first, 0]);
                    let y_row = n * to.buffer.sample() + to.at([d, h, 0]);
                    for (w, ws) in ws.iter().enumerate() {
                        let y = &mut y[y_row + w * to.buffer.width..][..to.channels];
                        let start = x_row + ws.first * from.buffer.width;
                        match windows.kind {
                            PoolKind::Max => window::<S, true>(simd, [ds, hs, ws], from, &x[start..], y),
                            PoolKind::Avg => window::<S, false>(simd, [ds, hs, ws], from, &x[start..], y),
                        }
                    }
                }
            }
        }
    }
}

/// One window.
#[inline(always)]
fn window<S: Simd, const MAX: bool>(simd: S, spans: [&Span; 3], from: &View, x: &[f32], y: &mut [f32]) {
    let [depth, height, width] = spans;
    let strides = from.buffer.strides();
    #[expect(clippy::cast_precision_loss, reason = "a number of taps")]
    let factor = 1.0 / (depth.divisor * height.divisor * width.divisor) as f32;
    for channel in (0..y.len()).step_by(S::LANES) {
        let count = S::LANES.min(y.len() - channel);
        let mut sum = simd.splat(if MAX { f32::NEG_INFINITY } else { 0.0 });
        for i in 0..depth.count {
            for j in 0..height.count {
                let row = i * depth.step * strides[0] + j * height.step * strides[1] + channel;
                for k in 0..width.count {
                    let x = simd.load_some(&x[row + k * width.step * strides[2]..], count);
                    sum = if MAX { simd.larger(x, sum) } else { simd.add(x, sum) };
                }
            }
        }
        if !MAX {
            sum = simd.mul(sum, simd.splat(factor));
        }
        simd.store_some(sum, &mut y[channel..], count);
    }
}

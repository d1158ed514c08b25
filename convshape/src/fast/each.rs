//! Steps that take each position by itself, or a few: copies, element-wise functions, pooling.

use convshape_arith::axis::Window;
use convshape_arith::op::{AxisOrder, PoolKind};

use super::buffer::View;
use super::math::Finish;
use super::simd::{Kernel, MOST_LANES, Simd, store_some};

/// Copies a caller's elements, in the order of the chain's axes, to a view.
pub(super) fn import(order: AxisOrder, samples: usize, x: &[f32], view: &View, y: &mut [f32]) {
    let grid = view.grid();
    let (channels, positions, width) = (grid.channels, grid.positions(), grid.size[2]);
    let (sample_step, channel_step, position_step) = steps(order, channels, positions);
    for (row, place) in view.rows(samples).enumerate() {
        let rows = positions / width;
        let from = &x[row / rows * sample_step + row % rows * width * position_step..];
        if channel_step == 1 && view.buffer.width == channels {
            y[place..][..width * channels].copy_from_slice(&from[..width * channels]);
            continue;
        }
        for channel in 0..channels {
            let from = from[channel * channel_step..].iter().step_by(position_step);
            for (y, x) in y[place + channel..].iter_mut().step_by(view.buffer.width).zip(from).take(width) {
                *y = *x;
            }
        }
    }
}

/// The inverse of [`import`].
pub(super) fn export(order: AxisOrder, samples: usize, view: &View, x: &[f32], y: &mut [f32]) {
    let grid = view.grid();
    let (channels, positions, width) = (grid.channels, grid.positions(), grid.size[2]);
    let (sample_step, channel_step, position_step) = steps(order, channels, positions);
    for (row, place) in view.rows(samples).enumerate() {
        let rows = positions / width;
        let to = &mut y[row / rows * sample_step + row % rows * width * position_step..];
        for channel in 0..channels {
            let to = to[channel * channel_step..].iter_mut().step_by(position_step);
            for (y, x) in to.zip(x[place + channel..].iter().step_by(view.buffer.width)).take(width) {
                *y = *x;
            }
        }
    }
}

/// How far apart samples, channels and positions are where the caller has them.
fn steps(order: AxisOrder, channels: usize, positions: usize) -> (usize, usize, usize) {
    match order {
        AxisOrder::ChannelsFirst => (channels * positions, positions, 1),
        AxisOrder::ChannelsLast => (channels * positions, 1, channels),
    }
}

/// Calls `f` with stretches of neighbours that two views of one grid have in common: where they
/// start, and how long they are.
#[inline(always)]
fn stretches(x: &View, y: &View, samples: usize, mut f: impl FnMut(usize, usize, usize)) {
    let (channels, width) = (y.channels, y.buffer.size[2]);
    let whole = x.buffer.width == channels && y.buffer.width == channels;
    for (x_row, y_row) in x.rows(samples).zip(y.rows(samples)) {
        if whole {
            f(x_row, y_row, width * channels);
        } else {
            for position in 0..width {
                f(x_row + position * x.buffer.width, y_row + position * y.buffer.width, channels);
            }
        }
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
        let mut stretch = |x_at: usize, y_at: usize, count: usize| {
            let (x, y) = (&x[x_at..][..count], &mut y[y_at..][..count]);
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
        };
        stretches(from, to, samples, &mut stretch);
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
        stretches(from, to, samples, |x_at, y_at, count| {
            let y = &mut y[y_at..][..count];
            for (y, x) in y.iter_mut().zip(&x[x_at..][..count]) {
                *y += *x;
            }
            finish.all(simd, y);
        });
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

/// A pooling layer over windows, all of which reach the input.
pub(super) struct Pool<'a> {
    pub(super) kind: PoolKind,
    pub(super) windows: &'a [Window; 3],
    pub(super) count_include_pad: bool,
    pub(super) samples: usize,
    pub(super) from: &'a View,
    pub(super) x: &'a [f32],
    pub(super) to: &'a View,
    pub(super) y: &'a mut [f32],
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

impl Span {
    #[inline(always)]
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

impl Kernel for Pool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Pool { kind, windows, count_include_pad, samples, from, x, to, y } = self;
        let [depth, height, width] = to.buffer.size;
        let strides = from.buffer.strides();
        let span = |axis: usize, row: usize| Span::new(&windows[axis], from.buffer.size[axis], row, count_include_pad);
        for n in 0..samples {
            for d in 0..depth {
                let ds = span(0, d);
                for h in 0..height {
                    let hs = span(1, h);
                    let place = n * to.buffer.sample() + to.at([d, h, 0]);
                    for w in 0..width {
                        let ws = span(2, w);
                        let start = n * from.buffer.sample() + from.at([ds.first, hs.first, ws.first]);
                        #[expect(clippy::cast_precision_loss, reason = "a number of taps")]
                        let factor = 1.0 / (ds.divisor * hs.divisor * ws.divisor) as f32;
                        for channel in (0..to.channels).step_by(S::LANES) {
                            let count = S::LANES.min(to.channels - channel);
                            let empty = if kind == PoolKind::Max { f32::NEG_INFINITY } else { 0.0 };
                            let mut sum = simd.splat(empty);
                            for i in 0..ds.count {
                                for j in 0..hs.count {
                                    let row = start + i * ds.step * strides[0] + j * hs.step * strides[1] + channel;
                                    for k in 0..ws.count {
                                        let x = load_some(simd, &x[row + k * ws.step * strides[2]..], count);
                                        sum = match kind {
                                            PoolKind::Max => simd.larger(x, sum),
                                            PoolKind::Avg => simd.add(x, sum),
                                        };
                                    }
                                }
                            }
                            if kind == PoolKind::Avg {
                                sum = simd.mul(sum, simd.splat(factor));
                            }
                            store_some(simd, sum, &mut y[place + w * to.buffer.width + channel..], count);
                        }
                    }
                }
            }
        }
    }
}

/// The first `count` elements, zeros behind them.
#[inline(always)]
fn load_some<S: Simd>(simd: S, from: &[f32], count: usize) -> S::F {
    if count >= S::LANES || from.len() >= S::LANES {
        // What stands behind is another channel's, and dropped.
        return simd.load(from);
    }
    let mut lanes = [0.0; MOST_LANES];
    lanes[..count].copy_from_slice(&from[..count]);
    simd.load(&lanes)
}

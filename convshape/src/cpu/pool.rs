//! Pooling over windows.

use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::op::PoolKind;

use super::buffer::View;
use super::elementwise::ElementShare;
#[cfg(feature = "train")]
use super::simd::Sets;
use super::simd::{Kernel, Simd};

/// The windows of a pooling layer along each axis.
pub(super) struct Windows {
    kind: PoolKind,
    spans: [Vec<WindowRows>; 3],
}

/// The rows of one axis that a window holds.
#[derive(Clone, Copy)]
struct WindowRows {
    first: usize,
    count: usize,
    step: usize,
    /// The rows that the divisor of a mean counts.
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
            let span = move |row: usize| WindowRows::new(&windows[axis], from[axis], row, count_include_pad);
            (0..to[axis]).map(span).collect()
        };
        Windows { kind, spans: [span(0), span(1), span(2)] }
    }
}

impl Windows {
    /// One window per output, all of nearly the same size.
    pub(super) fn adaptive(kind: PoolKind, from: [usize; 3], to: [usize; 3]) -> Windows {
        let span = |axis: usize, row: usize| {
            let first = row * from[axis] / to[axis];
            let count = ((row + 1) * from[axis]).div_ceil(to[axis]) - first;
            WindowRows { first, count, step: 1, divisor: count }
        };
        Windows { kind, spans: [0, 1, 2].map(|axis| (0..to[axis]).map(|row| span(axis, row)).collect()) }
    }
}

impl WindowRows {
    fn new(window: &Window, size: usize, row: usize, count_include_pad: bool) -> WindowRows {
        let Window { kernel, stride, dilation, lo, hi, .. } = *window;
        let start = row as i64 * stride - lo;
        let size = size as i64;
        // The taps that read rows from the first (inclusive) to the second (exclusive).
        let taps = |low: i64, high: i64| {
            let from = (low - start + dilation - 1).div_euclid(dilation).clamp(0, kernel);
            let to = (high - start + dilation - 1).div_euclid(dilation).clamp(0, kernel);
            (from, to - from)
        };
        let (from, count) = taps(0, size);
        let (_, divisor) = if count_include_pad { taps(-lo, size + hi) } else { (from, count) };
        let number = |rows: i64| usize::try_from(rows).unwrap_or(0);
        WindowRows {
            // With padding and dilation, all taps of a window can miss the input.
            first: if count == 0 { 0 } else { number(start + from * dilation) },
            count: number(count),
            step: number(dilation),
            divisor: number(divisor),
        }
    }
}

/// A pooling layer.
pub(super) struct Pool<'a> {
    pub(super) windows: &'a Windows,
    pub(super) share: ElementShare<'a>,
}

impl Kernel for Pool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Pool { windows, share: ElementShare { samples, from, x, to, y, base, start, .. } } = self;
        let spans = |axis: usize| &windows.spans[axis][start[axis]..][..to.buffer.size[axis]];
        let [ds, hs, ws] = [spans(0), spans(1), spans(2)];
        for n in samples {
            for (d, ds) in ds.iter().enumerate() {
                for (h, hs) in hs.iter().enumerate() {
                    let x_row = n * from.buffer.sample() + from.at([ds.first, hs.first, 0]);
                    let y_row = n * to.buffer.sample() + to.at([d, h, 0]) - base;
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

/// Computes one window, four vectors of channels at a time: additions to a single one would wait for each other.
#[inline(always)]
fn window<S: Simd, const MAX: bool>(simd: S, spans: [&WindowRows; 3], from: &View, x: &[f32], y: &mut [f32]) {
    let mut channel = 0;
    while y.len() - channel >= 4 * S::LANES {
        columns::<S, 4, MAX>(simd, spans, from, &x[channel..], &mut y[channel..][..4 * S::LANES]);
        channel += 4 * S::LANES;
    }
    while channel < y.len() {
        let count = S::LANES.min(y.len() - channel);
        columns::<S, 1, MAX>(simd, spans, from, &x[channel..], &mut y[channel..][..count]);
        channel += count;
    }
}

/// `V` vectors of channels; the last one may be partial.
#[inline(always)]
fn columns<S: Simd, const V: usize, const MAX: bool>(
    simd: S,
    spans: [&WindowRows; 3],
    from: &View,
    x: &[f32],
    y: &mut [f32],
) {
    let [depth, height, width] = spans;
    let strides = from.buffer.strides();
    // The mean of an empty window is zero.
    #[expect(clippy::cast_precision_loss, reason = "a number of taps")]
    let factor = 1.0 / (depth.divisor * height.divisor * width.divisor).max(1) as f32;
    let first = [simd.splat(if MAX { f32::NEG_INFINITY } else { 0.0 }); V];
    let mut sum = first;
    for i in 0..depth.count {
        for j in 0..height.count {
            let row = i * depth.step * strides[0] + j * height.step * strides[1];
            // Sums of partial sums accumulate fewer rounding errors.
            let mut of_row = first;
            for k in 0..width.count {
                let x = &x[row + k * width.step * strides[2]..];
                for v in 0..V {
                    let x = simd.load_some(&x[v * S::LANES..], y.len() - v * S::LANES);
                    of_row[v] = if MAX { simd.larger(x, of_row[v]) } else { simd.add(x, of_row[v]) };
                }
            }
            for v in 0..V {
                sum[v] = if MAX { simd.larger(of_row[v], sum[v]) } else { simd.add(of_row[v], sum[v]) };
            }
        }
    }
    for v in 0..V {
        let result = if MAX { sum[v] } else { simd.mul(sum[v], simd.splat(factor)) };
        let count = y.len() - v * S::LANES;
        simd.store_some(result, &mut y[v * S::LANES..], count);
    }
}

/// The gradient of a pooling layer's input. A mean divides its gradient among its elements; a maximum gives it to the
/// first of the largest.
#[cfg(feature = "train")]
pub(super) struct PoolBack<'a> {
    pub(super) windows: &'a Windows,
    pub(super) samples: usize,
    /// The input, the output and its gradient, each from the first sample on.
    pub(super) x: (&'a View, &'a [f32]),
    pub(super) y: (&'a View, &'a [f32]),
    pub(super) dy: (&'a View, &'a [f32]),
    pub(super) dx: (&'a View, &'a mut [f32]),
}

#[cfg(feature = "train")]
impl Kernel for PoolBack<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PoolBack { windows, samples, x: (x_view, x), y: (y_view, y), dy: (dy_view, dy), dx: (to, dx) } = self;
        let [ds, hs, ws] = &windows.spans;
        dx[..samples * to.buffer.sample()].fill(0.0);
        for n in 0..samples {
            for (d, ds) in ds.iter().enumerate() {
                for (h, hs) in hs.iter().enumerate() {
                    let rows = [x_view, to].map(|view| n * view.buffer.sample() + view.at([ds.first, hs.first, 0]));
                    let own = [y_view, dy_view].map(|view| n * view.buffer.sample() + view.at([d, h, 0]));
                    for (w, ws) in ws.iter().enumerate() {
                        let spans = [ds, hs, ws];
                        let x = &x[rows[0] + ws.first * x_view.buffer.width..];
                        let dx = &mut dx[rows[1] + ws.first * to.buffer.width..];
                        let y = &y[own[0] + w * y_view.buffer.width..];
                        let dy = &dy[own[1] + w * dy_view.buffer.width..];
                        match windows.kind {
                            PoolKind::Max => back::<S, true>(simd, spans, [x_view, to], x, y, dy, dx),
                            PoolKind::Avg => back::<S, false>(simd, spans, [x_view, to], x, y, dy, dx),
                        }
                    }
                }
            }
        }
    }
}

/// Adds the gradients of one window.
#[cfg(feature = "train")]
#[inline(always)]
fn back<S: Simd, const MAX: bool>(
    simd: S,
    [depth, height, width]: [&WindowRows; 3],
    [from, to]: [&View; 2],
    x: &[f32],
    y: &[f32],
    dy: &[f32],
    dx: &mut [f32],
) {
    let (x_strides, strides) = (from.buffer.strides(), to.buffer.strides());
    #[expect(clippy::cast_precision_loss, reason = "a number of taps")]
    let factor = 1.0 / (depth.divisor * height.divisor * width.divisor) as f32;
    let zero = simd.splat(0.0);
    for channel in (0..to.channels).step_by(S::LANES) {
        let count = S::LANES.min(to.channels - channel);
        let (y, dy) = (simd.load_some(&y[channel..], count), simd.load_some(&dy[channel..], count));
        // For a maximum, the lanes whose largest element has not been found yet.
        let mut rest = if MAX { dy } else { simd.mul(dy, simd.splat(factor)) };
        for i in 0..depth.count {
            for j in 0..height.count {
                for k in 0..width.count {
                    let taps = [i * depth.step, j * height.step, k * width.step];
                    let at = |strides: [usize; 3]| taps[0] * strides[0] + taps[1] * strides[1] + taps[2] * strides[2];
                    let place = at(strides) + channel;
                    let mut own = rest;
                    if MAX {
                        let x = simd.load_some(&x[at(x_strides) + channel..], count);
                        own = simd.select(y, x, zero, rest);
                        rest = simd.sub(rest, own);
                    }
                    let sum = simd.add(simd.load_some(&dx[place..], count), own);
                    simd.store_some(sum, &mut dx[place..][..count], count);
                }
            }
        }
    }
}

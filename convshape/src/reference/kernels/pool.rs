//! Pooling: sliding windows, windows that divide the input, and pooling over all positions.

use convshape_arith::axis::Window;
use convshape_arith::op::{MAX_SPATIAL, PerAxis, Pool, PoolKind};

use super::layout::{ChannelLayout, SpatialLayout};
use super::number::Number;

/// The rows of one axis in a window: from `start` below `end`, with stride `step`.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    start: usize,
    end: usize,
    step: usize,
    /// The rows that the divisor of a mean counts.
    pub(super) counted: usize,
}

impl Span {
    /// The first row.
    pub fn start(self) -> usize {
        self.start
    }

    /// The rows that the divisor of a mean counts.
    pub fn counted(self) -> usize {
        self.counted
    }

    pub(super) fn rows(self) -> impl Iterator<Item = usize> {
        (self.start..self.end).step_by(self.step)
    }

    /// The rows of an axis of `size` rows in window `row`.
    pub fn sliding(window: &Window, count_include_pad: bool, row: usize, size: usize) -> Span {
        let Window { kernel, stride, dilation, lo, hi, .. } = *window;
        let first = row as i64 * stride - lo;
        let inside = |low, high| (0..kernel).filter(move |tap| (low..high).contains(&(first + tap * dilation)));
        let size = size as i64;
        let to_usize = |row: i64| usize::try_from(row).unwrap_or(0);
        let held = inside(0, size).count();
        // A window may extend past the padded input (`ceil_mode`); those rows never count.
        let counted = if count_include_pad { inside(-lo, size + hi).count() } else { held };
        let start = inside(0, size).next().map_or(0, |tap| to_usize(first + tap * dilation));
        let step = to_usize(dilation);
        Span { start, end: start + held * step, step, counted }
    }

    /// Share `row` of `shares` of an axis with `size` rows: from `floor(row * size / shares)` to `ceil((row + 1) * size
    /// / shares)`. Neighbouring shares overlap if `shares` does not divide `size`.
    pub fn adaptive(row: usize, shares: usize, size: usize) -> Span {
        let (start, end) = (row * size / shares, ((row + 1) * size).div_ceil(shares));
        Span { start, end, step: 1, counted: end - start }
    }
}

/// A pooling layer; `windows` has its window along each axis.
pub(super) fn sliding<T: Number>(
    pool: &Pool,
    windows: &PerAxis<Window>,
    input: &SpatialLayout,
    x: &[T],
    output: &SpatialLayout,
    y: &mut [T],
) {
    let span = |axis: usize, row| Span::sliding(&windows[axis], pool.count_include_pad, row, input.sizes[axis]);
    reduce(pool.kind, span, input, x, output, y);
}

/// Pooling to the output's size.
pub(super) fn adaptive<T: Number>(kind: PoolKind, input: &SpatialLayout, x: &[T], output: &SpatialLayout, y: &mut [T]) {
    let span = |axis: usize, row| Span::adaptive(row, output.sizes[axis], input.sizes[axis]);
    reduce(kind, span, input, x, output, y);
}

/// The mean or maximum of each channel.
pub(super) fn global<T: Number>(kind: PoolKind, input: &ChannelLayout, x: &[T], y: &mut [T]) {
    for (channel, y) in y.iter_mut().enumerate() {
        let values = (0..input.positions).map(|position| x[input.at(channel, position)].get());
        *y = T::of(match kind {
            PoolKind::Max => values.fold(f64::NEG_INFINITY, larger),
            PoolKind::Avg => values.sum::<f64>() / input.positions as f64,
        });
    }
}

/// Puts the elements of `x` where a max pooling found its maxima in `pooled`, with zeros elsewhere. If windows share an
/// element, the last one wins. `input` is the shape of the pooling's output, `output` that of its input.
pub(super) fn unpool<T: Number>(
    windows: &PerAxis<Window>,
    [input, output]: [&SpatialLayout; 2],
    x: &[T],
    pooled: &[T],
    y: &mut [T],
) {
    y.fill(T::of(0.0));
    found(windows, [input, output], pooled, |from, to| y[to] = x[from]);
}

/// Pairs of indices into a max pooling's output and input, in the order of the output: where each maximum was found.
pub(super) fn found<T: Number>(
    windows: &PerAxis<Window>,
    [output, input]: [&SpatialLayout; 2],
    x: &[T],
    mut each: impl FnMut(usize, usize),
) {
    for position in output.positions() {
        let span = |axis: usize| Span::sliding(&windows[axis], false, position[axis], input.sizes[axis]);
        let spans: PerAxis<Span> = core::array::from_fn(span);
        for channel in 0..output.channels {
            if let Some(place) = largest(elements(&spans).map(|source| input.at(channel, source)), x) {
                each(output.at(channel, position), place);
            }
        }
    }
}

/// The index of the first of the largest elements, or of the last NaN.
pub(super) fn largest<T: Number>(places: impl Iterator<Item = usize>, x: &[T]) -> Option<usize> {
    places.reduce(|best, place| {
        let (a, b) = (x[best].get(), x[place].get());
        if b > a || b.is_nan() { place } else { best }
    })
}

fn reduce<T: Number>(
    kind: PoolKind,
    span: impl Fn(usize, usize) -> Span,
    input: &SpatialLayout,
    x: &[T],
    output: &SpatialLayout,
    y: &mut [T],
) {
    for position in output.positions() {
        let mut spans = [Span { start: 0, end: 1, step: 1, counted: 1 }; MAX_SPATIAL];
        for axis in 0..MAX_SPATIAL {
            spans[axis] = span(axis, position[axis]);
        }
        for channel in 0..output.channels {
            let values = elements(&spans).map(|source| x[input.at(channel, source)].get());
            y[output.at(channel, position)] = T::of(match kind {
                PoolKind::Max => values.fold(f64::NEG_INFINITY, larger),
                PoolKind::Avg => mean(values, spans.iter().map(|span| span.counted).product()),
            });
        }
    }
}

pub(super) fn elements(spans: &PerAxis<Span>) -> impl Iterator<Item = PerAxis<usize>> {
    let [depth, height, width] = *spans;
    depth.rows().flat_map(move |d| height.rows().flat_map(move |h| width.rows().map(move |w| [d, h, w])))
}

/// The larger of two numbers; NaN if either is.
fn larger(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// The mean of an empty window is zero.
fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    if count == 0 { 0.0 } else { values.sum::<f64>() / count as f64 }
}

/// Pooling: a mean divides its gradient among its elements, a maximum gives it to the first of the largest.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use convshape_arith::axis::Window;
    use convshape_arith::op::{MAX_SPATIAL, PerAxis, Pool, PoolKind};

    use super::{Span, elements, found, largest};
    use crate::reference::kernels::layout::{ChannelLayout, SpatialLayout};
    use crate::reference::kernels::number::Real;

    pub(in crate::reference::kernels) fn sliding<T: Real>(
        pool: &Pool,
        windows: &PerAxis<Window>,
        [input, output]: [&SpatialLayout; 2],
        x: &[T],
        dy: &[T],
        dx: &mut [T],
    ) {
        let span = |axis: usize, row| Span::sliding(&windows[axis], pool.count_include_pad, row, input.sizes[axis]);
        spread(pool.kind, span, [input, output], x, dy, dx);
    }

    pub(in crate::reference::kernels) fn adaptive<T: Real>(
        kind: PoolKind,
        [input, output]: [&SpatialLayout; 2],
        x: &[T],
        dy: &[T],
        dx: &mut [T],
    ) {
        let span = |axis: usize, row| Span::adaptive(row, output.sizes[axis], input.sizes[axis]);
        spread(kind, span, [input, output], x, dy, dx);
    }

    pub(in crate::reference::kernels) fn global<T: Real>(
        kind: PoolKind,
        input: &ChannelLayout,
        x: &[T],
        dy: &[T],
        dx: &mut [T],
    ) {
        for (channel, dy) in dy.iter().enumerate() {
            if kind == PoolKind::Max {
                let places = (0..input.positions).map(|position| input.at(channel, position));
                if let Some(place) = largest(places, x) {
                    dx[place] += *dy;
                }
                continue;
            }
            let share = T::of(dy.get() / input.positions as f64);
            for position in 0..input.positions {
                dx[input.at(channel, position)] += share;
            }
        }
    }

    /// `input` is the shape of the pooling's output, `output` that of its input.
    pub(in crate::reference::kernels) fn unpool<T: Real>(
        windows: &PerAxis<Window>,
        [input, output]: [&SpatialLayout; 2],
        pooled: &[T],
        dy: &[T],
        dx: &mut [T],
    ) {
        found(windows, [input, output], pooled, |from, to| dx[from] += dy[to]);
    }

    fn spread<T: Real>(
        kind: PoolKind,
        span: impl Fn(usize, usize) -> Span,
        [input, output]: [&SpatialLayout; 2],
        x: &[T],
        dy: &[T],
        dx: &mut [T],
    ) {
        for position in output.positions() {
            let spans: PerAxis<Span> = core::array::from_fn::<_, MAX_SPATIAL, _>(|axis| span(axis, position[axis]));
            let counted: usize = spans.iter().map(|span| span.counted).product();
            for channel in 0..output.channels {
                let places = elements(&spans).map(|source| input.at(channel, source));
                let dy = dy[output.at(channel, position)];
                match kind {
                    PoolKind::Max => {
                        if let Some(place) = largest(places, x) {
                            dx[place] += dy;
                        }
                    }
                    PoolKind::Avg => places.for_each(|place| dx[place] += T::of(dy.get() / counted as f64)),
                }
            }
        }
    }
}

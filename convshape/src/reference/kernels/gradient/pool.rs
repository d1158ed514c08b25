//! Pooling: a mean divides its gradient among its elements, a maximum gives it to the first of the largest.

use convshape_arith::axis::Window;
use convshape_arith::op::{MAX_SPATIAL, PerAxis, Pool, PoolKind};

use super::Real;
use crate::reference::kernels::layout::{ChannelLayout, SpatialLayout};
use crate::reference::kernels::pool::{Span, elements, found, largest};

pub(super) fn sliding<T: Real>(
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

pub(super) fn adaptive<T: Real>(kind: PoolKind, [input, output]: [&SpatialLayout; 2], x: &[T], dy: &[T], dx: &mut [T]) {
    let span = |axis: usize, row| Span::adaptive(row, output.sizes[axis], input.sizes[axis]);
    spread(kind, span, [input, output], x, dy, dx);
}

pub(super) fn global<T: Real>(kind: PoolKind, input: &ChannelLayout, x: &[T], dy: &[T], dx: &mut [T]) {
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
pub(super) fn unpool<T: Real>(
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

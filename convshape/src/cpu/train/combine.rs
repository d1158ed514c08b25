//! Sums and products of values, which broadcast over axes of size 1.

use std::ops::Range;
use std::vec::Vec;

use super::{Machine, elements};
use crate::cpu::buffer::{Buffer, SLACK, View};
use crate::cpu::elementwise::{Binary, Combine, Operand};
use crate::cpu::math::Epilogue;
use crate::cpu::simd::{Kernel, Sets, Simd};

/// A value of a batch.
type ViewOf<'a> = (&'a View, &'a [f32]);

/// The sum or product of all operands, then an activation.
pub(super) fn forward(
    on: Machine,
    samples: usize,
    how: (Binary, Epilogue),
    operands: &[ViewOf<'_>],
    (to, y): (&View, &mut [f32]),
) {
    let Some((first, rest)) = operands.split_first() else { return };
    combine(on, samples, how, *first, rest, (to, y));
}

/// Combines the first operand with each of the others in turn.
fn combine(
    on: Machine,
    samples: usize,
    (by, epilogue): (Binary, Epilogue),
    first: ViewOf<'_>,
    others: &[ViewOf<'_>],
    (to, y): (&View, &mut [f32]),
) {
    let Some((second, rest)) = others.split_first() else {
        return elements::each(on, samples, first, (to, y), [&[], &[]], epilogue);
    };
    let operand = |(view, x)| Operand { view, x };
    let how = |left: usize| (by, if left == 0 { epilogue } else { Epilogue::None });
    let first = Some(operand(first));
    Combine::spread((on.level, on.threads), samples, first, operand(*second), how(rest.len()), (to, &mut *y));
    for (index, other) in rest.iter().enumerate() {
        let how = how(rest.len() - 1 - index);
        Combine::spread((on.level, on.threads), samples, None, operand(*other), how, (to, &mut *y));
    }
}

/// The gradient of an operand, summed over the axes along which the operand was broadcast. `others` are the other
/// factors of a product; a sum has none.
pub(super) fn backward(
    on: Machine,
    samples: usize,
    (from, dy): ViewOf<'_>,
    others: &[ViewOf<'_>],
    (to, dx): (&View, &mut [f32]),
    room: &mut Vec<f32>,
) {
    if to.grid() == from.grid() {
        return combine(on, samples, (Binary::Mul, Epilogue::None), (from, dy), others, (to, dx));
    }
    if others.is_empty() {
        return reduce(on, samples, (from, dy), (to, dx));
    }
    let whole = View { buffer: Buffer::new(&from.grid()), channel: 0, ..*from };
    room.resize(samples * whole.buffer.sample() + SLACK, 0.0);
    combine(on, samples, (Binary::Mul, Epilogue::None), (from, dy), others, (&whole, room));
    reduce(on, samples, (&whole, room), (to, dx));
}

/// Sums a value over the axes along which another has size 1.
fn reduce(on: Machine, samples: usize, (from, x): ViewOf<'_>, (to, y): (&View, &mut [f32])) {
    let sample = to.buffer.sample();
    if sample == 0 {
        return;
    }
    let work = 2 * samples * from.grid().elements();
    on.threads.pieces(&mut y[..samples * sample], work, &|at| at / sample * sample, &|first, y| {
        let samples = first / sample..(first + y.len()) / sample;
        on.level.run(SumOver { samples, from, x, to, y });
    });
}

struct SumOver<'a> {
    samples: Range<usize>,
    from: &'a View,
    x: &'a [f32],
    to: &'a View,
    /// The output, from the first of these samples on.
    y: &'a mut [f32],
}

impl Kernel for SumOver<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let SumOver { samples, from, x, to, y } = self;
        let ([depth, height, width], size) = (from.buffer.size, to.buffer.size);
        // How many positions of a row are summed, and how many such sums a row has.
        let (each, count) = if size[2] == width { (1, width) } else { (width, 1) };
        for (sample, y) in samples.zip(y.chunks_exact_mut(to.buffer.sample())) {
            y.fill(0.0);
            for row in 0..depth * height {
                let x = &x[from.row(sample * depth * height + row)..];
                let own = [if size[0] == 1 { 0 } else { row / height }, if size[1] == 1 { 0 } else { row % height }, 0];
                let start = to.at(own);
                for sum in 0..count {
                    let x = &x[sum * from.buffer.width..];
                    let y = &mut y[start + sum * to.buffer.width..];
                    if to.channels == from.channels {
                        add_positions(simd, x, [each, from.buffer.width], &mut y[..to.channels]);
                    } else {
                        let positions = (0..each).map(|at| &x[at * from.buffer.width..][..from.channels]);
                        y[0] += positions.map(|x| x.iter().sum::<f32>()).sum::<f32>();
                    }
                }
            }
        }
    }
}

/// Adds up neighbouring positions with stride `step`.
#[inline(always)]
fn add_positions<S: Simd>(simd: S, x: &[f32], [count, step]: [usize; 2], y: &mut [f32]) {
    for channel in (0..y.len()).step_by(S::LANES) {
        let some = S::LANES.min(y.len() - channel);
        let mut sum = simd.splat(0.0);
        for at in 0..count {
            sum = simd.add(sum, simd.load_some(&x[at * step + channel..], some));
        }
        let y = &mut y[channel..][..some];
        simd.store_some(simd.add(simd.load_some(y, some), sum), y, some);
    }
}

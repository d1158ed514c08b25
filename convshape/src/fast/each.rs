//! Steps that take each position by itself: copies, element-wise functions, sums.

use std::ops::Range;

use convshape_arith::op::PerAxis;

use super::buffer::View;
use super::math::Finish;
use super::simd::{Kernel, Sets, Simd};
use super::threads::Threads;

/// What one thread computes of a step with one input.
pub(super) struct Share<'a> {
    pub(super) samples: Range<usize>,
    pub(super) from: &'a View,
    pub(super) x: &'a [f32],
    /// Rows of the output, and the first of them.
    pub(super) to: View,
    pub(super) start: PerAxis<usize>,
    pub(super) units: Range<usize>,
    /// What is written, from `base` on.
    pub(super) y: &'a mut [f32],
    pub(super) base: usize,
}

/// Runs a step on as many threads as pay, at `work` multiply-adds an element.
pub(super) fn spread(
    threads: Threads,
    work: usize,
    samples: usize,
    (from, x): (&View, &[f32]),
    (to, y): (&View, &mut [f32]),
    step: &(dyn Fn(Share<'_>) + Sync),
) {
    to.spread().run(threads, work * to.grid().elements(), samples, y, &|y, base, samples, units| {
        let (to, start) = to.share(&units);
        step(Share { samples, from, x, to, start, units, y, base });
    });
}

/// The stretches of neighbours that input and output, of one size, have in common.
#[derive(Clone, Copy)]
pub(super) struct Stretches<'a> {
    from: View,
    to: View,
    first: usize,
    base: usize,
    /// Stretches of a row, how many there are in all, and their length.
    pieces: usize,
    pub(super) count: usize,
    length: usize,
    x: &'a [f32],
}

impl<'a> Stretches<'a> {
    #[inline(always)]
    pub(super) fn new(share: &Share<'a>) -> Stretches<'a> {
        let (from, _) = share.from.share(&share.units);
        let (to, base, x) = (share.to, share.base, share.x);
        let [depth, height, width] = to.buffer.size;
        let whole = from.buffer.width == to.channels && to.buffer.width == to.channels;
        let pieces = if whole { 1 } else { width };
        let count = share.samples.len() * depth * height * pieces;
        let first = share.samples.start * depth * height;
        Stretches { from, to, first, base, pieces, count, length: width * to.channels / pieces, x }
    }

    /// A stretch to read, and where to write.
    #[inline(always)]
    pub(super) fn get(&self, index: usize) -> (&'a [f32], Range<usize>) {
        let (row, piece) = (self.first + index / self.pieces, index % self.pieces);
        let y = self.to.row(row) + piece * self.to.buffer.width - self.base;
        (&self.x[self.from.row(row) + piece * self.from.buffer.width..][..self.length], y..y + self.length)
    }
}

/// `finish(scale * x + shift)` with a factor and a constant for each channel; none is the identity.
pub(super) struct Each<'a> {
    pub(super) share: Share<'a>,
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    pub(super) finish: Finish,
}

impl Kernel for Each<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Each { share, scale, shift, finish } = self;
        let stretches = Stretches::new(&share);
        for index in 0..stretches.count {
            let (x, place) = stretches.get(index);
            let y = &mut share.y[place];
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
    pub(super) share: Share<'a>,
    pub(super) finish: Finish,
}

impl Kernel for Add<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Add { share, finish } = self;
        let stretches = Stretches::new(&share);
        for index in 0..stretches.count {
            let (x, place) = stretches.get(index);
            let y = &mut share.y[place];
            for (y, x) in y.iter_mut().zip(x) {
                *y += *x;
            }
            finish.all(simd, y);
        }
    }
}

//! Elementwise steps: copies, functions of each element, sums and products of values.

use std::ops::Range;

use convshape_arith::op::{Op, PerAxis};

use super::buffer::View;
use super::math::Epilogue;
use super::simd::{Kernel, Level, MOST_LANES, Simd};
use super::threads::{Spread, Threads};
use super::tuning::BLOCK;

/// One thread's share of a step with one input.
pub(super) struct ElementShare<'a> {
    pub(super) samples: Range<usize>,
    pub(super) from: &'a View,
    pub(super) x: &'a [f32],
    /// The view of this share of the output, and its first row.
    pub(super) to: View,
    pub(super) start: PerAxis<usize>,
    pub(super) units: Range<usize>,
    /// The output's elements from `base` on.
    pub(super) y: &'a mut [f32],
    pub(super) base: usize,
}

/// Runs a step of `work` multiply-adds per element on as many threads as are worth waking.
pub(super) fn spread(
    threads: Threads,
    work: usize,
    samples: usize,
    (from, x): (&View, &[f32]),
    (to, y): (&View, &mut [f32]),
    step: &(dyn Fn(ElementShare<'_>) + Sync),
) {
    to.spread().run(threads, work * to.grid().elements(), samples, y, &|y, base, samples, units| {
        let (to, start) = to.share(&units);
        step(ElementShare { samples, from, x, to, start, units, y, base });
    });
}

/// Like [`spread`] for a single position: threads share its channels.
pub(super) fn spread_channels(
    threads: Threads,
    work: usize,
    samples: usize,
    (from, x): (&View, &[f32]),
    (to, y): (&View, &mut [f32]),
    step: &(dyn Fn(ElementShare<'_>) + Sync),
) {
    /// Channels that are computed together.
    const BLOCK: usize = 4 * MOST_LANES;
    let units = to.channels.div_ceil(BLOCK);
    let spread = Spread { sample: to.buffer.sample(), units, origin: to.at([0; 3]), step: BLOCK };
    spread.run(threads, work * to.channels, samples, y, &|y, base, samples, units| {
        let first = units.start * BLOCK;
        let channels = to.channels.min(units.end * BLOCK) - first;
        let some = |view: &View| View { channel: view.channel + first, channels, ..*view };
        let (from, to) = (some(from), some(to));
        step(ElementShare { samples, from: &from, x, to, start: [0; 3], units: 0..1, y, base });
    });
}

/// The contiguous runs that an input and an output of the same size have in common.
#[derive(Clone, Copy)]
pub(super) struct RunPairs<'a> {
    from: View,
    to: View,
    first: usize,
    base: usize,
    /// Runs per row, the number of all runs, and their length in elements.
    pieces: usize,
    pub(super) count: usize,
    length: usize,
    x: &'a [f32],
}

impl<'a> RunPairs<'a> {
    #[inline(always)]
    pub(super) fn new(share: &ElementShare<'a>) -> RunPairs<'a> {
        let (from, _) = share.from.share(&share.units);
        let (to, base, x) = (share.to, share.base, share.x);
        let [depth, height, width] = to.buffer.size;
        let whole = from.buffer.width == to.channels && to.buffer.width == to.channels;
        let pieces = if whole { 1 } else { width };
        let count = share.samples.len() * depth * height * pieces;
        let first = share.samples.start * depth * height;
        RunPairs { from, to, first, base, pieces, count, length: width * to.channels / pieces, x }
    }

    /// The sample of a run.
    #[inline(always)]
    fn sample(&self, index: usize) -> usize {
        (self.first + index / self.pieces) / (self.to.buffer.size[0] * self.to.buffer.size[1])
    }

    /// A run of the input, and the same run of the output.
    #[inline(always)]
    pub(super) fn get(&self, index: usize) -> (&'a [f32], Range<usize>) {
        let (row, piece) = (self.first + index / self.pieces, index % self.pieces);
        let y = self.to.row(row) + piece * self.to.buffer.width - self.base;
        (&self.x[self.from.row(row) + piece * self.from.buffer.width..][..self.length], y..y + self.length)
    }
}

/// `epilogue(scale * x + shift)`, with a scale and a shift for each channel or for each channel of each sample. Without
/// them it is `epilogue(x)`.
pub(super) struct Each<'a> {
    pub(super) share: ElementShare<'a>,
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    pub(super) by_sample: bool,
    pub(super) epilogue: Epilogue,
}

impl Kernel for Each<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Each { share, scale, shift, by_sample, epilogue } = self;
        let stretches = RunPairs::new(&share);
        let channels = share.to.channels;
        let block = (BLOCK / channels.max(1)).max(1) * channels;
        for index in 0..stretches.count {
            let (x, place) = stretches.get(index);
            let y = &mut share.y[place];
            let first = if by_sample { stretches.sample(index) * channels } else { 0 };
            for (x, y) in x.chunks(block.max(1)).zip(y.chunks_mut(block.max(1))) {
                if scale.is_empty() {
                    y.copy_from_slice(x);
                } else {
                    lines(simd, [&scale[first..][..channels], &shift[first..][..channels]], (x, channels), y);
                }
                epilogue.all(simd, y);
            }
        }
    }
}

/// `scale * x + shift` with a scale and a shift for each channel. The positions of `x` are `step` elements apart, those
/// of `y` follow one another.
#[inline(always)]
pub(super) fn lines<S: Simd>(simd: S, [scale, shift]: [&[f32]; 2], (x, step): (&[f32], usize), y: &mut [f32]) {
    let channels = scale.len();
    if channels < S::LANES {
        for (x, y) in x.chunks(step).zip(y.chunks_exact_mut(channels)) {
            for (((y, x), scale), shift) in y.iter_mut().zip(x).zip(scale).zip(shift) {
                *y = *x * scale + shift;
            }
        }
        return;
    }
    let positions = y.len() / channels;
    for channel in (0..channels).step_by(S::LANES) {
        // The last vector may overlap the one before it.
        let channel = channel.min(channels - S::LANES);
        let [scale, shift] = [simd.load(&scale[channel..]), simd.load(&shift[channel..])];
        for at in 0..positions {
            let sum = simd.mul_add(simd.load(&x[at * step + channel..]), scale, shift);
            simd.store(sum, &mut y[at * channels + channel..]);
        }
    }
}

/// Multiplies negative elements by the slope of their channel.
pub(super) struct Slopes<'a> {
    pub(super) share: ElementShare<'a>,
    pub(super) slopes: &'a [f32],
}

impl Kernel for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Slopes { share, slopes } = self;
        let stretches = RunPairs::new(&share);
        let channels = slopes.len();
        for index in 0..stretches.count {
            let (x, place) = stretches.get(index);
            for (x, y) in x.chunks_exact(channels).zip(share.y[place].chunks_exact_mut(channels)) {
                for ((y, x), slope) in y.iter_mut().zip(x).zip(slopes) {
                    *y = if *x > 0.0 { *x } else { *x * slope };
                }
            }
        }
    }
}

/// Elements that are written out at a time.
const WIDE: usize = 128;

/// A function of two elements.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Maximum,
    Minimum,
}

impl Binary {
    /// `None` if a layer does not combine values element by element.
    pub(super) fn of(op: &Op) -> Option<Binary> {
        match op {
            Op::Add => Some(Binary::Add),
            Op::Sub => Some(Binary::Sub),
            Op::Mul => Some(Binary::Mul),
            Op::Div => Some(Binary::Div),
            Op::Maximum => Some(Binary::Maximum),
            Op::Minimum => Some(Binary::Minimum),
            _ => None,
        }
    }

    /// `y = by(a, b)`; an operand with a single element broadcasts.
    #[inline(always)]
    fn pairs(self, a: &[f32], b: &[f32], y: &mut [f32]) {
        match self {
            Binary::Add => pairs(a, b, y, |a, b| a + b),
            Binary::Sub => pairs(a, b, y, |a, b| a - b),
            Binary::Mul => pairs(a, b, y, |a, b| a * b),
            Binary::Div => pairs(a, b, y, |a, b| a / b),
            Binary::Maximum => pairs(a, b, y, |a, b| if b > a || b.is_nan() { b } else { a }),
            Binary::Minimum => pairs(a, b, y, |a, b| if b < a || b.is_nan() { b } else { a }),
        }
    }

    /// `y = by(y, b)`; a `b` with a single element broadcasts.
    #[inline(always)]
    fn onto(self, b: &[f32], y: &mut [f32]) {
        match self {
            Binary::Add => onto(b, y, |y, b| y + b),
            Binary::Sub => onto(b, y, |y, b| y - b),
            Binary::Mul => onto(b, y, |y, b| y * b),
            Binary::Div => onto(b, y, |y, b| y / b),
            Binary::Maximum => onto(b, y, |y, b| if b > y || b.is_nan() { b } else { y }),
            Binary::Minimum => onto(b, y, |y, b| if b < y || b.is_nan() { b } else { y }),
        }
    }
}

#[inline(always)]
fn pairs(a: &[f32], b: &[f32], y: &mut [f32], by: impl Fn(f32, f32) -> f32) {
    match (a.len() == y.len(), b.len() == y.len()) {
        (true, true) => y.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y = by(*a, *b)),
        (true, false) => y.iter_mut().zip(a).for_each(|(y, a)| *y = by(*a, b[0])),
        (false, true) => y.iter_mut().zip(b).for_each(|(y, b)| *y = by(a[0], *b)),
        (false, false) => y.fill(by(a[0], b[0])),
    }
}

#[inline(always)]
fn onto(b: &[f32], y: &mut [f32], by: impl Fn(f32, f32) -> f32) {
    match b.len() == y.len() {
        true => y.iter_mut().zip(b).for_each(|(y, b)| *y = by(*y, *b)),
        false => y.iter_mut().for_each(|y| *y = by(*y, b[0])),
    }
}

/// An operand of such a function. An axis of size 1 broadcasts.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    pub(super) view: &'a View,
    pub(super) x: &'a [f32],
}

impl<'a> Operand<'a> {
    /// The offset of a row.
    #[inline(always)]
    fn row(&self, sample: usize, position: PerAxis<usize>) -> usize {
        let size = self.view.buffer.size;
        let own = [0, 1, 2].map(|axis| if size[axis] == 1 { 0 } else { position[axis] });
        sample * self.view.buffer.sample() + self.view.at(own)
    }

    /// The elements of some positions of a row, one after the other.
    #[inline(always)]
    fn written_out<'b>(
        &self,
        sample: usize,
        row: PerAxis<usize>,
        positions: &Range<usize>,
        channels: usize,
        room: &'b mut [f32; WIDE],
    ) -> &'b [f32]
    where
        'a: 'b,
    {
        let x = &self.x[self.row(sample, row) + positions.start * self.step()..];
        let count = positions.len() * channels;
        if self.view.channels == channels && self.step() == channels {
            return &x[..count];
        }
        let room = &mut room[..count];
        for (at, to) in room.chunks_exact_mut(channels).enumerate() {
            let x = &x[at * self.step()..];
            for (channel, to) in to.iter_mut().enumerate() {
                *to = x[if self.view.channels == channels { channel } else { 0 }];
            }
        }
        room
    }

    /// The stride from position to position, in elements.
    #[inline(always)]
    fn step(&self) -> usize {
        if self.view.buffer.size[2] == 1 { 0 } else { self.view.buffer.width }
    }
}

/// `epilogue(by(a, b))`; without `a`, `y` is the first operand.
pub(super) struct Combine<'a> {
    pub(super) a: Option<Operand<'a>>,
    pub(super) b: Operand<'a>,
    pub(super) by: Binary,
    pub(super) epilogue: Epilogue,
    pub(super) samples: Range<usize>,
    /// The view of this share of the output, its first row, and the output's elements from `base` on.
    pub(super) to: View,
    pub(super) start: PerAxis<usize>,
    pub(super) y: &'a mut [f32],
    pub(super) base: usize,
}

impl Combine<'_> {
    /// Runs it on as many threads as are worth waking.
    pub(super) fn spread(
        on: (Level, Threads),
        samples: usize,
        a: Option<Operand<'_>>,
        b: Operand<'_>,
        (by, epilogue): (Binary, Epilogue),
        (to, y): (&View, &mut [f32]),
    ) {
        let work = epilogue.work() * to.grid().elements();
        to.spread().run(on.1, work, samples, y, &|y, base, samples, units| {
            let (to, start) = to.share(&units);
            on.0.run(Combine { a, b, by, epilogue, samples, to, start, y, base });
        });
    }
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Combine { a, b, by, epilogue, samples, to, start, y, base } = self;
        let [depth, height, width] = to.buffer.size;
        let channels = to.channels;
        let even = |view: &View| view.channels == channels && view.buffer.size[2] == width.max(view.buffer.size[2]);
        let packed =
            |view: &View| even(view) && view.buffer.width == channels && (width == 1 || view.buffer.size[2] > 1);
        let row = packed(b.view) && to.buffer.width == channels && a.is_none_or(|a| packed(a.view));
        // A whole row at once, or position by position.
        let (count, length) = if row { (1, width * channels) } else { (width, channels) };
        // With few channels several positions at once, after what broadcasts is written out.
        let few = !row && to.buffer.width == channels && (1..S::LANES).contains(&channels);
        let block = WIDE / channels.max(1);
        let whole = to.buffer.width == channels;
        let mut wide = [[0.0; WIDE]; 2];
        for sample in samples {
            for d in 0..depth {
                for h in 0..height {
                    let own = [start[0] + d, start[1] + h, start[2]];
                    let y_row = sample * to.buffer.sample() + to.at([d, h, 0]) - base;
                    if few {
                        for first in (0..width).step_by(block) {
                            let positions = first..width.min(first + block);
                            let y = &mut y[y_row + first * channels..][..positions.len() * channels];
                            let [a_wide, b_wide] = &mut wide;
                            let b_x = b.written_out(sample, own, &positions, channels, b_wide);
                            match a {
                                None => by.onto(b_x, y),
                                Some(a) => {
                                    let a_x = a.written_out(sample, own, &positions, channels, a_wide);
                                    by.pairs(a_x, b_x, y);
                                }
                            }
                            epilogue.all(simd, y);
                        }
                        continue;
                    }
                    for w in 0..count {
                        let place = |operand: &Operand<'_>| operand.row(sample, own) + w * operand.step();
                        let y = &mut y[y_row + w * to.buffer.width..][..length];
                        let b_x = &b.x[place(&b)..];
                        let b_x = if b.view.channels == channels { &b_x[..length] } else { &b_x[..1] };
                        match a {
                            None => by.onto(b_x, y),
                            Some(a) => {
                                let a_x = &a.x[place(&a)..];
                                let a_x = if a.view.channels == channels { &a_x[..length] } else { &a_x[..1] };
                                by.pairs(a_x, b_x, y);
                            }
                        }
                        if !whole {
                            epilogue.all(simd, y);
                        }
                    }
                    if whole {
                        epilogue.all(simd, &mut y[y_row..][..width * channels]);
                    }
                }
            }
        }
    }
}

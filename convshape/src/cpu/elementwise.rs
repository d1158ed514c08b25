//! Elementwise steps: copies, functions of each element, sums and products of values.

use std::ops::Range;

use convshape_arith::op::{Op, PerAxis};

use super::buffer::View;
use super::math::Epilogue;
use super::relayout::copy;
use super::simd::{Kernel, Level, Simd};
use super::threads::{Spread, Threads};
use super::tuning::{BLOCK, CHANNELS, WRITTEN_OUT as WIDE};

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
    let units = to.channels.div_ceil(CHANNELS);
    let spread = Spread { sample: to.buffer.sample(), units, origin: to.at([0; 3]), step: CHANNELS };
    spread.run(threads, work * to.channels, samples, y, &|y, base, samples, units| {
        let first = units.start * CHANNELS;
        let channels = to.channels.min(units.end * CHANNELS) - first;
        let some = |view: &View| View { channel: view.channel + first, channels, ..*view };
        let (from, to) = (some(from), some(to));
        step(ElementShare { samples, from: &from, x, to, start: [0; 3], units: 0..1, y, base });
    });
}

/// The contiguous runs that an input and an output of the same size have in common, cut into blocks for the cache.
pub(super) struct RunPairs<'a> {
    from: View,
    to: View,
    base: usize,
    x: &'a [f32],
    /// The rows of all samples that are left, and the elements of each.
    rows: Range<usize>,
    width: usize,
    /// The elements of a run, and the strides from run to run.
    length: usize,
    steps: [usize; 2],
    /// Whether the runs of the output form contiguous rows.
    in_rows: bool,
    /// The current row's sample, start in the input and in the output, runs so far, and elements so far.
    sample: usize,
    starts: [usize; 2],
    run: usize,
    done: usize,
}

/// A run: its sample, its elements in the input, and their place in the output.
pub(super) struct RunPair<'a> {
    pub(super) sample: usize,
    pub(super) x: &'a [f32],
    pub(super) place: Range<usize>,
    /// The part of the output to end now: this run, or with the last run of a contiguous row the row. Short runs are
    /// ended together, since each end takes a call.
    pub(super) ended: Range<usize>,
}

impl<'a> RunPairs<'a> {
    #[inline(always)]
    pub(super) fn new(share: &ElementShare<'a>) -> RunPairs<'a> {
        let (from, _) = share.from.share(&share.units);
        let (to, channels, rows) = (share.to, share.to.channels, share.to.buffer.size[0] * share.to.buffer.size[1]);
        let width = to.buffer.size[2] * channels;
        let dense = to.buffer.width == channels;
        let whole = dense && from.buffer.width == channels;
        let length = if whole { (BLOCK / channels.max(1)).max(1) * channels } else { channels };
        RunPairs {
            from,
            to,
            base: share.base,
            x: share.x,
            rows: if width > 0 { share.samples.start * rows..share.samples.end * rows } else { 0..0 },
            width,
            length,
            steps: if whole { [length; 2] } else { [from.buffer.width, to.buffer.width] },
            in_rows: dense && !whole,
            sample: 0,
            starts: [0; 2],
            run: 0,
            done: width,
        }
    }
}

impl<'a> Iterator for RunPairs<'a> {
    type Item = RunPair<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<RunPair<'a>> {
        if self.done == self.width {
            let row = self.rows.next()?;
            self.sample = row / (self.to.buffer.size[0] * self.to.buffer.size[1]);
            self.starts = [self.from.row(row), self.to.row(row) - self.base];
            (self.run, self.done) = (0, 0);
        }
        let count = self.length.min(self.width - self.done);
        let [x, y] = [0, 1].map(|side| self.starts[side] + self.run * self.steps[side]);
        (self.run, self.done) = (self.run + 1, self.done + count);
        let ended = match (self.in_rows, self.done == self.width) {
            (false, _) => y..y + count,
            (true, false) => y..y,
            (true, true) => self.starts[1]..self.starts[1] + self.width,
        };
        Some(RunPair { sample: self.sample, x: &self.x[x..][..count], place: y..y + count, ended })
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
        let channels = share.to.channels;
        for RunPair { sample, x, place, ended } in RunPairs::new(&share) {
            let first = if by_sample { sample * channels } else { 0 };
            if scale.is_empty() {
                copy(simd, x, &mut share.y[place]);
            } else {
                let factors = [&scale[first..][..channels], &shift[first..][..channels]];
                lines(simd, factors, (x, channels), &mut share.y[place]);
            }
            epilogue.all(simd, &mut share.y[ended]);
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
        let channels = slopes.len();
        for RunPair { x, place, .. } in RunPairs::new(&share) {
            for (x, y) in x.chunks_exact(channels).zip(share.y[place].chunks_exact_mut(channels)) {
                for ((y, x), slope) in y.iter_mut().zip(x).zip(slopes) {
                    *y = if *x > 0.0 { *x } else { *x * slope };
                }
            }
        }
    }
}

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
                    let (a_row, b_row) = (a.map_or(0, |a| a.row(sample, own)), b.row(sample, own));
                    for w in 0..count {
                        let y = &mut y[y_row + w * to.buffer.width..][..length];
                        let b_x = &b.x[b_row + w * b.step()..];
                        let b_x = if b.view.channels == channels { &b_x[..length] } else { &b_x[..1] };
                        match a {
                            None => by.onto(b_x, y),
                            Some(a) => {
                                let a_x = &a.x[a_row + w * a.step()..];
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

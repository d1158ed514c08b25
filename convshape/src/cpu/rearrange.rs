//! Copies that rearrange elements: permuted axes, slices and joins along any axis, pixel shuffles.

use std::vec::Vec;

use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::{MAX_RANK, Shape};

use super::buffer::View;
use super::relayout::copy;
use super::simd::{Kernel, Level, MOST_LANES, Simd};
use super::threads::{Spread, Threads};
use super::tuning::MOVE;

/// Elements that are copied in turn: their number, and the axis and the step of each turn in the input and in the
/// output.
#[derive(Clone, Copy, Debug)]
struct AxisLoop {
    size: usize,
    from: (usize, usize),
    to: (usize, usize),
}

/// What a layer copies: where it starts along each axis, and how it goes on.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    walks: Vec<AxisLoop>,
    from: [usize; MAX_RANK],
    to: [usize; MAX_RANK],
}

impl Moves {
    /// What a layer copies of its input `index`; `None` if it does not just move elements.
    pub(super) fn new(op: &Op, inputs: &[Shape], index: usize, output: &Shape, order: AxisOrder) -> Option<Moves> {
        let shape = &inputs[index];
        let (sizes, rank) = (shape.numbers()?, shape.rank());
        let walk = |axis: usize| AxisLoop { size: sizes[axis], from: (axis, 1), to: (axis, 1) };
        let mut own = Moves { walks: (0..rank).map(walk).collect(), from: [0; MAX_RANK], to: [0; MAX_RANK] };
        match *op {
            Op::Permute { .. } => {
                let from = op.permutation(shape, order).ok()?;
                own.walks = (0..rank).map(|axis| AxisLoop { to: (axis, 1), ..walk(from[axis]) }).collect();
            }
            Op::Slice { .. } | Op::Split { .. } => {
                let (axis, start) = match *op {
                    Op::Slice { axis, start, .. } => (axis.index(rank, order)?, start),
                    _ => op.piece_start(shape, order)?,
                };
                own.walks[axis].size = output.numbers()?[axis];
                own.from[axis] = usize::try_from(start).ok()?;
            }
            Op::Concat { axis } => {
                let axis = axis.index(rank, order)?;
                let before = inputs[..index].iter().map(|shape| shape.numbers().map(|sizes| sizes[axis]));
                own.to[axis] = before.sum::<Option<usize>>()?;
            }
            Op::PixelShuffle { factor } | Op::PixelUnshuffle { factor } => {
                let back = matches!(op, Op::PixelUnshuffle { .. });
                let (factor, channel) = (usize::try_from(factor).ok()?, order.channel(rank));
                let spatial = rank - 1;
                let block = factor.pow(u32::try_from(spatial).ok()?);
                let [packed, wide] = if back { [1, factor] } else { [block, 1] };
                // The loops of a shuffle; its inverse exchanges the two sides.
                let channels = sizes[channel] / packed;
                own.walks = [AxisLoop { size: channels, from: (channel, block), to: (channel, 1) }].into();
                for axis in 0..spatial {
                    let at = order.spatial(axis);
                    own.walks.push(AxisLoop { size: sizes[at] / wide, from: (at, 1), to: (at, factor) });
                    let step = factor.pow(u32::try_from(spatial - 1 - axis).ok()?);
                    own.walks.push(AxisLoop { size: factor, from: (channel, step), to: (at, 1) });
                }
                if back {
                    own.walks.iter_mut().for_each(|walk| (walk.from, walk.to) = (walk.to, walk.from));
                }
            }
            Op::Flatten { .. } | Op::Unflatten { .. } | Op::Reshape { .. } | Op::ReshapeLike => {
                own.walks = common(&sizes[..rank], &output.numbers()?[..output.rank()])?;
            }
            _ => return None,
        }
        (own.walks.iter().filter(|walk| walk.size != 1).count() <= MAX_RANK).then_some(own)
    }

    /// The copy of a reduction's outputs to all the elements of its input that each is reduced of.
    #[cfg(feature = "train")]
    pub(super) fn spread(op: &Op, input: &Shape, order: AxisOrder) -> Option<Moves> {
        let Op::Reduce { keep, .. } = *op else { return None };
        let (sizes, over) = (input.numbers()?, op.reduced_axes(input, order).ok()?);
        let mut own = 0;
        let walks = (0..input.rank()).map(|axis| {
            let from = (own, usize::from(!over[axis]));
            own += usize::from(keep || !over[axis]);
            AxisLoop { size: sizes[axis], from, to: (axis, 1) }
        });
        Some(Moves { walks: walks.collect(), from: [0; MAX_RANK], to: [0; MAX_RANK] })
    }

    /// The copy of gradients, from the output to the input.
    #[cfg(feature = "train")]
    pub(super) fn back(mut self) -> Moves {
        self.walks.iter_mut().for_each(|walk| (walk.from, walk.to) = (walk.to, walk.from));
        (self.from, self.to) = (self.to, self.from);
        self
    }

    /// Whether the elements keep their order between two values without borders.
    pub(super) fn keep(&self, [from, to]: [(&View, &Shape); 2]) -> bool {
        let whole = from.0.is_whole() && to.0.is_whole();
        let copy = Rearrangement::new(self, [from, to]);
        whole
            && copy.is_some_and(|copy| {
                let all = from.0.grid().elements();
                copy.starts == [0, 0]
                    && copy.loops.get().iter().all(|each| each.size == all && [each.x, each.y] == [1, 1])
            })
    }
}

/// Loops that visit the elements of one array in two shapes, such as [6, 4] and [2, 3, 4]; `None` if an axis of one
/// shape begins within an axis of the other and does not divide it.
fn common(from: &[usize], to: &[usize]) -> Option<Vec<AxisLoop>> {
    let mut walks = Vec::new();
    // Each axis from the last on, and the elements of it that the loops so far have passed.
    let mut ends = [(from.len(), 1), (to.len(), 1)];
    let shapes = [from, to];
    loop {
        for (end, sizes) in ends.iter_mut().zip(shapes) {
            while end.0 > 0 && sizes[end.0 - 1] == end.1 {
                *end = (end.0 - 1, 1);
            }
        }
        let [from, to] = ends;
        if from.0 == 0 || to.0 == 0 {
            return (from.0 == to.0).then_some(walks);
        }
        let left = [from.0, to.0].into_iter().zip(shapes).zip(ends).map(|((axis, sizes), end)| sizes[axis - 1] / end.1);
        let size = left.clone().min()?;
        if size == 0 || left.clone().any(|left| left % size != 0) {
            return None;
        }
        walks.push(AxisLoop { size, from: (from.0 - 1, from.1), to: (to.0 - 1, to.1) });
        ends.iter_mut().for_each(|end| end.1 *= size);
    }
}

/// Elements that are visited in turn: their number, and the strides in the input and in the output.
#[derive(Clone, Copy)]
pub(super) struct Loop {
    pub(super) size: usize,
    pub(super) x: usize,
    pub(super) y: usize,
}

impl Loop {
    /// A single element.
    pub(super) const SINGLE: Loop = Loop { size: 1, x: 1, y: 1 };
}

/// Nested loops from the outermost to the innermost.
#[derive(Clone, Copy)]
pub(super) struct Loops {
    all: [Loop; MAX_RANK],
    count: usize,
}

impl Loops {
    /// Sorts loops by a stride, the largest first; neighbours that form one run become one. There is at least one.
    pub(super) fn new(mut all: Vec<Loop>, stride: impl Fn(&Loop) -> usize) -> Loops {
        all.retain(|each| each.size != 1);
        all.sort_by_key(|each| core::cmp::Reverse(stride(each)));
        let mut own = Loops { all: [Loop::SINGLE; MAX_RANK], count: 0 };
        for each in all {
            match own.all[..own.count].last_mut() {
                Some(last) if [last.x, last.y] == [each.x * each.size, each.y * each.size] => {
                    *last = Loop { size: last.size * each.size, ..each };
                }
                _ => {
                    own.all[own.count] = each;
                    own.count += 1;
                }
            }
        }
        own.count = own.count.max(1);
        own
    }

    pub(super) fn get(&self) -> &[Loop] {
        &self.all[..self.count]
    }

    #[inline(always)]
    pub(super) fn places(&self) -> Places<'_> {
        let is_empty = self.get().iter().any(|each| each.size == 0);
        Places { loops: self.get(), at: [0; MAX_RANK], place: (!is_empty).then_some((0, 0)) }
    }

    /// The loops over `size` elements of the outermost one.
    pub(super) fn first(mut self, size: usize) -> Loops {
        self.all[0].size = size;
        self
    }

    /// One of the loops, and the others.
    pub(super) fn without(mut self, index: usize) -> (Loop, Loops) {
        let one = self.all[index];
        self.all.copy_within(index + 1..self.count, index);
        self.count -= 1;
        (one, self)
    }
}

/// A copy between two views. The loops are listed from the outermost to the innermost in the output.
#[derive(Clone, Copy)]
pub(super) struct Rearrangement {
    loops: Loops,
    /// The first element in the input and in the output.
    starts: [usize; 2],
    /// Elements of a sample.
    samples: [usize; 2],
    elements: usize,
}

impl Rearrangement {
    /// `None` if a size is a symbol.
    pub(super) fn new(moves: &Moves, [from, to]: [(&View, &Shape); 2]) -> Option<Rearrangement> {
        let [x, y] = [from.0.strides_of(from.1)?, to.0.strides_of(to.1)?];
        let start = |view: &View, strides: &[usize], first: &[usize]| {
            view.at([0; 3]) + strides.iter().zip(first).map(|(stride, first)| stride * first).sum::<usize>()
        };
        let loops = moves.walks.iter().map(|walk| Loop {
            size: walk.size,
            x: walk.from.1 * x[walk.from.0],
            y: walk.to.1 * y[walk.to.0],
        });
        Some(Rearrangement {
            loops: Loops::new(loops.collect(), |each| each.y),
            starts: [start(from.0, &x, &moves.from), start(to.0, &y, &moves.to)],
            samples: [from.0.buffer.sample(), to.0.buffer.sample()],
            elements: moves.walks.iter().map(|walk| walk.size).product(),
        })
    }

    /// The elements of a sample that are copied.
    #[cfg(feature = "train")]
    pub(super) fn elements(&self) -> usize {
        self.elements
    }

    /// Copies `samples` samples of `x` to `y`.
    pub(super) fn run(&self, level: Level, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        let (outer, [x_start, y_start]) = (self.loops.get()[0], self.starts);
        let spread = Spread { sample: self.samples[1], units: outer.size, origin: y_start, step: outer.y };
        spread.run(threads, MOVE * self.elements, samples, y, &|y, base, samples, units| {
            let loops = self.loops.first(units.len());
            for sample in samples {
                let from = sample * self.samples[0] + x_start + units.start * outer.x;
                let to = sample * self.samples[1] + y_start + units.start * outer.y - base;
                level.run(RearrangementShare { loops, x: &x[from..], y: &mut y[to..] });
            }
        });
    }
}

/// Some of the elements along the outermost loop.
struct RearrangementShare<'a> {
    loops: Loops,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for RearrangementShare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let RearrangementShare { loops, x, y } = self;
        let (last, outer) = loops.without(loops.get().len() - 1);
        let inner = outer.get().iter().position(|each| each.x == 1 && each.size > 1);
        match (last, inner) {
            (Loop { size, x: 0, y: 1 }, _) => each_place(&outer, |from, to| y[to..to + size].fill(x[from])),
            (Loop { size, x: 1, y: 1 }, _) => {
                each_place(&outer, |from, to| copy(simd, &x[from..][..size], &mut y[to..]));
            }
            // The innermost axis of the input and that of the output are transposed in blocks.
            (Loop { y: 1, .. }, Some(inner)) => {
                let (Loop { size: first, y: step, .. }, outer) = outer.without(inner);
                each_place(&outer, |from, to| {
                    for row in (0..last.size).step_by(MOST_LANES) {
                        for column in (0..first).step_by(MOST_LANES) {
                            let block = [MOST_LANES.min(last.size - row), MOST_LANES.min(first - column)];
                            let (x, y) = (&x[from + row * last.x + column..], &mut y[to + column * step + row..]);
                            simd.transpose(x, last.x, y, step, block);
                        }
                    }
                });
            }
            _ => each_place(&outer, |from, to| {
                let x = x[from..].iter().step_by(last.x.max(1));
                y[to..].iter_mut().step_by(last.y.max(1)).zip(x).take(last.size).for_each(|(y, x)| *y = *x);
            }),
        }
    }
}

/// Calls `f` with the offsets in the input and in the output of each combination of indices.
#[inline(always)]
fn each_place(loops: &Loops, mut f: impl FnMut(usize, usize)) {
    for (from, to) in loops.places() {
        f(from, to);
    }
}

/// The offsets in the input and in the output of each combination of indices.
pub(super) struct Places<'a> {
    loops: &'a [Loop],
    at: [usize; MAX_RANK],
    place: Option<(usize, usize)>,
}

impl Iterator for Places<'_> {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        let place = self.place?;
        let (mut from, mut to) = place;
        let mut axis = self.loops.len();
        self.place = loop {
            let Some(next) = axis.checked_sub(1) else { break None };
            axis = next;
            let each = self.loops[axis];
            self.at[axis] += 1;
            (from, to) = (from + each.x, to + each.y);
            if self.at[axis] < each.size {
                break Some((from, to));
            }
            self.at[axis] = 0;
            (from, to) = (from - each.size * each.x, to - each.size * each.y);
        };
        Some(place)
    }
}

//! Copies that permute the axes of an array.

use convshape_arith::shape::{MAX_RANK, Shape};

use super::relayout::copy;
use super::simd::{Kernel, Level, MOST_LANES, Simd};
use super::threads::{Spread, Threads};

/// The time per element, in multiply-adds.
const WORK: usize = 8;

/// An axis of the output: its size, and the strides between its elements in the input and in the output.
#[derive(Clone, Copy)]
struct Loop {
    size: usize,
    x: usize,
    y: usize,
}

/// A permutation of the axes of `samples` arrays, one after the other. The output's axes are listed from the outermost
/// to the innermost; axes that stay neighbours are merged.
#[derive(Clone, Copy)]
pub(super) struct AxisPermutation {
    loops: [Loop; MAX_RANK + 1],
    count: usize,
    elements: usize,
}

impl AxisPermutation {
    /// Axis `a` of the output is axis `from[a]` of the input; `None` if a size is a symbol.
    pub(super) fn new(from: [usize; MAX_RANK], input: &Shape, samples: usize) -> Option<AxisPermutation> {
        let (sizes, rank) = (input.numbers()?, input.rank());
        let mut strides = [1; MAX_RANK];
        for axis in (1..rank).rev() {
            strides[axis - 1] = strides[axis] * sizes[axis];
        }
        let sample: usize = sizes[..rank].iter().product();
        let single = Loop { size: 1, x: 0, y: 0 };
        let mut own = AxisPermutation { loops: [single; MAX_RANK + 1], count: 0, elements: samples * sample };
        own.push(samples, sample);
        for &axis in &from[..rank] {
            own.push(sizes[axis], strides[axis]);
        }
        own.count = own.count.max(1);
        let mut stride = 1;
        for each in own.loops[..own.count].iter_mut().rev() {
            each.y = stride;
            stride *= each.size;
        }
        Some(own)
    }

    /// The permutation back to the input's order of axes.
    #[cfg(feature = "train")]
    pub(super) fn inverse(from: [usize; MAX_RANK]) -> [usize; MAX_RANK] {
        let mut back = [0; MAX_RANK];
        for (axis, from) in from.into_iter().enumerate() {
            back[from] = axis;
        }
        back
    }

    /// Adds an axis inside the others.
    fn push(&mut self, size: usize, x: usize) {
        if size == 1 {
            return;
        }
        match self.loops[..self.count].last_mut() {
            Some(last) if last.x == x * size => *last = Loop { size: last.size * size, x, y: 0 },
            _ => {
                self.loops[self.count] = Loop { size, x, y: 0 };
                self.count += 1;
            }
        }
    }

    /// Copies `x` to `y`.
    pub(super) fn run(&self, level: Level, threads: Threads, x: &[f32], y: &mut [f32]) {
        let outer = self.loops[0];
        let spread = Spread { sample: self.elements, units: outer.size, origin: 0, step: outer.y };
        let y = &mut y[..self.elements];
        spread.run(threads, WORK * self.elements, 1, y, &|y, base, _, units| {
            let mut own = *self;
            own.loops[0].size = units.len();
            let y = &mut y[units.start * outer.y - base..];
            level.run(PermutationShare { permutation: &own, x: &x[units.start * outer.x..], y });
        });
    }
}

/// A permutation of some of the elements along the outermost axis.
struct PermutationShare<'a> {
    permutation: &'a AxisPermutation,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for PermutationShare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PermutationShare { permutation, x, y } = self;
        let mut outer = permutation.loops;
        let count = permutation.count - 1;
        let last = outer[count];
        if last.x <= 1 {
            return each_place(&outer[..count], |from, to| copy(simd, &x[from..][..last.size], &mut y[to..]));
        }
        // The innermost axis of the input and that of the output are transposed in blocks.
        let Some(inner) = outer[..count].iter().position(|each| each.x == 1) else { return };
        let first = core::mem::replace(&mut outer[inner].size, 1);
        let step = outer[inner].y;
        each_place(&outer[..count], |from, to| {
            for row in (0..last.size).step_by(MOST_LANES) {
                for column in (0..first).step_by(MOST_LANES) {
                    let block = [MOST_LANES.min(last.size - row), MOST_LANES.min(first - column)];
                    let (x, y) = (&x[from + row * last.x + column..], &mut y[to + column * step + row..]);
                    simd.transpose(x, last.x, y, step, block);
                }
            }
        });
    }
}

/// Calls `f` with the offsets in the input and in the output of each combination of indices.
#[inline(always)]
fn each_place(loops: &[Loop], mut f: impl FnMut(usize, usize)) {
    let mut at = [0; MAX_RANK + 1];
    let (mut from, mut to) = (0, 0);
    if loops.iter().any(|each| each.size == 0) {
        return;
    }
    loop {
        f(from, to);
        let mut axis = loops.len();
        loop {
            let Some(next) = axis.checked_sub(1) else { return };
            axis = next;
            let each = loops[axis];
            at[axis] += 1;
            (from, to) = (from + each.x, to + each.y);
            if at[axis] < each.size {
                break;
            }
            at[axis] = 0;
            (from, to) = (from - each.size * each.x, to - each.size * each.y);
        }
    }
}

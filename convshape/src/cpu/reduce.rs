//! Reductions: sums, means and extremes of the elements along some axes, in any tensor layout.

use std::vec::Vec;

use convshape_arith::op::{AxisOrder, Op, Reduction};
use convshape_arith::shape::Shape;

use super::buffer::View;
use super::rearrange::{Loop, Loops};
use super::simd::{Kernel, Level, MOST_LANES, Simd};
use super::threads::{Spread, Threads};
use super::tuning::REDUCED_VECTORS as TOGETHER;

/// A reduction of one view to another.
pub(super) struct Reduce {
    kind: Reduction,
    /// The axes that are kept, from the outermost to the innermost of the output, and those that are reduced over.
    kept: Loops,
    over: Loops,
    /// The first element in the input and in the output.
    starts: [usize; 2],
    /// Elements of a sample.
    samples: [usize; 2],
    elements: usize,
    /// The factor of a mean.
    factor: f32,
}

impl Reduce {
    /// `None` if a size is a symbol or an axis does not exist.
    pub(super) fn new(op: &Op, order: AxisOrder, [from, to]: [(&View, &Shape); 2]) -> Option<Reduce> {
        let Op::Reduce { kind, keep, .. } = *op else { return None };
        let (sizes, rank, over) = (from.1.numbers()?, from.1.rank(), op.reduced_axes(from.1, order).ok()?);
        let [x, y] = [from.0.strides_of(from.1)?, to.0.strides_of(to.1)?];
        let (mut kept, mut reduced, mut own) = (Vec::new(), Vec::new(), 0);
        for axis in 0..rank {
            match over[axis] {
                true => reduced.push(Loop { size: sizes[axis], x: x[axis], y: 0 }),
                false => kept.push(Loop { size: sizes[axis], x: x[axis], y: y[own] }),
            }
            own += usize::from(keep || !over[axis]);
        }
        let count: usize = reduced.iter().map(|each| each.size).product();
        #[expect(clippy::cast_precision_loss, reason = "a number of elements")]
        let factor = if kind == Reduction::Mean { 1.0 / count as f32 } else { 1.0 };
        Some(Reduce {
            kind,
            kept: Loops::new(kept, |each| each.y),
            over: Loops::new(reduced, |each| each.x),
            starts: [from.0.at([0; 3]), to.0.at([0; 3])],
            samples: [from.0.buffer.sample(), to.0.buffer.sample()],
            elements: from.0.grid().elements(),
            factor,
        })
    }

    /// By which the sum of the elements is multiplied.
    #[cfg(feature = "train")]
    pub(super) fn factor(&self) -> f32 {
        self.factor
    }

    /// Whether the outputs have the order of their inputs.
    pub(super) fn keeps_order(&self) -> bool {
        self.kept.get().is_sorted_by(|outer, inner| outer.x >= inner.x)
    }

    /// Reduces `samples` samples of `x` to those of `y`.
    pub(super) fn run(&self, level: Level, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        let (outer, [x_start, y_start]) = (self.kept.get()[0], self.starts);
        let spread = Spread { sample: self.samples[1], units: outer.size, origin: y_start, step: outer.y };
        spread.run(threads, 2 * self.elements, samples, y, &|y, base, samples, units| {
            for sample in samples {
                let from = sample * self.samples[0] + x_start + units.start * outer.x;
                let to = sample * self.samples[1] + y_start + units.start * outer.y - base;
                let kept = self.kept.first(units.len());
                level.run(ReduceShare { reduce: self, kept, x: &x[from..], y: &mut y[to..] });
            }
        });
    }
}

/// Some of the outputs along the outermost loop.
struct ReduceShare<'a> {
    reduce: &'a Reduce,
    kept: Loops,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for ReduceShare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.reduce.kind {
            Reduction::Sum | Reduction::Mean => self.all::<S, SUM>(simd),
            Reduction::Max => self.all::<S, MAX>(simd),
            Reduction::Min => self.all::<S, MIN>(simd),
        }
    }
}

/// How two numbers are combined.
const SUM: u8 = 0;
const MAX: u8 = 1;
const MIN: u8 = 2;

/// The value that changes no other.
#[inline(always)]
fn neutral<const HOW: u8>() -> f32 {
    match HOW {
        MAX => f32::NEG_INFINITY,
        MIN => f32::INFINITY,
        _ => 0.0,
    }
}

#[inline(always)]
fn both<S: Simd, const HOW: u8>(simd: S, a: S::F, b: S::F) -> S::F {
    let minus = simd.splat(-1.0);
    match HOW {
        MAX => simd.larger(a, b),
        // NaN propagates.
        MIN => simd.mul(simd.larger(simd.mul(a, minus), simd.mul(b, minus)), minus),
        _ => simd.add(a, b),
    }
}

/// All lanes of a vector.
#[inline(always)]
fn lanes<S: Simd, const HOW: u8>(simd: S, x: S::F) -> f32 {
    let first = |x: S::F| {
        let mut lanes = [0.0; MOST_LANES];
        simd.store(x, &mut lanes);
        lanes[0]
    };
    let minus = simd.splat(-1.0);
    match HOW {
        MAX => first(simd.largest(x)),
        MIN => -first(simd.largest(simd.mul(x, minus))),
        _ => simd.sum(x),
    }
}

impl ReduceShare<'_> {
    #[inline(always)]
    fn all<S: Simd, const HOW: u8>(self, simd: S) {
        let ReduceShare { reduce, kept, x, y } = self;
        let place = |loops: &Loops| loops.get().iter().position(|each| each.x == 1 && each.size > 1);
        match (place(&kept), place(&reduce.over)) {
            // Neighbours in the input are outputs of their own: each lane reduces one.
            (Some(inner), _) => {
                let (width, rest) = kept.without(inner);
                for (from, to) in rest.places() {
                    reduce.columns::<S, HOW>(simd, width, &x[from..], &mut y[to..]);
                }
            }
            (None, inner) => {
                let (run, over) = match inner {
                    Some(inner) => reduce.over.without(inner),
                    None => (Loop::SINGLE, reduce.over),
                };
                let (line, rest) = kept.without(kept.get().len() - 1);
                let rows = ReduceRows { size: run.size, over: &over, factor: reduce.factor };
                for (from, to) in rest.places() {
                    rows.line::<S, HOW>(simd, line, &x[from..], &mut y[to..]);
                }
            }
        }
    }
}

impl Reduce {
    /// Outputs that are neighbours in the input.
    #[inline(always)]
    fn columns<S: Simd, const HOW: u8>(&self, simd: S, width: Loop, x: &[f32], y: &mut [f32]) {
        let mut column = 0;
        while column < width.size {
            let count = width.size - column;
            let to = &mut y[column * width.y..];
            if count >= TOGETHER * S::LANES {
                self.block::<S, TOGETHER, HOW>(simd, count, width.y, &x[column..], to);
                column += TOGETHER * S::LANES;
            } else {
                self.block::<S, 1, HOW>(simd, count, width.y, &x[column..], to);
                column += S::LANES;
            }
        }
    }

    /// `V` vectors of outputs, of which `count` are left.
    #[inline(always)]
    fn block<S: Simd, const V: usize, const HOW: u8>(
        &self,
        simd: S,
        count: usize,
        step: usize,
        x: &[f32],
        y: &mut [f32],
    ) {
        let mut all = [simd.splat(neutral::<HOW>()); V];
        let (last, rest) = self.over.without(self.over.get().len() - 1);
        for (from, _) in rest.places() {
            // Sums of partial sums accumulate fewer rounding errors.
            let mut some = [simd.splat(neutral::<HOW>()); V];
            for at in 0..last.size {
                let x = &x[from + at * last.x..];
                for v in 0..V {
                    let left = count - v * S::LANES;
                    some[v] = both::<S, HOW>(simd, some[v], simd.load_some(&x[v * S::LANES..], left));
                }
            }
            for v in 0..V {
                all[v] = both::<S, HOW>(simd, all[v], some[v]);
            }
        }
        let factor = simd.splat(self.factor);
        for v in 0..V {
            let (result, count) = (simd.mul(all[v], factor), S::LANES.min(count - v * S::LANES));
            if step == 1 {
                simd.store_some(result, &mut y[v * S::LANES..], count);
            } else {
                let mut lanes = [0.0; MOST_LANES];
                simd.store(result, &mut lanes);
                for lane in 0..count {
                    y[(v * S::LANES + lane) * step] = lanes[lane];
                }
            }
        }
    }
}

/// Outputs that are runs of `size` neighbours, one for each combination of other axes.
struct ReduceRows<'a> {
    size: usize,
    over: &'a Loops,
    factor: f32,
}

impl ReduceRows<'_> {
    /// The outputs along one axis.
    #[inline(always)]
    fn line<S: Simd, const HOW: u8>(&self, simd: S, line: Loop, x: &[f32], y: &mut [f32]) {
        let mut row = 0;
        // The sums of the lanes of several vectors at once are faster.
        while HOW == SUM && row + MOST_LANES <= line.size {
            let mut sums = [simd.splat(0.0); MOST_LANES];
            let mut ends = [0.0; MOST_LANES];
            for at in 0..MOST_LANES {
                (sums[at], ends[at]) = self.row::<S, HOW>(simd, &x[(row + at) * line.x..]);
            }
            for (at, sum) in simd.sums(&sums).into_iter().enumerate() {
                y[(row + at) * line.y] = (sum + ends[at]) * self.factor;
            }
            row += MOST_LANES;
        }
        for row in row..line.size {
            let (all, end) = self.row::<S, HOW>(simd, &x[row * line.x..]);
            y[row * line.y] = one::<HOW>(lanes::<S, HOW>(simd, all), end) * self.factor;
        }
    }

    /// One output as a vector, whose lanes are still to be reduced, and the elements that fill no vector.
    #[inline(always)]
    fn row<S: Simd, const HOW: u8>(&self, simd: S, x: &[f32]) -> (S::F, f32) {
        let first = simd.splat(neutral::<HOW>());
        let (mut all, mut end) = (first, neutral::<HOW>());
        for (from, _) in self.over.places() {
            let x = &x[from..][..self.size];
            let mut at = 0;
            if self.size >= TOGETHER * S::LANES {
                let mut some = [first; TOGETHER];
                while at + TOGETHER * S::LANES <= self.size {
                    for v in 0..TOGETHER {
                        some[v] = both::<S, HOW>(simd, some[v], simd.load(&x[at + v * S::LANES..]));
                    }
                    at += TOGETHER * S::LANES;
                }
                let pairs = [both::<S, HOW>(simd, some[0], some[1]), both::<S, HOW>(simd, some[2], some[3])];
                all = both::<S, HOW>(simd, all, both::<S, HOW>(simd, pairs[0], pairs[1]));
            }
            while at + S::LANES <= self.size {
                all = both::<S, HOW>(simd, all, simd.load(&x[at..]));
                at += S::LANES;
            }
            for x in &x[at..] {
                end = one::<HOW>(end, *x);
            }
        }
        (all, end)
    }
}

#[inline(always)]
fn one<const HOW: u8>(a: f32, b: f32) -> f32 {
    match HOW {
        MAX if b > a || b.is_nan() => b,
        MIN if b < a || b.is_nan() => b,
        MAX | MIN => a,
        _ => a + b,
    }
}

//! Elementwise steps, and sums over each channel.

use std::vec::Vec;

use convshape_arith::op::Activation;

use super::Machine;
use crate::cpu::buffer::View;
use crate::cpu::elementwise::{self, Binary, Combine, Each, Operand};
use crate::cpu::math::{Differentiate, Epilogue};
use crate::cpu::simd::{Kernel, Simd};
use crate::cpu::tuning::OPERATIONS;

/// The contiguous runs that two views of the same grid have in common.
#[derive(Clone, Copy)]
pub(super) struct CommonRuns<'a> {
    views: [&'a View; 2],
    /// Whether a sample is one run in both.
    long: bool,
    pub(super) count: usize,
    pub(super) length: usize,
}

impl<'a> CommonRuns<'a> {
    pub(super) fn new(samples: usize, a: &'a View, b: &'a View) -> CommonRuns<'a> {
        let (a_rows, width) = a.long_rows();
        let long = a_rows == 1 && b.long_rows().0 == 1;
        let [depth, height, short] = a.buffer.size;
        let (rows, width) = if long { (1, width) } else { (depth * height, short) };
        CommonRuns { views: [a, b], long, count: samples * rows, length: width * a.channels }
    }

    /// The offset of a run.
    #[inline(always)]
    pub(super) fn at(&self, row: usize) -> [usize; 2] {
        let [a, b] = self.views;
        if self.long { [a.long_row(row), b.long_row(row)] } else { [a.row(row), b.row(row)] }
    }
}

/// Calls `f` with some samples of `y`, their number and the index of the first, on as many threads as are worth waking.
pub(super) fn samples(
    on: Machine,
    (view, y): (&View, &mut [f32]),
    samples: usize,
    f: &(dyn Fn(&mut [f32], usize, usize) + Sync),
) {
    let sample = view.buffer.sample();
    if sample == 0 {
        return;
    }
    let y = &mut y[..samples * sample];
    on.threads.pieces(y, samples * sample * OPERATIONS, &|at| at / sample * sample, &|first, y| {
        let count = y.len() / sample;
        f(y, count, first / sample);
    });
}

/// Multiplies by a constant.
pub(super) fn scale(on: Machine, samples: usize, by: f32, from: (&View, &[f32]), to: (&View, &mut [f32])) {
    let channels = to.0.channels;
    let lines = [std::vec![by; channels], std::vec![0.0; channels]];
    each(on, samples, from, to, [&lines[0], &lines[1]], Epilogue::None);
}

/// `epilogue(scale * x + shift)` with a scale and a shift for each channel. Without them it is `epilogue(x)`.
pub(super) fn each(
    on: Machine,
    samples: usize,
    from: (&View, &[f32]),
    to: (&View, &mut [f32]),
    [scale, shift]: [&[f32]; 2],
    epilogue: Epilogue,
) {
    let work = epilogue.work();
    elementwise::spread(on.threads, work, samples, from, to, &|share| {
        on.level.run(Each { share, scale, shift, by_sample: false, epilogue })
    });
}

/// Copies rows.
pub(super) fn copy(on: Machine, samples: usize, from: (&View, &[f32]), to: (&View, &mut [f32])) {
    each(on, samples, from, to, [&[], &[]], Epilogue::None);
}

/// Adds rows.
pub(super) fn add(on: Machine, samples: usize, (view, x): (&View, &[f32]), to: (&View, &mut [f32])) {
    let b = Operand { view, x };
    Combine::spread((on.level, on.threads), samples, None, b, (Binary::Add, Epilogue::None), to);
}

/// An activation whose derivative follows from its value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum ByOutput {
    /// The slopes above and below zero.
    Slopes(f32),
    /// A constant between two values, zero elsewhere.
    Between(f32, f32),
    Elu(f32),
    Sigmoid,
    Tanh,
    Exp,
}

impl ByOutput {
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    pub(super) fn of(activation: Activation) -> Option<ByOutput> {
        Some(match activation {
            Activation::Relu => ByOutput::Slopes(0.0),
            // With a negative slope, the sign of the value does not tell the sign of the argument.
            Activation::LeakyRelu { slope } if slope >= 0.0 => ByOutput::Slopes(slope as f32),
            Activation::Relu6 => ByOutput::Between(6.0, 1.0),
            Activation::Hardsigmoid { alpha } => ByOutput::Between(1.0, alpha as f32),
            Activation::Elu { alpha } if alpha >= 0.0 => ByOutput::Elu(alpha as f32),
            Activation::Sigmoid => ByOutput::Sigmoid,
            Activation::Tanh => ByOutput::Tanh,
            Activation::Exp => ByOutput::Exp,
            _ => return None,
        })
    }
}

/// Multiplies gradients by the derivative of a function, given its values.
pub(super) fn multiply(
    on: Machine,
    count: usize,
    function: ByOutput,
    (view, y): (&View, &[f32]),
    (to, dy): (&View, &mut [f32]),
) {
    samples(on, (to, dy), count, &|dy, count, first| {
        let y = &y[first * view.buffer.sample()..];
        on.level.run(Multiply { rows: CommonRuns::new(count, view, to), function, y, dy });
    });
}

struct Multiply<'a> {
    rows: CommonRuns<'a>,
    function: ByOutput,
    y: &'a [f32],
    dy: &'a mut [f32],
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Multiply { rows, function, y, dy } = self;
        for row in 0..rows.count {
            let [from, to] = rows.at(row);
            let pairs = y[from..][..rows.length].iter().zip(&mut dy[to..][..rows.length]);
            match function {
                ByOutput::Slopes(below) => pairs.for_each(|(y, dy)| *dy *= if *y > 0.0 { 1.0 } else { below }),
                ByOutput::Between(top, slope) => {
                    pairs.for_each(|(y, dy)| *dy *= if *y > 0.0 && *y < top { slope } else { 0.0 });
                }
                ByOutput::Elu(alpha) => pairs.for_each(|(y, dy)| *dy *= if *y > 0.0 { 1.0 } else { *y + alpha }),
                ByOutput::Sigmoid => pairs.for_each(|(y, dy)| *dy *= *y * (1.0 - *y)),
                ByOutput::Tanh => pairs.for_each(|(y, dy)| *dy *= 1.0 - *y * *y),
                ByOutput::Exp => pairs.for_each(|(y, dy)| *dy *= *y),
            }
        }
    }
}

/// Writes gradients times the derivative of any function, given its arguments.
pub(super) fn differentiate(
    on: Machine,
    count: usize,
    function: Activation,
    (x_view, x): (&View, &[f32]),
    (from, dy): (&View, &[f32]),
    (to, dx): (&View, &mut [f32]),
) {
    samples(on, (to, dx), count, &|dx, count, first| {
        let (x, dy) = (&x[first * x_view.buffer.sample()..], &dy[first * from.buffer.sample()..]);
        let (of_x, of_dy) = (CommonRuns::new(count, x_view, to), CommonRuns::new(count, from, to));
        // The two have runs of the same length only if both are long.
        let long = of_x.long && of_dy.long;
        let (of_x, of_dy) = if long { (of_x, of_dy) } else { (of_x.short(count), of_dy.short(count)) };
        for row in 0..of_x.count {
            let ([x_at, to], [dy_at, _]) = (of_x.at(row), of_dy.at(row));
            let (x, dy) = (&x[x_at..][..of_x.length], &dy[dy_at..][..of_x.length]);
            on.level.run(Differentiate { function, x, dy, dx: &mut dx[to..][..of_x.length] });
        }
    });
}

impl<'a> CommonRuns<'a> {
    /// The runs of one row each.
    pub(super) fn short(self, samples: usize) -> CommonRuns<'a> {
        let view = self.views[0];
        let [depth, height, width] = view.buffer.size;
        CommonRuns { long: false, count: samples * depth * height, length: width * view.channels, ..self }
    }
}

/// Multiplies each element by its factor. Factors are in the order of the rows.
pub(super) fn multiply_by(samples: usize, factors: &[f32], (to, y): (&View, &mut [f32])) {
    let rows = CommonRuns::new(samples, to, to);
    for (row, factors) in factors.chunks_exact(rows.length.max(1)).enumerate() {
        let [at, _] = rows.at(row);
        y[at..][..rows.length].iter_mut().zip(factors).for_each(|(y, factor)| *y *= factor);
    }
}

/// Adds the bias to positions of `width` channels, which may be more than it has, and applies the epilogue.
pub(super) struct Finish<'a> {
    pub(super) bias: &'a [f32],
    pub(super) width: usize,
    pub(super) epilogue: Epilogue,
    pub(super) y: &'a mut [f32],
}

impl Kernel for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Finish { bias, width, epilogue, y } = self;
        if !bias.is_empty() {
            y.chunks_exact_mut(width).for_each(|y| y.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias));
        }
        epilogue.all(simd, y);
    }
}

/// The sum over each channel.
pub(super) fn sums(on: Machine, samples: usize, view: &View, x: &[f32]) -> Vec<f64> {
    let mut sums = std::vec![0.0; view.channels];
    on.level.run(ChannelSums {
        rows: CommonRuns::new(samples, view, view),
        channels: view.channels,
        x,
        sums: &mut sums,
    });
    sums
}

/// Adds sums to a gradient.
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
pub(super) fn add_sums(sums: &[f64], gradient: &mut [f32]) {
    gradient.iter_mut().zip(sums).for_each(|(gradient, sum)| *gradient += *sum as f32);
}

struct ChannelSums<'a> {
    rows: CommonRuns<'a>,
    channels: usize,
    x: &'a [f32],
    sums: &'a mut [f64],
}

impl Kernel for ChannelSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let ChannelSums { rows, channels, x, sums } = self;
        for row in 0..rows.count {
            let [at, _] = rows.at(row);
            let x = &x[at..][..rows.length];
            if channels == 1 {
                let mut sum = simd.splat(0.0);
                let mut vectors = x.chunks_exact(S::LANES);
                for vector in &mut vectors {
                    sum = simd.add(sum, simd.load(vector));
                }
                let rest: f32 = vectors.remainder().iter().sum();
                sums[0] += f64::from(simd.sum(sum) + rest);
                continue;
            }
            for first in (0..channels).step_by(S::LANES) {
                let count = S::LANES.min(channels - first);
                let mut sum = simd.splat(0.0);
                for at in (first..x.len()).step_by(channels) {
                    sum = simd.add(sum, simd.load_some(&x[at..], count));
                }
                let mut lanes = [0.0; crate::cpu::simd::MOST_LANES];
                simd.store(sum, &mut lanes);
                for (sum, lane) in sums[first..].iter_mut().zip(&lanes[..count]) {
                    *sum += f64::from(*lane);
                }
            }
        }
    }
}

//! `BatchNorm`, by the statistics of the batch or by stored ones.
//!
//! With `n` values of a channel, `z` the normalised ones and `g` their gradients, the gradient of a
//! value is `(g - mean(g) - z mean(g z)) / deviation` by the batch's own statistics, `g / deviation`
//! by stored ones.

use std::vec::Vec;

use super::Machine;
use super::rows::{self, Rows};
use crate::fast::buffer::View;
use crate::fast::math::Finish;
use crate::fast::simd::{Kernel, Simd};
use crate::param::Param;

/// New statistics of one normalisation.
pub(crate) struct Update {
    /// The place of its running mean among the model's parameters; the variance follows.
    mean: usize,
    momentum: f64,
    /// Mean and variance of each channel, as running statistics take them.
    statistics: Vec<[f64; 2]>,
}

impl Update {
    /// Moves a running statistic towards that of the batch, if `index` is its place.
    pub(crate) fn apply(&self, index: usize, param: &mut Param) {
        let Some(which @ (0 | 1)) = index.checked_sub(self.mean) else { return };
        for (running, new) in param.as_mut_slice().iter_mut().zip(&self.statistics) {
            *running = single((1.0 - self.momentum) * f64::from(*running) + self.momentum * new[which]);
        }
    }
}

/// A normalisation.
pub(super) struct BatchNorm {
    eps: f64,
    affine: bool,
    /// In training: how far running statistics move.
    momentum: Option<f64>,
    /// Whether the running variance is divided by one less than the count.
    unbiased: bool,
    /// Mean and deviation of each channel in the last run.
    means: Vec<f32>,
    deviations: Vec<f64>,
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn single(value: f64) -> f32 {
    value as f32
}

impl BatchNorm {
    pub(super) fn new(eps: f64, affine: bool, momentum: Option<f64>, unbiased: bool) -> BatchNorm {
        BatchNorm { eps, affine, momentum, unbiased, means: Vec::new(), deviations: Vec::new() }
    }

    /// The factor that follows, of a channel.
    fn scale(&self, params: &[&[f32]], channel: usize) -> f64 {
        if self.affine { params[0][channel].into() } else { 1.0 }
    }

    /// `params` end with the stored statistics, `places` says where all of them stand in the model.
    pub(super) fn forward(
        &mut self,
        on: Machine,
        samples: usize,
        (params, places): (&[&[f32]], &[usize]),
        (from, x): (&View, &[f32]),
        (to, y): (&View, &mut [f32]),
        finish: Finish,
    ) -> Option<Update> {
        let stored = params.len() - 2;
        let channels = from.channels;
        let count = (samples * from.grid().positions()) as f64;
        let mut update = None;
        self.means.clear();
        self.deviations.clear();
        if let Some(momentum) = self.momentum {
            self.means.extend(rows::sums(on, samples, from, x).iter().map(|sum| single(sum / count)));
            // The rounded mean's error is made good by the sum of the differences.
            let mut sums = std::vec![[0.0; 2]; channels];
            let rows = Rows::new(samples, from, from);
            on.level.run(Spread { rows, x, means: &self.means, sums: &mut sums });
            let statistics = sums.iter().zip(&self.means).map(|([sum, squares], mean)| {
                let error = sum / count;
                (f64::from(*mean) + error, (squares / count - error * error).max(0.0))
            });
            let statistics: Vec<(f64, f64)> = statistics.collect();
            self.deviations.extend(statistics.iter().map(|(_, variance)| libm::sqrt(variance + self.eps)));
            let factor = if self.unbiased { count / (count - 1.0) } else { 1.0 };
            let statistics = statistics.iter().map(|(mean, variance)| [*mean, variance * factor]).collect();
            update = Some(Update { mean: places[stored], momentum, statistics });
        } else {
            self.means.extend(params[stored]);
            self.deviations.extend(params[stored + 1].iter().map(|v| libm::sqrt(f64::from(*v) + self.eps)));
        }
        let factor = |channel: usize| self.scale(params, channel) / self.deviations[channel];
        let scale: Vec<f32> = (0..channels).map(|channel| single(factor(channel))).collect();
        let constant = |channel: usize| {
            let bias = if self.affine { f64::from(params[1][channel]) } else { 0.0 };
            single(bias - f64::from(self.means[channel]) * factor(channel))
        };
        let shift: Vec<f32> = (0..channels).map(constant).collect();
        rows::each(on, samples, (from, x), (to, y), [&scale, &shift], finish);
        update
    }

    /// Adds the gradients of weight and bias, and writes that of the input.
    pub(super) fn backward(
        &self,
        on: Machine,
        samples: usize,
        (params, dparams): (&[&[f32]], &mut [Vec<f32>]),
        (x_view, x): (&View, &[f32]),
        (from, dy): (&View, &[f32]),
        dx: Option<(&View, &mut [f32])>,
    ) {
        let channels = x_view.channels;
        let mut sums = std::vec![[0.0; 2]; channels];
        on.level.run(Products { rows: Rows::new(samples, x_view, from), x, dy, means: &self.means, sums: &mut sums });
        // Of the gradients, and of their products with the normalised values.
        let normalised =
            sums.iter().zip(&self.deviations).map(|([sum, product], deviation)| [*sum, product / deviation]);
        let sums: Vec<[f64; 2]> = normalised.collect();
        if self.affine {
            let column = |which: usize| sums.iter().map(|sums| sums[which]).collect::<Vec<f64>>();
            rows::add_sums(&column(1), &mut dparams[0]);
            rows::add_sums(&column(0), &mut dparams[1]);
        }
        let Some((to, dx)) = dx else { return };
        let count = (samples * x_view.grid().positions()) as f64;
        // `dx = by dy - of (x - mean) - constant`
        let lines: Vec<[f32; 3]> = (0..channels)
            .map(|channel| {
                let by = self.scale(params, channel) / self.deviations[channel];
                if self.momentum.is_none() {
                    return [single(by), 0.0, 0.0];
                }
                let [mean, product] = sums[channel].map(|sum| sum / count);
                [single(by), single(by * product / self.deviations[channel]), single(by * mean)]
            })
            .collect();
        rows::samples(on, (to, dx), samples, &|dx, samples, first| {
            let (x, dy) = (&x[first * x_view.buffer.sample()..], &dy[first * from.buffer.sample()..]);
            let (of_x, of_dy) =
                (Rows::new(samples, x_view, to).short(samples), Rows::new(samples, from, to).short(samples));
            on.level.run(Lines { of_x, of_dy, x, dy, means: &self.means, lines: &lines, dx });
        });
    }
}

/// For each channel the sum of the differences from its mean, and of their squares.
struct Spread<'a> {
    rows: Rows<'a>,
    x: &'a [f32],
    means: &'a [f32],
    sums: &'a mut [[f64; 2]],
}

impl Kernel for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Spread { rows, x, means, sums } = self;
        let mut row_sums = std::vec![[0.0_f32; 2]; means.len()];
        for row in 0..rows.count {
            let [at, _] = rows.at(row);
            for x in x[at..][..rows.length].chunks_exact(means.len()) {
                for ((x, mean), [sum, squares]) in x.iter().zip(means).zip(&mut row_sums) {
                    let difference = x - mean;
                    *sum += difference;
                    *squares += difference * difference;
                }
            }
            flush(&mut row_sums, sums);
        }
    }
}

/// Adds the sums of a row to those of all.
#[inline(always)]
fn flush(row: &mut [[f32; 2]], sums: &mut [[f64; 2]]) {
    for (row, sums) in row.iter_mut().zip(sums) {
        sums[0] += f64::from(row[0]);
        sums[1] += f64::from(row[1]);
        *row = [0.0; 2];
    }
}

/// For each channel the sum of the gradients, and of their products with the differences from the
/// mean.
struct Products<'a> {
    rows: Rows<'a>,
    x: &'a [f32],
    dy: &'a [f32],
    means: &'a [f32],
    sums: &'a mut [[f64; 2]],
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Products { rows, x, dy, means, sums } = self;
        let channels = means.len();
        let mut row_sums = std::vec![[0.0_f32; 2]; channels];
        for row in 0..rows.count {
            let [x_at, dy_at] = rows.at(row);
            let x = x[x_at..][..rows.length].chunks_exact(channels);
            for (x, dy) in x.zip(dy[dy_at..][..rows.length].chunks_exact(channels)) {
                for (((x, dy), mean), [sum, product]) in x.iter().zip(dy).zip(means).zip(&mut row_sums) {
                    *sum += dy;
                    *product += dy * (x - mean);
                }
            }
            flush(&mut row_sums, sums);
        }
    }
}

struct Lines<'a> {
    of_x: Rows<'a>,
    of_dy: Rows<'a>,
    x: &'a [f32],
    dy: &'a [f32],
    means: &'a [f32],
    lines: &'a [[f32; 3]],
    dx: &'a mut [f32],
}

impl Kernel for Lines<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Lines { of_x, of_dy, x, dy, means, lines, dx } = self;
        let channels = means.len();
        for row in 0..of_x.count {
            let ([x_at, to], [dy_at, _]) = (of_x.at(row), of_dy.at(row));
            let x = x[x_at..][..of_x.length].chunks_exact(channels);
            let dy = dy[dy_at..][..of_x.length].chunks_exact(channels);
            for (dx, (x, dy)) in dx[to..][..of_x.length].chunks_exact_mut(channels).zip(x.zip(dy)) {
                for ((((dx, x), dy), mean), [by, of, constant]) in dx.iter_mut().zip(x).zip(dy).zip(means).zip(lines) {
                    *dx = by * dy - of * (x - mean) - constant;
                }
            }
        }
    }
}

//! Normalisation with the batch's own statistics, or with stored ones.
//!
//! With the normalised values `z`, and `g` their gradients times the weight, the gradient of a value is `(g - mean(g) -
//! z mean(g z)) / deviation` for the values' own statistics, and `g / deviation` for stored ones.

use std::ops::Range;
use std::vec;
use std::vec::Vec;

use super::Machine;
use super::elements;
use crate::cpu::buffer::View;
use crate::cpu::elementwise::{self, Each};
use crate::cpu::math::Epilogue;
use crate::cpu::norm::Units;
use crate::cpu::simd::{Kernel, MOST_LANES, Simd};
use crate::model::param::Param;

/// The update of one normalisation's running statistics.
pub(crate) struct Update {
    /// The index of its running mean among the model's parameters; the variance is the next one.
    mean: usize,
    momentum: f64,
    /// Mean and variance of each channel, the variance as the dialect stores it.
    statistics: Vec<[f64; 2]>,
}

impl Update {
    /// Moves a running statistic towards that of the batch, if it is the parameter `index`.
    pub(crate) fn apply(&self, index: usize, param: &mut Param) {
        let Some(which @ (0 | 1)) = index.checked_sub(self.mean) else { return };
        for (running, new) in param.as_mut_slice().iter_mut().zip(&self.statistics) {
            *running = single((1.0 - self.momentum) * f64::from(*running) + self.momentum * new[which]);
        }
    }
}

/// Which values are normalised together.
#[derive(Clone, Copy)]
pub(super) enum Together {
    /// Each channel over the batch. With `momentum`, by the statistics of the batch, which move the running ones; if
    /// `unbiased`, the running variance divides by one less than the count. Without, by stored statistics.
    Batch { momentum: Option<f64>, unbiased: bool },
    /// Over each of this many groups of neighbouring channels of each sample.
    Groups(usize),
}

/// A normalisation.
pub(super) struct Norm {
    together: Together,
    eps: f64,
    affine: bool,
    /// From the last run: the moments of its units, and the mean and deviation of each channel, with groups those of
    /// each sample.
    moments: Vec<f32>,
    means: Vec<f32>,
    deviations: Vec<f64>,
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn single(value: f64) -> f32 {
    value as f32
}

impl Norm {
    pub(super) fn new(together: Together, eps: f64, affine: bool) -> Norm {
        Norm { together, eps, affine, moments: Vec::new(), means: Vec::new(), deviations: Vec::new() }
    }

    /// The weight of a channel.
    fn scale(&self, params: &[&[f32]], channel: usize) -> f64 {
        if self.affine { params[0][channel].into() } else { 1.0 }
    }

    /// The number of sets of samples with their own statistics, and the samples per set.
    fn sets(&self, samples: usize) -> (usize, usize) {
        match self.together {
            Together::Batch { .. } => (1, samples),
            Together::Groups(_) => (samples, 1),
        }
    }

    /// The number of channels that are normalised together.
    fn size(&self, channels: usize) -> usize {
        match self.together {
            Together::Batch { .. } => 1,
            Together::Groups(groups) => (channels / groups).max(1),
        }
    }

    /// Whether it uses stored statistics.
    fn is_stored(&self) -> bool {
        matches!(self.together, Together::Batch { momentum: None, .. })
    }

    /// `params` may end with stored statistics; `places` are their indices in the model.
    pub(super) fn forward(
        &mut self,
        on: Machine,
        samples: usize,
        (params, places): (&[&[f32]], &[usize]),
        (from, x): (&View, &[f32]),
        (to, y): (&View, &mut [f32]),
        epilogue: Epilogue,
    ) -> Option<Update> {
        let channels = from.channels;
        let mut update = None;
        self.means.clear();
        self.deviations.clear();
        if self.is_stored() {
            let stored = params.len() - 2;
            self.means.extend(params[stored]);
            self.deviations.extend(params[stored + 1].iter().map(|v| libm::sqrt(f64::from(*v) + self.eps)));
        } else {
            let units = Units::new(&from.grid());
            self.moments.resize(samples * units.room(), 0.0);
            units.moments((on.level, on.threads), samples, from, x, &mut self.moments);
            let ((sets, each), size) = (self.sets(samples), self.size(channels));
            let mut moved = Vec::new();
            for set in 0..sets {
                for first in (0..channels).step_by(size) {
                    let together = (set * each..(set + 1) * each, first..first + size);
                    let (mean, variance) = units.statistics(&self.moments, together.0, together.1);
                    let count = (each * from.grid().positions()) as f64;
                    moved.push((mean, variance, count));
                    for _ in 0..size {
                        self.means.push(single(mean));
                        self.deviations.push(libm::sqrt(variance + self.eps));
                    }
                }
            }
            if let Together::Batch { momentum: Some(momentum), unbiased } = self.together {
                let statistics = moved.into_iter().map(|(mean, variance, count)| {
                    [mean, if unbiased { variance * count / (count - 1.0) } else { variance }]
                });
                let mean = places[params.len() - 2];
                update = Some(Update { mean, momentum, statistics: statistics.collect() });
            }
        }
        let factor = |at: usize| self.scale(params, at % channels) / self.deviations[at];
        let scale: Vec<f32> = (0..self.means.len()).map(|at| single(factor(at))).collect();
        let constant = |at: usize| {
            let bias = if self.affine { f64::from(params[1][at % channels]) } else { 0.0 };
            single(bias - f64::from(self.means[at]) * factor(at))
        };
        let shift: Vec<f32> = (0..self.means.len()).map(constant).collect();
        let by_sample = matches!(self.together, Together::Groups(_));
        elementwise::spread(on.threads, epilogue.work(), samples, (from, x), (to, y), &|share| {
            on.level.run(Each { share, scale: &scale, shift: &shift, by_sample, epilogue });
        });
        update
    }

    /// Adds the gradients of weight and bias, and writes that of the input.
    pub(super) fn backward(
        &mut self,
        on: Machine,
        samples: usize,
        (params, dparams): (&[&[f32]], &mut [Vec<f32>]),
        (x_view, x): (&View, &[f32]),
        (from, dy): (&View, &[f32]),
        dx: Option<(&View, &mut [f32])>,
    ) {
        let (channels, grid) = (x_view.channels, x_view.grid());
        let units = Units::new(&grid);
        let by_sample = matches!(self.together, Together::Groups(_));
        let mut products = std::mem::take(&mut self.moments);
        products.resize(samples * units.room(), 0.0);
        let means = &self.means[..];
        units.share(on.threads, samples, &mut products, &|first, y| {
            on.level.run(GradientSums { units, first, x_view, x, from, dy, means, by_sample, y });
        });
        // Means over each set: of the gradients, and of their products with the normalised values.
        let (sets, each) = self.sets(samples);
        let mut sums = vec![[0.0_f64; 2]; sets * channels];
        for (unit, own) in products.chunks_exact(2 * channels).enumerate() {
            let set = unit / units.count / each.max(1);
            let (dys, rest) = own.split_at(channels);
            for ((sums, dy), product) in sums[set * channels..].iter_mut().zip(dys).zip(rest) {
                sums[0] += f64::from(*dy);
                sums[1] += f64::from(*product);
            }
        }
        self.moments = products;
        sums.iter_mut().zip(&self.deviations).for_each(|(sums, deviation)| sums[1] /= deviation);
        if self.affine {
            let column = |which: usize| -> Vec<f64> {
                let of = |channel: usize| (0..sets).map(|set| sums[set * channels + channel][which]).sum();
                (0..channels).map(of).collect()
            };
            dparams.iter_mut().take(2).for_each(|dparam| dparam.resize(channels, 0.0));
            elements::add_sums(&column(1), &mut dparams[0]);
            elements::add_sums(&column(0), &mut dparams[1]);
        }
        let Some((to, dx)) = dx else { return };
        // `dx = by dy - of (x - mean) - constant`
        let size = self.size(channels);
        let count = (each * size * grid.positions()) as f64;
        let mut lines = [vec![0.0; sets * channels], vec![0.0; sets * channels], vec![0.0; sets * channels]];
        for first in (0..sets * channels).step_by(size) {
            let (mut mean, mut product) = (0.0, 0.0);
            for at in first..first + size {
                let scale = self.scale(params, at % channels);
                mean += scale * sums[at][0] / count;
                product += scale * sums[at][1] / count;
            }
            for at in first..first + size {
                let deviation = self.deviations[at];
                lines[0][at] = single(self.scale(params, at % channels) / deviation);
                if !self.is_stored() {
                    lines[1][at] = single(product / (deviation * deviation));
                    lines[2][at] = single(mean / deviation);
                }
            }
        }
        let [by, of, constant] = &lines;
        let lines = [&by[..], &of[..], &constant[..], means];
        elements::samples(on, (to, dx), samples, &|dx, samples, first| {
            let samples = first..first + samples;
            on.level.run(ChannelFactors { samples, x_view, x, from, dy, to, lines, by_sample, dx });
        });
    }
}

/// For each unit and channel, the sum of the gradients, and of their products with the deviations from the mean.
struct GradientSums<'a> {
    units: Units,
    first: usize,
    x_view: &'a View,
    x: &'a [f32],
    from: &'a View,
    dy: &'a [f32],
    means: &'a [f32],
    by_sample: bool,
    y: &'a mut [f32],
}

impl Kernel for GradientSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let GradientSums { units, first, x_view, x, from, dy, means, by_sample, y } = self;
        let channels = units.channels;
        let width = x_view.buffer.size[2];
        for (unit, y) in (first..).zip(y.chunks_exact_mut(2 * channels)) {
            let (sample, positions) = (unit / units.count, units.positions(unit % units.count));
            let means = if by_sample { &means[sample * channels..] } else { means };
            let (x, dy) = (&x[sample * x_view.buffer.sample()..], &dy[sample * from.buffer.sample()..]);
            let (sums, products) = y.split_at_mut(channels);
            for channel in (0..channels).step_by(S::LANES) {
                let count = S::LANES.min(channels - channel);
                let mean = some(simd, &means[channel..], count);
                let (mut sum, mut product) = (simd.splat(0.0), simd.splat(0.0));
                let mut position = positions.start;
                while position < positions.end {
                    let (row, column) = (position / width, position % width);
                    let many = (width - column).min(positions.end - position);
                    let x = &x[x_view.row(row) + column * x_view.buffer.width + channel..];
                    let dy = &dy[from.row(row) + column * from.buffer.width + channel..];
                    for at in 0..many {
                        let x = simd.load_some(&x[at * x_view.buffer.width..], count);
                        let dy = simd.load_some(&dy[at * from.buffer.width..], count);
                        sum = simd.add(sum, dy);
                        product = simd.mul_add(dy, simd.sub(x, mean), product);
                    }
                    position += many;
                }
                simd.store_some(sum, &mut sums[channel..], count);
                simd.store_some(product, &mut products[channel..], count);
            }
        }
    }
}

/// A vector whose first `count` lanes are elements.
#[inline(always)]
fn some<S: Simd>(simd: S, from: &[f32], count: usize) -> S::F {
    let mut lanes = [0.0; MOST_LANES];
    lanes[..count].copy_from_slice(&from[..count]);
    simd.load(&lanes)
}

/// Computes `by dy - of (x - mean) - constant` for some samples.
struct ChannelFactors<'a> {
    samples: Range<usize>,
    x_view: &'a View,
    x: &'a [f32],
    from: &'a View,
    dy: &'a [f32],
    to: &'a View,
    /// `by`, `of`, `constant` and `mean` for each channel, or for each channel of each sample.
    lines: [&'a [f32]; 4],
    by_sample: bool,
    /// The gradient, from the first of these samples on.
    dx: &'a mut [f32],
}

impl Kernel for ChannelFactors<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let ChannelFactors { samples, x_view, x, from, dy, to, lines, by_sample, dx } = self;
        let channels = to.channels;
        let [depth, height, width] = to.buffer.size;
        for (own, sample) in samples.enumerate() {
            let first = if by_sample { sample * channels } else { 0 };
            for row in 0..depth * height {
                let x = &x[x_view.row(sample * depth * height + row)..];
                let dy = &dy[from.row(sample * depth * height + row)..];
                let dx = &mut dx[to.row(own * depth * height + row)..];
                for channel in (0..channels).step_by(S::LANES) {
                    let count = S::LANES.min(channels - channel);
                    let [by, of, constant, mean] = lines.map(|line| some(simd, &line[first + channel..], count));
                    for at in 0..width {
                        let x = simd.load_some(&x[at * x_view.buffer.width + channel..], count);
                        let dy = simd.load_some(&dy[at * from.buffer.width + channel..], count);
                        let apart = simd.sub(simd.splat(0.0), simd.mul(of, simd.sub(x, mean)));
                        let sum = simd.sub(simd.mul_add(by, dy, apart), constant);
                        simd.store_some(sum, &mut dx[at * to.buffer.width + channel..][..count], count);
                    }
                }
            }
        }
    }
}

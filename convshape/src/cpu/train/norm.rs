//! Normalisation with the batch's own statistics, or with stored ones.
//!
//! With the normalised values `z`, and `g` their gradients times the weight, the gradient of a value is `(g - mean(g) -
//! z mean(g z)) / deviation` for the values' own statistics, and `g / deviation` for stored ones.

use std::ops::Range;
use std::vec;
use std::vec::Vec;

use convshape_arith::op::Activation;

use super::Machine;
use super::elements;
use crate::cpu::buffer::View;
use crate::cpu::elementwise::{self, Each, lines};
use crate::cpu::math::{Differentiate, Epilogue};
use crate::cpu::norm::Units;
use crate::cpu::simd::{Kernel, Simd};
use crate::cpu::tuning::BLOCK;
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
    /// The activation of the normalised values.
    activation: Option<Activation>,
    /// From the last run: the moments of its units, and the mean and deviation of each channel, with groups those of
    /// each sample.
    moments: Vec<f32>,
    means: Vec<f32>,
    deviations: Vec<f64>,
    /// From the last run: the factor of each value, and what is added to it.
    lines: [Vec<f32>; 2],
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn single(value: f64) -> f32 {
    value as f32
}

impl Norm {
    pub(super) fn new(together: Together, eps: f64, affine: bool, activation: Option<Activation>) -> Norm {
        let (moments, means, deviations) = (Vec::new(), Vec::new(), Vec::new());
        Norm { together, eps, affine, activation, moments, means, deviations, lines: [Vec::new(), Vec::new()] }
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
    ) -> Option<Update> {
        let channels = from.channels;
        let epilogue = self.activation.map_or(Epilogue::None, Epilogue::of);
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
            let moved: Vec<(f64, f64)> = (0..sets)
                .flat_map(|set| units.statistics(&self.moments, set * each..(set + 1) * each, size))
                .flat_map(|group| core::iter::repeat_n(group, size))
                .collect();
            self.means.extend(moved.iter().map(|(mean, _)| single(*mean)));
            self.deviations.extend(moved.iter().map(|(_, variance)| libm::sqrt(variance + self.eps)));
            if let Together::Batch { momentum: Some(momentum), unbiased } = self.together {
                let count = (each * from.grid().positions()) as f64;
                let statistics = moved
                    .into_iter()
                    .map(|(mean, variance)| [mean, if unbiased { variance * count / (count - 1.0) } else { variance }]);
                let mean = places[params.len() - 2];
                update = Some(Update { mean, momentum, statistics: statistics.collect() });
            }
        }
        let factor = |at: usize| self.scale(params, at % channels) / self.deviations[at];
        let scale = (0..self.means.len()).map(|at| single(factor(at))).collect();
        let constant = |at: usize| {
            let bias = if self.affine { f64::from(params[1][at % channels]) } else { 0.0 };
            single(bias - f64::from(self.means[at]) * factor(at))
        };
        let shift = (0..self.means.len()).map(constant).collect();
        self.lines = [scale, shift];
        let [scale, shift] = &self.lines;
        let by_sample = matches!(self.together, Together::Groups(_));
        elementwise::spread(on.threads, epilogue.work(), samples, (from, x), (to, y), &|share| {
            on.level.run(Each { share, scale, shift, by_sample, epilogue });
        });
        update
    }

    /// Adds the gradients of weight and bias, and writes that of the input, or adds it if `add`.
    pub(super) fn backward(
        &mut self,
        on: Machine,
        samples: usize,
        (params, dparams): (&[&[f32]], &mut [Vec<f32>]),
        (x_view, x): (&View, &[f32]),
        (from, dy): (&View, &[f32]),
        dx: Option<(&View, &mut [f32], bool)>,
    ) {
        let (channels, grid) = (x_view.channels, x_view.grid());
        let units = Units::new(&grid);
        let by_sample = matches!(self.together, Together::Groups(_));
        let mut products = std::mem::take(&mut self.moments);
        products.resize(samples * units.room(), 0.0);
        let means = &self.means[..];
        let gradients =
            NormGradients { x_view, x, from, dy, activation: self.activation, lines: &self.lines, by_sample };
        units.share(on.threads, samples, &mut products, &|first, y| {
            on.level.run(GradientSums { units, first, gradients, means, y });
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
        let Some((to, dx, add)) = dx else { return };
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
        let factors = [&by[..], &of[..], &constant[..], means];
        elements::samples(on, (to, dx), samples, &|dx, samples, first| {
            let samples = first..first + samples;
            on.level.run(ChannelFactors { samples, gradients, to, factors, add, dx });
        });
    }
}

/// Values that are normalised, and the gradients of the results.
#[derive(Clone, Copy)]
struct NormGradients<'a> {
    x_view: &'a View,
    x: &'a [f32],
    from: &'a View,
    dy: &'a [f32],
    /// The activation of the normalised values.
    activation: Option<Activation>,
    /// The factor of each value and what is added to it, for each channel, or for each channel of each sample.
    lines: &'a [Vec<f32>; 2],
    by_sample: bool,
}

impl<'a> NormGradients<'a> {
    /// The index of a sample's first channel in lines of factors.
    fn first(&self, sample: usize) -> usize {
        if self.by_sample { sample * self.x_view.channels } else { 0 }
    }

    /// The number of positions that fit in [`BLOCK`] elements.
    fn block(&self) -> usize {
        (BLOCK / self.x_view.channels.max(1)).max(1)
    }

    /// The first of these positions of a sample that are neighbours and fit in `room`. Kernels loop over blocks
    /// themselves: a closure that is not inlined would not be compiled for their instruction set.
    #[inline(always)]
    fn block_of<'b, S: Simd>(
        &self,
        simd: S,
        sample: usize,
        positions: &Range<usize>,
        room: &'b mut [Vec<f32>; 2],
    ) -> Block<'b>
    where
        'a: 'b,
    {
        let NormGradients { x_view, x, from, dy, activation, .. } = *self;
        let channels = x_view.channels;
        let width = x_view.buffer.size[2];
        let whole = x_view.long_rows().0 == 1 && from.long_rows().0 == 1;
        let (row, column) = (positions.start / width, positions.start % width);
        let left = if whole { positions.len() } else { (width - column).min(positions.len()) };
        let count = left.min(self.block());
        let x = &x[sample * x_view.buffer.sample() + x_view.row(row) + column * x_view.buffer.width..];
        let dy = &dy[sample * from.buffer.sample() + from.row(row) + column * from.buffer.width..];
        let steps = [x_view.buffer.width, from.buffer.width];
        let Some(function) = activation else { return Block { count, x, dy, steps } };
        let [arguments, product] = room;
        let (arguments, product) = (&mut arguments[..count * channels], &mut product[..count * channels]);
        let first = self.first(sample);
        let [scale, shift] = self.lines.each_ref().map(|line| &line[first..][..channels]);
        lines(simd, [scale, shift], (x, steps[0]), arguments);
        if steps[1] == channels {
            simd.call(Differentiate { function, x: arguments, dy: &dy[..count * channels], dx: &mut *product });
        } else {
            for (at, dx) in product.chunks_exact_mut(channels).enumerate() {
                let x = &arguments[at * channels..][..channels];
                simd.call(Differentiate { function, x, dy: &dy[at * steps[1]..][..channels], dx });
            }
        }
        Block { count, x, dy: product, steps: [steps[0], channels] }
    }
}

/// Neighbouring positions: their number, their values, the gradients of the normalised values, and the strides from
/// position to position of both.
struct Block<'a> {
    count: usize,
    x: &'a [f32],
    dy: &'a [f32],
    steps: [usize; 2],
}

/// Room for the intermediate results of [`NormGradients::block_of`].
fn room(gradients: &NormGradients<'_>) -> [Vec<f32>; 2] {
    let count = if gradients.activation.is_some() { gradients.block() * gradients.x_view.channels } else { 0 };
    [vec![0.0; count], vec![0.0; count]]
}

/// For each unit and channel, the sum of the gradients, and of their products with the deviations from the mean.
struct GradientSums<'a> {
    units: Units,
    first: usize,
    gradients: NormGradients<'a>,
    means: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for GradientSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let GradientSums { units, first, gradients, means, y } = self;
        let channels = units.channels;
        let mut room = room(&gradients);
        for (unit, y) in (first..).zip(y.chunks_exact_mut(2 * channels)) {
            let (sample, mut positions) = (unit / units.count, units.positions(unit % units.count));
            let means = &means[gradients.first(sample)..];
            let (sums, products) = y.split_at_mut(channels);
            sums.fill(0.0);
            products.fill(0.0);
            while !positions.is_empty() {
                let Block { count: many, x, dy, steps } = gradients.block_of(simd, sample, &positions, &mut room);
                positions.start += many;
                for channel in (0..channels).step_by(S::LANES) {
                    let count = S::LANES.min(channels - channel);
                    let mean = simd.load_some(&means[channel..], count);
                    let mut sum = simd.load_some(&sums[channel..], count);
                    let mut product = simd.load_some(&products[channel..], count);
                    for at in 0..many {
                        let x = simd.load_some(&x[at * steps[0] + channel..], count);
                        let dy = simd.load_some(&dy[at * steps[1] + channel..], count);
                        sum = simd.add(sum, dy);
                        product = simd.mul_add(dy, simd.sub(x, mean), product);
                    }
                    simd.store_some(sum, &mut sums[channel..], count);
                    simd.store_some(product, &mut products[channel..], count);
                }
            }
        }
    }
}

/// Computes `by dy - of (x - mean) - constant` for some samples.
struct ChannelFactors<'a> {
    samples: Range<usize>,
    gradients: NormGradients<'a>,
    to: &'a View,
    /// `by`, `of`, `constant` and `mean` for each channel, or for each channel of each sample.
    factors: [&'a [f32]; 4],
    /// Whether the results are added to what is there.
    add: bool,
    /// The gradient, from the first of these samples on.
    dx: &'a mut [f32],
}

impl Kernel for ChannelFactors<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let ChannelFactors { samples, gradients, to, factors, add, dx } = self;
        let channels = to.channels;
        let (rows, width) = to.long_rows();
        let mut room = room(&gradients);
        for (own, sample) in samples.enumerate() {
            let first = gradients.first(sample);
            for row in 0..rows {
                let mut positions = row * width..(row + 1) * width;
                let mut to_row = to.long_row(own * rows + row);
                while !positions.is_empty() {
                    let Block { count: many, x, dy, steps } = gradients.block_of(simd, sample, &positions, &mut room);
                    let dx = &mut dx[to_row..];
                    (positions.start, to_row) = (positions.start + many, to_row + many * to.buffer.width);
                    for channel in (0..channels).step_by(S::LANES) {
                        let count = S::LANES.min(channels - channel);
                        let line = |which: usize| simd.load_some(&factors[which][first + channel..], count);
                        let (by, of, constant, mean) = (line(0), line(1), line(2), line(3));
                        for at in 0..many {
                            let x = simd.load_some(&x[at * steps[0] + channel..], count);
                            let dy = simd.load_some(&dy[at * steps[1] + channel..], count);
                            let apart = simd.sub(simd.splat(0.0), simd.mul(of, simd.sub(x, mean)));
                            let mut sum = simd.sub(simd.mul_add(by, dy, apart), constant);
                            let dx = &mut dx[at * to.buffer.width + channel..];
                            if add {
                                sum = simd.add(sum, simd.load_some(dx, count));
                            }
                            simd.store_some(sum, &mut dx[..count], count);
                        }
                    }
                }
            }
        }
    }
}

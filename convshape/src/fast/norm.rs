//! Normalisation by the values' own statistics, and softmax.
//!
//! Sums of many values are taken in `f64`: row by row, or vector by vector.

use std::ops::Range;
use std::vec::Vec;

use super::buffer::View;
use super::each::{Share, Stretches};
use super::math::{Finish, exp};
use super::simd::{Kernel, MOST_LANES, Sets, Simd};

/// `GroupNorm`, and `InstanceNorm` with a group for each channel.
pub(super) struct GroupNorm {
    pub(super) groups: usize,
    pub(super) eps: f64,
    /// Of each channel.
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) finish: Finish,
}

/// Some samples. What is written starts at `base`.
pub(super) struct Groups<'a> {
    pub(super) norm: &'a GroupNorm,
    pub(super) samples: Range<usize>,
    pub(super) from: &'a View,
    pub(super) x: &'a [f32],
    pub(super) to: &'a View,
    pub(super) y: &'a mut [f32],
    pub(super) base: usize,
    /// Room for two numbers of each channel.
    pub(super) scratch: &'a mut [f32],
}

impl Kernel for Groups<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    fn run<S: Simd>(self, simd: S) {
        let Groups { norm, samples, from, x, to, y, base, scratch } = self;
        let [depth, height, width] = to.buffer.size;
        let channels = to.channels;
        let (scale, shift) = scratch.split_at_mut(channels);
        for sample in samples {
            let rows = sample * depth * height..(sample + 1) * depth * height;
            // The mean and the variance of each channel ..
            for channel in (0..channels).step_by(S::LANES) {
                let count = S::LANES.min(channels - channel);
                let block = Column { from, x, channel, count, rows: rows.clone(), width };
                let mean = block.mean(simd, simd.splat(0.0), false);
                simd.store_some(mean, &mut scale[channel..], count);
                simd.store_some(block.mean(simd, mean, true), &mut shift[channel..], count);
            }
            // .. make those of each group, and a factor and a constant.
            let size = channels / norm.groups;
            for group in (0..channels).step_by(size) {
                let group = group..group + size;
                let numbers = |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>() / size as f64;
                let mean = numbers(&scale[group.clone()]);
                let spread: f64 = scale[group.clone()].iter().map(|own| (f64::from(*own) - mean).powi(2)).sum();
                let variance = numbers(&shift[group.clone()]) + spread / size as f64;
                let factor = 1.0 / (variance + norm.eps).sqrt();
                for channel in group {
                    let (weight, bias) = match norm.weight[..] {
                        [] => (1.0, 0.0),
                        _ => (f64::from(norm.weight[channel]), f64::from(norm.bias[channel])),
                    };
                    scale[channel] = (factor * weight) as f32;
                    shift[channel] = (bias - mean * factor * weight) as f32;
                }
            }
            for row in 0..depth * height {
                let x_row = from.row(rows.start + row);
                let y_row = to.row(rows.start + row) - base;
                for column in 0..width {
                    let x = &x[x_row + column * from.buffer.width..][..channels];
                    let y = &mut y[y_row + column * to.buffer.width..][..channels];
                    for (((y, x), scale), shift) in y.iter_mut().zip(x).zip(&*scale).zip(&*shift) {
                        *y = *x * scale + shift;
                    }
                    norm.finish.all(simd, y);
                }
            }
        }
    }
}

/// A vector of channels over all positions of a sample.
struct Column<'a> {
    from: &'a View,
    x: &'a [f32],
    channel: usize,
    count: usize,
    rows: Range<usize>,
    width: usize,
}

impl Column<'_> {
    /// The mean of what lies above `center`, or of its square.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    fn mean<S: Simd>(&self, simd: S, center: S::F, square: bool) -> S::F {
        let mut total = [0.0_f64; MOST_LANES];
        for row in self.rows.clone() {
            let x = &self.x[self.from.row(row) + self.channel..];
            let mut sum = simd.splat(0.0);
            for column in 0..self.width {
                let x = simd.load_some(&x[column * self.from.buffer.width..], self.count);
                let x = simd.sub(x, center);
                sum = if square { simd.mul_add(x, x, sum) } else { simd.add(x, sum) };
            }
            let mut lanes = [0.0; MOST_LANES];
            simd.store(sum, &mut lanes);
            for lane in 0..MOST_LANES {
                total[lane] += f64::from(lanes[lane]);
            }
        }
        let positions = (self.rows.len() * self.width) as f64;
        simd.load(&total.map(|sum| (sum / positions) as f32))
    }
}

/// What is done with the channels of each position.
pub(super) enum Along {
    /// `LayerNorm` over the channels.
    Norm { eps: f64, weight: Vec<f32>, bias: Vec<f32> },
    /// `Softmax`
    Softmax,
}

/// Some positions.
pub(super) struct Positions<'a> {
    pub(super) along: &'a Along,
    pub(super) share: Share<'a>,
    pub(super) finish: Finish,
}

impl Kernel for Positions<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotAvx512;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Positions { along, share, finish } = self;
        let stretches = Stretches::new(&share);
        let channels = share.to.channels;
        for index in 0..stretches.count {
            let (x, place) = stretches.get(index);
            let y = &mut share.y[place];
            for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
                match along {
                    Along::Norm { eps, weight, bias } => normalise(simd, *eps, weight, bias, x, y),
                    Along::Softmax => softmax(simd, x, y),
                }
            }
            finish.all(simd, y);
        }
    }
}

/// The sum of `f` over vectors; the last one is filled up with `center`.
#[inline(always)]
fn sum<S: Simd>(simd: S, x: &[f32], center: f32, square: bool) -> f64 {
    let center_lanes = simd.splat(center);
    let mut sum = simd.splat(0.0);
    let mut rest = 0.0;
    let mut chunks = x.chunks_exact(S::LANES);
    for chunk in &mut chunks {
        let x = simd.sub(simd.load(chunk), center_lanes);
        sum = if square { simd.mul_add(x, x, sum) } else { simd.add(x, sum) };
    }
    for x in chunks.remainder() {
        let x = f64::from(x - center);
        rest += if square { x * x } else { x };
    }
    f64::from(simd.sum(sum)) + rest
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn normalise<S: Simd>(simd: S, eps: f64, weight: &[f32], bias: &[f32], x: &[f32], y: &mut [f32]) {
    let count = x.len() as f64;
    let mean = (sum(simd, x, 0.0, false) / count) as f32;
    let factor = (1.0 / (sum(simd, x, mean, true) / count + eps).sqrt()) as f32;
    for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
        *y = (x - mean) * factor * weight + bias;
    }
}

/// The largest is taken off first, so that nothing overflows.
#[inline(always)]
fn softmax<S: Simd>(simd: S, x: &[f32], y: &mut [f32]) {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, |a, b| if b > a || b.is_nan() { b } else { a });
    let mut total = 0.0_f64;
    for at in (0..x.len()).step_by(S::LANES) {
        let count = S::LANES.min(x.len() - at);
        let (power, _) = exp(simd, simd.sub(simd.load_some(&x[at..], count), simd.splat(largest)));
        simd.store_some(power, &mut y[at..], count);
        total += y[at..][..count].iter().map(|&y| f64::from(y)).sum::<f64>();
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    let factor = (1.0 / total) as f32;
    y.iter_mut().for_each(|y| *y *= factor);
}

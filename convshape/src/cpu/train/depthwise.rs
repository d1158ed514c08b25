//! Weight gradients of depthwise convolutions. The lanes of a vector are channels, of the input and the output
//! alike; the sums of several taps stay in registers over all positions.

use std::ops::Range;
use std::vec::Vec;

use convshape_arith::op::PerAxis;

use super::weight_gradient::GradientOf;
use crate::cpu::buffer::View;
use crate::cpu::simd::{Kernel, Level, Simd};
use crate::cpu::taps::all_taps;
use crate::cpu::threads::Threads;
use crate::cpu::tuning::DEPTHWISE_SHARES;

/// A weight gradient.
pub(super) struct DepthwiseGradient {
    level: Level,
    channels: usize,
    /// The offset of each tap's first position on the spread side.
    taps: Vec<usize>,
    counts: PerAxis<usize>,
    /// The strides of samples and of each axis on either side, and the offset of the dense side's first position.
    dense: [usize; 4],
    spread: [usize; 4],
    start: usize,
    /// The index in the parameter of each sum, `[tap][channel]`.
    places: Vec<usize>,
    count: usize,
    /// The sums, for each share of the samples.
    sums: Vec<f32>,
    shares: usize,
    work: usize,
}

impl DepthwiseGradient {
    /// `None` if it is not a depthwise convolution.
    pub(super) fn new(
        level: Level,
        weight: &GradientOf<'_>,
        dense: &View,
        spread: &View,
        samples: usize,
    ) -> Option<Self> {
        let channels = dense.channels;
        if weight.groups != channels || spread.channels != channels {
            return None;
        }
        let (mut taps, mut places) = (Vec::new(), Vec::new());
        for tap in all_taps(weight.lines) {
            taps.push(spread.buffer.at_signed(tap.map(|(_, row)| row)) + spread.channel);
            places.extend((0..channels).map(|channel| (weight.place)(channel, channel, tap.map(|(tap, _)| tap))));
        }
        let (dense_strides, spread_strides) = (dense.buffer.strides(), spread.buffer.strides());
        let steps = [0, 1, 2].map(|axis| weight.lines[axis].step * spread_strides[axis]);
        Some(DepthwiseGradient {
            level,
            channels,
            counts: dense.buffer.size,
            dense: [dense.buffer.sample(), dense_strides[0], dense_strides[1], dense_strides[2]],
            spread: [spread.buffer.sample(), steps[0], steps[1], steps[2]],
            start: dense.at([0; 3]),
            places,
            count: weight.count,
            sums: Vec::new(),
            shares: samples.clamp(1, DEPTHWISE_SHARES),
            work: samples * dense.grid().elements() * taps.len(),
            taps,
        })
    }

    /// The multiply-adds of a batch.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Computes the gradient over a batch.
    pub(super) fn run(&mut self, threads: Threads, samples: usize, dense: &[f32], spread: &[f32]) {
        let mut sums = std::mem::take(&mut self.sums);
        let size = self.places.len();
        sums.resize(size * self.shares, 0.0);
        let share = samples.div_ceil(self.shares).max(1);
        let own = &*self;
        threads.pieces(&mut sums, own.work, &|at| at / size * size, &|first, sums| {
            for (index, sums) in (first / size..).zip(sums.chunks_exact_mut(size)) {
                let samples = (index * share).min(samples)..((index + 1) * share).min(samples);
                own.level.run(SampleShare { own, samples, dense, spread, sums });
            }
        });
        self.sums = sums;
    }

    /// Adds the result of [`DepthwiseGradient::run`] to the gradient of the parameter; an empty gradient counts as
    /// zeros.
    pub(super) fn add_to(&self, gradient: &mut Vec<f32>) {
        gradient.resize(self.count, 0.0);
        for sums in self.sums.chunks_exact(self.places.len().max(1)) {
            for (sum, place) in sums.iter().zip(&self.places) {
                gradient[*place] += sum;
            }
        }
    }
}

/// Some samples.
struct SampleShare<'a> {
    own: &'a DepthwiseGradient,
    samples: Range<usize>,
    dense: &'a [f32],
    spread: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for SampleShare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let SampleShare { own, samples, dense, spread, sums } = self;
        sums.fill(0.0);
        for sample in samples {
            let dense = &dense[sample * own.dense[0] + own.start..];
            let spread = &spread[sample * own.spread[0]..];
            let mut tap = 0;
            while tap < own.taps.len() {
                let mut job = ChannelTaps { own, dense, spread, sums: &mut *sums, tap };
                tap += match own.taps.len() - tap {
                    9.. => simd.call(TapTile::<9>(&mut job)),
                    5.. => simd.call(TapTile::<5>(&mut job)),
                    _ => simd.call(TapTile::<1>(&mut job)),
                };
            }
        }
    }
}

struct ChannelTaps<'a> {
    own: &'a DepthwiseGradient,
    /// The elements of one sample.
    dense: &'a [f32],
    spread: &'a [f32],
    sums: &'a mut [f32],
    tap: usize,
}

/// Computes `T` taps of every channel, and returns `T`.
struct TapTile<'a, 'b, const T: usize>(&'a mut ChannelTaps<'b>);

impl<const T: usize> Kernel for TapTile<'_, '_, T> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> usize {
        let ChannelTaps { own, dense, spread, sums, tap } = self.0;
        let taps: &[usize; T] = own.taps[*tap..].first_chunk().expect("as many taps");
        let [depth, height, width] = own.counts;
        for channel in (0..own.channels).step_by(S::LANES) {
            let count = S::LANES.min(own.channels - channel);
            let mut acc = [simd.splat(0.0); T];
            for d in 0..depth {
                for h in 0..height {
                    let dense = &dense[d * own.dense[1] + h * own.dense[2] + channel..];
                    let row = d * own.spread[1] + h * own.spread[2] + channel;
                    for w in 0..width {
                        let dy = simd.load_some(&dense[w * own.dense[3]..], count);
                        for t in 0..T {
                            let x = simd.load_some(&spread[row + w * own.spread[3] + taps[t]..], count);
                            acc[t] = simd.mul_add(dy, x, acc[t]);
                        }
                    }
                }
            }
            for t in 0..T {
                let sum = &mut sums[(*tap + t) * own.channels + channel..][..count];
                simd.store_some(simd.add(acc[t], simd.load_some(sum, count)), sum, count);
            }
        }
        T
    }
}

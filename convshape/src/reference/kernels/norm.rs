//! Normalisation, and softmax. Variances are biased: the divisor is the count itself.

use super::axes::ReductionGroups;
use super::layout::ChannelLayout;
use super::number::Number;

/// Mean and variance.
pub(super) struct Statistics {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

impl Statistics {
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone, count: usize) -> Statistics {
        let count = count as f64;
        let mean = values.clone().sum::<f64>() / count;
        let variance = values.map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
        Statistics { mean, variance }
    }

    pub(super) fn normalise(&self, value: f64, eps: f64) -> f64 {
        (value - self.mean) / libm::sqrt(self.variance + eps)
    }
}

/// The weight and bias after a normalisation, if there are any.
pub(super) fn affine<T: Number>(params: &[&[T]], index: usize, value: f64) -> f64 {
    match params {
        [weight, bias, ..] => value * weight[index].get() + bias[index].get(),
        _ => value,
    }
}

/// `params` end with the running mean and variance.
pub(super) fn batch_norm<T: Number>(params: &[&[T]], eps: f64, layout: &ChannelLayout, y: &mut [T]) {
    let (params, stored) = params.split_at(params.len() - 2);
    for (channel, (mean, variance)) in stored[0].iter().zip(stored[1]).enumerate() {
        let statistics = Statistics { mean: mean.get(), variance: variance.get() };
        for position in 0..layout.positions {
            let y = &mut y[layout.at(channel, position)];
            *y = T::of(affine(params, channel, statistics.normalise(y.get(), eps)));
        }
    }
}

/// Normalises groups of neighbouring channels with the statistics of the group. `InstanceNorm` has one channel per
/// group.
pub(super) fn group_norm<T: Number>(
    groups: usize,
    params: &[&[T]],
    eps: f64,
    layout: &ChannelLayout,
    x: &[T],
    y: &mut [T],
) {
    let size = layout.count / groups;
    for group in 0..groups {
        let channels = group * size..(group + 1) * size;
        let places =
            channels.flat_map(|channel| (0..layout.positions).map(move |at| (channel, layout.at(channel, at))));
        let statistics = Statistics::of(places.clone().map(|(_, at)| x[at].get()), size * layout.positions);
        for (channel, at) in places {
            y[at] = T::of(affine(params, channel, statistics.normalise(x[at].get(), eps)));
        }
    }
}

/// Normalises each contiguous run of the last axes, as long as the weight, with its own statistics.
pub(super) fn layer_norm<T: Number>(params: &[&[T]], eps: f64, x: &[T], y: &mut [T]) {
    let size = params[0].len();
    for (x, y) in x.chunks_exact(size).zip(y.chunks_exact_mut(size)) {
        let statistics = Statistics::of(x.iter().map(|x| x.get()), size);
        for (index, (x, y)) in x.iter().zip(y).enumerate() {
            *y = T::of(affine(params, index, statistics.normalise(x.get(), eps)));
        }
    }
}

/// Divides each contiguous run of the last axes, as long as the weight, by the root of its mean square.
pub(super) fn rms_norm<T: Number>(weight: &[T], eps: f64, x: &[T], y: &mut [T]) {
    for (x, y) in x.chunks_exact(weight.len()).zip(y.chunks_exact_mut(weight.len())) {
        let factor = inverse_rms(x, eps);
        for ((x, y), weight) in x.iter().zip(y).zip(weight) {
            *y = T::of(x.get() * factor * weight.get());
        }
    }
}

/// One over the root of the mean square.
pub(super) fn inverse_rms<T: Number>(x: &[T], eps: f64) -> f64 {
    let squares: f64 = x.iter().map(|x| x.get() * x.get()).sum();
    1.0 / libm::sqrt(squares / x.len() as f64 + eps)
}

/// Softmax over the elements of each group. The largest element is subtracted first, so that nothing overflows.
pub(super) fn softmax<T: Number>(log: bool, groups: &ReductionGroups, x: &[T], y: &mut [T]) {
    for start in groups.starts() {
        let places = || groups.members().map(|at| start + at);
        let largest = places().map(|at| x[at].get()).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = places().map(|at| libm::exp(x[at].get() - largest)).sum();
        for at in places() {
            let less = x[at].get() - largest;
            y[at] = T::of(if log { less - libm::log(sum) } else { libm::exp(less) / sum });
        }
    }
}

/// Normalisation, and softmax.
///
/// If the statistics are those of the values themselves, with `z` the normalised values and `g` their gradients, the
/// gradient of a value is `(g - mean(g) - z mean(g z)) / deviation`.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::{Statistics, affine, inverse_rms};
    use crate::reference::kernels::axes::ReductionGroups;
    use crate::reference::kernels::layout::ChannelLayout;
    use crate::reference::kernels::number::Real;

    /// Accumulators of a layer's gradients.
    struct Sinks<'a, T> {
        dparams: &'a mut [Vec<T>],
        /// Sums for the gradients of weight and bias, in `f64` because they have many small terms.
        affine: Vec<[f64; 2]>,
        dx: &'a mut [T],
    }

    impl<'a, T: Real> Sinks<'a, T> {
        /// `dparams` starts with the gradients of weight and bias, if the layer has them.
        fn new(params: &[&[T]], dparams: &'a mut [Vec<T>], dx: &'a mut [T]) -> Sinks<'a, T> {
            let count = params.first().map_or(0, |weight| weight.len());
            Sinks { dparams, affine: vec![[0.0; 2]; count], dx }
        }

        /// Adds to the gradients of one weight and bias.
        fn affine(&mut self, index: usize, dweight: f64, dbias: f64) {
            if let Some([weight, bias]) = self.affine.get_mut(index) {
                *weight += dweight;
                *bias += dbias;
            }
        }

        fn finish(self) {
            for (index, sums) in self.affine.into_iter().enumerate() {
                for (dparam, sum) in self.dparams.iter_mut().zip(sums) {
                    dparam[index] += T::of(sum);
                }
            }
        }
    }

    /// With running statistics, which are the last of `params`.
    pub(in crate::reference::kernels) fn batch_norm<T: Real>(
        params: &[&[T]],
        eps: f64,
        layout: &ChannelLayout,
        [x, dy]: [&[T]; 2],
        dparams: &mut [Vec<T>],
        dx: &mut [T],
    ) {
        let (params, stored) = params.split_at(params.len() - 2);
        let mut sinks = Sinks::new(params, dparams, dx);
        for (channel, (mean, variance)) in stored[0].iter().zip(stored[1]).enumerate() {
            let statistics = Statistics { mean: mean.get(), variance: variance.get() };
            let scale = params.first().map_or(1.0, |weight| weight[channel].get());
            let by = scale / libm::sqrt(statistics.variance + eps);
            for position in 0..layout.positions {
                let at = layout.at(channel, position);
                let dy = dy[at].get();
                sinks.dx[at] += T::of(dy * by);
                sinks.affine(channel, dy * statistics.normalise(x[at].get(), eps), dy);
            }
        }
        sinks.finish();
    }

    /// The indices of a channel's elements in a batch.
    fn channel_places(
        layout: &ChannelLayout,
        channel: usize,
        batch: usize,
    ) -> impl Iterator<Item = (usize, usize)> + Clone {
        let size = layout.count * layout.positions;
        let layout = *layout;
        (0..batch).flat_map(move |sample| {
            (0..layout.positions).map(move |position| (channel, sample * size + layout.at(channel, position)))
        })
    }

    /// Normalises a batch with its own statistics, as in training. Returns the mean and the unbiased variance of each
    /// channel, as the running averages need them.
    pub(in crate::reference::kernels) fn batch_norm_train<T: Real>(
        params: &[&[T]],
        eps: f64,
        layout: &ChannelLayout,
        x: &[T],
        y: &mut [T],
    ) -> Vec<[f64; 2]> {
        let params = &params[..params.len() - 2];
        let batch = x.len() / (layout.count * layout.positions).max(1);
        let count = batch * layout.positions;
        (0..layout.count)
            .map(|channel| {
                let places = channel_places(layout, channel, batch);
                let statistics = Statistics::of(places.clone().map(|(_, at)| x[at].get()), count);
                for (channel, at) in places {
                    y[at] = T::of(affine(params, channel, statistics.normalise(x[at].get(), eps)));
                }
                let unbiased = statistics.variance * count as f64 / (count as f64 - 1.0);
                [statistics.mean, unbiased]
            })
            .collect()
    }

    /// The gradient of [`batch_norm_train`].
    pub(in crate::reference::kernels) fn batch_norm_train_backward<T: Real>(
        params: &[&[T]],
        eps: f64,
        layout: &ChannelLayout,
        [x, dy]: [&[T]; 2],
        dparams: &mut [Vec<T>],
        dx: &mut [T],
    ) {
        let params = &params[..params.len() - 2];
        let batch = x.len() / (layout.count * layout.positions).max(1);
        let mut sinks = Sinks::new(params, dparams, dx);
        for channel in 0..layout.count {
            normalised(params, eps, channel_places(layout, channel, batch), x, dy, &mut sinks);
        }
        sinks.finish();
    }

    /// Groups of neighbouring channels.
    pub(in crate::reference::kernels) fn group_norm<T: Real>(
        groups: usize,
        params: &[&[T]],
        eps: f64,
        layout: &ChannelLayout,
        [x, dy]: [&[T]; 2],
        dparams: &mut [Vec<T>],
        dx: &mut [T],
    ) {
        let mut sinks = Sinks::new(params, dparams, dx);
        let size = layout.count / groups;
        for group in 0..groups {
            let channels = group * size..(group + 1) * size;
            let places =
                channels.flat_map(|channel| (0..layout.positions).map(move |at| (channel, layout.at(channel, at))));
            normalised(params, eps, places, x, dy, &mut sinks);
        }
        sinks.finish();
    }

    /// Normalises each contiguous run of the last axes.
    pub(in crate::reference::kernels) fn layer_norm<T: Real>(
        params: &[&[T]],
        eps: f64,
        [x, dy]: [&[T]; 2],
        dparams: &mut [Vec<T>],
        dx: &mut [T],
    ) {
        let mut sinks = Sinks::new(params, dparams, dx);
        let size = params[0].len();
        for first in (0..x.len()).step_by(size.max(1)) {
            normalised(params, eps, (0..size).map(|index| (index, first + index)), x, dy, &mut sinks);
        }
        sinks.finish();
    }

    /// Normalises each contiguous run of the last axes. With `z` the normalised values and `g = weight dy`, the gradient is
    /// `g - z mean(g z)` divided by the root mean square.
    pub(in crate::reference::kernels) fn rms_norm<T: Real>(
        weight: &[T],
        eps: f64,
        [x, dy]: [&[T]; 2],
        dparams: &mut [Vec<T>],
        dx: &mut [T],
    ) {
        let size = weight.len();
        let mut dweight = vec![0.0; size];
        let runs = x.chunks_exact(size).zip(dy.chunks_exact(size)).zip(dx.chunks_exact_mut(size));
        for ((x, dy), dx) in runs {
            let factor = inverse_rms(x, eps);
            let mut product = 0.0;
            for index in 0..size {
                let (z, dy) = (x[index].get() * factor, dy[index].get());
                dweight[index] += dy * z;
                product += weight[index].get() * dy * z;
            }
            let mean = product / size as f64;
            for index in 0..size {
                let g = weight[index].get() * dy[index].get();
                dx[index] += T::of((g - x[index].get() * factor * mean) * factor);
            }
        }
        if let Some(dparam) = dparams.first_mut() {
            dparam.iter_mut().zip(dweight).for_each(|(dparam, sum)| *dparam += T::of(sum));
        }
    }

    /// The gradient of values that are normalised together, given the index of each value's parameters and its own index.
    fn normalised<T: Real>(
        params: &[&[T]],
        eps: f64,
        places: impl Iterator<Item = (usize, usize)> + Clone,
        x: &[T],
        dy: &[T],
        sinks: &mut Sinks<'_, T>,
    ) {
        let count = places.clone().count();
        let statistics = Statistics::of(places.clone().map(|(_, at)| x[at].get()), count);
        let scale = |index: usize| params.first().map_or(1.0, |weight| weight[index].get());
        let (mut sum, mut sum_of_products) = (0.0, 0.0);
        for (index, at) in places.clone() {
            let (z, dy) = (statistics.normalise(x[at].get(), eps), dy[at].get());
            sum += scale(index) * dy;
            sum_of_products += scale(index) * dy * z;
            sinks.affine(index, dy * z, dy);
        }
        let (mean, mean_of_products) = (sum / count as f64, sum_of_products / count as f64);
        let deviation = libm::sqrt(statistics.variance + eps);
        for (index, at) in places {
            let z = statistics.normalise(x[at].get(), eps);
            sinks.dx[at] += T::of((scale(index) * dy[at].get() - mean - z * mean_of_products) / deviation);
        }
    }

    /// Softmax over the elements of each group; `y` is the layer's output.
    pub(in crate::reference::kernels) fn softmax<T: Real>(
        log: bool,
        groups: &ReductionGroups,
        y: &[T],
        dy: &[T],
        dx: &mut [T],
    ) {
        for start in groups.starts() {
            let places = || groups.members().map(|at| start + at);
            if log {
                let sum: f64 = places().map(|at| dy[at].get()).sum();
                places().for_each(|at| dx[at] += T::of(dy[at].get() - libm::exp(y[at].get()) * sum));
            } else {
                let sum: f64 = places().map(|at| y[at].get() * dy[at].get()).sum();
                places().for_each(|at| dx[at] += T::of(y[at].get() * (dy[at].get() - sum)));
            }
        }
    }
}

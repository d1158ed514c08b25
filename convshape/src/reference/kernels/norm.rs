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

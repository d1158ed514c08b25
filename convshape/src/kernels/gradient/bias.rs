//! What is added to each channel.

use super::matrix::Real;
use crate::kernels::layout::Channels;

/// Adds a value to each channel of a batch.
pub(super) fn add<T: Real>(layout: &Channels, bias: &[T], y: &mut [T]) {
    for sample in y.chunks_exact_mut((layout.count * layout.positions).max(1)) {
        for (channel, bias) in bias.iter().enumerate() {
            for position in 0..layout.positions {
                sample[layout.at(channel, position)] += *bias;
            }
        }
    }
}

/// The sum over each channel of a batch.
pub(super) fn gradient<T: Real>(layout: &Channels, dy: &[T], dbias: &mut [T]) {
    for (channel, dbias) in dbias.iter_mut().enumerate() {
        let samples = dy.chunks_exact((layout.count * layout.positions).max(1));
        let elements = samples.flat_map(|dy| (0..layout.positions).map(|at| dy[layout.at(channel, at)].get()));
        *dbias += T::of(elements.sum());
    }
}

//! What is added to each channel.

use super::matrix::Real;
use crate::reference::kernels::layout::Channels;

/// Adds a value to each channel of a batch.
pub(super) fn add<T: Real>(layout: &Channels, bias: &[T], y: &mut [T]) {
    let stride = layout.at(0, 1) - layout.at(0, 0);
    for sample in y.chunks_exact_mut((layout.count * layout.positions).max(1)) {
        for (channel, bias) in bias.iter().enumerate() {
            let elements = sample[layout.at(channel, 0)..].iter_mut().step_by(stride);
            elements.take(layout.positions).for_each(|y| *y += *bias);
        }
    }
}

/// The sum over each channel of a batch.
pub(super) fn gradient<T: Real>(layout: &Channels, dy: &[T], dbias: &mut [T]) {
    let stride = layout.at(0, 1) - layout.at(0, 0);
    for (channel, dbias) in dbias.iter_mut().enumerate() {
        // Sums that do not wait for each other.
        let mut sums = [0.0; 8];
        for sample in dy.chunks_exact((layout.count * layout.positions).max(1)) {
            let elements = sample[layout.at(channel, 0)..].iter().step_by(stride);
            for (at, dy) in elements.take(layout.positions).enumerate() {
                sums[at % 8] += dy.get();
            }
        }
        *dbias += T::of(sums.iter().sum());
    }
}

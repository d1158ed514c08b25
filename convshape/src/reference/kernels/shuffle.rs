//! Layers that move elements between channels and space.

use convshape_arith::op::DepthOrder;

use super::layout::{ChannelLayout, SpatialLayout};
use super::number::Number;

/// The channel of the deep side that holds offset `(a, b)` of the blocks of channel `channel`.
pub(super) fn deep_channel(
    order: DepthOrder,
    channel: usize,
    channels: usize,
    [a, b]: [usize; 2],
    factor: usize,
) -> usize {
    match order {
        DepthOrder::Crd => (channel * factor + a) * factor + b,
        DepthOrder::Dcr => (a * factor + b) * channels + channel,
    }
}

/// Spreads each group of `factor * factor` channels over blocks in space.
pub(super) fn to_space<T: Number>(
    order: DepthOrder,
    factor: usize,
    input: &SpatialLayout,
    x: &[T],
    output: &SpatialLayout,
    y: &mut [T],
) {
    for position in output.positions() {
        let (from, offset) = split(position, factor);
        for channel in 0..output.channels {
            let deep = deep_channel(order, channel, output.channels, offset, factor);
            y[output.at(channel, position)] = x[input.at(deep, from)];
        }
    }
}

/// The reverse of [`to_space`] with [`DepthOrder::Crd`].
pub(super) fn to_depth<T: Number>(factor: usize, input: &SpatialLayout, x: &[T], output: &SpatialLayout, y: &mut [T]) {
    for position in input.positions() {
        let (to, offset) = split(position, factor);
        for channel in 0..input.channels {
            let deep = deep_channel(DepthOrder::Crd, channel, input.channels, offset, factor);
            y[output.at(deep, to)] = x[input.at(channel, position)];
        }
    }
}

/// The block of a position, and the position in the block.
pub(super) fn split([height, width, _]: [usize; 3], factor: usize) -> ([usize; 3], [usize; 2]) {
    ([height / factor, width / factor, 0], [height % factor, width % factor])
}

/// The input's channel that a shuffle puts at a channel.
pub(super) fn shuffled_channel(channel: usize, channels: usize, groups: usize) -> usize {
    channel % groups * (channels / groups) + channel / groups
}

/// Interleaves the channels of `groups` equal parts.
pub(super) fn channels<T: Number>(groups: usize, layout: &ChannelLayout, x: &[T], y: &mut [T]) {
    for channel in 0..layout.count {
        let from = shuffled_channel(channel, layout.count, groups);
        for position in 0..layout.positions {
            y[layout.at(channel, position)] = x[layout.at(from, position)];
        }
    }
}

/// Layers that move elements between channels and space: the gradient is moved back.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use convshape_arith::op::DepthOrder;

    use super::{deep_channel, shuffled_channel, split};
    use crate::reference::kernels::layout::{ChannelLayout, SpatialLayout};
    use crate::reference::kernels::number::Real;

    /// `PixelShuffle` and `DepthToSpace`.
    pub(in crate::reference::kernels) fn to_space<T: Real>(
        order: DepthOrder,
        factor: usize,
        [input, output]: [&SpatialLayout; 2],
        dy: &[T],
        dx: &mut [T],
    ) {
        for position in output.positions() {
            let (from, offset) = split(position, factor);
            for channel in 0..output.channels {
                let deep = deep_channel(order, channel, output.channels, offset, factor);
                dx[input.at(deep, from)] += dy[output.at(channel, position)];
            }
        }
    }

    /// `PixelUnshuffle`.
    pub(in crate::reference::kernels) fn to_depth<T: Real>(
        factor: usize,
        [input, output]: [&SpatialLayout; 2],
        dy: &[T],
        dx: &mut [T],
    ) {
        for position in input.positions() {
            let (to, offset) = split(position, factor);
            for channel in 0..input.channels {
                let deep = deep_channel(DepthOrder::Crd, channel, input.channels, offset, factor);
                dx[input.at(channel, position)] += dy[output.at(deep, to)];
            }
        }
    }

    /// `ChannelShuffle`.
    pub(in crate::reference::kernels) fn channels<T: Real>(
        groups: usize,
        layout: &ChannelLayout,
        dy: &[T],
        dx: &mut [T],
    ) {
        for channel in 0..layout.count {
            let from = shuffled_channel(channel, layout.count, groups);
            for position in 0..layout.positions {
                dx[layout.at(from, position)] += dy[layout.at(channel, position)];
            }
        }
    }
}

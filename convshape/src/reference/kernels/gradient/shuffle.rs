//! Layers that move elements between channels and space: the gradient is moved back.

use convshape_arith::op::DepthOrder;

use super::Real;
use crate::reference::kernels::layout::{ChannelLayout, SpatialLayout};
use crate::reference::kernels::shuffle::{deep_channel, shuffled_channel, split};

/// `PixelShuffle` and `DepthToSpace`.
pub(super) fn to_space<T: Real>(
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
pub(super) fn to_depth<T: Real>(factor: usize, [input, output]: [&SpatialLayout; 2], dy: &[T], dx: &mut [T]) {
    for position in input.positions() {
        let (to, offset) = split(position, factor);
        for channel in 0..input.channels {
            let deep = deep_channel(DepthOrder::Crd, channel, input.channels, offset, factor);
            dx[input.at(channel, position)] += dy[output.at(deep, to)];
        }
    }
}

/// `ChannelShuffle`.
pub(super) fn channels<T: Real>(groups: usize, layout: &ChannelLayout, dy: &[T], dx: &mut [T]) {
    for channel in 0..layout.count {
        let from = shuffled_channel(channel, layout.count, groups);
        for position in 0..layout.positions {
            dx[layout.at(from, position)] += dy[layout.at(channel, position)];
        }
    }
}

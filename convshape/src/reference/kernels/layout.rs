//! The strides of a value, for either order of axes.

use convshape_arith::op::{Axis, AxisOrder, MAX_SPATIAL, PerAxis};
use convshape_arith::shape::{MAX_RANK, Shape};

/// A shape's sizes; axes beyond its rank have size 1.
pub(super) fn sizes(shape: &Shape) -> [usize; MAX_RANK] {
    shape.numbers().expect("a kernel runs on known sizes")
}

/// The stride of each axis, in elements.
pub(super) fn strides(shape: &Shape) -> [usize; MAX_RANK] {
    let sizes = sizes(shape);
    let mut strides = [1; MAX_RANK];
    for axis in (1..MAX_RANK).rev() {
        strides[axis - 1] = strides[axis] * sizes[axis];
    }
    strides
}

/// One value as channels and positions, for layers that do not read neighbours in space.
#[derive(Clone, Copy)]
pub(super) struct ChannelLayout {
    /// The number of channels.
    pub(super) count: usize,
    /// The number of elements of each channel.
    pub(super) positions: usize,
    channel_stride: usize,
    position_stride: usize,
}

impl ChannelLayout {
    pub(super) fn new(shape: &Shape, order: AxisOrder) -> ChannelLayout {
        let sizes = sizes(shape);
        let count = sizes[order.channel(shape.rank())];
        let positions = sizes.iter().product::<usize>().checked_div(count).unwrap_or(0);
        let (channel_stride, position_stride) = match order {
            AxisOrder::ChannelsFirst => (positions, 1),
            AxisOrder::ChannelsLast => (1, count),
        };
        ChannelLayout { count, positions, channel_stride, position_stride }
    }

    /// The index of an element.
    pub(super) fn at(&self, channel: usize, position: usize) -> usize {
        channel * self.channel_stride + position * self.position_stride
    }

    /// Every channel and position, in any order.
    pub(super) fn iter(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.count).flat_map(move |channel| (0..self.positions).map(move |position| (channel, position)))
    }
}

/// One value as channels over space, for layers that read neighbours. It has at most [`MAX_SPATIAL`] spatial axes;
/// missing ones have size 1.
#[derive(Clone, Copy)]
pub(super) struct SpatialLayout {
    /// The number of channels.
    pub(super) channels: usize,
    /// The stride of the channels, in elements.
    pub(super) channel_stride: usize,
    /// The number of spatial axes.
    pub(super) rank: usize,
    /// The spatial sizes.
    pub(super) sizes: PerAxis<usize>,
    pub(super) strides: PerAxis<usize>,
}

impl SpatialLayout {
    pub(super) fn new(shape: &Shape, order: AxisOrder) -> SpatialLayout {
        let (all_sizes, all_strides) = (sizes(shape), strides(shape));
        let channel = order.channel(shape.rank());
        let mut grid = SpatialLayout {
            channels: all_sizes[channel],
            channel_stride: all_strides[channel],
            rank: shape.rank().saturating_sub(1).min(MAX_SPATIAL),
            sizes: [1; MAX_SPATIAL],
            strides: [0; MAX_SPATIAL],
        };
        for axis in 0..grid.rank {
            grid.sizes[axis] = all_sizes[order.spatial(axis)];
            grid.strides[axis] = all_strides[order.spatial(axis)];
        }
        grid
    }

    /// The layout for adding a border to the spatial axes, or to `axis` alone. In the second case the axes before it
    /// count as channels, and those after it as a second axis that gets no border.
    pub(super) fn bordered(shape: &Shape, axis: Option<Axis>, order: AxisOrder) -> SpatialLayout {
        let Some(axis) = axis else { return SpatialLayout::new(shape, order) };
        let at = axis.index(shape.rank(), order).unwrap_or(0);
        let (sizes, stride) = (sizes(shape), strides(shape)[at]);
        SpatialLayout {
            channels: sizes[..at].iter().product(),
            channel_stride: sizes[at] * stride,
            rank: 1,
            sizes: [sizes[at], stride, 1],
            strides: [stride, 1, 0],
        }
    }

    /// The index of an element.
    pub(super) fn at(&self, channel: usize, position: PerAxis<usize>) -> usize {
        channel * self.channel_stride
            + position[0] * self.strides[0]
            + position[1] * self.strides[1]
            + position[2] * self.strides[2]
    }

    /// Every position in space, row by row.
    pub(super) fn positions(&self) -> impl Iterator<Item = PerAxis<usize>> + use<> {
        let [depth, height, width] = self.sizes;
        (0..depth).flat_map(move |d| (0..height).flat_map(move |h| (0..width).map(move |w| [d, h, w])))
    }
}

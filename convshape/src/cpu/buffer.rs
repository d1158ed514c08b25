//! The tensor layout of values: buffers, and the views of values in them.
//!
//! Channels are innermost, whatever the dialect's order: the channels of a position are contiguous, so that a vector of
//! output channels is stored at once. A single layer between the caller's arrays keeps the caller's planes instead;
//! then vectors hold neighbouring positions. A sample may have a border of zeros, as wide as its readers need, so that
//! no kernel has to check bounds.

use std::ops::Range;

use convshape_arith::op::{AxisOrder, PerAxis};
use convshape_arith::shape::{MAX_RANK, Shape};

use super::threads::Spread;

/// Elements that a reader may read after the last one: a vector may start at the last element.
pub(super) const SLACK: usize = super::simd::MOST_LANES;

/// The sizes of a value. Axes that it does not have are of size 1; its spatial axes are the last ones, so a sequence
/// has only a width.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Grid {
    pub(super) channels: usize,
    pub(super) size: PerAxis<usize>,
}

impl Grid {
    /// The grid of a shape without symbols, otherwise `None`. With five axes or more, all but the channel axis become
    /// one.
    pub(super) fn new(shape: &Shape, order: AxisOrder) -> Option<Grid> {
        let numbers = shape.numbers()?;
        let rank = shape.rank();
        if rank == 0 {
            return Some(Grid { channels: 1, size: [1; 3] });
        }
        let channels = numbers[order.channel(rank)];
        let mut size = [1; 3];
        if rank > 4 {
            size[2] = numbers[..rank].iter().product::<usize>().checked_div(channels)?;
        } else {
            for axis in 0..rank - 1 {
                size[4 - rank + axis] = numbers[order.spatial(axis)];
            }
        }
        Some(Grid { channels, size })
    }

    pub(super) fn positions(&self) -> usize {
        self.size.iter().product()
    }

    pub(super) fn elements(&self) -> usize {
        self.channels * self.positions()
    }
}

/// Where a buffer's memory is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Place {
    /// In the workspace, from this element on for one sample; for `n` samples, from `n` times this element on.
    Workspace(usize),
    /// An input of the caller.
    Input(usize),
    /// An output of the caller.
    Output(usize),
}

/// Memory for one value, or for several values that are joined along the channels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Buffer {
    pub(super) place: Place,
    pub(super) size: PerAxis<usize>,
    /// Channels per position.
    pub(super) width: usize,
    /// Whether the positions of a channel are contiguous, rather than the channels of a position.
    pub(super) planar: bool,
    /// Rows of border before and after each axis.
    pub(super) low: PerAxis<usize>,
    pub(super) high: PerAxis<usize>,
}

impl Buffer {
    /// A buffer in the workspace, without a border, channels innermost.
    pub(super) fn new(grid: &Grid) -> Buffer {
        Buffer {
            place: Place::Workspace(0),
            size: grid.size,
            width: grid.channels,
            planar: false,
            low: [0; 3],
            high: [0; 3],
        }
    }

    /// The stride of each axis, in elements.
    pub(super) fn strides(&self) -> PerAxis<usize> {
        let step = if self.planar { 1 } else { self.width };
        let row = step * self.padded(2);
        [row * self.padded(1), row, step]
    }

    /// The stride from channel to channel, in elements.
    pub(super) fn channel_stride(&self) -> usize {
        if self.planar { self.sample() / self.width.max(1) } else { 1 }
    }

    pub(super) fn padded(&self, axis: usize) -> usize {
        self.low[axis] + self.size[axis] + self.high[axis]
    }

    /// The elements of one sample.
    pub(super) fn sample(&self) -> usize {
        self.width * self.padded(0) * self.padded(1) * self.padded(2)
    }

    /// The offset of a position's first channel, from the start of the sample.
    pub(super) fn at(&self, position: PerAxis<usize>) -> usize {
        let strides = self.strides();
        (0..3).map(|axis| (self.low[axis] + position[axis]) * strides[axis]).sum()
    }

    /// The offset of a position that may be in the border.
    pub(super) fn at_signed(&self, position: PerAxis<i64>) -> usize {
        let strides = self.strides();
        let sum: i64 = (0..3).map(|axis| (self.low[axis] as i64 + position[axis]) * strides[axis] as i64).sum();
        usize::try_from(sum).expect("the border is as wide as its readers need")
    }

    /// Fills the border of `samples` samples with zeros. The buffer must not be planar.
    pub(super) fn clear_border(&self, samples: usize, memory: &mut [f32]) {
        if self.low == [0; 3] && self.high == [0; 3] {
            return;
        }
        let strides = self.strides();
        for sample in memory.chunks_exact_mut(self.sample()).take(samples) {
            let planes = self.low[0]..self.low[0] + self.size[0];
            sample[..planes.start * strides[0]].fill(0.0);
            sample[planes.end * strides[0]..].fill(0.0);
            for plane in planes {
                let plane = &mut sample[plane * strides[0]..][..strides[0]];
                let rows = self.low[1]..self.low[1] + self.size[1];
                plane[..rows.start * strides[1]].fill(0.0);
                plane[rows.end * strides[1]..].fill(0.0);
                for row in rows {
                    let row = &mut plane[row * strides[1]..][..strides[1]];
                    row[..self.low[2] * strides[2]].fill(0.0);
                    row[(self.low[2] + self.size[2]) * strides[2]..].fill(0.0);
                }
            }
        }
    }
}

/// A value in memory: some channels of a buffer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct View {
    /// Which axis of the value is innermost, as [`Grid::new`] takes it.
    pub(super) order: AxisOrder,
    pub(super) buffer: Buffer,
    pub(super) channel: usize,
    pub(super) channels: usize,
}

impl View {
    /// The value's sizes.
    pub(super) fn grid(&self) -> Grid {
        Grid { channels: self.channels, size: self.buffer.size }
    }

    /// The offset of a position, from the start of the sample.
    pub(super) fn at(&self, position: PerAxis<usize>) -> usize {
        self.buffer.at(position) + self.channel * self.buffer.channel_stride()
    }

    /// The stride of each axis of the value's shape; `None` if a size is a symbol.
    pub(super) fn strides_of(&self, shape: &Shape) -> Option<[usize; MAX_RANK]> {
        let (sizes, rank, own) = (shape.numbers()?, shape.rank(), self.buffer.strides());
        let mut strides = [0; MAX_RANK];
        let mut step = own[2];
        for axis in (0..rank.saturating_sub(1)).rev() {
            let at = self.order.spatial(axis);
            // With five axes or more, all but the channel axis are one.
            strides[at] = if rank > 4 { step } else { own[4 - rank + axis] };
            step *= sizes[at];
        }
        if rank > 0 {
            strides[self.order.channel(rank)] = self.buffer.channel_stride();
        }
        Some(strides)
    }

    /// The offset of the position with this index, which counts the positions of a sample in order.
    #[inline(always)]
    pub(super) fn at_index(&self, index: usize) -> usize {
        let [_, height, width] = self.buffer.size;
        self.at([index / (height * width), index / width % height, index % width])
    }

    /// The offset of a row along the last axis. `row` counts the rows of all samples.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> usize {
        let [depth, height, _] = self.buffer.size;
        let (plane, row) = (row / height, row % height);
        plane / depth * self.buffer.sample() + self.at([plane % depth, row, 0])
    }

    /// The number of contiguous rows of a sample, and of positions in each. Without a border the whole sample is one
    /// row.
    pub(super) fn long_rows(&self) -> (usize, usize) {
        let [depth, height, width] = self.buffer.size;
        if self.is_dense() { (1, depth * height * width) } else { (depth * height, width) }
    }

    /// The offset of a row of [`View::long_rows`].
    #[inline(always)]
    pub(super) fn long_row(&self, row: usize) -> usize {
        if self.is_dense() { row * self.buffer.sample() + self.channel } else { self.row(row) }
    }

    /// The first axis with a size above 1.
    fn axis(&self) -> usize {
        (0..3).find(|&axis| self.buffer.size[axis] > 1).unwrap_or(2)
    }

    /// How to divide the writing of this value among threads: along that axis.
    pub(super) fn spread(&self) -> Spread {
        let (axis, buffer) = (self.axis(), &self.buffer);
        let strides = buffer.strides();
        let origin = (0..=axis).map(|axis| buffer.low[axis] * strides[axis]).sum();
        Spread { sample: buffer.sample(), units: buffer.size[axis], origin, step: strides[axis] }
    }

    /// The view of one share, for which the rest of the axis counts as border, and the position where it starts.
    pub(super) fn share(&self, units: &Range<usize>) -> (View, PerAxis<usize>) {
        let (axis, mut view) = (self.axis(), *self);
        view.buffer.low[axis] += units.start;
        view.buffer.high[axis] += view.buffer.size[axis] - units.end;
        view.buffer.size[axis] = units.len();
        let mut start = [0; 3];
        start[axis] = units.start;
        (view, start)
    }

    /// The same elements as rows of `size` contiguous ones. There must be no border.
    pub(super) fn in_rows(&self, size: usize) -> View {
        let count = self.grid().elements() / size.max(1);
        let buffer = Buffer { place: self.buffer.place, ..Buffer::new(&Grid { channels: size, size: [1, 1, count] }) };
        View { buffer, channel: 0, channels: size, ..*self }
    }

    /// A value in a buffer of its own, without a border.
    pub(super) fn dense(grid: &Grid, order: AxisOrder) -> View {
        View { order, buffer: Buffer::new(grid), channel: 0, channels: grid.channels }
    }

    /// Room for as many elements as another view has, from this element of the workspace on.
    pub(super) fn room_for(view: &View, at: usize) -> View {
        let mut room = View::dense(&Grid { channels: view.grid().elements(), size: [1; 3] }, view.order);
        room.buffer.place = Place::Workspace(at);
        room
    }

    /// Whether it is an array in the caller's order of axes.
    pub(super) fn is_array(&self) -> bool {
        let plain = self.order == AxisOrder::ChannelsLast || self.channels == 1 || self.grid().positions() == 1;
        self.is_whole() && (plain || self.buffer.planar)
    }

    /// Whether it is all of its buffer.
    pub(super) fn is_whole(&self) -> bool {
        self.is_dense() && self.channels == self.buffer.width
    }

    fn is_dense(&self) -> bool {
        self.buffer.low == [0; 3] && self.buffer.high == [0; 3]
    }
}

//! Where values lie.
//!
//! Channels are innermost, whatever the dialect's order: a position's channels are neighbours, and
//! a vector of output channels is stored at once. Where a layer stands alone between the caller's
//! arrays, its values are planes as the caller has them, and vectors hold neighbouring positions.
//! Around the positions of a sample there may be a border of zeros, as wide as the readers need, so
//! that no kernel asks whether it is inside.

use std::ops::Range;

use convshape_arith::op::{AxisOrder, PerAxis};
use convshape_arith::shape::Shape;

use super::threads::Spread;

/// What a view's reader may read behind the last element: a vector that starts on it.
pub(super) const SLACK: usize = super::simd::MOST_LANES;

/// A value's sizes, axes that it does not have with size 1. Spatial axes stand at the end: a
/// sequence has the width only.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Grid {
    pub(super) channels: usize,
    pub(super) size: PerAxis<usize>,
}

impl Grid {
    /// Of a shape of numbers. Five axes and more are a channel axis and all others in a row.
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

/// Whose memory a buffer is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Place {
    /// The workspace, at this element for one sample; `n` samples start at `n` times it.
    Workspace(usize),
    /// An input of the caller.
    Input(usize),
    /// An output of the caller.
    Output(usize),
}

/// Memory for one value, or for the values that are joined to one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Buffer {
    pub(super) place: Place,
    pub(super) size: PerAxis<usize>,
    /// Channels of a position.
    pub(super) width: usize,
    /// Whether each channel has its positions in a row, and not each position its channels.
    pub(super) planar: bool,
    /// Rows of border before and behind each axis.
    pub(super) low: PerAxis<usize>,
    pub(super) high: PerAxis<usize>,
}

impl Buffer {
    /// One in the workspace, without a border, each position with its channels.
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

    /// How far apart neighbours along each axis are.
    pub(super) fn strides(&self) -> PerAxis<usize> {
        let step = if self.planar { 1 } else { self.width };
        let row = step * self.padded(2);
        [row * self.padded(1), row, step]
    }

    /// How far apart the channels of a position are.
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

    /// The place of a position's first channel, from the sample's start.
    pub(super) fn at(&self, position: PerAxis<usize>) -> usize {
        let strides = self.strides();
        (0..3).map(|axis| (self.low[axis] + position[axis]) * strides[axis]).sum()
    }

    /// Where a position outside lies, if it is within the border.
    pub(super) fn at_signed(&self, position: PerAxis<i64>) -> usize {
        let strides = self.strides();
        let sum: i64 = (0..3).map(|axis| (self.low[axis] as i64 + position[axis]) * strides[axis] as i64).sum();
        usize::try_from(sum).expect("the border is as wide as its readers need")
    }

    /// Zeros in the border of `samples` samples of a buffer that is not planar.
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

/// A value: some channels of a buffer.
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

    /// The place of a position, from the sample's start.
    pub(super) fn at(&self, position: PerAxis<usize>) -> usize {
        self.buffer.at(position) + self.channel * self.buffer.channel_stride()
    }

    /// The place of a row along the last axis; those of all samples are counted in a row.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> usize {
        let [depth, height, _] = self.buffer.size;
        let (plane, row) = (row / height, row % height);
        plane / depth * self.buffer.sample() + self.at([plane % depth, row, 0])
    }

    /// How many rows a sample has, and positions each; without a border, all are one.
    pub(super) fn long_rows(&self) -> (usize, usize) {
        let [depth, height, width] = self.buffer.size;
        if self.is_dense() { (1, depth * height * width) } else { (depth * height, width) }
    }

    /// The place of such a row.
    #[inline(always)]
    pub(super) fn long_row(&self, row: usize) -> usize {
        if self.is_dense() { row * self.buffer.sample() + self.channel } else { self.row(row) }
    }

    /// The first axis that there is something along.
    fn axis(&self) -> usize {
        (0..3).find(|&axis| self.buffer.size[axis] > 1).unwrap_or(2)
    }

    /// How what is written here is shared out: along that axis.
    pub(super) fn spread(&self) -> Spread {
        let (axis, buffer) = (self.axis(), &self.buffer);
        let strides = buffer.strides();
        let origin = (0..=axis).map(|axis| buffer.low[axis] * strides[axis]).sum();
        Spread { sample: buffer.sample(), units: buffer.size[axis], origin, step: strides[axis] }
    }

    /// A share: the rest of that axis counts as border. Also says where it starts.
    pub(super) fn share(&self, units: &Range<usize>) -> (View, PerAxis<usize>) {
        let (axis, mut view) = (self.axis(), *self);
        view.buffer.low[axis] += units.start;
        view.buffer.high[axis] += view.buffer.size[axis] - units.end;
        view.buffer.size[axis] = units.len();
        let mut start = [0; 3];
        start[axis] = units.start;
        (view, start)
    }

    /// The same elements as rows of `size` neighbours; there must be no border.
    pub(super) fn in_rows(&self, size: usize) -> View {
        let count = self.grid().elements() / size.max(1);
        let buffer = Buffer { place: self.buffer.place, ..Buffer::new(&Grid { channels: size, size: [1, 1, count] }) };
        View { buffer, channel: 0, channels: size, ..*self }
    }

    /// Whether there is nothing else in the buffer.
    pub(super) fn is_whole(&self) -> bool {
        self.is_dense() && self.channels == self.buffer.width
    }

    fn is_dense(&self) -> bool {
        self.buffer.low == [0; 3] && self.buffer.high == [0; 3]
    }
}

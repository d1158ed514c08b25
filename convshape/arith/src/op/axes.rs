//! Axes as written, and reductions over them.

use super::AxisOrder;
use super::plain::plain;
use crate::shape::MAX_RANK;

/// One axis of a sample as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axis {
    /// Counted from 0 without the batch axis; negative numbers count from the end.
    At(i64),
    /// `channels`
    Channels,
    /// `depth`, one of three spatial axes.
    Depth,
    /// `height`, one of two or three spatial axes.
    Height,
    /// `width`, one of two or three spatial axes.
    Width,
    /// `length`, the only spatial axis.
    Length,
}

plain!(enum op::Axis { At(inner), Channels, Depth, Height, Width, Length });

impl Axis {
    /// The axes that have a name.
    pub const NAMED: [Axis; 5] = [Axis::Channels, Axis::Depth, Axis::Height, Axis::Width, Axis::Length];

    /// The axis's name; `None` for a number.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Axis::At(_) => return None,
            Axis::Channels => "channels",
            Axis::Depth => "depth",
            Axis::Height => "height",
            Axis::Width => "width",
            Axis::Length => "length",
        })
    }

    /// Its position in a shape of `rank` axes; `None` if there is no such axis.
    pub const fn index(self, rank: usize, order: AxisOrder) -> Option<usize> {
        if rank == 0 {
            return None;
        }
        let spatial = match (self, rank - 1) {
            (Axis::At(number), _) => return numbered(number, rank),
            (Axis::Channels, _) => return Some(order.channel(rank)),
            (Axis::Length, 1) | (Axis::Height, 2) | (Axis::Depth, 3) => 0,
            (Axis::Width, 2) | (Axis::Height, 3) => 1,
            (Axis::Width, 3) => 2,
            (Axis::Depth | Axis::Height | Axis::Width | Axis::Length, _) => return None,
        };
        Some(order.spatial(spatial))
    }
}

/// The position of an axis counted from either end.
const fn numbered(number: i64, rank: usize) -> Option<usize> {
    let (mut axis, mut from_start, mut from_end) = (0, 0, 0);
    while axis < rank {
        from_end -= 1;
        axis += 1;
    }
    axis = 0;
    while axis < rank {
        if number == from_start || number == from_end {
            return Some(axis);
        }
        axis += 1;
        from_start += 1;
        from_end += 1;
    }
    None
}

/// Several axes in the order written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axes {
    /// The axes; entries beyond `count` are unused.
    pub list: [Axis; MAX_RANK],
    /// How many.
    pub count: usize,
}

plain!(struct op::Axes { list, count });

impl Axes {
    /// No axes.
    pub const NONE: Axes = Axes { list: [Axis::At(0); MAX_RANK], count: 0 };

    /// The channel axis.
    pub const CHANNELS: Axes = {
        let mut axes = Axes::NONE;
        (axes.list[0], axes.count) = (Axis::Channels, 1);
        axes
    };

    /// The axes in this order; `None` if there are more than a shape has.
    pub const fn of(axes: &[Axis]) -> Option<Axes> {
        if axes.len() > MAX_RANK {
            return None;
        }
        let mut all = Axes::NONE;
        while all.count < axes.len() {
            all.list[all.count] = axes[all.count];
            all.count += 1;
        }
        Some(all)
    }

    /// The axes.
    pub fn as_slice(&self) -> &[Axis] {
        &self.list[..self.count]
    }
}

/// What is computed over the elements along some axes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduction {
    /// Their mean.
    Mean,
    /// Their sum.
    Sum,
    /// Their maximum.
    Max,
    /// Their minimum.
    Min,
}

plain!(enum op::Reduction { Mean, Sum, Max, Min });

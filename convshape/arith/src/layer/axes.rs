//! Layers that are about axes: permutations and reductions.

use super::rank_at_least;
use crate::fault::{Fault, Reason, tri};
use crate::op::{Axes, AxisOrder, Op};
use crate::shape::{MAX_RANK, Shape};
use crate::size::Size;

impl Op {
    /// The axes of the input in the order in which a `Permute` or `Transpose` gives them; of other layers as they are.
    ///
    /// # Errors
    /// Why the layer is refused.
    pub const fn permutation(&self, input: &Shape, order: AxisOrder) -> Result<[usize; MAX_RANK], Fault> {
        let mut all = [0; MAX_RANK];
        let mut axis = 0;
        while axis < MAX_RANK {
            all[axis] = axis;
            axis += 1;
        }
        let Op::Permute { axes, swap } = *self else { return Ok(all) };
        let wanted = if swap { 2 } else { input.rank() };
        if axes.count != wanted {
            return Err(Fault::new(Reason::AxisCount { given: axes.count, wanted, found: *input }));
        }
        let given = tri!(places(&axes, input, order));
        if swap {
            (all[given[0]], all[given[1]]) = (given[1], given[0]);
            return Ok(all);
        }
        let mut axis = 0;
        while axis < axes.count {
            all[axis] = given[axis];
            axis += 1;
        }
        Ok(all)
    }

    /// Whether a reduction or norm over axes is over each axis of its input; of other layers over none.
    ///
    /// # Errors
    /// Why the layer is refused.
    pub const fn reduced_axes(&self, input: &Shape, order: AxisOrder) -> Result<[bool; MAX_RANK], Fault> {
        let mut over = [false; MAX_RANK];
        let axes = match *self {
            Op::Reduce { axes: Some(axes), .. } | Op::LpNorm { axes, .. } => axes,
            Op::Reduce { axes: None, .. } => return Ok([true; MAX_RANK]),
            _ => return Ok(over),
        };
        let given = tri!(places(&axes, input, order));
        let mut at = 0;
        while at < axes.count {
            over[given[at]] = true;
            at += 1;
        }
        Ok(over)
    }
}

/// The places of axes, each of which must be there and not twice.
const fn places(axes: &Axes, input: &Shape, order: AxisOrder) -> Result<[usize; MAX_RANK], Fault> {
    let mut places = [0; MAX_RANK];
    let mut at = 0;
    while at < axes.count {
        let axis = axes.list[at];
        let Some(place) = axis.index(input.rank(), order) else {
            return Err(Fault::new(Reason::Axis { axis, found: *input }));
        };
        let mut earlier = 0;
        while earlier < at {
            if places[earlier] == place {
                return Err(Fault::new(Reason::RepeatedAxis { axis, found: *input }));
            }
            earlier += 1;
        }
        places[at] = place;
        at += 1;
    }
    Ok(places)
}

pub(super) const fn permuted(op: &Op, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_at_least(input, 1));
    let from = tri!(op.permutation(input, order));
    let mut output = *input;
    let mut axis = 0;
    while axis < input.rank() {
        output = output.with(axis, input.size(from[axis]));
        axis += 1;
    }
    Ok(output)
}

pub(super) const fn reduced(op: &Op, keep: bool, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_at_least(input, 1));
    let over = tri!(op.reduced_axes(input, order));
    let mut sizes = [Size::Number(1); MAX_RANK];
    let (mut axis, mut rank) = (0, 0);
    while axis < input.rank() {
        if !over[axis] || keep {
            sizes[rank] = if over[axis] { Size::Number(1) } else { input.size(axis) };
            rank += 1;
        }
        axis += 1;
    }
    // Over all axes it is one number.
    let (sizes, _) = sizes.split_at(if rank == 0 { 1 } else { rank });
    Ok(Shape::new(sizes, input.scope()))
}

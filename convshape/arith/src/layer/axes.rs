//! Layers that change axes: permutations, reductions, merging and splitting.

use super::dense::elements;
use super::rank_at_least;
use crate::fault::{Fault, Reason, tri};
use crate::op::{Axes, Axis, AxisOrder, Op};
use crate::shape::{MAX_RANK, Shape};
use crate::size::Size;

impl Op {
    /// The input axes in the order in which a `Permute` or `Transpose` gives them; unchanged for other layers.
    ///
    /// # Errors
    /// Why the layer is rejected.
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

    /// For each input axis, whether a reduction or a norm over axes covers it; none for other layers.
    ///
    /// # Errors
    /// Why the layer is rejected.
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

/// The position of an axis, which must exist.
pub(super) const fn place(axis: Axis, input: &Shape, order: AxisOrder) -> Result<usize, Fault> {
    match axis.index(input.rank(), order) {
        Some(place) => Ok(place),
        None => Err(Fault::new(Reason::Axis { axis, found: *input })),
    }
}

/// The positions of axes, which must exist and differ.
const fn places(axes: &Axes, input: &Shape, order: AxisOrder) -> Result<[usize; MAX_RANK], Fault> {
    let mut places = [0; MAX_RANK];
    let mut at = 0;
    while at < axes.count {
        let axis = axes.list[at];
        let place = tri!(place(axis, input, order));
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
    // A reduction over all axes gives one number.
    let (sizes, _) = sizes.split_at(if rank == 0 { 1 } else { rank });
    Ok(Shape::new(sizes, input.scope()))
}

/// The axes `start..end` of an input.
const fn part(input: &Shape, start: usize, end: usize) -> Shape {
    let (_, sizes) = input.sizes().split_at(start);
    let (sizes, _) = sizes.split_at(end - start);
    Shape::new(sizes, input.scope())
}

/// The input with the axes `start..end` replaced by others.
const fn replaced(input: &Shape, start: usize, end: usize, by: &Shape) -> Result<Shape, Fault> {
    let rank = input.rank() - (end - start) + by.rank();
    if rank > MAX_RANK {
        return Err(Fault::new(Reason::MostAxes { axes: rank }));
    }
    let mut output = Shape::new(Shape::unknown(rank).sizes(), input.scope());
    let mut axis = 0;
    while axis < rank {
        let size = if axis < start {
            input.size(axis)
        } else if axis < start + by.rank() {
            by.size(axis - start)
        } else {
            input.size(axis - by.rank() + (end - start))
        };
        output = output.with(axis, size);
        axis += 1;
    }
    Ok(output)
}

pub(super) const fn flattened(from: Axis, to: Axis, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_at_least(input, 1));
    let (first, last) = (tri!(place(from, input, order)), tri!(place(to, input, order)));
    if first > last {
        return Err(Fault::new(Reason::AxisSpan { from, to, found: *input }));
    }
    let merged = Shape::new(&[tri!(elements(&part(input, first, last + 1)))], input.scope());
    replaced(input, first, last + 1, &merged)
}

pub(super) const fn unflattened(axis: Axis, sizes: &Shape, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    let at = tri!(place(axis, input, order));
    let split = tri!(super::reshaped(sizes, &part(input, at, at + 1)));
    replaced(input, at, at + 1, &split)
}

/// A new axis of size 1, at its position in the output.
pub(super) const fn with_new_axis(axis: Axis, input: &Shape, size: Size, order: AxisOrder) -> Result<Shape, Fault> {
    if input.rank() == MAX_RANK {
        return Err(Fault::new(Reason::MostAxes { axes: MAX_RANK + 1 }));
    }
    let output = Shape::new(Shape::unknown(input.rank() + 1).sizes(), input.scope());
    let at = tri!(place(axis, &output, order));
    replaced(input, at, at, &Shape::new(&[size], input.scope()))
}

pub(super) const fn halved(axis: Axis, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    let at = tri!(place(axis, input, order));
    let size = input.size(at);
    let what = if at == order.channel(input.rank()) { "channels" } else { "elements along its axis" };
    let half = match size {
        Size::Number(n) if n % 2 == 0 => Size::Number(n / 2),
        Size::Symbolic { scale, symbol, offset } if scale % 2 == 0 && offset % 2 == 0 => {
            Size::Symbolic { scale: scale / 2, symbol, offset: offset / 2 }
        }
        Size::Unknown => Size::Unknown,
        size => return Err(Fault::new(Reason::Divisible { what, size, by: 2 })),
    };
    Ok(input.with(at, half))
}

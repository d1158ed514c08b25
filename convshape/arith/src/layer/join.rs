//! Layers that join inputs, and layers that take a part of one.

use super::axes::{place, with_new_axis};
use super::{rank_at_least, resize::sized};
use crate::fault::{Fault, Reason, tri};
use crate::op::{Axis, AxisOrder, Op};
use crate::shape::Shape;
use crate::size::{Scope, Size, SizeError};

#[expect(clippy::cast_possible_wrap, reason = "the length of a slice is not above `isize::MAX`")]
const fn count(inputs: &[Shape]) -> i64 {
    inputs.len() as i64
}

/// A slice with both ends counted from the start, where the size is a number.
pub(super) const fn bind_slice(axis: Axis, start: i64, end: Option<i64>, input: &Shape, order: AxisOrder) -> Op {
    let whole = match axis.index(input.rank(), order) {
        Some(at) => input.size(at).number(),
        None => None,
    };
    let Some(size) = whole else { return Op::Slice { axis, start, end } };
    let first = if start < 0 { start.saturating_add(size) } else { start };
    let past = match end {
        Some(end) if end < 0 => end.saturating_add(size),
        Some(end) => end,
        None => size,
    };
    // A range that does not exist is reported as it was written.
    let exists = 0 <= first && first < past && past <= size;
    if exists { Op::Slice { axis, start: first, end: Some(past) } } else { Op::Slice { axis, start, end } }
}

/// The range must exist for every value of the symbols.
pub(super) const fn sliced(
    axis: Axis,
    start: i64,
    end: Option<i64>,
    input: &Shape,
    order: AxisOrder,
) -> Result<Shape, Fault> {
    tri!(rank_at_least(input, 1));
    let at = tri!(place(axis, input, order));
    let (size, scope) = (input.size(at), input.scope());
    let first = tri!(sized(counted(start, size)));
    let past = match end {
        Some(end) => tri!(sized(counted(end, size))),
        None => size,
    };
    let (length, left) = match (past.sub(first), size.sub(past)) {
        (Ok(length), Ok(left)) => (length, left),
        (Err(SizeError::NotLinear), _) => {
            return Err(Fault::new(Reason::NotFixed { what: "the size that is sliced is", found: size }));
        }
        (Err(error), _) | (_, Err(error)) => return Err(Fault::new(Reason::Size(error))),
    };
    let exists = is_at_least(0, first, scope) && is_at_least(1, length, scope) && is_at_least(0, left, scope);
    if !exists {
        return Err(Fault::new(Reason::SliceRange { axis, start, end, size }));
    }
    Ok(input.with(at, length))
}

/// A place in an axis, counted from its start.
const fn counted(place: i64, size: Size) -> Result<Size, SizeError> {
    if place < 0 { size.plus(place) } else { Ok(Size::Number(place)) }
}

const fn is_at_least(least: i64, size: Size, scope: Scope) -> bool {
    match size.smallest(scope) {
        Some(smallest) => smallest >= least,
        None => true,
    }
}

pub(super) const fn concatenated(axis: Axis, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    let first = inputs[0];
    let joined = tri!(place(axis, &first, order));
    let mut output = first;
    let mut operand = 1;
    while operand < inputs.len() {
        let other = inputs[operand];
        if other.rank() != first.rank() {
            return Err(Fault::new(Reason::Join { operand, axis: None, first, other }));
        }
        let mut axis = 0;
        while axis < first.rank() {
            let merged = if axis == joined {
                tri!(sized(output.size(axis).add(other.size(axis))))
            } else if !output.size(axis).fits(other.size(axis)) {
                return Err(Fault::new(Reason::Join { operand, axis: Some(axis), first, other }));
            } else {
                known(output.size(axis), other.size(axis))
            };
            output = output.with(axis, merged);
            axis += 1;
        }
        operand += 1;
    }
    Ok(output)
}

pub(super) const fn stacked(axis: Axis, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    let first = inputs[0];
    let mut all = first;
    let mut operand = 1;
    while operand < inputs.len() {
        let other = inputs[operand];
        if other.rank() != first.rank() {
            return Err(Fault::new(Reason::Join { operand, axis: None, first, other }));
        }
        let mut axis = 0;
        while axis < first.rank() {
            if !all.size(axis).fits(other.size(axis)) {
                return Err(Fault::new(Reason::Join { operand, axis: Some(axis), first, other }));
            }
            all = all.with(axis, known(all.size(axis), other.size(axis)));
            axis += 1;
        }
        operand += 1;
    }
    with_new_axis(axis, &all, Size::Number(count(inputs)), order)
}

pub(super) const fn known(a: Size, b: Size) -> Size {
    if a.is_known() { a } else { b }
}

pub(super) const fn broadcast(inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    // The operand with the most axes comes first.
    let mut output = inputs[0];
    let mut operand = 1;
    while operand < inputs.len() {
        if inputs[operand].rank() > output.rank() {
            output = inputs[operand];
        }
        operand += 1;
    }
    let rank = output.rank();
    let mut operand = 0;
    while operand < inputs.len() {
        let other = inputs[operand];
        let aligned = other.aligned(&output, order);
        let mut axis = 0;
        while axis < rank {
            match merge(output.size(axis), aligned.size(axis)) {
                Some(size) => output = output.with(axis, size),
                None => {
                    let axis = match other.rank() {
                        // A value with one axis is meant for the channels.
                        1 if rank > 1 => Some(order.channel(rank)),
                        own if own == rank => Some(axis),
                        _ => None,
                    };
                    return Err(Fault::new(Reason::Join { operand, axis, first: output, other }));
                }
            }
            axis += 1;
        }
        operand += 1;
    }
    Ok(output)
}

impl Shape {
    /// The shape of an operand with the axes of the value that it broadcasts to, further ones of size 1. A single axis
    /// is that of the channels if it has their size; otherwise the last axes belong together.
    pub const fn aligned(&self, output: &Shape, order: AxisOrder) -> Shape {
        let (own, rank) = (self.rank(), output.rank());
        if own >= rank {
            return *self;
        }
        let mut aligned = *output;
        let mut axis = 0;
        while axis < rank {
            aligned = aligned.with(axis, Size::Number(1));
            axis += 1;
        }
        let channel = order.channel(rank);
        if self.is_over_channels(output, order) {
            return aligned.with(channel, self.size(0));
        }
        let mut axis = 0;
        while axis < own {
            aligned = aligned.with(rank - own + axis, self.size(axis));
            axis += 1;
        }
        aligned
    }

    /// Whether an operand with a single axis goes over the channels of the value that it broadcasts to: it has their
    /// size, or fits nothing else.
    pub const fn is_over_channels(&self, output: &Shape, order: AxisOrder) -> bool {
        let rank = output.rank();
        if self.rank() != 1 || rank < 2 {
            return false;
        }
        let (own, channels) = (self.size(0), output.size(order.channel(rank)));
        match own {
            Size::Number(1) => true,
            _ if own.same(channels) => true,
            _ => merge(channels, own).is_some() && merge(output.size(rank - 1), own).is_none(),
        }
    }
}

/// Combines two sizes of a broadcast: equal, or one of them 1.
pub(super) const fn merge(a: Size, b: Size) -> Option<Size> {
    match (a, b) {
        (Size::Number(1), size) | (size, Size::Number(1)) => Some(size),
        _ if a.fits(b) => Some(known(a, b)),
        _ => None,
    }
}

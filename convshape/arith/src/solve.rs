//! The arithmetic in reverse: the value of a hole, and the layer that undoes another.

mod anchors;
mod field;
mod padding;
mod undo;

use crate::layer::AxisMap;
use crate::op::{AxisOrder, MAX_SPATIAL, Op, Padding};
use crate::shape::Shape;
use crate::size::Size;

use self::anchors::anchors;

pub use field::AxisField;
pub use padding::{suggested_padding, uneven_padding};
pub use undo::undo;

/// The most solutions kept: enough to show that there are several.
pub const MOST_SOLUTIONS: usize = 3;

/// The solutions for the holes of one axis.
#[derive(Clone, Copy, Debug)]
pub struct Solutions {
    /// One number per open field, in the order in which the fields were given; `count` rows are used.
    pub values: [[i64; MAX_SPATIAL]; MOST_SOLUTIONS],
    /// How many solutions were found; the search stops at [`MOST_SOLUTIONS`].
    pub count: usize,
}

/// How many strides are tried. A stride has no closed form and is found by trial.
const MOST_STRIDES: i64 = 1 << 12;

/// How many values of a field are tried if another open field follows it.
const MOST_OUTER: i64 = 24;

/// Finds values for the open fields of one axis such that the layer gives `target`: every combination that the layer
/// accepts, smallest numbers first.
///
/// At most three fields are open. A formula gives candidates, however large; each is then checked with the layer's own
/// arithmetic, so that no value is found that the dialect rejects.
pub const fn fill_axis(
    op: &Op,
    open: &[AxisField],
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    target: Size,
) -> Solutions {
    let mut found = Solutions { values: [[0; MAX_SPATIAL]; MOST_SOLUTIONS], count: 0 };
    let at = [0_i64; MAX_SPATIAL];
    fill_from(op, open, 0, at, &Target { input, order, axis, target }, &mut found);
    found
}

/// The target size of one axis.
struct Target<'a> {
    input: &'a Shape,
    order: AxisOrder,
    axis: usize,
    target: Size,
}

/// Finds values for the open fields from index `place` on. The earlier ones have their values in `op`.
const fn fill_from(
    op: &Op,
    open: &[AxisField],
    place: usize,
    at: [i64; MAX_SPATIAL],
    wanted: &Target<'_>,
    found: &mut Solutions,
) {
    let Target { input, order, axis, target } = *wanted;
    if place == open.len() || found.count == MOST_SOLUTIONS {
        return;
    }
    let field = open[place];
    let last = place + 1 == open.len();
    let least = least(field);
    let values = anchors(op, field, input, order, axis, target, least);
    let (start, end) = match field {
        AxisField::Stride => {
            let most = most(field, op, input.size(order.spatial(axis)), axis, target);
            (least, if most < MOST_STRIDES { most } else { MOST_STRIDES })
        }
        _ if last => (least, i64::MAX),
        _ => {
            let start = outer_start(op, field, open[open.len() - 1], least, wanted);
            (start, start.saturating_add(MOST_OUTER))
        }
    };
    let every = !last || matches!(field, AxisField::Stride);
    let mut value = start.saturating_sub(1);
    loop {
        let next = if every { Some(value.saturating_add(1)) } else { values.after(value) };
        value = match next {
            Some(next) if next <= end => next,
            _ => return,
        };
        let candidate = op.with_axis_field(field, axis, value);
        let mut at = at;
        at[place] = value;
        if last {
            if gives(&candidate, input, order, axis, target) {
                found.values[found.count] = at;
                found.count += 1;
            }
        } else {
            fill_from(&candidate, open, place + 1, at, wanted, found);
        }
        if found.count == MOST_SOLUTIONS {
            return;
        }
    }
}

/// The smallest value of a field, or a little less, for which the other field can still reach the target. The other
/// field's value rises or falls in equal steps with it.
const fn outer_start(op: &Op, field: AxisField, inner: AxisField, first: i64, wanted: &Target<'_>) -> i64 {
    const STEP: i64 = 16;
    let Target { input, order, axis, target } = *wanted;
    let near = op.with_axis_field(field, axis, first);
    let far = op.with_axis_field(field, axis, first + STEP);
    let (low, high) = anchors(&near, inner, input, order, axis, target, least(inner)).ends();
    let (far_low, far_high) = anchors(&far, inner, input, order, axis, target, least(inner)).ends();
    if low > high || far_low > far_high {
        return first;
    }
    let steps = if high < least(inner) && far_high > high {
        // So far too small.
        (least(inner).saturating_sub(high)).saturating_mul(STEP) / (far_high - high)
    } else if matches!(inner, AxisField::OutputPadding) && far_low < low {
        // So far too large for an output padding.
        low.saturating_sub(most(inner, op, input.size(order.spatial(axis)), axis, target)).saturating_mul(STEP)
            / (low - far_low)
    } else {
        0
    };
    let start = first.saturating_add(steps).saturating_sub(4);
    if start > first { start } else { first }
}

const fn least(field: AxisField) -> i64 {
    match field {
        AxisField::Kernel | AxisField::Stride => 1,
        AxisField::Padding | AxisField::OutputPadding => 0,
    }
}

/// No value of the field beyond this can give the target: no term of the formula exceeds the sum of the others.
const fn most(field: AxisField, op: &Op, input: Size, axis: usize, target: Size) -> i64 {
    let (kernel, stride, dilation, padding) = match op {
        Op::Conv(conv) => (conv.kernel[axis], conv.stride[axis], conv.dilation[axis], conv.padding),
        Op::Pool(pool) => (pool.kernel[axis], pool.stride[axis], pool.dilation[axis], pool.padding),
        _ => return 0,
    };
    // Kernel and stride may be open as well, so allow a few more of each.
    let kernel = kernel.saturating_add(4);
    let step = (if stride > dilation { stride } else { dilation }).saturating_add(4);
    if let AxisField::OutputPadding = field {
        return step;
    }
    let border = match padding {
        Padding::Symmetric(padding) => padding[axis].saturating_abs().saturating_mul(2),
        Padding::Pairs(pairs) => pairs[axis].0.saturating_abs().saturating_add(pairs[axis].1.saturating_abs()),
        _ => 0,
    };
    let rows = rows(input).saturating_add(rows(target)).saturating_add(kernel);
    rows.saturating_mul(step).saturating_add(border)
}

/// The numbers in a size.
const fn rows(size: Size) -> i64 {
    match size {
        Size::Number(n) => n.saturating_abs(),
        Size::Symbolic { scale, offset, .. } => scale.saturating_add(offset.saturating_abs()),
        Size::Unknown => 0,
    }
}

/// For a field that cannot give `target` on one axis: the value that gives the largest size below the target, and the
/// one that gives the smallest size above it; on a tie the smaller value.
pub const fn nearest_values(
    op: &Op,
    open: AxisField,
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    target: i64,
) -> [Option<i64>; 2] {
    let mut nearest: [Option<(i64, i64)>; 2] = [None, None];
    let values = anchors(op, open, input, order, axis, Size::Number(target), least(open));
    let mut value = least(open) - 1;
    while let Some(next) = values.after(value) {
        value = next;
        if value < least(open) {
            continue;
        }
        if let Some(rows) = size_given(&op.with_axis_field(open, axis, value), input, order, axis) {
            let side = (rows > target) as usize;
            let nearer = match nearest[side] {
                Some((_, known)) => known.abs_diff(target) > rows.abs_diff(target),
                None => true,
            };
            if nearer {
                nearest[side] = Some((value, rows));
            }
        }
    }
    let mut values = [None; 2];
    if let Some((value, _)) = nearest[0] {
        values[0] = Some(value);
    }
    if let Some((value, _)) = nearest[1] {
        values[1] = Some(value);
    }
    values
}

/// How many rows a layer gives on one axis, if any.
const fn size_given(op: &Op, input: &Shape, order: AxisOrder, axis: usize) -> Option<i64> {
    let size = input.size(order.spatial(axis));
    let output = match op.axis_map(input, order, axis) {
        Ok(Some(AxisMap::Window(window))) => window.output(size, input.scope()),
        Ok(Some(AxisMap::Scatter(scatter))) => scatter.output(size, input.scope()),
        _ => return None,
    };
    match output {
        Ok(Size::Number(rows)) if rows >= 1 => Some(rows),
        _ => None,
    }
}

/// Whether one axis of the layer gives `target`.
pub const fn gives(op: &Op, input: &Shape, order: AxisOrder, axis: usize, target: Size) -> bool {
    let size = input.size(order.spatial(axis));
    match op.axis_map(input, order, axis) {
        Ok(Some(AxisMap::Window(window))) => match window.output(size, input.scope()) {
            Ok(output) => output.same(target) && positive(output, input),
            Err(_) => false,
        },
        Ok(Some(AxisMap::Scatter(scatter))) => match scatter.output(size, input.scope()) {
            Ok(output) => output.same(target),
            Err(_) => false,
        },
        _ => false,
    }
}

const fn positive(size: Size, input: &Shape) -> bool {
    matches!(size.smallest(input.scope()), Some(smallest) if smallest >= 1)
}

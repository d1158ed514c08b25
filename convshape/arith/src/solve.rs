//! The arithmetic run backwards: what fills a hole, what undoes a layer.

mod field;
mod padding;
mod undo;

use crate::layer::AxisMap;
use crate::op::{AxisOrder, MAX_SPATIAL, Op, Padding};
use crate::shape::Shape;
use crate::size::Size;

pub use field::AxisField;
pub use padding::{suggested_padding, uneven_padding};
pub use undo::undo;

/// The most solutions that are kept: enough to show that there are several.
pub const MOST_SOLUTIONS: usize = 3;

/// What fills the holes of one axis.
#[derive(Clone, Copy, Debug)]
pub struct Solutions {
    /// One number per open field, in the order the fields were given; `count` rows are filled.
    pub values: [[i64; MAX_SPATIAL]; MOST_SOLUTIONS],
    /// How many were found; the search stops at [`MOST_SOLUTIONS`].
    pub count: usize,
}

/// How many values are tried: a kernel over a minute of audio is still found.
const MOST_TRIALS: i64 = 1 << 20;

/// Fills the open fields of one axis so that the layer gives `target`: every combination that the
/// layer accepts, smallest numbers first.
///
/// At most three fields are open. Each candidate goes through the layer's own arithmetic, so
/// nothing that the dialect refuses is found.
pub const fn fill_axis(
    op: &Op,
    open: &[AxisField],
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    target: Size,
) -> Solutions {
    let mut found = Solutions { values: [[0; MAX_SPATIAL]; MOST_SOLUTIONS], count: 0 };
    let mut limits = [0_i64; MAX_SPATIAL];
    let mut at = [0_i64; MAX_SPATIAL];
    let mut field = 0;
    while field < open.len() {
        at[field] = least(open[field]);
        limits[field] = most(open[field], op, input.size(order.spatial(axis)), axis, target);
        field += 1;
    }
    let mut trials = 0;
    loop {
        let mut candidate = *op;
        let mut field = 0;
        while field < open.len() {
            candidate = candidate.with_axis_field(open[field], axis, at[field]);
            field += 1;
        }
        if gives(&candidate, input, order, axis, target) {
            found.values[found.count] = at;
            found.count += 1;
        }
        trials += 1;
        if found.count == MOST_SOLUTIONS || trials == MOST_TRIALS {
            return found;
        }
        // The next combination, the last field fastest.
        let mut field = open.len();
        loop {
            if field == 0 {
                return found;
            }
            field -= 1;
            if at[field] < limits[field] {
                at[field] += 1;
                break;
            }
            at[field] = least(open[field]);
        }
    }
}

const fn least(field: AxisField) -> i64 {
    match field {
        AxisField::Kernel | AxisField::Stride => 1,
        AxisField::Padding | AxisField::OutputPadding => 0,
    }
}

/// Beyond this no value of the field can give the target: one term of the formula is never more
/// than all others together.
const fn most(field: AxisField, op: &Op, input: Size, axis: usize, target: Size) -> i64 {
    let (kernel, stride, dilation, padding) = match op {
        Op::Conv(conv) => (conv.kernel[axis], conv.stride[axis], conv.dilation[axis], conv.padding),
        Op::Pool(pool) => (pool.kernel[axis], pool.stride[axis], pool.dilation[axis], pool.padding),
        _ => return 0,
    };
    // Kernel and stride may be open as well: a few more of each count.
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

/// For a field that no value of gives `target` on one axis: the value that gives the most of the sizes
/// below it, and the one that gives the least of those above it; the smaller value where several do.
pub const fn nearest_values(
    op: &Op,
    open: AxisField,
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    target: i64,
) -> [Option<i64>; 2] {
    let limit = most(open, op, input.size(order.spatial(axis)), axis, Size::Number(target));
    let mut nearest: [Option<(i64, i64)>; 2] = [None, None];
    let mut value = least(open);
    while value <= limit && value <= MOST_TRIALS >> 4 {
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
        value += 1;
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

/// How many rows a layer gives on one axis, if it gives any.
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

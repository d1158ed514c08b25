//! The formula of one axis with its numbers filled in.

use crate::axis::Scatter;
use crate::layer::{AxisMap, axis_name};
use crate::op::{AxisOrder, Conv, Dialect, Op, Padding, ResizeTo};
use crate::shape::Shape;
use crate::text::Text;

/// Writes the formula of one spatial axis with its numbers, `height: (12 - 1) * 2 - .. = 27`, and says
/// whether there is one.
pub const fn arithmetic(text: &mut Text, op: &Op, input: &Shape, order: AxisOrder, axis: usize) -> bool {
    let rows = input.size(order.spatial(axis));
    let scope = input.scope();
    if !rows.is_known() {
        return false;
    }
    let name = axis_name(axis, input.rank().saturating_sub(1));
    if let Op::Upsample(upsample) = op
        && let ResizeTo::Scale(scales) = upsample.to
        && axis < scales.len()
    {
        text.str(name).str(": floor(").factor(rows, scope).str(" * ").float(scales[axis]).str(")");
        return result(text, op, input, order, axis);
    }
    let Ok(Some(map)) = op.axis_map(input, order, axis) else { return false };
    text.str(name).str(": ");
    match (map, op) {
        (AxisMap::Scatter(scatter), Op::Conv(conv)) => {
            let Scatter { kernel, stride, dilation, lo, hi } = scatter;
            text.str("(").size(rows, scope).str(" - 1) * ").num(stride);
            match conv.padding {
                // As lax counts: rows of border around the dilated input.
                Padding::Symmetric(_) | Padding::Pairs(_) if pads_the_input(conv) => {
                    let most = dilation.saturating_mul(kernel.saturating_sub(1));
                    text.str(" + 1");
                    border(text, true, most.saturating_sub(lo), most.saturating_sub(hi));
                    text.str(" - ").num(dilation).str(" * (").num(kernel).str(" - 1)");
                }
                // Added rows are a separate term.
                Padding::Symmetric(padding) if lo == padding[axis] => {
                    text.str(" - 2 * ").num(lo).str(" + ").num(dilation).str(" * (").num(kernel).str(" - 1) + ");
                    text.num(lo.saturating_sub(hi)).str(" + 1");
                }
                _ => {
                    border(text, false, lo, hi);
                    text.str(" + ").num(dilation).str(" * (").num(kernel).str(" - 1) + 1");
                }
            }
        }
        (AxisMap::Window(window), _) => {
            text.str(if window.ceil { "ceil((" } else { "floor((" });
            if window.input_dilation == 1 {
                text.size(rows, scope);
            } else {
                text.str("(").size(rows, scope).str(" - 1) * ").num(window.input_dilation).str(" + 1");
            }
            border(text, true, window.lo, window.hi);
            text.str(" - ").num(window.dilation).str(" * (").num(window.kernel).str(" - 1) - 1) / ");
            text.num(window.stride).str(") + 1");
            if let Some((last, start)) = window.left_out(rows)
                && let Ok(windows) = last.plus(1)
            {
                text.str(" = ").size(windows, scope).str(", less 1: the last window would start in the border (row ");
                text.size(start, scope).str(" of ").size(rows, scope).str(" + ").num(window.lo).str(")");
                return true;
            }
        }
        _ => return false,
    }
    result(text, op, input, order, axis)
}

/// Whether the padding of a transposed convolution is the border of its dilated input.
const fn pads_the_input(conv: &Conv) -> bool {
    matches!(conv.dialect, Dialect::Jax | Dialect::Flax) && !conv.consistent_padding
}

/// Both sides of a border as terms of a sum: ` + 2 * 1`, ` + 0 + 1`, ` - 2 + 1`.
const fn border(text: &mut Text, added: bool, lo: i64, hi: i64) {
    if lo == hi && lo >= 0 {
        text.str(if added { " + 2 * " } else { " - 2 * " }).num(lo);
    } else {
        term(text, added, lo);
        term(text, added, hi);
    }
}

const fn term(text: &mut Text, added: bool, rows: i64) {
    text.str(if added == (rows >= 0) { " + " } else { " - " }).num(rows.saturating_abs());
}

const fn result(text: &mut Text, op: &Op, input: &Shape, order: AxisOrder, axis: usize) -> bool {
    if let Ok(output) = op.output(&[*input], order) {
        text.str(" = ").size(output.size(order.spatial(axis)), input.scope());
    } else if let Ok(Some(AxisMap::Scatter(scatter))) = op.axis_map(input, order, axis)
        && let Ok(size) = scatter.unchecked_output(input.size(order.spatial(axis)))
    {
        text.str(" = ").size(size, input.scope());
    }
    true
}

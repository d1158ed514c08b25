//! The lines below a title: the formula that fails, and what to write instead.

use super::{arithmetic, dialect_note, reach};
use crate::fault::{Fault, Reason};
use crate::layer::axis_name;
use crate::op::{AxisOrder, Conv, MAX_SPATIAL, Op, PerAxis};
use crate::shape::Shape;
use crate::size::{Scope, Size, SizeError, div_ceil};
use crate::solve::{AxisField, fill_axis, nearest_values};
use crate::text::Text;

/// The lines below the title of a hole without a solution: how close one can get to the target on the first axis that
/// has none.
pub const fn nearest_fillings(
    text: &mut Text,
    op: &Op,
    open: &[AxisField],
    input: &Shape,
    target: &Shape,
    order: AxisOrder,
) {
    let [field] = open else { return };
    let mut axis = 0;
    while axis + 1 < input.rank() && axis < MAX_SPATIAL && input.rank() == target.rank() {
        let size = target.size(order.spatial(axis));
        if let Size::Number(rows) = size
            && fill_axis(op, open, input, order, axis, size).count == 0
        {
            let nearest = nearest_values(op, *field, input, order, axis, rows);
            let mut side = 0;
            while side < nearest.len() {
                if let Some(value) = nearest[side] {
                    let mut line = Text::new();
                    if arithmetic(&mut line, &op.with_axis_field(*field, axis, value), input, order, axis) {
                        text.str("\n").str(line.as_str());
                        text.str(" with `").str(field.name()).str(": ").num(value).str("`");
                    }
                }
                side += 1;
            }
            return;
        }
        axis += 1;
    }
}

/// The lines below the title of a rejected layer: its formula.
pub const fn refusal(text: &mut Text, op: &Op, fault: &Fault, inputs: &[Shape], order: AxisOrder) {
    let spatial = inputs[0].rank().saturating_sub(1);
    match (fault.reason, fault.axis) {
        (Reason::KernelTooLarge { input: Size::Number(input), lo, hi, kernel, dilation }, Some(axis)) => {
            text.str("\n").str(axis_name(axis, spatial)).str(": kernel ").num(dilation).str(" * (").num(kernel);
            text.str(" - 1) + 1 = ").num(reach(kernel, dilation)).str(", padded input ").num(input).str(" + ").num(lo);
            text.str(" + ").num(hi).str(" = ").num(input.saturating_add(lo).saturating_add(hi));
        }
        (Reason::EmptyOutput { .. }, Some(axis)) => {
            let mut line = Text::new();
            if arithmetic(&mut line, op, &inputs[0], order, axis) {
                text.str("\n").str(line.as_str());
            }
        }
        _ => {}
    }
    let (short, scope) = match fault.reason {
        // By how many rows the padded input is smaller than the kernel.
        Reason::KernelTooLarge { input, lo, hi, kernel, dilation } => {
            (input.plus(lo.saturating_add(hi).saturating_sub(reach(kernel, dilation))), inputs[0].scope())
        }
        Reason::EmptyOutput { output } => (output.plus(-1), inputs[0].scope()),
        _ => return,
    };
    holds_from(text, short, scope);
}

/// From which value of its symbol on a size is not negative: `short` is how far it is above the least that fits.
pub(super) const fn holds_from(text: &mut Text, short: Result<Size, SizeError>, scope: Scope) {
    if let Ok(Size::Symbolic { scale, symbol, offset }) = short
        && (symbol as usize) < scope.len()
        && let Some(from) = div_ceil(offset.saturating_neg(), scale)
    {
        let name = scope[symbol as usize].name;
        text.str("\nnote: this fits from `").str(name).str(" = ").num(from).str("` on");
        text.str("\nhelp: declare `for ").str(name).str(" in ").num(from).str("..;`");
    }
}

/// The lines below the title of two shapes that should be equal: the formula of the first axis on which they differ,
/// and the fix if it is an `output_padding`.
pub const fn mismatch(
    text: &mut Text,
    name: &str,
    op: Option<&Op>,
    input: &Shape,
    found: &Shape,
    wanted: &Shape,
    order: AxisOrder,
) {
    let Some(op) = op else { return };
    if found.rank() != wanted.rank() || found.rank() != input.rank() {
        return;
    }
    let rank = found.rank() - 1;
    let mut shown = false;
    let mut values = [0; MAX_SPATIAL];
    let mut solved = rank <= MAX_SPATIAL;
    let mut axis = 0;
    while axis < rank {
        let place = order.spatial(axis);
        if !found.size(place).fits(wanted.size(place)) && !shown {
            let mut line = Text::new();
            shown = arithmetic(&mut line, op, input, order, axis);
            if shown {
                text.str("\n").str(line.as_str());
            }
        }
        if solved {
            let open = [AxisField::OutputPadding];
            let solutions = fill_axis(op, &open, input, order, axis, wanted.size(place));
            solved = op.axis_field(AxisField::OutputPadding).is_some() && solutions.count == 1;
            values[axis] = solutions.values[0][0];
        }
        axis += 1;
    }
    let mut note = Text::new();
    if dialect_note(&mut note, op, input, Some(wanted), order) {
        text.str("\nnote: ").str(note.as_str());
    }
    if solved && shown {
        text.str("\nhelp: in `").str(name).str("`, set `output_padding: ");
        text.per_axis(values.split_at(rank).0).str("`");
    }
}

/// The fix for a rejected layer, if it follows from the numbers alone.
pub const fn closed_form_help(text: &mut Text, name: &str, op: &Op, fault: &Fault) {
    match (op, fault.reason) {
        (Op::Conv(conv), Reason::Channels { expected, found: Size::Number(found) }) => {
            let outputs = if conv.outputs == found { expected } else { conv.outputs };
            write_channels(text, name, found, outputs);
        }
        (Op::Conv(conv), Reason::Weight { found, .. }) => {
            if let (Some(Conv { outputs, kernel, .. }), Some(inputs)) = (conv.with_weight(&found), conv.inputs) {
                if outputs != conv.outputs {
                    write_channels(text, name, inputs, outputs);
                }
                if !same(&kernel, &conv.kernel, conv.rank) {
                    text.str("\nhelp: in `").str(name).str("`, set `kernel: ");
                    text.per_axis(kernel.split_at(conv.rank).0).str("`");
                }
            }
        }
        (Op::Linear { outputs, .. }, Reason::Features { found, .. }) => {
            if let Size::Number(features) = found.size(found.rank().saturating_sub(1)) {
                write_channels(text, name, features, *outputs);
            }
        }
        (Op::Recurrent(layer), Reason::Features { found, .. }) => {
            if let Size::Number(features) = found.size(found.rank().saturating_sub(1)) {
                write_channels(text, name, features, layer.hidden);
            }
        }
        (_, Reason::Heads { features, heads, .. }) => {
            let mut nearest = nearest_divisors(features, heads);
            while let [Some(divisor), rest] = nearest {
                text.str("\nhelp: in `").str(name).str("`, set `heads: ").num(divisor).str("`");
                nearest = [rest, None];
            }
        }
        (_, Reason::TokenFeatures { field, found, .. }) => {
            if let Size::Number(features) = found.size(found.rank().saturating_sub(1)) {
                text.str("\nhelp: in `").str(name).str("`, set `").str(field).str(": ").num(features).str("`");
            }
        }
        (_, Reason::Channels { found: Size::Number(found), .. }) => {
            text.str("\nhelp: in `").str(name).str("`, set `channels: ").num(found).str("`");
        }
        (_, Reason::Number { field, value, .. }) => {
            if let Some(meant) = meant(op, field, value) {
                text.str("\nhelp: in `").str(name).str("`, set `").str(field).str(": ").real(meant).str("`");
            }
        }
        (Op::MatMul { transpose_b: false, .. }, Reason::Product { b, columns, .. })
            if b.size(b.rank() - 1).fits(columns) =>
        {
            text.str("\nhelp: in `").str(name).str("`, set `transpose_b: true`");
        }
        (Op::MatMul { transpose_a: false, .. }, Reason::Product { a, rows, .. }) if a.size(a.rank() - 2).fits(rows) => {
            text.str("\nhelp: in `").str(name).str("`, set `transpose_a: true`");
        }
        (_, Reason::OutputPadding { limit, .. }) => {
            text.str("\nhelp: in `").str(name).str("`, set `output_padding: ").num(limit - 1).str("`");
        }
        _ => {}
    }
}

/// The divisors of `all` nearest to `count`, the nearer one first.
pub const fn nearest_divisors(all: i64, count: i64) -> [Option<i64>; 2] {
    let (mut below, mut above) = (count, count);
    // A larger number is not meant as a number of heads.
    const MOST: i64 = 1 << 12;
    while below > 1 && all % below != 0 && count - below < MOST {
        below -= 1;
    }
    while above < all && all % above != 0 && above - count < MOST {
        above += 1;
    }
    let below = if below > 0 && all % below == 0 { Some(below) } else { None };
    let above = if above <= all && all % above == 0 { Some(above) } else { None };
    match (below, above) {
        (Some(low), Some(high)) if high - count < count - low => [above, below],
        (None, above) => [above, None],
        (below, above) => [below, above],
    }
}

const fn same(a: &PerAxis<i64>, b: &PerAxis<i64>, rank: usize) -> bool {
    let mut axis = 0;
    while axis < rank {
        if a[axis] != b[axis] {
            return false;
        }
        axis += 1;
    }
    true
}

const fn write_channels(text: &mut Text, name: &str, inputs: i64, outputs: i64) {
    text.str("\nhelp: in `").str(name).str("`, write `").num(inputs).str(" -> ").num(outputs).str("`");
}

/// The number that was probably meant: a percentage as a fraction, a number without its sign, a common epsilon.
pub const fn meant(op: &Op, field: &str, value: f64) -> Option<f64> {
    match (op, field.as_bytes()) {
        (Op::Dropout { .. }, b"p") | (Op::BatchNorm { .. }, b"momentum") => {
            let fraction = if value >= 5.0 { value / 100.0 } else { -value };
            if fraction >= 0.0 && fraction <= 1.0 { Some(fraction) } else { None }
        }
        (_, b"eps") => Some(if value < 0.0 && value >= -0.1 { -value } else { 1e-5 }),
        _ => None,
    }
}

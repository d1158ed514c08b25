//! A fault in words: the same for the macro and for const evaluation.
//!
//! [`title`] says which layer is wrong and why, with the numbers; [`arithmetic`] shows the formula of one axis
//! with its numbers filled in; [`dialect_note`] explains a word that means something else in another framework.

mod dialect;

use crate::axis::Scatter;
use crate::code::{self, Code};
use crate::fault::{Fault, Reason};
use crate::layer::{AxisMap, axis_name};
use crate::op::{AxisOrder, Conv, Dialect, MAX_SPATIAL, Op, Padding, ResizeTo};
use crate::shape::Shape;
use crate::size::{Size, SizeError, div_ceil};
use crate::solve::{AxisField, fill_axis, nearest_values};
use crate::text::Text;

pub use dialect::dialect_note;

impl Reason {
    /// The error code.
    pub const fn code(&self, op: &Op) -> Code {
        match self {
            Reason::NotPositive { .. } | Reason::TooFew { .. } => code::NOT_POSITIVE,
            Reason::Negative { .. } => code::NEGATIVE,
            Reason::Rank { .. } => code::RANK,
            Reason::Channels { .. } => match op {
                Op::BatchNorm { .. } | Op::GroupNorm { .. } | Op::InstanceNorm { .. } => code::NORM,
                _ => code::CHANNELS,
            },
            Reason::Features { .. } => code::FEATURES,
            Reason::NotFixed { .. } => code::NOT_FIXED,
            Reason::Size(SizeError::Overflow) | Reason::TooManyElements { .. } => code::TOO_LARGE,
            Reason::Size(_) => code::NOT_FIXED,
            Reason::KernelTooLarge { .. } | Reason::PoolInput { .. } => code::KERNEL,
            Reason::EmptyOutput { .. } | Reason::CropTooLarge { .. } | Reason::PadTooSmall { .. } => code::EMPTY,
            Reason::NotInDialect { .. } | Reason::PaddingNumber | Reason::TransposedGroups => code::DIALECT,
            Reason::SameWithStride { .. } => code::SAME_STRIDE,
            Reason::PoolPadding { .. } => code::POOL_PADDING,
            Reason::OutputPadding { .. } | Reason::OutputPaddingStride { .. } | Reason::NotRestored { .. } => {
                code::OUTPUT_PADDING
            }
            Reason::Exclusive { .. } => code::REPEATED_FIELD,
            Reason::OutputSize { .. } => code::OUTPUT_SIZE,
            Reason::Groups { .. } => code::GROUPS,
            Reason::ReflectPadding { .. } | Reason::CircularPadding { .. } => code::BORDER,
            Reason::TransposedPaddingMode => code::BORDER_MODE,
            Reason::FieldRank { .. } => code::FIELD_RANK,
            Reason::Divisible { .. } => code::DIVISIBLE,
            Reason::Elements { .. } => code::ELEMENTS,
            Reason::Join { .. } => match op {
                Op::Concat => code::CONCAT,
                _ => code::BROADCAST,
            },
            Reason::SliceRange { .. } => code::SLICE,
            Reason::AlignCorners | Reason::ModeRank { .. } | Reason::ScaleFactor => code::RESIZE,
            Reason::SingleElement => code::INSTANCE,
            Reason::NormShape { .. } => code::NORM,
        }
    }

    /// The field that is to blame, if one is.
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Reason::NotPositive { field, .. }
            | Reason::Negative { field, .. }
            | Reason::NotInDialect { field, .. }
            | Reason::Exclusive { field, .. }
            | Reason::FieldRank { field, .. } => Some(field),
            Reason::Channels { .. } | Reason::Features { .. } | Reason::TooFew { .. } => Some("channels"),
            Reason::SameWithStride { .. }
            | Reason::PoolPadding { .. }
            | Reason::PaddingNumber
            | Reason::ReflectPadding { .. }
            | Reason::CircularPadding { .. } => Some("padding"),
            Reason::OutputPadding { .. } | Reason::OutputPaddingStride { .. } | Reason::NotRestored { .. } => {
                Some("output_padding")
            }
            Reason::OutputSize { .. } => Some("output_size"),
            Reason::KernelTooLarge { .. } | Reason::PoolInput { .. } => Some("kernel"),
            Reason::Groups { .. } | Reason::TransposedGroups => Some("groups"),
            Reason::TransposedPaddingMode => Some("padding_mode"),
            Reason::Elements { .. } => Some("shape"),
            Reason::SliceRange { .. } => Some("channels"),
            Reason::AlignCorners => Some("align_corners"),
            Reason::ModeRank { .. } => Some("mode"),
            Reason::ScaleFactor => Some("scale"),
            _ => None,
        }
    }
}

/// Says which layer is wrong and why. `names` are the operands of a joining layer as written.
pub const fn title(text: &mut Text, layer: &str, fault: &Fault, inputs: &[Shape], names: &[&str]) {
    text.str("`").str(layer).str("` ");
    let spatial = inputs[0].rank().saturating_sub(1);
    let axis = match fault.axis {
        Some(axis) => axis_name(axis, spatial),
        None => "",
    };
    match fault.reason {
        Reason::TooFew { what, value } => {
            text.str("has ").num(value).str(" ").str(what).str(": there must be at least 1");
        }
        Reason::NotPositive { field, value } => {
            text.str("has ").str(field).str(" ").num(value);
            on(text, axis).str(": it must be at least 1");
        }
        Reason::Negative { field, value } => {
            text.str("has ").str(field).str(" ").num(value);
            on(text, axis).str(": it must not be negative");
        }
        Reason::Rank { expected, found } => {
            text.str("takes ").num(rank(expected)).str(if expected == 1 { " axis" } else { " axes" });
            match expected {
                2 => text.str(" (channels and length)"),
                3 => text.str(" (channels, height and width)"),
                4 => text.str(" (channels, depth, height and width)"),
                _ => text,
            };
            text.str(", but ").shape(&found).str(" comes in");
        }
        Reason::Channels { expected, found } => {
            counted(text.str("takes "), expected, "channel").str(", but ").size(found, inputs[0].scope());
            text.str(if matches!(found, Size::Number(1)) { " comes in: " } else { " come in: " }).shape(&inputs[0]);
        }
        Reason::Features { expected, found } => {
            counted(text.str("takes "), expected, "feature").str(", but the last axis of ").shape(&found).str(" has ");
            text.size(found.size(found.rank().saturating_sub(1)), found.scope());
        }
        Reason::NotFixed { what, found } => {
            text.str("needs a fixed size: ").str(what).str(" is ").size(found, inputs[0].scope());
        }
        Reason::Size(SizeError::Indivisible { scale, by }) => {
            text.str("has stride ").num(by);
            on(text, axis).str(", which does not divide the ").num(scale);
            text.str(if scale == 1 { " row" } else { " rows" })
                .str(" in which its input grows: a remainder would be left");
        }
        Reason::Size(SizeError::NotLinear) => {
            text.str("gives a size that is not of the form a*h + b");
        }
        Reason::Size(SizeError::DivisionByZero) => {
            text.str("divides by zero");
        }
        Reason::Size(SizeError::Overflow) => {
            text.str("gives a size that does not fit 64 bits");
        }
        Reason::TooManyElements { shape } => {
            text.str("gives ").shape(&shape).str(": more elements than memory can address");
        }
        Reason::KernelTooLarge { input, lo, hi, kernel, dilation } => {
            counted(text.str("has a kernel of "), reach(kernel, dilation), "row");
            on(text, axis).str(", but its padded input has only ");
            match input.plus(lo.saturating_add(hi)) {
                Ok(padded) => text.size(padded, inputs[0].scope()),
                Err(_) => text.size(input, inputs[0].scope()),
            };
        }
        Reason::PoolInput { input, kernel } => {
            counted(text.str("has a kernel of "), kernel, "row");
            on(text, axis).str(", but its input has only ").size(input, inputs[0].scope());
            text.str(" before padding");
        }
        Reason::EmptyOutput { output } => {
            text.str("gives ").size(output, inputs[0].scope()).str(" rows");
            on(text, axis).str(": at least 1 must be left");
        }
        Reason::NotInDialect { field, value } => {
            text.str("has `").str(field).str(": ").str(value).str("`, which this dialect does not have for it");
        }
        Reason::SameWithStride { stride } => {
            text.str("has `padding: same` with stride ").num(stride);
            on(text, axis).str(": PyTorch has `same` only for stride 1");
        }
        Reason::PoolPadding { padding, kernel, most } => {
            text.str("has padding ").num(padding);
            let more = if most == kernel / 2 { ", more than half of its kernel " } else { ", as much as its kernel " };
            on(text, axis).str(more).num(kernel);
        }
        Reason::OutputPaddingStride { value, stride } => {
            text.str("has output_padding ").num(value);
            on(text, axis).str(": it must be below the stride ").num(stride);
        }
        Reason::NotRestored { output, back, input } => {
            text.str("gives ").size(output, inputs[0].scope()).str(" rows");
            on(text, axis).str(", of which the convolution that it reverses makes ").size(back, inputs[0].scope());
            text.str(" and not ").size(input, inputs[0].scope()).str(": TensorFlow refuses that");
        }
        Reason::Exclusive { what, .. } => {
            text.str("has ").str(what).str(", of which this dialect takes only one");
        }
        Reason::PaddingNumber => {
            text.str("has padding in numbers: keras takes `valid` and `same`, and in convolutions pairs");
            text.str(" such as `[(1, 1), (1, 1)]`");
        }
        Reason::TransposedGroups => {
            text.str("has groups, which transposed convolutions do not have in this dialect");
        }
        Reason::OutputPadding { value, limit, stride, dilation } => {
            text.str("has output_padding ").num(value);
            on(text, axis).str(": it must be below ").num(limit).str(", the larger of stride ").num(stride);
            text.str(" and dilation ").num(dilation);
        }
        Reason::OutputSize { requested, least, most } => {
            text.str("cannot give an output size of ").num(requested);
            on(text, axis).str(": it gives ").size(least, inputs[0].scope());
            if !least.same(most) {
                text.str(" to ").size(most, inputs[0].scope());
            }
        }
        Reason::Groups { side, channels, groups } => {
            counted(text.str("has "), channels, side).str(", which do not divide into ");
            counted(text, groups, "group");
        }
        Reason::ReflectPadding { padding, input } => {
            counted(text.str("mirrors "), padding, "row");
            on(text, axis).str(", but only ").size(input, inputs[0].scope());
            text.str(" are there, and the edge itself is not repeated");
        }
        Reason::CircularPadding { padding, input } => {
            counted(text.str("wraps "), padding, "row").str(" around");
            on(text, axis).str(", but only ").size(input, inputs[0].scope()).str(" are there");
        }
        Reason::TransposedPaddingMode => {
            text.str("is a transposed convolution, which pads with zeros only");
        }
        Reason::FieldRank { field, written, axes } => {
            text.str("has ").str(field).str(" for ").num(rank(written)).str(" axes, but there are ").num(rank(axes));
        }
        Reason::Divisible { what, size, by } => {
            text.str("takes a multiple of ").num(by).str(" ");
            // An axis, or the channels.
            text.str(if axis.is_empty() { "" } else { "rows on " }).str(what).str(", but ");
            text.size(size, inputs[0].scope());
            text.str(if matches!(size, Size::Number(1)) { " comes in" } else { " come in" });
        }
        Reason::Elements { from, to } => {
            text.str("makes ").shape(&to).str(" of ").shape(&from);
            if let (Ok(from), Ok(to)) = (from.elements(), to.elements())
                && from.is_known()
                && to.is_known()
            {
                text.str(": ").size(from, inputs[0].scope()).str(" elements are not ").size(to, inputs[0].scope());
            }
        }
        Reason::Join { operand, axis, first, other } => {
            text.str("joins shapes that do not fit");
            match axis {
                Some(_) => text.str(": "),
                None => text.str(", of different numbers of axes: "),
            };
            let leader = leading(inputs, &first, operand);
            name(text, names, leader).shape(&inputs[leader]).str(" and ");
            name(text, names, operand).shape(&other);
        }
        Reason::SliceRange { start, end, channels } => {
            text.str("takes channels ").num(start).str("..").num(end).str(" of ").num(channels);
        }
        Reason::CropTooLarge { input, output } => {
            text.str("cannot crop ").size(input, inputs[0].scope()).str(" rows");
            on(text, axis).str(" to ").size(output, inputs[0].scope());
        }
        Reason::PadTooSmall { input, output } => {
            text.str("cannot pad ").size(input, inputs[0].scope()).str(" rows");
            on(text, axis).str(" to ").size(output, inputs[0].scope());
        }
        Reason::AlignCorners => {
            text.str("has align_corners with a mode that has no corners to align");
        }
        Reason::ModeRank { expected, axes } => {
            text.str("has a mode for ").num(rank(expected));
            text.str(if expected == 1 { " spatial axis" } else { " spatial axes" });
            text.str(if axes == 1 { ", but there is " } else { ", but there are " }).num(rank(axes));
        }
        Reason::ScaleFactor => {
            text.str("has a scale that is not a positive number");
        }
        Reason::SingleElement => {
            text.str("normalises one element per channel, which gives zero: ").shape(&inputs[0]);
        }
        Reason::NormShape { expected, found } => {
            text.str("normalises ").shape(&expected).str(", but ").shape(&found).str(" comes in");
        }
    }
}

/// `1 row`, `2 rows`
const fn counted<'a>(text: &'a mut Text, count: i64, what: &str) -> &'a mut Text {
    text.num(count).str(" ").str(what).str(if count == 1 { "" } else { "s" })
}

const fn on<'a>(text: &'a mut Text, axis: &str) -> &'a mut Text {
    if axis.is_empty() { text } else { text.str(" on ").str(axis) }
}

const fn name<'a>(text: &'a mut Text, names: &[&str], operand: usize) -> &'a mut Text {
    if operand < names.len() { text.str("`").str(names[operand]).str("` gives ") } else { text }
}

/// The operand whose shape the others are measured by.
const fn leading(inputs: &[Shape], first: &Shape, other: usize) -> usize {
    let mut index = 0;
    while index < inputs.len() {
        if index != other && inputs[index].rank() == first.rank() {
            return index;
        }
        index += 1;
    }
    0
}

const fn reach(kernel: i64, dilation: i64) -> i64 {
    dilation.saturating_mul(kernel.saturating_sub(1)).saturating_add(1)
}

#[expect(clippy::cast_possible_wrap, reason = "a number of axes")]
const fn rank(axes: usize) -> i64 {
    axes as i64
}

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
        text.str(name).str(": floor(").size(rows, scope).str(" * ").float(scales[axis]).str(")");
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
                // The rows that were added are a term of their own.
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
        }
        _ => return false,
    }
    result(text, op, input, order, axis)
}

/// Whether the padding of a transposed convolution is a border of its dilated input.
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

// What a chain says of itself, and what does not hold.

/// The code of an input that cannot be.
pub const fn input_code(fault: &Fault) -> Code {
    match fault.reason {
        Reason::EmptyOutput { .. } => code::SIZE_ZERO,
        _ => code::TOO_LARGE,
    }
}

/// An input that cannot be.
pub const fn input(text: &mut Text, shape: &Shape, fault: &Fault) {
    text.str("the input ").shape(shape).str(match fault.reason {
        Reason::EmptyOutput { .. } => " has a size below 1",
        _ => " has more elements than memory can address",
    });
}

/// `restores` that does not hold.
pub const fn restores(text: &mut Text, name: &str, of: &str, found: &Shape, wanted: &Shape) {
    text.str("`").str(name).str("` does not restore `").str(of).str("`: it gives ").shape(found);
    text.str(", `").str(of).str("` took ").shape(wanted);
}

/// A shape comment that does not hold.
pub const fn comment(text: &mut Text, name: &str, found: &Shape, written: &Shape) {
    text.str("`").str(name).str("` gives ").shape(found).str(", not ").shape(written);
}

/// An output that is another than declared.
pub const fn output(text: &mut Text, giver: &str, found: &Shape, name: &str, declared: &Shape) {
    text.str("`").str(giver).str("` gives ").shape(found).str(", but the output");
    if !is_output(name) {
        text.str(" `").str(name).str("`");
    }
    text.str(" is declared as ").shape(declared);
}

/// An output without a name of its own is called `output`.
const fn is_output(name: &str) -> bool {
    matches!(name.as_bytes(), b"output")
}

/// A repeated body that does not keep its shape.
pub const fn body(text: &mut Text, name: &str, input: &Shape, output: &Shape) {
    text.str("`").str(name).str("` repeats a body that does not keep its shape: ").shape(input);
    text.str(" goes in, ").shape(output).str(" comes out");
}

/// A hole that no value or more than one fills.
pub const fn hole(text: &mut Text, name: &str, target: &Shape, solutions: usize) {
    text.str(if solutions == 0 { "nothing" } else { "several values" }).str(" in place of `_` ");
    text.str(if solutions == 0 { "makes `" } else { "make `" }).str(name).str("` give ").shape(target);
}

/// The lines below the title of a hole that nothing fills: what comes nearest to the target on the
/// first axis that has no solution.
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

/// The lines below the title of a refused layer: its arithmetic.
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
        // What the padded input lacks to the kernel.
        Reason::KernelTooLarge { input, lo, hi, kernel, dilation } => {
            (input.plus(lo.saturating_add(hi).saturating_sub(reach(kernel, dilation))), inputs[0].scope())
        }
        Reason::EmptyOutput { output } => (output.plus(-1), inputs[0].scope()),
        _ => return,
    };
    if let Ok(Size::Symbolic { scale, symbol, offset }) = short
        && (symbol as usize) < scope.len()
        && let Some(from) = div_ceil(offset.saturating_neg(), scale)
    {
        let name = scope[symbol as usize].name;
        text.str("\nnote: it holds from `").str(name).str(" = ").num(from).str("` on");
        text.str("\nhelp: declare `for ").str(name).str(" in ").num(from).str("..;`");
    }
}

/// The lines below the title of two shapes that should be the same: the arithmetic of the first axis
/// on which they differ, and the fix if it is an `output_padding`.
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

/// The fix of a refused layer where it follows from the numbers alone.
pub const fn closed_form_help(text: &mut Text, name: &str, op: &Op, fault: &Fault) {
    match (op, fault.reason) {
        (Op::Conv(conv), Reason::Channels { expected, found: Size::Number(found) }) => {
            let outputs = if conv.outputs == found { expected } else { conv.outputs };
            write_channels(text, name, found, outputs);
        }
        (Op::Linear { outputs, .. }, Reason::Features { found, .. }) => {
            if let Size::Number(features) = found.size(found.rank().saturating_sub(1)) {
                write_channels(text, name, features, *outputs);
            }
        }
        (_, Reason::Channels { found: Size::Number(found), .. }) => {
            text.str("\nhelp: in `").str(name).str("`, set `channels: ").num(found).str("`");
        }
        (_, Reason::OutputPadding { limit, .. }) => {
            text.str("\nhelp: in `").str(name).str("`, set `output_padding: ").num(limit - 1).str("`");
        }
        _ => {}
    }
}

const fn write_channels(text: &mut Text, name: &str, inputs: i64, outputs: i64) {
    text.str("\nhelp: in `").str(name).str("`, write `").num(inputs).str(" -> ").num(outputs).str("`");
}

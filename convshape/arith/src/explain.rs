//! A fault in words: the same for the macro and for const evaluation.
//!
//! [`title`] says which layer is wrong and why, with the numbers; [`arithmetic`] shows the formula of one axis
//! with its numbers filled in.

use crate::code::{self, Code};
use crate::fault::{Fault, Reason};
use crate::layer::{AxisMap, axis_name};
use crate::op::{AxisOrder, Conv, Direction, Op, Padding, ResizeTo};
use crate::shape::Shape;
use crate::size::{Size, SizeError};
use crate::text::Text;

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
            Reason::NotInDialect { .. } => code::DIALECT,
            Reason::SameWithStride { .. } => code::SAME_STRIDE,
            Reason::PoolPadding { .. } => code::POOL_PADDING,
            Reason::OutputPadding { .. } => code::OUTPUT_PADDING,
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
            | Reason::FieldRank { field, .. } => Some(field),
            Reason::Channels { .. } | Reason::Features { .. } | Reason::TooFew { .. } => Some("channels"),
            Reason::SameWithStride { .. }
            | Reason::PoolPadding { .. }
            | Reason::ReflectPadding { .. }
            | Reason::CircularPadding { .. } => Some("padding"),
            Reason::OutputPadding { .. } => Some("output_padding"),
            Reason::OutputSize { .. } => Some("output_size"),
            Reason::KernelTooLarge { .. } | Reason::PoolInput { .. } => Some("kernel"),
            Reason::Groups { .. } => Some("groups"),
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
            text.str("divides ").num(scale).str(" rows a step by ").num(by);
            on(text, axis).str(", which leaves a remainder that depends on the input's size");
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
        Reason::PoolPadding { padding, kernel } => {
            text.str("has padding ").num(padding);
            on(text, axis).str(", more than half of its kernel ").num(kernel);
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
            text.str("needs ").str(what).str(" that ").num(by).str(" divides, but ");
            text.size(size, inputs[0].scope()).str(" come in");
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
            text.str("crops ").size(input, inputs[0].scope()).str(" rows");
            on(text, axis).str(" to ").size(output, inputs[0].scope());
        }
        Reason::PadTooSmall { input, output } => {
            text.str("pads ").size(input, inputs[0].scope()).str(" rows");
            on(text, axis).str(" to ").size(output, inputs[0].scope());
        }
        Reason::AlignCorners => {
            text.str("has align_corners with a mode that has no corners to align");
        }
        Reason::ModeRank { expected, axes } => {
            text.str("has a mode for ").num(rank(expected)).str(" spatial axes, but there are ").num(rank(axes));
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
            text.str("(").size(rows, scope).str(" - 1) * ").num(scatter.stride);
            padding(text, conv, axis, " - ", (scatter.lo, scatter.hi));
            text.str(" + ").num(scatter.dilation).str(" * (").num(scatter.kernel).str(" - 1)");
            if matches!(conv.padding, Padding::Symmetric(_)) {
                text.str(" + ").num(scatter.lo - scatter.hi);
            }
            text.str(" + 1");
        }
        (AxisMap::Window(window), _) => {
            text.str(if window.ceil { "ceil((" } else { "floor((" }).size(rows, scope);
            match op {
                Op::Conv(conv) => padding(text, conv, axis, " + ", (window.lo, window.hi)),
                _ if window.lo == window.hi => {
                    text.str(" + 2 * ").num(window.lo);
                }
                _ => {
                    text.str(" + ").num(window.lo).str(" + ").num(window.hi);
                }
            }
            text.str(" - ").num(window.dilation).str(" * (").num(window.kernel).str(" - 1) - 1) / ");
            text.num(window.stride).str(") + 1");
        }
        _ => return false,
    }
    result(text, op, input, order, axis)
}

const fn padding(text: &mut Text, conv: &Conv, axis: usize, sign: &str, (lo, hi): (i64, i64)) {
    match (conv.padding, conv.direction) {
        (Padding::Symmetric(padding), _) => {
            text.str(sign).str("2 * ").num(padding[axis]);
        }
        (_, Direction::Transposed) => {
            text.str(sign).num(lo).str(sign).num(hi);
        }
        _ => {
            text.str(sign).num(lo).str(sign).num(hi);
        }
    }
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

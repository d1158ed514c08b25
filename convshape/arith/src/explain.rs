//! Puts a fault into words, for the macro and for const evaluation alike.
//!
//! [`title`] says which layer is wrong and why; [`arithmetic`] shows the formula of one axis with its numbers filled
//! in; [`dialect_note`] explains a word that means something else in another framework.

mod arithmetic;
mod chain;
mod details;
mod dialect;
mod reason;

use crate::fault::{Fault, Reason};
use crate::layer::{axis_name, is_permuted};
use crate::op::{Axis, AxisOrder};
use crate::shape::{MAX_RANK, Shape};
use crate::size::{Scope, Size, SizeError};
use crate::text::Text;

pub use arithmetic::arithmetic;
pub use chain::{body, comment, hole, input, input_code, input_lines, output, restores};
pub use details::{closed_form_help, meant, mismatch, nearest_divisors, nearest_fillings, refusal};
pub use dialect::dialect_note;

/// Says which layer is wrong and why. `names` are the operands of a joining layer as written.
pub const fn title(text: &mut Text, layer: &str, fault: &Fault, inputs: &[Shape], order: AxisOrder, names: &[&str]) {
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
            match (order, expected) {
                (AxisOrder::ChannelsFirst, 2) => text.str(" (channels and length)"),
                (AxisOrder::ChannelsFirst, 3) => text.str(" (channels, height and width)"),
                (AxisOrder::ChannelsFirst, 4) => text.str(" (channels, depth, height and width)"),
                (AxisOrder::ChannelsLast, 2) => text.str(" (length and channels)"),
                (AxisOrder::ChannelsLast, 3) => text.str(" (height, width and channels)"),
                (AxisOrder::ChannelsLast, 4) => text.str(" (depth, height, width and channels)"),
                (AxisOrder::ChannelsFirst | AxisOrder::ChannelsLast, _) => text,
            };
            text.str(", but its input is ").shape(&found);
        }
        Reason::Channels { expected, found } => {
            counted(text.str("takes "), expected, "channel").str(", but its input has ");
            text.size(found, inputs[0].scope()).str(": ").shape(&inputs[0]);
        }
        Reason::Features { expected, found } => {
            counted(text.str("takes "), expected, "feature").str(", but the last axis of ").shape(&found).str(" has ");
            text.size(found.size(found.rank().saturating_sub(1)), found.scope());
        }
        Reason::NotFixed { what, found } => {
            text.str("needs a fixed size: ").str(what).str(" ").size(found, inputs[0].scope());
        }
        Reason::Size(SizeError::Indivisible { scale, by }) => {
            text.str("has stride ").num(by);
            on(text, axis).str(", but its input grows in steps of ").num(scale).str(", which ");
            text.num(by).str(" does not divide");
        }
        Reason::Size(SizeError::NotLinear) => {
            text.str("gives a size that is not of the form a*h + b");
        }
        Reason::Size(SizeError::DivisionByZero) => {
            text.str("divides by zero");
        }
        Reason::Size(SizeError::NegativeExponent) => {
            text.str("has a negative exponent");
        }
        Reason::Size(SizeError::Overflow) => {
            text.str("gives a size that does not fit 64 bits");
        }
        Reason::TooManyElements { shape } => {
            text.str("gives ").shape(&shape).str(": more elements than memory can address");
        }
        Reason::KernelTooLarge { input, lo, hi, kernel, dilation } => {
            text.str("has a kernel of ").num(reach(kernel, dilation));
            on(text, axis).str(", but its padded input has only ");
            match input.plus(lo.saturating_add(hi)) {
                Ok(padded) => text.size(padded, inputs[0].scope()),
                Err(_) => text.size(input, inputs[0].scope()),
            };
        }
        Reason::PoolInput { input, kernel } => {
            text.str("has a kernel of ").num(kernel);
            on(text, axis).str(", but its input has only ").size(input, inputs[0].scope());
            text.str(" before padding");
        }
        Reason::EmptyOutput { output } => {
            text.str("gives ").size(output, inputs[0].scope()).str(" rows");
            on(text, axis).str(": at least 1 must be left");
        }
        Reason::NotInDialect { field, value, dialect } => {
            text.str("has `").str(field).str(": ").str(value).str("`, which ").str(dialect.name());
            text.str(" does not have for it");
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
            counted(text.str("reflects "), padding, "row");
            on(text, axis).str(", but its input has ").size(input, inputs[0].scope());
            text.str(": it can reflect all but the edge");
        }
        Reason::CircularPadding { padding, input } => {
            counted(text.str("wraps "), padding, "row").str(" around");
            on(text, axis).str(", but its input has only ").size(input, inputs[0].scope());
        }
        Reason::TransposedPaddingMode => {
            text.str("is a transposed convolution, which pads with zeros only");
        }
        Reason::FieldRank { field, written, axes } => {
            text.str("has ").str(field).str(" for ").num(rank(written)).str(if written == 1 {
                " axis"
            } else {
                " axes"
            });
            text.str(if axes == 1 { ", but there is " } else { ", but there are " }).num(rank(axes));
        }
        Reason::Divisible { what, size, by } => {
            text.str("takes a multiple of ").num(by).str(" ");
            // An axis, or the channels.
            text.str(if axis.is_empty() { "" } else { "rows on " }).str(what).str(", but its input has ");
            text.size(size, inputs[0].scope());
        }
        Reason::Elements { from, to } => {
            text.str("cannot turn ");
            if let (Ok(elements), true) = (from.elements(), from.is_known()) {
                text.str("the ").size(elements, inputs[0].scope()).str(" elements of ");
            }
            text.shape(&from).str(" into ").shape(&to);
            if let (Ok(from), Ok(to)) = (from.elements(), to.elements())
                && from.is_known()
                && to.is_known()
            {
                text.str(", which has ").size(to, inputs[0].scope());
            }
        }
        Reason::Constant { array, shape } if is_permuted(&array, &shape) => {
            text.str("is an array with the axes ").shape(&array).str(", but ").shape(&shape);
            text.str(" is asked for: they look permuted");
        }
        Reason::Constant { array, shape } => {
            text.str("is an array of ");
            if let (Ok(found), Ok(wanted)) = (array.elements(), shape.elements()) {
                text.size(found, array.scope()).str(" numbers");
                if array.rank() > 1 {
                    text.str(", ").shape(&array);
                }
                text.str(", but ").shape(&shape).str(" has ").size(wanted, shape.scope());
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
        Reason::SliceRange { axis: Axis::Channels, start, end, size } => {
            slice(text.str("takes channels "), start, end, size, inputs[0].scope());
        }
        Reason::SliceRange { axis: along, start, end, size } => {
            slice(text.str("takes "), start, end, size, inputs[0].scope());
            text.str(if matches!(size, Size::Number(1)) { " element" } else { " elements" });
            axis_as_written(text.str(" along axis "), along);
        }
        Reason::Product { a, b, columns, rows } => {
            name(text.str("multiplies matrices that do not fit: "), names, 0).shape(&a).str(" and ");
            name(text, names, 1).shape(&b).str(", ").size(columns, a.scope());
            text.str(if matches!(columns, Size::Number(1)) { " column meets " } else { " columns meet " });
            text.size(rows, b.scope()).str(if matches!(rows, Size::Number(1)) { " row" } else { " rows" });
        }
        Reason::NotMatrix { found } => {
            text.str("multiplies matrices, which have two axes, but its input is ").shape(&found);
        }
        Reason::AxisSpan { from, to, found } => {
            axis_as_written(text.str("merges the axes from "), from);
            axis_as_written(text.str(" to "), to).str(" of ").shape(&found).str(": the first comes after the last");
        }
        Reason::MostAxes { axes } => {
            text.str("gives ").num(rank(axes)).str(" axes: a shape has at most ").num(rank(MAX_RANK));
        }
        Reason::CropTooLarge { input, output } => {
            text.str("cannot crop ").str(if axis.is_empty() { "size" } else { axis }).str(" ");
            text.size(input, inputs[0].scope()).str(" to ").size(output, inputs[0].scope());
        }
        Reason::PadTooSmall { input, output } => {
            text.str("cannot pad ").str(if axis.is_empty() { "size" } else { axis }).str(" ");
            text.size(input, inputs[0].scope()).str(" to ").size(output, inputs[0].scope());
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
        Reason::NormAxis { found } => {
            text.str("normalises the channels, which are the last axis in its dialect and the first of ").shape(&found);
        }
        Reason::NamedRank { least, most, found } => {
            text.str("takes ").num(rank(least));
            if least != most {
                text.str(" or ").num(rank(most));
            }
            text.str(if most == 1 { " axis" } else { " axes" }).str(", but its input is ").shape(&found);
        }
        Reason::Number { field, value, wanted } => {
            text.str("has ").str(field).str(" ").real(value).str(": it must be ").str(wanted);
        }
        Reason::Bounds { min, max } => {
            text.str("has min ").real(min).str(" and max ").real(max).str(": min must be below max");
        }
        Reason::Axis { axis: written, found } => {
            axis_as_written(text.str("takes axis "), written).str(", but ").shape(&found).str(" has ");
            match (written.name(), found.rank()) {
                (Some(_), 1..=4) => named_axes(text, found.rank() - 1),
                _ => {
                    text.num(rank(found.rank())).str(if found.rank() == 1 { " axis: 0" } else { " axes: 0" });
                    if found.rank() > 1 {
                        text.str(" to ").num(rank(found.rank() - 1));
                    }
                    text.str(", without the batch");
                }
            }
        }
        Reason::Steps { found } => {
            text.str("takes [length, features], two axes, but its input is ").shape(&found);
        }
        Reason::FirstState { state, expected, found } => {
            text.str("takes a first state `").str(state).str("` of ").shape(&expected);
            text.str(" (layers * directions, hidden), but is given ").shape(&found);
        }
        Reason::TooManyLayers { layers, most } => {
            text.str("has ").num(layers).str(" layers: there can be at most ").num(most);
        }
        Reason::NoRun { found } => {
            text.str("reads the run of a recurrent layer, but its input is ").shape(&found);
        }
        Reason::EqualPieces { axis: along, size, count } => {
            elements_along(text.str("splits "), size, along, inputs).str(" into ").num(count).str(" equal pieces: ");
            match size {
                Size::Number(number) => text.num(number).str(" / ").num(count).str(" leaves ").num(number % count),
                size => text.num(count).str(" does not divide ").size(size, inputs[0].scope()),
            };
        }
        Reason::NoPiece { index, count } => {
            text.str("gives piece ").num(index).str(", but there are only ").num(count).str(", counted from 0");
        }
        Reason::Pieces { axis: along, size, total } => {
            elements_along(text.str("splits "), size, along, inputs).str(" into pieces that add up to ").num(total);
        }
        Reason::RepeatedAxis { axis: written, found } => {
            axis_as_written(text.str("takes axis "), written).str(" of ").shape(&found).str(" twice");
        }
        Reason::AxisCount { given, wanted, found } => {
            text.str("names ").num(rank(given)).str(if given == 1 { " axis" } else { " axes" }).str(" of ");
            text.shape(&found).str(if wanted == found.rank() { ", which has " } else { ", and takes " });
            text.num(rank(wanted));
        }
        Reason::Tokens { operand, most, found } => {
            let (known, name) = if operand < names.len() { (true, names[operand]) } else { (false, "") };
            match most {
                2 => text.str("takes [tokens, features], two axes, but "),
                most => text.str("takes [.., tokens, features], 2 to ").num(rank(most)).str(" axes, but "),
            };
            if known {
                text.str("`").str(name).str("` gives ").shape(&found);
            } else {
                text.str("its input is ").shape(&found);
            }
        }
        Reason::TokenFeatures { field, expected, found } => {
            text.str("has ")
                .str(field)
                .str(" ")
                .num(expected)
                .str(", but the last axis of ")
                .shape(&found)
                .str(" has ");
            text.size(found.size(found.rank().saturating_sub(1)), found.scope());
        }
        Reason::Heads { what, features, heads } => {
            text.str("splits ").num(features).str(" ").str(what).str(" into ");
            counted(text, heads, "head").str(": ").num(features).str(" / ").num(heads);
            text.str(" leaves ").num(features % heads);
        }
        Reason::CustomCounts { inputs, outputs, params } => {
            text.str("has ").num(rank(inputs)).str(" inputs, ").num(rank(outputs)).str(" outputs and ");
            text.num(rank(params)).str(" parameters by its type: there can be 8 of each, and must be an output");
        }
        Reason::CustomInputs { expected, found } => {
            counted(text.str("reads "), rank(expected), "value").str(" by its type, but is given ").num(rank(found));
        }
        Reason::CustomInput { index, expected, found } => {
            text.str("takes ").shape(&expected).str(" by its type, but ");
            if index < names.len() {
                text.str("`").str(names[index]).str("` gives ").shape(&found);
            } else {
                text.str("its input is ").shape(&found);
            }
        }
        Reason::CustomOutputs { gives, named } => {
            counted(text.str("gives "), rank(gives), "output").str(" by its type, but ").num(rank(named));
            text.str(if named == 1 { " is written after `->`" } else { " are written after `->`" });
        }
        Reason::CustomOutput { gives, written } => {
            text.str("gives ").shape(&gives).str(" by its type, but ").shape(&written).str(" is written after `->`");
        }
        Reason::Unpooled { given, found } => {
            text.str("puts back what its pooling gave, ").shape(&given).str(", but its input is ").shape(&found);
        }
        Reason::Weight { expected, found } => {
            text.str("takes a weight of ").shape(&expected).str(", but ");
            let known = names.len() > 1;
            text.str(if known { "`" } else { "" }).str(if known { names[1] } else { "its second input" });
            text.str(if known { "` gives " } else { " is " }).shape(&found);
        }
        Reason::KeyFeatures { queries, keys } => {
            name(text.str("multiplies queries and keys of different features: "), names, 0)
                .shape(&queries)
                .str(" and ");
            name(text, names, 1).shape(&keys);
        }
        Reason::ValueTokens { keys, values } => {
            name(text.str("has different numbers of keys and values: "), names, 1).shape(&keys).str(" and ");
            name(text, names, 2).shape(&values);
        }
        Reason::Windows { operand, first, other } => {
            name(text.str("attends within windows that differ: "), names, 0).shape(&first).str(" and ");
            name(text, names, operand).shape(&other);
        }
        Reason::Scores { scores, found } => {
            let last = scores.rank() - 1;
            let each = Shape::new(&[scores.size(last - 1), scores.size(last)], scores.scope());
            text.str("adds ").shape(&found).str(" to scores of ").shape(&each).str(", tokens of queries and keys");
            text.str(if scores.rank() > 3 {
                ", or for each window and head apart "
            } else {
                ", or for each head apart "
            });
            text.shape(&scores);
        }
        Reason::NormShape { expected, found } => {
            text.str("normalises ").shape(&expected).str(", but its input is ").shape(&found);
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

/// The operand that the others are compared with.
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

/// `4..-3 of 6`, `2..9 of t (at least 8)`.
const fn slice(text: &mut Text, start: i64, end: Option<i64>, size: Size, scope: Scope) -> &mut Text {
    text.num(start).str("..");
    if let Some(end) = end {
        text.num(end);
    }
    text.str(" of ").size(size, scope);
    match (size, size.smallest(scope)) {
        (Size::Symbolic { .. }, Some(smallest)) => text.str(" (at least ").num(smallest).str(")"),
        _ => text,
    }
}

/// `144 channels`, `12 elements along axis 1`.
const fn elements_along<'a>(text: &'a mut Text, size: Size, axis: Axis, inputs: &[Shape]) -> &'a mut Text {
    let one = matches!(size, Size::Number(1));
    let text = text.size(size, inputs[0].scope());
    match axis {
        Axis::Channels => text.str(if one { " channel" } else { " channels" }),
        axis => axis_as_written(text.str(if one { " element" } else { " elements" }).str(" along axis "), axis),
    }
}

/// Appends the names of the axes of a shape with channels and `spatial` further axes: `channels, height and width`.
const fn named_axes(text: &mut Text, spatial: usize) {
    text.str("channels");
    let mut axis = 0;
    while axis < spatial {
        text.str(if axis + 1 == spatial { " and " } else { ", " }).str(axis_name(axis, spatial));
        axis += 1;
    }
}

/// An axis as it was written: its number or its name.
const fn axis_as_written(text: &mut Text, axis: Axis) -> &mut Text {
    match (axis, axis.name()) {
        (Axis::At(number), _) => text.num(number),
        (_, Some(name)) => text.str(name),
        (_, None) => text,
    }
}

//! Edits of the very layer that is refused, by the reason.

use convshape_arith::explain;
use convshape_arith::fault::Reason;
use convshape_arith::op::{MAX_SPATIAL, Op, ResizeTo};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve::AxisField;

use super::candidates::{REACH, around, axis_values};
use super::{Edit, Search};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Recipe};

/// Of larger numbers of groups no divisor is looked for.
const MOST_TRIED: i64 = 1 << 12;

/// Edits of the very layer that is refused.
pub(super) fn at_the_layer(search: &mut Search<'_>, node: NodeId, op: &Op, inputs: &[Shape], reason: &Reason) {
    let field = |field, setting| Edit::Field { node, field, setting };
    match *reason {
        Reason::Channels { expected, found: Size::Number(found) } => match *op {
            Op::Conv(conv) => {
                if conv.outputs == found {
                    // The two channel counts in the other order.
                    search.offer(Edit::Channels { node, inputs: found, outputs: expected }, 5);
                }
                search.offer(Edit::Channels { node, inputs: found, outputs: conv.outputs }, 10);
                if let Some(Size::Number(wanted)) = declared_channels(search.graph, node) {
                    search.offer(Edit::Channels { node, inputs: found, outputs: wanted }, 20);
                }
            }
            _ => {
                search.offer(field("channels", Setting::Int(found)), 10);
            }
        },
        Reason::Features { found, expected } => {
            // Where all axes together are what it takes, a `Flatten` is missing and nothing is wrong here.
            let flat = found.elements() == Ok(Size::Number(expected));
            if let (Op::Linear { outputs, .. }, Size::Number(features), false) =
                (*op, found.size(found.rank() - 1), flat)
            {
                search.offer(Edit::Channels { node, inputs: features, outputs }, 10);
            }
        }
        Reason::Groups { channels, groups, side } => {
            if let Op::Conv(conv) = op
                && let (Some(ins), outs) = (conv.inputs, conv.outputs)
            {
                for candidate in (1..groups.min(MOST_TRIED)).rev().filter(|g| ins % g == 0 && outs % g == 0) {
                    if search.offer(field("groups", Setting::Int(candidate)), 20) {
                        break;
                    }
                }
                let rounded = [channels - channels % groups, (channels - channels % groups).saturating_add(groups)];
                for channels in rounded.into_iter().filter(|channels| *channels > 0) {
                    let (inputs, outputs) = if side == "output channel" { (ins, channels) } else { (channels, outs) };
                    search.offer(Edit::Channels { node, inputs, outputs }, 15);
                }
                if let Some(Size::Number(outputs)) = declared_channels(search.graph, node) {
                    search.offer(Edit::Channels { node, inputs: ins, outputs }, 12);
                }
            } else if let Op::GroupNorm { .. } = op {
                for candidate in (1..groups.min(MOST_TRIED)).rev().filter(|g| channels % g == 0).take(1) {
                    search.offer(field("groups", Setting::Int(candidate)), 10);
                }
            }
        }
        Reason::TooFew { what: "output channels", .. } => {
            if let (Op::Conv(conv), Some(Size::Number(wanted))) = (op, declared_channels(search.graph, node))
                && let Some(inputs) = conv.inputs
            {
                search.offer(Edit::Channels { node, inputs, outputs: wanted }, 10);
            }
            reader_channels(search, node, op);
        }
        Reason::NotPositive {
            field: name @ ("kernel" | "stride" | "dilation" | "factor" | "groups" | "size"), ..
        } => {
            // Where only one axis is wrong, the others keep their values.
            if let Some(axes) = [AxisField::Kernel, AxisField::Stride].into_iter().find(|axes| axes.name() == name) {
                axis_values(search, node, axes, &[1, 2, 3, 4], 10);
            }
            for value in 1..=4 {
                let setting = match name {
                    "factor" | "groups" => Setting::Int(value),
                    _ => Setting::Ints { values: [value; MAX_SPATIAL], axes: None },
                };
                search.offer(field(name, setting), 10 * u32::try_from(value).unwrap_or(10));
            }
        }
        Reason::Negative { field: name @ ("padding" | "output_padding" | "amount"), value } => {
            for value in [value.saturating_neg(), 0] {
                search.offer(field(name, Setting::Ints { values: [value; MAX_SPATIAL], axes: None }), 10);
            }
        }
        Reason::OutputPadding { value, limit, .. } => {
            // An output padding is there for the sake of a stride, which may be what is missing.
            axis_values(search, node, AxisField::Stride, &[value.saturating_add(1)], 14);
            for value in (0..limit.min(8)).rev() {
                let cost = if value == 0 { 10 } else { 12 };
                axis_values(search, node, AxisField::OutputPadding, &[value], cost);
            }
        }
        Reason::SameWithStride { .. } => {
            if let Op::Conv(conv) = op {
                let values = core::array::from_fn(|axis| {
                    conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]) / 2
                });
                search.offer(field("padding", Setting::ints(values, conv.rank)), 10);
                search.offer(field("stride", Setting::Ints { values: [1; MAX_SPATIAL], axes: None }), 20);
            }
        }
        Reason::PoolPadding { kernel, .. } => {
            axis_values(search, node, AxisField::Padding, &[kernel / 2, 0], 10);
        }
        Reason::ReflectPadding { input: Size::Number(rows), .. } => {
            axis_values(search, node, AxisField::Padding, &[rows.saturating_sub(1)], 20);
            search.offer(field(border_field(op), Setting::Word("replicate")), 25);
        }
        Reason::CircularPadding { input: Size::Number(rows), .. } => {
            axis_values(search, node, AxisField::Padding, &[rows], 20);
            search.offer(field(border_field(op), Setting::Word("replicate")), 25);
        }
        Reason::TransposedPaddingMode => {
            search.offer(field("padding_mode", Setting::Word("zeros")), 10);
        }
        Reason::OutputSize { least: Size::Number(least), most: Size::Number(most), requested } => {
            axis_values(search, node, AxisField::Padding, &[0, 1, 2, 3, 4], 10);
            let nearest = requested.clamp(least, most);
            search.offer(field("output_size", Setting::Ints { values: [nearest; MAX_SPATIAL], axes: None }), 15);
        }
        Reason::KernelTooLarge { .. } | Reason::EmptyOutput { .. } => {
            around(search, node, op, 0);
        }
        Reason::Elements { from, to } => reshapes(search, node, &from, &to),
        Reason::SliceRange { start, channels, .. } if start < channels => {
            search.offer(field("channels", Setting::Range(start.max(0), channels)), 10);
        }
        Reason::ModeRank { axes, .. } => {
            let word = ["linear", "bilinear", "trilinear"][axes.clamp(1, 3) - 1];
            search.offer(field("mode", Setting::Word(word)), 10);
        }
        Reason::AlignCorners => {
            let word = ["linear", "bilinear", "trilinear"][inputs[0].rank().saturating_sub(1).clamp(1, 3) - 1];
            search.offer(field("mode", Setting::Word(word)), 10);
        }
        Reason::FieldRank { field: name, axes, .. } if axes <= MAX_SPATIAL => {
            let setting = match (*op, name) {
                (Op::Upsample(upsample), "scale") => match upsample.to {
                    ResizeTo::Scale(values) => Setting::Floats { values, axes: Some(axes) },
                    _ => return,
                },
                (Op::Upsample(upsample), "size") => match upsample.to {
                    ResizeTo::Size(values) => Setting::Ints { values, axes: Some(axes) },
                    _ => return,
                },
                _ => return,
            };
            search.offer(field(name, setting), 10);
        }
        Reason::Number { field: name, value, .. } => {
            if let Some(meant) = explain::meant(op, name, value) {
                search.offer(field(name, Setting::Float(meant)), 10);
            }
        }
        Reason::NormShape { expected, found } => {
            let sizes = found.sizes();
            let last = sizes.len().saturating_sub(expected.rank());
            search.offer(field("size", Setting::Shape(Shape::new(&sizes[last..], found.scope()))), 5);
            search.offer(field("size", Setting::Shape(found)), 10);
        }
        Reason::Divisible { .. } => {
            if let Op::PixelShuffle { factor } = op {
                for smaller in (1..(*factor).min(REACH)).rev() {
                    search.offer(field("factor", Setting::Int(smaller)), 20);
                }
            }
        }
        _ => {}
    }
}

/// What the layer calls that which stands in its border.
fn border_field(op: &Op) -> &'static str {
    if matches!(op, Op::Conv(_)) { "padding_mode" } else { "mode" }
}

/// The channels that the chain's next facts ask a layer for.
fn declared_channels(graph: &Graph, node: NodeId) -> Option<Size> {
    if let Some((shape, _)) = graph.nodes[node].comment {
        return Some(shape.size(graph.order().channel(shape.rank())));
    }
    let value = graph.value(node);
    for reader in &graph.nodes {
        if let Recipe::Given(op) = &reader.recipe
            && reader.inputs.contains(&value)
        {
            return match op {
                Op::Conv(conv) => conv.inputs.map(Size::Number),
                Op::BatchNorm { channels, .. } | Op::GroupNorm { channels, .. } => channels.map(Size::Number),
                _ => None,
            };
        }
    }
    let output = graph.outputs.iter().find(|output| output.value == Some(value))?;
    Some(output.shape.size(graph.order().channel(output.shape.rank())))
}

/// A layer without channels: as many as its reader can have.
fn reader_channels(search: &mut Search<'_>, node: NodeId, op: &Op) {
    if let Op::Conv(conv) = op {
        let inputs = conv.inputs.unwrap_or(1);
        search.offer(Edit::Channels { node, inputs, outputs: inputs }, 30);
    }
}

/// A reshape to the elements that are there: one axis changed, or the shape as it came.
fn reshapes(search: &mut Search<'_>, node: NodeId, from: &Shape, to: &Shape) {
    if to.rank() == from.rank() {
        search.offer(Edit::Reshape { node, shape: *from }, 15);
    }
    let Ok(Size::Number(elements)) = from.elements() else { return };
    for axis in 0..to.rank() {
        let rest: i64 = (0..to.rank())
            .filter(|other| *other != axis)
            .map(|other| to.size(other).number().unwrap_or(0))
            .fold(1, i64::saturating_mul);
        if rest > 0 && elements % rest == 0 {
            search.offer(Edit::Reshape { node, shape: to.with(axis, Size::Number(elements / rest)) }, 20);
        }
    }
    // The same channels and a square of another size.
    if let (3, Some(channels)) = (to.rank(), to.size(0).number())
        && channels > 0
        && elements % channels == 0
    {
        let side = (elements / channels).isqrt();
        search.offer(Edit::Reshape { node, shape: Shape::of(&[channels, side, side]) }, 10);
    }
}

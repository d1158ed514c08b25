//! What is still known about a shape after an error, or if only const evaluation knows the rest.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{AxisOrder, Conv, Op, RecurrentOutput, SeparableConv, WeightFrom};
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::size::Size;

use crate::unseen::visible;

/// The sizes of the first shape, and those of the second where the first has unknown ones.
pub(super) fn complete(found: &Shape, written: &Shape) -> Shape {
    let mut shape = *found;
    for axis in 0..found.rank() {
        if !found.size(axis).is_known() {
            shape = shape.with(axis, written.size(axis));
        }
    }
    shape
}

/// The sizes that two different shapes have in common.
pub(super) fn agreed(a: &Shape, b: &Shape) -> Option<Shape> {
    if a.rank() != b.rank() {
        return None;
    }
    let mut shape = *a;
    for axis in 0..a.rank() {
        if !a.size(axis).fits(b.size(axis)) {
            shape = shape.with(axis, Size::Unknown);
        }
    }
    Some(shape)
}

/// The number of axes that a layer's operand has, if only one is possible.
pub(super) fn blind_rank(op: &Op, operand: usize) -> Option<usize> {
    match op {
        // The second operand is the weight.
        Op::Conv(conv) => Some(conv.rank + 1 + operand),
        Op::Recurrent(_) | Op::RecurrentOutput { .. } => Some(2),
        Op::Pool(pool) | Op::MaxUnpool(pool) => Some(pool.rank + 1),
        Op::AdaptivePool { rank, .. } => Some(rank + 1),
        Op::PixelShuffle { .. } | Op::PixelUnshuffle { .. } | Op::DepthToSpace { .. } => Some(3),
        _ => None,
    }
}

/// A layer's output for an input of which nothing is known.
pub(crate) fn blind_output(op: &Op, order: AxisOrder) -> Option<Shape> {
    match op {
        Op::Reshape { shape }
        | Op::Source { shape, .. }
        | Op::Custom { shape, .. }
        | Op::CustomOutput { shape, .. } => Some(visible(shape)),
        _ if *op == Op::FLATTEN => Some(Shape::unknown(1)),
        _ => {
            let rank = blind_rank(op, 0)?;
            op.output(&[Shape::unknown(rank)], order).ok()
        }
    }
}

/// The number of axes of a layer's output, given those of its inputs.
pub(crate) fn output_rank(op: &Op, inputs: &[Option<usize>], order: AxisOrder) -> Option<usize> {
    let known: Option<Vec<Shape>> = inputs.iter().map(|rank| rank.map(Shape::unknown)).collect();
    let output = known.and_then(|inputs| op.output(&inputs, order).ok()).or_else(|| blind_output(op, order));
    output.map(|shape| shape.rank())
}

/// The layer that undoes one with unknown numbers, as far as its parameters are known.
pub(super) fn reversed(conv: &Conv) -> Conv {
    Conv {
        direction: conv.direction.reversed(),
        inputs: Some(conv.outputs),
        outputs: conv.inputs.unwrap_or(1),
        output_size: None,
        weight: WeightFrom::Own,
        mask: None,
        ..*conv
    }
}

/// What is known about the output of a layer with a number that only const evaluation knows.
pub(crate) fn unseen_output(op: &Op, inputs: &[Shape], order: AxisOrder) -> Option<Shape> {
    let input = inputs[0];
    let channels = input.size(order.channel(input.rank()));
    let open = |rank: usize, channels: Size| Some(Shape::unknown(rank).with(order.channel(rank), channels));
    match *op {
        Op::Conv(conv) => open(conv.rank + 1, Size::Number(conv.outputs)),
        Op::SeparableConv(SeparableConv { pointwise, .. }) => open(pointwise.rank + 1, Size::Number(pointwise.outputs)),
        Op::Linear { outputs, .. } if input.rank() > 0 => Some(input.with(input.rank() - 1, Size::Number(outputs))),
        Op::Reshape { shape }
        | Op::Source { shape, .. }
        | Op::Custom { shape, .. }
        | Op::CustomOutput { shape, .. } => Some(shape),
        Op::Pool(_) | Op::AdaptivePool { .. } | Op::Upsample(_) | Op::Pad { axis: None, .. } | Op::Crop { .. } => {
            open(input.rank(), channels)
        }
        Op::Split { axis, .. } => match axis.index(input.rank(), order) {
            Some(at) => Some(input.with(at, Size::Unknown)),
            None => Some(Shape::unknown(input.rank())),
        },
        Op::RecurrentOutput { output: RecurrentOutput::Last, .. } => Some(Shape::unknown(1)),
        Op::Recurrent(_) | Op::RecurrentOutput { .. } => Some(Shape::unknown(2)),
        Op::Slice { axis, .. } | Op::Pad { axis: Some(axis), .. } => {
            Some(input.with(axis.index(input.rank(), order)?, Size::Unknown))
        }
        Op::Flatten { .. } | Op::Unflatten { .. } | Op::Permute { .. } | Op::Reduce { .. } => {
            op.output(inputs, order).ok().map(|shape| Shape::unknown(shape.rank()))
        }
        Op::Attention(_) | Op::MultiHead(_) => without_features(&input),
        Op::ReshapeLike | Op::MaxUnpool(_) => inputs.get(1).copied(),
        // None of their numbers changes the shape.
        Op::Concat { .. }
        | Op::Stack { .. }
        | Op::Glu { .. }
        | Op::MatMul { .. }
        | Op::GlobalPool { .. }
        | Op::Add
        | Op::Mul
        | Op::Sub
        | Op::Div
        | Op::Maximum
        | Op::Minimum => op.output(inputs, order).ok(),
        Op::PixelShuffle { .. } | Op::PixelUnshuffle { .. } | Op::DepthToSpace { .. } => Some(Shape::unknown(3)),
        Op::ChannelShuffle { .. } => Some(input),
        _ if op.keeps_shape() => Some(input),
        _ => None,
    }
    .map(|shape| visible(&shape))
}

/// What is still known about the output of a rejected layer: what its own fields say, except where the error puts that
/// in doubt.
pub(crate) fn recover(op: &Op, inputs: &[Shape], fault: Option<&Fault>, order: AxisOrder) -> Option<Shape> {
    let doubted = matches!(
        fault.map(|fault| fault.reason),
        Some(Reason::Groups { .. } | Reason::TooFew { .. } | Reason::NotPositive { .. })
    );
    if matches!(
        fault.map(|fault| fault.reason),
        Some(Reason::Rank { .. } | Reason::Tokens { .. } | Reason::AxisCount { .. })
    ) {
        // A layer for a different number of axes says nothing about what was meant.
        return None;
    }
    match *op {
        Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
            // The spatial sizes are those of the first input, the channels those of the second.
            let conv = Op::Conv(Conv { depth_multiplier: None, outputs: pointwise.outputs, ..depthwise });
            recover(&conv, inputs, fault, order)
        }
        Op::Conv(conv) => {
            let relaxed = Op::Conv(Conv { inputs: None, outputs: conv.outputs.max(1), groups: 1, ..conv });
            let input = inputs[0];
            let rank = conv.rank + 1;
            let spatial = if input.rank() == rank { relaxed.output(&[input], order).ok() } else { None };
            let shape = spatial.unwrap_or(Shape::unknown(rank));
            let channel = order.channel(rank);
            let channels = if doubted || fault.is_none() || conv.depth_multiplier.is_some() {
                Size::Unknown
            } else {
                Size::Number(conv.outputs)
            };
            // If a hole stays unsolved, the sizes are unknown too.
            let shape = if fault.is_none() { Shape::unknown(rank) } else { shape };
            Some(shape.with(channel, channels))
        }
        // The numbers may be for any axes.
        Op::Pad { .. } if matches!(fault.map(|fault| fault.reason), Some(Reason::FieldRank { .. })) => {
            Some(Shape::unknown(inputs[0].rank()))
        }
        Op::Pool(_) | Op::AdaptivePool { .. } | Op::Upsample(_) | Op::Pad { axis: None, .. } | Op::Crop { .. } => {
            let input = inputs[0];
            let channel = order.channel(input.rank());
            Some(Shape::unknown(input.rank()).with(channel, input.size(channel)))
        }
        Op::ChannelShuffle { .. } => without_channels(&inputs[0], order),
        _ if op.keeps_shape() => Some(inputs[0]),
        Op::Split { axis, .. } => match axis.index(inputs[0].rank(), order) {
            Some(at) => Some(inputs[0].with(at, Size::Unknown)),
            None => Some(Shape::unknown(inputs[0].rank())),
        },
        Op::Slice { axis, .. } | Op::Concat { axis } | Op::Glu { axis } | Op::Pad { axis: Some(axis), .. } => {
            let input = inputs[0];
            if matches!(fault.map(|fault| fault.reason), Some(Reason::Join { axis: None, .. })) {
                return None;
            }
            let open = |shape: &Shape| Some(shape.with(axis.index(shape.rank(), order)?, Size::Unknown));
            let mut shape = open(&input)?;
            for other in &inputs[1..] {
                shape = agreed(&shape, &open(other)?)?;
            }
            Some(shape)
        }
        Op::Add | Op::Mul | Op::Sub | Op::Div | Op::Maximum | Op::Minimum => agreed(&inputs[0], inputs.get(1)?),
        Op::Reshape { shape } | Op::Source { shape, .. } => Some(Shape::unknown(shape.rank())),
        Op::ReshapeLike | Op::MaxUnpool(_) => inputs.get(1).copied(),
        Op::Custom { shape, .. } | Op::CustomOutput { shape, .. } => Some(visible(&shape)),
        Op::Stack { .. } if inputs[0].rank() < MAX_RANK => Some(Shape::unknown(inputs[0].rank() + 1)),
        _ if *op == Op::FLATTEN => Some(Shape::unknown(1)),
        Op::Permute { .. } => Some(Shape::unknown(inputs[0].rank())),
        Op::PixelShuffle { .. } | Op::PixelUnshuffle { .. } | Op::DepthToSpace { .. } => Some(Shape::unknown(3)),
        Op::RecurrentOutput { output: RecurrentOutput::Last, .. } => Some(Shape::unknown(1)),
        Op::Recurrent(_) | Op::RecurrentOutput { .. } => Some(Shape::unknown(2)),
        Op::Attention(_) | Op::MultiHead(_) => without_features(&inputs[0]),
        Op::Linear { inputs: Some(features), outputs, .. } => dense(&inputs[0], features, outputs),
        Op::MatMul { .. } => {
            let (a, b) = (inputs[0].rank(), inputs.get(1)?.rank());
            (a.min(b) >= 2).then(|| Shape::unknown(a.max(b)))
        }
        // Nothing else says what it gives.
        _ => None,
    }
}

/// The output of a dense layer that takes another number of features: of a vector, or of a map that should be flattened.
fn dense(input: &Shape, features: i64, outputs: i64) -> Option<Shape> {
    let flat = input.rank() == 1 || input.elements() == Ok(Size::Number(features));
    flat.then(|| Shape::new(&[Size::Number(outputs)], input.scope()))
}

/// Tokens whose features are not known.
fn without_features(input: &Shape) -> Option<Shape> {
    if input.rank() < 2 { None } else { Some(input.with(input.rank() - 1, Size::Unknown)) }
}

fn without_channels(input: &Shape, order: AxisOrder) -> Option<Shape> {
    if input.rank() == 0 { None } else { Some(input.with(order.channel(input.rank()), Size::Unknown)) }
}

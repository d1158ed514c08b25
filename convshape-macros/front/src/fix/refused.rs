//! Edits of the rejected layer itself, depending on the reason.

use std::cmp::Reverse;

use convshape_arith::explain;
use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{
    Amount, Axes, Axis, AxisOrder, Conv, Direction, MAX_SPATIAL, Op, Padding, PerAxis, Pieces, Pool, ResizeTo, Source,
    WeightFrom,
};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve::AxisField;

use super::Edit;
use super::candidates::Candidates;
use super::edit::{can_insert, counts};
use super::stages::taken;
use crate::check::Problem;
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Recipe};

/// For larger numbers of groups no divisor is looked for.
const MOST_TRIED: i64 = 1 << 12;

/// Edits of the rejected layer itself.
pub(super) fn at_the_layer(
    graph: &Graph,
    node: NodeId,
    op: &Op,
    inputs: &[Shape],
    fault: &Fault,
    found: &mut Candidates,
) {
    let layer = Refused { graph, node, op, inputs };
    match fault.reason {
        Reason::Channels { expected, found: Size::Number(comes) } => layer.channels(expected, comes, found),
        Reason::Features { expected, found: shape } => layer.features(expected, &shape, found),
        // Counted with the batch, which comes first and stays there.
        Reason::AxisCount { given, wanted, .. } if given == wanted + 1 => layer.axes_without_the_batch(found),
        Reason::Heads { features, heads, .. } => layer.heads(features, heads, found),
        Reason::TokenFeatures { field, found: shape, .. } => layer.token_features(field, &shape, found),
        Reason::Groups { channels, groups, side } => layer.groups(channels, groups, side, found),
        Reason::TooFew { what: "output channels", .. } => layer.output_channels(found),
        Reason::TooFew { what: "output features", .. } => layer.output_features(found),
        Reason::NotPositive {
            field: name @ ("kernel" | "stride" | "dilation" | "factor" | "groups" | "size"), ..
        } => layer.positive(name, found),
        Reason::Negative { field: name @ ("padding" | "output_padding" | "amount"), value } => {
            layer.not_negative(name, value, found);
        }
        Reason::OutputPadding { value, limit, .. } => layer.output_padding(value, limit, found),
        Reason::OutputPaddingStride { value, .. } => {
            layer.until_accepted(AxisField::Stride, &[value.saturating_add(1)], 14, found);
        }
        // A window over all that there is.
        Reason::KernelTooLarge { input: Size::Number(rows @ 2..), lo, hi, dilation: 1, .. }
            if matches!(op, Op::Pool(_)) || spans_an_axis(op) =>
        {
            layer.until_accepted(AxisField::Kernel, &[rows.saturating_add(lo).saturating_add(hi)], 12, found);
        }
        Reason::KernelTooLarge { input: Size::Number(rows @ 2..), kernel, lo: 0, hi: 0, dilation: 1, .. }
            if kernel == rows + 1 && ends_in_one_row(graph, node, op) =>
        {
            layer.until_accepted(AxisField::Kernel, &[rows], 12, found);
        }
        Reason::KernelTooLarge { input, .. } => layer.missing_border(input, found),
        Reason::SameWithStride { .. } => {
            if let Op::Conv(conv) = op {
                layer.set("padding", Setting::ints(half(conv), conv.rank), 10, found);
                layer.set("stride", every(1), 20, found);
            }
        }
        Reason::PoolPadding { kernel, .. } => layer.pool_padding(kernel, found),
        Reason::ReflectPadding { input: Size::Number(rows), .. } => {
            layer.until_accepted(AxisField::Padding, &[rows.saturating_sub(1)], 20, found);
            layer.set(border_field(op), Setting::Word("replicate"), 25, found);
        }
        Reason::CircularPadding { input: Size::Number(rows), .. } => {
            layer.until_accepted(AxisField::Padding, &[rows], 20, found);
            layer.set(border_field(op), Setting::Word("replicate"), 25, found);
        }
        Reason::TransposedPaddingMode => layer.set("padding_mode", Setting::Word("zeros"), 10, found),
        Reason::OutputSize { least: Size::Number(least), most: Size::Number(most), requested } => {
            layer.output_size(least, most, requested, fault.axis, found);
        }
        Reason::Elements { from, to } => layer.reshapes(&from, &to, found),
        Reason::Weight { expected, found: shape } => layer.weight(&expected, &shape, found),
        Reason::Product { a, b, columns, rows } => layer.transposed(&a, &b, columns, rows, found),
        Reason::EqualPieces { size: Size::Number(size), count, .. } => layer.equal_pieces(size, count, found),
        Reason::SliceRange { start, size, .. } if size.smallest(inputs[0].scope()) > Some(start) => {
            layer.set("channels", Setting::Range(start.max(0), size.number()), 10, found);
        }
        Reason::ModeRank { axes, .. } => layer.set("mode", Setting::Word(linear(axes)), 10, found),
        Reason::AlignCorners => {
            layer.set("mode", Setting::Word(linear(inputs[0].rank().saturating_sub(1))), 10, found);
        }
        Reason::FieldRank { field: name, written, axes } if axes <= MAX_SPATIAL => {
            layer.field_rank(name, written, axes, found);
        }
        Reason::Number { field: name, value, .. } => {
            if let Some(meant) = explain::meant(op, name, value) {
                layer.set(name, Setting::Float(meant), 10, found);
            }
        }
        Reason::NormShape { expected, found: shape } => layer.norm_shape(&expected, &shape, found),
        Reason::Divisible { .. } => {
            if let Op::PixelShuffle { factor } = op {
                for other in (1..(*factor).min(64)).rev().chain(factor.saturating_add(1)..=8) {
                    layer.set("factor", Setting::Int(other), 20, found);
                }
            }
        }
        Reason::Pieces { size: Size::Number(size), total, .. } => layer.sized_pieces(size - total, found),
        // The cause is another layer, or no value of a field answers it.
        Reason::Channels { .. }
        | Reason::AxisCount { .. }
        | Reason::TooFew { .. }
        | Reason::NotPositive { .. }
        | Reason::Negative { .. }
        | Reason::ReflectPadding { .. }
        | Reason::CircularPadding { .. }
        | Reason::OutputSize { .. }
        | Reason::EqualPieces { .. }
        | Reason::SliceRange { .. }
        | Reason::FieldRank { .. }
        | Reason::Rank { .. }
        | Reason::NotFixed { .. }
        | Reason::Size(_)
        | Reason::TooManyElements { .. }
        | Reason::EmptyOutput { .. }
        | Reason::NotInDialect { .. }
        | Reason::PoolInput { .. }
        | Reason::NotRestored { .. }
        | Reason::Exclusive { .. }
        | Reason::PaddingNumber
        | Reason::TransposedGroups
        | Reason::Constant { .. }
        | Reason::Join { .. }
        | Reason::NotMatrix { .. }
        | Reason::AxisSpan { .. }
        | Reason::MostAxes { .. }
        | Reason::CropTooLarge { .. }
        | Reason::PadTooSmall { .. }
        | Reason::ScaleFactor
        | Reason::SingleElement
        | Reason::NormAxis { .. }
        | Reason::NamedRank { .. }
        | Reason::Bounds { .. }
        | Reason::Axis { .. }
        | Reason::RepeatedAxis { .. }
        | Reason::Steps { .. }
        | Reason::FirstState { .. }
        | Reason::TooManyLayers { .. }
        | Reason::NoRun { .. }
        | Reason::NoPiece { .. }
        | Reason::Pieces { .. }
        | Reason::Tokens { .. }
        | Reason::KeyFeatures { .. }
        | Reason::ValueTokens { .. }
        | Reason::Windows { .. }
        | Reason::Scores { .. }
        | Reason::CustomCounts { .. }
        | Reason::CustomInputs { .. }
        | Reason::CustomInput { .. }
        | Reason::CustomOutputs { .. }
        | Reason::CustomOutput { .. }
        | Reason::Unpooled { .. } => {}
    }
}

/// Whether a convolution has a larger kernel on one axis than on another, as one over all features of several words.
fn spans_an_axis(op: &Op) -> bool {
    matches!(op, Op::Conv(Conv { kernel, rank, direction: Direction::Forward, .. })
        if kernel[..*rank].iter().any(|rows| *rows != kernel[0]) && kernel[..*rank].iter().all(|rows| *rows > 1))
}

/// Whether a convolution with a square kernel, behind other layers, is to give a single row on every axis: the declared
/// output has one, or a dense layer takes its channels alone.
fn ends_in_one_row(graph: &Graph, node: NodeId, op: &Op) -> bool {
    let Op::Conv(conv) = op else { return false };
    let even = conv.kernel[..conv.rank].iter().all(|rows| *rows == conv.kernel[0]);
    let rows = graph.inputs.iter().flat_map(|input| {
        (0..input.shape.rank().saturating_sub(1)).map(|axis| input.shape.size(graph.order().spatial(axis)).number())
    });
    // Another input is meant rather, unless its sizes halve down to one.
    let halves = rows.into_iter().all(|rows| rows.is_some_and(|rows| rows.count_ones() == 1));
    if !even || !halves || graph.producer(graph.nodes[node].inputs[0]).is_none() {
        return false;
    }
    let mut value = graph.value(node);
    loop {
        if let Some(output) = graph.outputs.iter().find(|output| output.value == Some(value)) {
            let sizes = output.shape.sizes();
            return sizes.iter().filter(|size| !size.same(Size::Number(1))).count() <= 1
                && output.shape.elements() == Ok(Size::Number(conv.outputs));
        }
        let mut readers = (0..graph.nodes.len()).filter(|reader| graph.nodes[*reader].inputs.contains(&value));
        let (Some(reader), None) = (readers.next(), readers.next()) else { return false };
        match graph.given(reader) {
            Some(Op::Linear { inputs, .. }) => return inputs == Some(conv.outputs),
            Some(next) if next == Op::FLATTEN || next.keeps_shape() => value = graph.value(reader),
            _ => return false,
        }
    }
}

/// The features that come in, for a dense layer that takes another number.
pub(super) fn other_features(problem: &Problem) -> Option<Edit> {
    let Problem::Layer { node, op: Op::Linear { outputs, .. }, fault, .. } = problem else { return None };
    let Reason::Features { found, .. } = fault.reason else { return None };
    let inputs = found.sizes().last().and_then(|size| size.number())?;
    Some(Edit::Channels { node: *node, inputs, outputs: *outputs })
}

/// An axis without the batch, which PyTorch counts as axis 0.
pub(super) fn without_the_batch(axis: &Axis) -> Option<Axis> {
    match axis {
        Axis::At(0) => None,
        Axis::At(at @ 1..) => Some(Axis::At(at - 1)),
        other => Some(*other),
    }
}

/// A rejected layer.
struct Refused<'a> {
    graph: &'a Graph,
    node: NodeId,
    op: &'a Op,
    inputs: &'a [Shape],
}

impl Refused<'_> {
    /// The features that come in, for a layer that takes another number.
    fn features(&self, expected: i64, shape: &Shape, found: &mut Candidates) {
        let node = self.node;
        // If the layer takes the product of all axes, a `Flatten` is missing and the layer is correct.
        let flat = shape.elements() == Ok(Size::Number(expected));
        if let Size::Number(inputs) = shape.size(shape.rank().saturating_sub(1)) {
            match *self.op {
                Op::Linear { outputs, .. } if !flat => {
                    // The two numbers, swapped.
                    if outputs == inputs && taken(self.graph, self.graph.value(node)) == Some(expected) {
                        found.push(vec![Edit::Channels { node, inputs, outputs: expected }], 5);
                    }
                    found.push(self.in_both_heads(inputs, outputs), 10);
                }
                Op::Recurrent(layer) => {
                    found.push(vec![Edit::Channels { node, inputs, outputs: layer.hidden }], 10);
                }
                _ => {}
            }
        }
        self.features_of_input(expected, found);
    }

    /// An order of axes that was counted with the batch.
    fn axes_without_the_batch(&self, found: &mut Candidates) {
        if let Op::Permute { axes, swap: false } = self.op
            && let [Axis::At(0), rest @ ..] = axes.as_slice()
            && let Some(counted) = rest.iter().map(without_the_batch).collect::<Option<Vec<Axis>>>()
            && let Some(axes) = Axes::of(&counted)
        {
            self.set("axes", Setting::Axes(axes), 4, found);
        }
    }

    /// Numbers of heads that divide the features, the nearest first.
    fn heads(&self, features: i64, heads: i64, found: &mut Candidates) {
        let mut divisors: Vec<i64> = explain::nearest_divisors(features, heads).into_iter().flatten().collect();
        divisors.sort_by_key(|divisor| (divisor.abs_diff(heads), Reverse(*divisor)));
        for (divisor, nth) in divisors.into_iter().zip(0..) {
            self.set("heads", Setting::Int(divisor), 10 + nth, found);
        }
    }

    /// The features of an input of multi-head attention.
    fn token_features(&self, field: &'static str, shape: &Shape, found: &mut Candidates) {
        let Size::Number(features) = shape.size(1) else { return };
        self.set(field, Setting::Int(features), 10, found);
        if let (Op::MultiHead(_), "key_features") = (self.op, field) {
            // Keys and values usually come from the same value.
            let set = |field| Edit::Field { node: self.node, field, setting: Setting::Int(features) };
            found.push(vec![set("key_features"), set("value_features")], 11);
        }
    }

    /// A positive number of output channels: what later layers expect, or the number of input channels.
    fn output_channels(&self, found: &mut Candidates) {
        let (node, Op::Conv(conv)) = (self.node, self.op) else { return };
        let inputs = conv.inputs.unwrap_or(1);
        if let Some(Size::Number(outputs)) = declared_channels(self.graph, node) {
            found.push(vec![Edit::Channels { node, inputs, outputs }], 10);
        }
        found.push(vec![Edit::Channels { node, inputs, outputs: inputs }], 30);
    }

    /// A positive number of output features: what the next layer or the chain's output takes.
    fn output_features(&self, found: &mut Candidates) {
        let (graph, node) = (self.graph, self.node);
        let last = |shape: &Shape| shape.sizes().last().and_then(|size| size.number());
        let value = graph.value(node);
        let output = graph.outputs.iter().find(|output| output.value == Some(value));
        let next = graph.nodes.iter().find(|reader| reader.inputs.first() == Some(&value));
        let taken = next.and_then(|next| counts(next).0);
        if let Some(inputs) = self.inputs.first().and_then(last)
            && let Some(outputs) = taken.or_else(|| last(&output?.shape))
        {
            found.push(vec![Edit::Channels { node, inputs, outputs }], 10);
        }
    }

    /// A positive number for a field.
    fn positive(&self, name: &'static str, found: &mut Candidates) {
        // If only one axis is wrong, the others keep their values.
        if let Some(field) = [AxisField::Kernel, AxisField::Stride].into_iter().find(|field| field.name() == name) {
            for value in 1..=4 {
                self.until_accepted(field, &[value], 10, found);
            }
        }
        for value in 1..=4 {
            let setting = match name {
                "factor" | "groups" => Setting::Int(value),
                _ => every(value),
            };
            self.set(name, setting, 10 + 25 * u32::try_from(value - 1).unwrap_or(0), found);
        }
    }

    /// A field without its minus sign, or zero.
    fn not_negative(&self, name: &'static str, value: i64, found: &mut Candidates) {
        if let (Op::Conv(conv), "padding") = (self.op, name) {
            self.output_padding_for_negative(conv, value, found);
        }
        for value in [value.saturating_neg(), 0] {
            self.set(name, every(value), 16, found);
        }
    }

    /// An output padding below its limit. It goes with a stride, which may be missing.
    fn output_padding(&self, value: i64, limit: i64, found: &mut Candidates) {
        self.until_accepted(AxisField::Stride, &[value.saturating_add(1)], 14, found);
        for value in (0..limit.min(8)).rev() {
            let cost = if value == 0 { 10 } else { 12 };
            self.until_accepted(AxisField::OutputPadding, &[value], cost, found);
        }
    }

    /// The border that keeps the size. A size that is not known may be too small without one.
    fn missing_border(&self, input: Size, found: &mut Candidates) {
        if let Op::Conv(conv) = self.op
            && conv.direction == Direction::Forward
            && conv.kernel[..conv.rank].iter().all(|rows| rows % 2 == 1)
        {
            let cost = if input.number().is_some() { 12 } else { 8 };
            self.set("padding", Setting::ints(half(conv), conv.rank), cost, found);
        }
    }

    /// A padding of at most half the window.
    fn pool_padding(&self, kernel: i64, found: &mut Candidates) {
        self.until_accepted(AxisField::Padding, &[kernel / 2], 10, found);
        self.until_accepted(AxisField::Padding, &[0], 10, found);
        for rows in 2..=7 {
            self.until_accepted(AxisField::Kernel, &[rows], 32, found);
        }
        self.smaller_pairs(found);
    }

    /// An output size that a padding or stride reaches, or one within the limits.
    fn output_size(&self, least: i64, most: i64, requested: i64, axis: Option<usize>, found: &mut Candidates) {
        self.until_accepted(AxisField::Padding, &[0, 1, 2, 3, 4, 5, 6, 7, 8], 10, found);
        self.until_accepted(AxisField::Stride, &[1, 2, 3, 4], 18, found);
        self.set("output_size", every(requested.clamp(least, most)), 15, found);
        if let (Op::Conv(Conv { output_size: Some(sizes), rank, .. }), Some(axis)) = (self.op, axis) {
            let others = (0..*rank).map(|other| sizes[other]).filter(|size| (least..=most).contains(size));
            for size in others.chain([requested.clamp(least, most)]) {
                let mut changed = *sizes;
                changed[axis] = size;
                self.set("output_size", Setting::ints(changed, *rank), 13, found);
            }
        }
    }

    /// A matrix read the other way, where its other axis has the expected size.
    fn transposed(&self, a: &Shape, b: &Shape, columns: Size, rows: Size, found: &mut Candidates) {
        let other = |of: &Shape, size| (1..=2).any(|back| of.size(of.rank() - back).fits(size));
        let Op::MatMul { transpose_a, transpose_b } = self.op else { return };
        if other(b, columns) {
            self.set("transpose_b", Setting::Bool(!transpose_b), 1, found);
        }
        if other(a, rows) {
            self.set("transpose_a", Setting::Bool(!transpose_a), 2, found);
        }
    }

    /// A number of pieces that divides the axis, or another axis that the number divides.
    fn equal_pieces(&self, size: i64, count: i64, found: &mut Candidates) {
        for divisor in explain::nearest_divisors(size, count).into_iter().flatten() {
            self.set("pieces", Setting::Int(divisor), 12, found);
        }
        let sizes = self.inputs[0].sizes().iter().rev().zip(1..);
        for (_, back) in sizes.filter(|(size, _)| size.number().is_some_and(|size| size % count.max(1) == 0)) {
            let axes = Axes::of(&[Axis::At(-back)]).map(Setting::Axes);
            axes.into_iter().for_each(|axes| self.set("axis", axes, 9, found));
        }
    }

    /// Pieces of which one has this many elements more, the last one first.
    fn sized_pieces(&self, more: i64, found: &mut Candidates) {
        let ends = self.graph.nodes[self.node].outputs.iter().map(|(_, op)| match op {
            Op::Split { pieces: Pieces::Sized { start, end, .. }, .. } => Some((*start, *end)),
            _ => None,
        });
        let Some(pieces) = ends.collect::<Option<Vec<(i64, i64)>>>() else { return };
        for (changed, _) in pieces.iter().enumerate().rev().filter(|(_, (start, end))| end - start + more > 0) {
            let ends = pieces.iter().enumerate().map(|(piece, (_, end))| end + if piece < changed { 0 } else { more });
            self.set("pieces", Setting::Pieces(ends.collect()), 40, found);
        }
    }

    /// As many values for a field as the layer has axes.
    fn field_rank(&self, name: &'static str, written: usize, axes: usize, found: &mut Candidates) {
        let setting = match (*self.op, name) {
            (Op::Upsample(upsample), "scale") => match upsample.to {
                ResizeTo::Scale(values) => Setting::Floats { values, axes: Some(axes) },
                _ => return,
            },
            (Op::Upsample(upsample), "size") => match upsample.to {
                ResizeTo::Size(values) => Setting::Ints { values, axes: Some(axes) },
                _ => return,
            },
            (Op::Pad { amount: Amount::Pairs { pairs, .. }, axis: None, .. }, _) if written == axes + 1 => {
                return self.border_of_all(pairs, found);
            }
            (Op::Pad { amount: Amount::Pairs { pairs, .. }, axis: Some(_), .. }, _) => {
                for pair in pairs {
                    self.set("amount", Setting::Pairs { values: [pair; MAX_SPATIAL], axes: Some(1) }, 10, found);
                }
                return;
            }
            _ => return,
        };
        self.set(name, setting, 10, found);
    }

    /// The sizes of the last axes, or of all.
    fn norm_shape(&self, expected: &Shape, shape: &Shape, found: &mut Candidates) {
        if let (1, Some(features)) = (expected.rank(), expected.size(0).number()) {
            self.features_of_input(features, found);
        }
        let sizes = shape.sizes();
        let last = sizes.len().saturating_sub(expected.rank());
        // Channels that come first should be last.
        let channels = self.graph.order() == AxisOrder::ChannelsFirst
            && expected.rank() == 1
            && matches!(sizes.len(), 2 | 3)
            && expected.size(0).fits(sizes[0]);
        if !channels {
            self.set("size", Setting::Shape(Shape::new(&sizes[last..], shape.scope())), 5, found);
        }
        self.set("size", Setting::Shape(*shape), if channels { 20 } else { 10 }, found);
    }

    /// A border written for all axes, also the channels: for the spatial axes alone if the channels get none, or for the
    /// channels.
    fn border_of_all(&self, pairs: PerAxis<(i64, i64)>, found: &mut Candidates) {
        let (rank, order) = (self.inputs[0].rank(), self.graph.order());
        let Some(pairs) = pairs.get(..rank) else { return };
        let channel = order.channel(rank);
        let mut spatial = [(0, 0); MAX_SPATIAL];
        for (axis, place) in spatial.iter_mut().enumerate().take(rank - 1) {
            *place = pairs[order.spatial(axis)];
        }
        let amount = |values, axes| Setting::Pairs { values, axes: Some(axes) };
        if pairs[channel] == (0, 0) {
            self.set("amount", amount(spatial, rank - 1), 10, found);
        }
        // The channels alone, perhaps in another framework's order.
        let bordered: Vec<&(i64, i64)> = pairs.iter().filter(|pair| **pair != (0, 0)).collect();
        if let [only] = bordered.as_slice() {
            let of_channels = amount([**only, (0, 0), (0, 0)], 1);
            let fields = [("amount", of_channels), ("axis", Setting::Axes(Axes::CHANNELS))];
            let edit = |(field, setting)| Edit::Field { node: self.node, field, setting };
            found.push(fields.map(edit).into(), if pairs[channel] == **only { 10 } else { 16 });
        }
    }

    fn set(&self, field: &'static str, setting: Setting, cost: u32, found: &mut Candidates) {
        found.push(vec![Edit::Field { node: self.node, field, setting }], cost);
    }

    /// One field, one axis at a time: for each rejected axis, the nearest value that is accepted.
    fn until_accepted(&self, field: AxisField, values: &[i64], cost: u32, found: &mut Candidates) {
        let order = self.graph.order();
        let Some(now) = self.op.axis_field(field) else { return };
        let rank = self.inputs[0].rank().saturating_sub(1).min(MAX_SPATIAL);
        let (mut op, mut best) = (*self.op, now);
        let mut at = 0;
        while let Err(Fault { axis: Some(axis), .. }) = op.output(self.inputs, order) {
            if axis < at || axis >= rank {
                return;
            }
            let passes = |value: &i64| match op.with_axis_field(field, axis, *value).output(self.inputs, order) {
                Ok(_) => true,
                Err(fault) => fault.axis.is_some_and(|next| next > axis),
            };
            let Some(value) = values.iter().copied().filter(passes).min_by_key(|value| value.abs_diff(now[axis]))
            else {
                return;
            };
            best[axis] = value;
            op = op.with_axis_field(field, axis, value);
            at = axis + 1;
        }
        if best != now && op.output(self.inputs, order).is_ok() {
            // An axis that was not rejected but has the same number changes too.
            let alike = (0..rank).all(|axis| now[axis] == now[0]);
            let changed = (0..rank).find(|axis| best[*axis] != now[*axis]).map(|axis| best[axis]);
            let uniform = changed.map(|value| std::array::from_fn(|axis| if axis < rank { value } else { now[axis] }));
            if let Some(uniform) = uniform.filter(|uniform| alike && *uniform != best) {
                found.push(vec![self.ints(field, uniform, rank)], cost);
            }
            found.push(vec![self.ints(field, best, rank)], cost + 1);
        }
    }

    /// Padding as pairs, with no side larger than a pooling layer allows.
    fn smaller_pairs(&self, found: &mut Candidates) {
        let Op::Pool(Pool { padding: Padding::Pairs(now), kernel, rank, .. }) = *self.op else { return };
        for most in [|kernel: i64| kernel / 2, |kernel: i64| kernel - 1] {
            let values = std::array::from_fn(|axis| {
                let most = most(kernel[axis].max(1));
                (now[axis].0.min(most), now[axis].1.min(most))
            });
            self.set("padding", Setting::Pairs { values, axes: Some(rank) }, 12, found);
        }
        // A side that differs from that of the other axes.
        for pair in &now[..rank] {
            let values = [*pair; MAX_SPATIAL];
            self.set("padding", Setting::Pairs { values, axes: Some(rank) }, 11, found);
        }
    }

    fn ints(&self, field: AxisField, values: [i64; MAX_SPATIAL], rank: usize) -> Edit {
        Edit::Field { node: self.node, field: field.name(), setting: Setting::ints(values, rank) }
    }

    fn channels(&self, expected: i64, comes: i64, found: &mut Candidates) {
        let node = self.node;
        // The layer that undoes another has its channels.
        if matches!(self.graph.nodes[node].recipe, Recipe::Undo { .. }) {
            return;
        }
        match *self.op {
            Op::Conv(conv) => {
                if conv.outputs == comes && expected > 0 {
                    // The two channel counts, swapped.
                    found.push(vec![Edit::Channels { node, inputs: comes, outputs: expected }], 5);
                }
                found.push(self.in_both_heads(comes, conv.outputs), 10);
                self.convolution_between(&conv, expected, comes, found);
                if conv.groups == expected && expected > 1 {
                    self.depthwise(&conv, comes, found);
                }
                if let Some(Size::Number(outputs)) = declared_channels(self.graph, node) {
                    found.push(vec![Edit::Channels { node, inputs: comes, outputs }], 20);
                }
            }
            Op::SeparableConv(separable) => {
                let outputs = separable.pointwise.outputs;
                found.push(vec![Edit::Channels { node, inputs: comes, outputs }], 10);
            }
            _ => {
                self.set("channels", Setting::Int(comes), 10, found);
                // Groups copied from a layer of another width do not divide this one.
                if let Op::GroupNorm { groups, .. } = *self.op
                    && let Some(divisor) = (1..groups.min(MOST_TRIED)).rev().find(|group| comes % group == 0)
                {
                    let set = |field, value| Edit::Field { node, field, setting: Setting::Int(value) };
                    found.push(vec![set("channels", comes), set("groups", divisor)], 13);
                }
                if matches!(self.op, Op::Prelu { .. }) {
                    // A single slope for all channels.
                    self.set("channels", Setting::Int(1), 12, found);
                }
            }
        }
    }

    /// Other counts for the layer, and for one like it that reads it only because its `from` was forgotten: `mu` and
    /// `logvar`.
    fn in_both_heads(&self, inputs: i64, outputs: i64) -> Vec<Edit> {
        let node = self.node;
        let other = self.graph.nodes.get(node + 1).filter(|next| {
            let alike = matches!(next.recipe, Recipe::Given(op) if Some(op) == self.graph.given(node));
            alike && !next.writing.sourced && next.inputs == [self.graph.value(node)]
        });
        let refused = other.is_some_and(|other| counts(other).0 != Some(outputs));
        let heads = if refused { node..=node + 1 } else { node..=node };
        heads.map(|node| Edit::Channels { node, inputs, outputs }).collect()
    }

    /// The channels and the kernel of the weight that it reads, or a parameter of its shape.
    fn weight(&self, expected: &Shape, weight: &Shape, found: &mut Candidates) {
        let (node, Op::Conv(conv)) = (self.node, self.op) else { return };
        let above = super::candidates::ancestors(self.graph, &[self.graph.nodes[node].inputs[1]], 6);
        for (parameter, _) in above.into_iter().filter(|_| expected.is_known()) {
            let given = self.graph.given(parameter);
            if matches!(given, Some(Op::Source { of: Source::Parameter { .. }, shape }) if shape == *weight) {
                let edit = Edit::Field { node: parameter, field: "shape", setting: Setting::Shape(*expected) };
                found.push(vec![edit], 12);
            }
        }
        let Some(Conv { inputs: Some(inputs), outputs, kernel, .. }) = conv.with_weight(weight) else { return };
        let mut edits = Vec::new();
        if (conv.inputs, conv.outputs) != (Some(inputs), outputs) {
            edits.push(Edit::Channels { node, inputs, outputs });
        }
        if kernel[..conv.rank] != conv.kernel[..conv.rank] {
            edits.push(self.ints(AxisField::Kernel, kernel, conv.rank));
        }
        found.push(edits, 10);
    }

    /// A convolution that brings the channels to their number, before a layer on which others depend.
    fn convolution_between(&self, conv: &Conv, expected: i64, comes: i64, found: &mut Candidates) {
        let node = self.node;
        if expected > 0
            && can_insert(self.graph, node, 0)
            && self.graph.producer(self.graph.nodes[node].inputs[0]).is_some()
        {
            let one = [1; MAX_SPATIAL];
            let between = Conv {
                inputs: Some(comes),
                outputs: expected,
                kernel: one,
                stride: one,
                dilation: one,
                groups: 1,
                direction: Direction::Forward,
                padding: Padding::Symmetric([0; MAX_SPATIAL]),
                output_padding: None,
                output_size: None,
                weight: WeightFrom::Own,
                ..*conv
            };
            found.push(vec![Edit::Insert { node, operand: 0, ops: vec![Op::Conv(between)] }], 44);
        }
    }

    /// A depthwise layer copied from a different width: as many groups as channels.
    fn depthwise(&self, conv: &Conv, comes: i64, found: &mut Candidates) {
        let node = self.node;
        let times = conv.outputs.checked_div(conv.groups).unwrap_or(1).max(1);
        let outputs = comes.saturating_mul(times);
        let groups = Edit::Field { node, field: "groups", setting: Setting::Int(comes) };
        found.push(vec![Edit::Channels { node, inputs: comes, outputs }, groups], 8);
    }

    fn groups(&self, channels: i64, groups: i64, side: &str, found: &mut Candidates) {
        let node = self.node;
        // The layer before it gives a number near one that divides.
        let above = self.graph.shaper(self.graph.nodes[node].inputs[0]).filter(|_| side != "output channel");
        if let Some(above) = above
            && let (Some(inputs), now) = counts(&self.graph.nodes[above])
            && now == channels
        {
            let below = channels - channels % groups;
            let multiples = [below, below.saturating_add(groups)].into_iter().filter(|outputs| *outputs > 0);
            multiples.for_each(|outputs| found.push(vec![Edit::Channels { node: above, inputs, outputs }], 22));
        }
        match *self.op {
            Op::Conv(Conv { inputs: Some(ins), outputs: outs, .. }) => {
                let divides = |group: &i64| ins % group == 0 && outs % group == 0;
                let nearest = (1..ins.min(MOST_TRIED) + 1).filter(divides).min_by_key(|group| group.abs_diff(groups));
                if let Some(divisor) = nearest {
                    self.set("groups", Setting::Int(divisor), 20, found);
                }
                // A small number was left over from another layer: one group per channel.
                if ins == outs && groups < 8 && ins > 8 {
                    self.set("groups", Setting::Int(ins), 18, found);
                }
                if groups == outs && ins > 1 {
                    // One group per channel, counted on the wrong side.
                    let outputs = outs.checked_add(ins - 1).map_or(ins, |sum| sum / ins * ins);
                    let per_input = Edit::Field { node, field: "groups", setting: Setting::Int(ins) };
                    found.push(vec![Edit::Channels { node, inputs: ins, outputs }, per_input], 24);
                }
                let below = channels - channels % groups;
                for channels in [below, below.saturating_add(groups)].into_iter().filter(|channels| *channels > 0) {
                    let (inputs, outputs) = if side == "output channel" { (ins, channels) } else { (channels, outs) };
                    found.push(vec![Edit::Channels { node, inputs, outputs }], 15);
                }
                if let Some(Size::Number(outputs)) = declared_channels(self.graph, node) {
                    found.push(vec![Edit::Channels { node, inputs: ins, outputs }], 12);
                }
            }
            Op::ChannelShuffle { .. } => {
                // The channels of the convolution before it.
                let before = super::candidates::ancestors(self.graph, &[self.graph.nodes[node].inputs[0]], 4);
                let of_conv = before.iter().find_map(|(above, _)| match self.graph.given(*above) {
                    Some(Op::Conv(conv)) if conv.groups > 1 => Some(conv.groups),
                    _ => None,
                });
                for (groups, cost) in of_conv
                    .into_iter()
                    .zip([8])
                    .chain(explain::nearest_divisors(channels, groups).into_iter().flatten().zip([10, 11]))
                {
                    self.set("groups", Setting::Int(groups), cost, found);
                }
            }
            Op::GroupNorm { .. } => {
                let divisor = (1..groups.min(MOST_TRIED)).rev().find(|group| channels % group == 0);
                if let Some(divisor) = divisor {
                    self.set("groups", Setting::Int(divisor), 10, found);
                }
            }
            _ => {}
        }
    }

    /// As many features for each token of an input.
    fn features_of_input(&self, features: i64, found: &mut Candidates) {
        let mut value = self.graph.nodes[self.node].inputs[0];
        while let Some(node) = self.graph.producer(value) {
            match self.graph.given(node) {
                Some(op) if op.keeps_shape() => value = self.graph.nodes[node].inputs[0],
                _ => return,
            }
        }
        let shape = self.graph.inputs[value].shape;
        if shape.rank() == 2 {
            found.push(vec![Edit::Input { input: value, shape: shape.with(1, Size::Number(features)) }], 12);
        }
    }

    /// Rows that a negative padding would add: an output padding adds them.
    fn output_padding_for_negative(&self, conv: &Conv, value: i64, found: &mut Candidates) {
        let limit = conv.stride[0].max(conv.dilation[0]).saturating_sub(1);
        let rows = value.saturating_neg().saturating_mul(2).min(limit);
        if rows > 0 && self.graph.nodes[self.node].writing.takes("output_padding") {
            let node = self.node;
            let padding = Edit::Field { node, field: "padding", setting: every(0) };
            let output_padding = Edit::Field { node, field: "output_padding", setting: every(rows) };
            found.push(vec![padding, output_padding], 12);
        }
    }

    /// A reshape to the actual number of elements: one axis changed, or the input's shape.
    fn reshapes(&self, from: &Shape, to: &Shape, found: &mut Candidates) {
        let node = self.node;
        if to.rank() == from.rank() {
            found.push(vec![Edit::Reshape { node, shape: *from }], 15);
        }
        let Ok(Size::Number(elements)) = from.elements() else { return };
        // A leading batch axis.
        if to.rank() > 1 {
            let sample = Shape::new(&to.sizes()[1..], to.scope());
            if sample.elements() == Ok(Size::Number(elements)) {
                found.push(vec![Edit::Reshape { node, shape: sample }], 4);
            }
        }
        // Insert a dense layer that gives the wanted number of elements.
        if let Ok(Size::Number(wanted)) = to.elements()
            && from.rank() > 1
            && can_insert(self.graph, node, 0)
        {
            let dense = Op::Linear { inputs: Some(elements), outputs: wanted, bias: true, dialect: self.graph.dialect };
            found.push(vec![Edit::Insert { node, operand: 0, ops: vec![Op::FLATTEN, dense] }], 46);
        }
        for axis in 0..to.rank() {
            let rest: i64 = (0..to.rank())
                .filter(|other| *other != axis)
                .map(|other| to.size(other).number().unwrap_or(0))
                .fold(1, i64::saturating_mul);
            if rest > 0 && elements % rest == 0 {
                // The length of a vector was chosen for this layer; the elements of a feature map follow from its
                // shape.
                let channels = axis == self.graph.order().channel(to.rank());
                let cost = match (to.rank(), from.rank()) {
                    // The next layer takes this many.
                    _ if channels && declared_channels(self.graph, node) == Some(Size::Number(elements / rest)) => 8,
                    (1, _) => 12,
                    (_, 1) => 20,
                    (_, _) if axis == 0 => 15,
                    _ => 14,
                };
                found.push(vec![Edit::Reshape { node, shape: to.with(axis, Size::Number(elements / rest)) }], cost);
            }
        }
        // The last axes as they come, after others that were split off.
        for kept in 1..from.rank().min(to.rank()) {
            let last = from.sizes().iter().rev().take(kept).rev();
            let sizes: Vec<Size> = to.sizes()[..to.rank() - kept].iter().chain(last).copied().collect();
            let shape = Shape::new(&sizes, to.scope());
            if shape.elements() == Ok(Size::Number(elements)) {
                found.push(vec![Edit::Reshape { node, shape }], 9);
            }
        }
        // The same channels with a square of another size.
        let order = self.graph.order();
        if let (3, Some(channels @ 1..)) = (to.rank(), to.size(order.channel(3)).number())
            && elements % channels == 0
        {
            let side = (elements / channels).isqrt();
            let square = to.with(order.spatial(0), Size::Number(side)).with(order.spatial(1), Size::Number(side));
            found.push(vec![Edit::Reshape { node, shape: square }], 10);
        }
    }
}

/// One value for every axis.
fn every(value: i64) -> Setting {
    Setting::Ints { values: [value; MAX_SPATIAL], axes: None }
}

/// Rows that keep the size at stride 1.
pub(super) fn half(conv: &Conv) -> [i64; MAX_SPATIAL] {
    std::array::from_fn(|axis| conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]) / 2)
}

fn linear(axes: usize) -> &'static str {
    ["linear", "bilinear", "trilinear"][axes.clamp(1, 3) - 1]
}

/// The layer's word for the contents of its border.
fn border_field(op: &Op) -> &'static str {
    if matches!(op, Op::Conv(_)) { "padding_mode" } else { "mode" }
}

/// The channels that later parts of the chain expect of a layer.
fn declared_channels(graph: &Graph, node: NodeId) -> Option<Size> {
    if let Some((shape, _)) = graph.nodes[node].comment {
        return Some(shape.size(graph.order().channel(shape.rank())));
    }
    let value = graph.value(node);
    for reader in &graph.nodes[node + 1..] {
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

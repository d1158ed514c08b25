//! Changes the channels of the layers that determine those of a value.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{Amount, Axis, Direction, MAX_SPATIAL, Op, Pieces, RecurrentOutput};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::Edit;
use super::candidates::Candidates;
use super::stages::taken;
use crate::check::{Checked, Problem};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Recipe, ValueId};
use crate::unseen::visible;

/// How many layers of a repeat or block, in all its turns, are looked at for another width.
const MOST_IN_TRUNK: usize = 1024;

/// How far upstream a layer can be blamed for its channels.
const MOST_LAYERS: usize = 24;

/// A value, its number of channels or features, and another number that the problem asks for.
type Want = (ValueId, Size, Size);

/// Changes of channels that a problem suggests, except those of the rejected layer itself.
pub(super) fn edits(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    let channel = |shape: &Shape| shape.size(graph.order().channel(shape.rank()));
    let mut wants: Vec<Want> = Vec::new();
    match problem {
        Problem::Restores { node, found, wanted } | Problem::Comment { node, found, written: wanted } => {
            wants.push((graph.value(*node), channel(found), channel(wanted)));
        }
        Problem::Output { output, found } => {
            let declared = visible(&graph.outputs[*output].shape);
            if let Some(value) = graph.outputs[*output].value
                && found.rank() == declared.rank()
            {
                wants.push((value, channel(found), channel(&declared)));
            }
        }
        Problem::Body { body, input, output } => {
            wants.push((graph.bodies[*body].output, channel(output), channel(input)));
        }
        Problem::Layer { node, op, inputs, fault } => {
            match fault.reason {
                Reason::Channels { expected, found: comes } => {
                    growing(graph, *node, found);
                    trunk(graph, *node, expected, comes, found);
                }
                Reason::Features { found: comes, .. } if comes.rank() == 1 => growing(graph, *node, found),
                Reason::Join { operand, axis: Some(_), first, other }
                    if matches!(op, Op::Add | Op::Mul) && inputs.len() == 2 =>
                {
                    projections(graph, *node, [(1 - operand, &first), (operand, &other)], found);
                }
                _ => {}
            }
            wants = of_layer(graph, checked, *node, op, inputs, &fault.reason);
        }
        Problem::Input { .. }
        | Problem::NoTarget { .. }
        | Problem::Hole { .. }
        | Problem::Lossy { .. }
        | Problem::Unread { .. } => {}
    }
    features(graph, checked, problem, found);
    for (value, found_size, wanted) in wants {
        if let Some(wanted) = wanted.number().filter(|wanted| *wanted > 0 && !found_size.fits(Size::Number(*wanted))) {
            // Many times as many channels are less likely what was meant.
            let times = found_size.number().map_or(1, |now| (wanted / now.max(1)).max(1));
            let writer = Writer { graph, checked, edits: Vec::new(), cost: 15 + times.ilog2(), layers: 0 };
            writer.up(value, wanted, found);
        }
    }
}

/// The elements at each channel; `None` if a size is not known.
fn others(shape: &Shape, channel: usize) -> Option<i64> {
    let sizes = (0..shape.rank()).filter(|axis| *axis != channel).map(|axis| shape.size(axis).number());
    sizes.collect::<Option<Vec<i64>>>().map(|sizes| sizes.into_iter().fold(1, i64::saturating_mul))
}

/// What a rejected layer wants of its inputs.
fn of_layer(graph: &Graph, checked: &Checked, node: NodeId, op: &Op, inputs: &[Shape], reason: &Reason) -> Vec<Want> {
    let channel = |shape: &Shape| shape.size(graph.order().channel(shape.rank()));
    let values = &graph.nodes[node].inputs;
    match *reason {
        Reason::Channels { expected, found } => vec![(values[0], found, Size::Number(expected))],
        Reason::Join { operand, axis: Some(_), first, other } if matches!(op, Op::Add | Op::Mul) => {
            let leader = (0..values.len()).find(|index| *index != operand).unwrap_or(0);
            vec![
                (values[operand], channel(&other), channel(&first)),
                (values[leader], channel(&first), channel(&other)),
            ]
        }
        Reason::Unpooled { given, found } if given.rank() == found.rank() => {
            vec![(values[0], channel(&found), channel(&given))]
        }
        // One number per channel.
        Reason::Join { operand, axis: None, first, other } if values.len() == 2 => {
            let pairs = [(values[1 - operand], first, other), (values[operand], other, first)];
            let vectors = pairs.into_iter().filter(|(_, one, all)| one.rank() == 1 && all.rank() > 1);
            vectors.map(|(value, one, all)| (value, one.size(0), channel(&all))).collect()
        }
        Reason::Features { expected, found } if found.rank() == 1 => {
            vec![(values[0], found.size(0), Size::Number(expected))]
        }
        Reason::Elements { from, to } if from.rank() == 1 => {
            to.elements().ok().map(|elements| (values[0], from.size(0), elements)).into_iter().collect()
        }
        Reason::Elements { from, to } => {
            let (value, from) = unpermuted(graph, checked, values[0], &from);
            match (to.elements(), others(&from, graph.order().channel(from.rank()))) {
                (Ok(Size::Number(elements)), Some(others @ 1..)) if elements % others == 0 => {
                    vec![(value, channel(&from), Size::Number(elements / others))]
                }
                _ => Vec::new(),
            }
        }
        Reason::Pieces { total, size, .. } => vec![(values[0], size, Size::Number(total))],
        Reason::FirstState { expected, found: given, .. } if given.rank() == expected.rank() => {
            let value = (1..inputs.len()).find(|operand| inputs[*operand] == given).map(|operand| values[operand]);
            value.map(|value| (value, given.size(1), expected.size(1))).into_iter().collect()
        }
        Reason::EqualPieces { size: Size::Number(size), count, .. } if count > 0 => {
            let below = size - size % count;
            let wanted = [below, below.saturating_add(count)];
            wanted.map(|wanted| (values[0], Size::Number(size), Size::Number(wanted))).into()
        }
        Reason::Divisible { what: "channels", size: Size::Number(size), by } if by > 0 => {
            // What the next layer takes says how many are wanted.
            let next = taken(graph, graph.value(node)).and_then(|taken| taken.checked_mul(by));
            // What is given may be the number of channels wanted after the layer.
            let below = size - size % by;
            let wanted = next.into_iter().chain([below, below.saturating_add(by), size.saturating_mul(by)]);
            wanted.map(|wanted| (values[0], inputs[0].size(0), Size::Number(wanted))).collect()
        }
        _ => Vec::new(),
    }
}

/// `repeat c in [16, 32] { Conv2d(c -> c) }`: what comes in has the width of the turn before.
fn growing(graph: &Graph, node: NodeId, found: &mut Candidates) {
    let writing = &graph.nodes[node].writing;
    let [inputs, outputs] = ["in_channels", "out_channels"].map(|field| writing.expression(field));
    if writing.block.is_none() && inputs.is_some() && inputs == outputs {
        found.push(vec![Edit::Open { node }], 12);
    }
}

/// Another width of the layers of a repeat or block, from the one that is rejected on.
fn trunk(graph: &Graph, node: NodeId, width: i64, comes: Size, found: &mut Candidates) {
    let of = |node: NodeId| graph.nodes[node].origin;
    let runs_again = graph.nodes.iter().skip(node + 1).any(|other| other.origin == of(node));
    let Some(other) = comes.number().filter(|_| runs_again) else { return };
    let counted = |count: i64| if count == width { other } else { count };
    let mut edits: Vec<Edit> = Vec::new();
    for id in (node..graph.nodes.len()).take(MOST_IN_TRUNK) {
        let known = edits.iter().filter_map(Edit::node).any(|node| of(node) == of(id));
        let (inputs, outputs) = match graph.given(id) {
            Some(Op::Conv(conv)) if conv.groups == 1 && conv.depth_multiplier.is_none() => (conv.inputs, conv.outputs),
            Some(Op::Linear { inputs, outputs, .. }) => (inputs, outputs),
            Some(Op::BatchNorm { channels: Some(channels), .. } | Op::GroupNorm { channels: Some(channels), .. })
                if channels == width =>
            {
                if !known {
                    edits.push(Edit::Field { node: id, field: "channels", setting: Setting::Int(other) });
                }
                continue;
            }
            Some(Op::Concat { .. }) => break,
            _ => continue,
        };
        if known {
            continue;
        }
        if inputs != Some(width) && outputs != width {
            break;
        }
        edits.push(Edit::Channels { node: id, inputs: counted(inputs.unwrap_or(width)), outputs: counted(outputs) });
    }
    let cost = u32::try_from(edits.len()).map_or(u32::MAX, |count| 8 + 2 * count);
    found.push(edits, cost);
}

/// The value whose axes a `Permute` puts into another order, with its shape: its channels are where they belong.
fn unpermuted(graph: &Graph, checked: &Checked, value: ValueId, shape: &Shape) -> (ValueId, Shape) {
    let above = graph
        .producer(value)
        .filter(|node| checked.ops[*node].is_some_and(|op| op.keeps_shape() || matches!(op, Op::Permute { .. })));
    let input = above.map(|node| graph.nodes[node].inputs[0]);
    match input.and_then(|input| Some((input, checked.shape(input)?))) {
        Some((input, shape)) => unpermuted(graph, checked, input, &shape),
        None => (value, *shape),
    }
}

/// A different number of features for the dense layer that gives the last axis of a value, if that is not the channel
/// axis.
fn features(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    let mut wants: Vec<(ValueId, Shape, Shape)> = Vec::new();
    match problem {
        Problem::Layer { node, fault: Fault { reason: Reason::Join { operand, first, other, .. }, .. }, .. } => {
            let values = &graph.nodes[*node].inputs;
            let leader = (0..values.len()).find(|index| index != operand).unwrap_or(0);
            wants.extend([(values[*operand], *other, *first), (values[leader], *first, *other)]);
        }
        Problem::Output { output, found } => {
            wants.extend(
                graph.outputs[*output].value.map(|value| (value, *found, visible(&graph.outputs[*output].shape))),
            );
        }
        _ => {}
    }
    if let Problem::Layer { node, op: Op::Attention(layer), fault: Fault { reason, .. }, .. } = problem {
        heads(graph, checked, *node, layer.heads, reason, &mut wants);
    }
    for (mut value, gives, wanted) in wants {
        let Some(last) = gives.rank().checked_sub(1).filter(|last| *last > 0 && wanted.rank() == gives.rank()) else {
            continue;
        };
        let Some(outputs) =
            wanted.size(last).number().filter(|size| *size > 0 && !gives.size(last).fits(wanted.size(last)))
        else {
            continue;
        };
        while let Some(node) = graph.producer(value) {
            match graph.given(node) {
                Some(Op::Linear { inputs: Some(inputs), .. }) => {
                    found.push(vec![Edit::Channels { node, inputs, outputs }], 10);
                    break;
                }
                Some(Op::RecurrentOutput { .. }) => {
                    if let Some(edit) = of_state(graph, checked, node, outputs) {
                        found.push(vec![edit], 10);
                    }
                    break;
                }
                Some(op) if op.keeps_shape() && checked.ops[node].is_some() => value = graph.nodes[node].inputs[0],
                _ => break,
            }
        }
    }
}

/// Another width of the state of a recurrent layer, whose output then has this many features.
fn of_state(graph: &Graph, checked: &Checked, node: NodeId, features: i64) -> Option<Edit> {
    let run = graph.producer(graph.nodes[node].inputs[0])?;
    let (Some(Op::RecurrentOutput { output, .. }), Some(Op::Recurrent(layer))) = (graph.given(node), checked.ops[run])
    else {
        return None;
    };
    let both = layer.bidirectional && matches!(output, RecurrentOutput::Sequence | RecurrentOutput::Last);
    let directions = if both { 2 } else { 1 };
    let inputs = checked.shape(graph.nodes[run].inputs[0]).and_then(|shape| shape.sizes().last()?.number());
    (features % directions == 0).then(|| Edit::Channels {
        node: run,
        inputs: layer.inputs.or(inputs).unwrap_or(1),
        outputs: features / directions,
    })
}

/// Query, key or value features that the number of heads divides: the number of another operand, or the nearest
/// multiples.
fn heads(
    graph: &Graph,
    checked: &Checked,
    node: usize,
    heads: i64,
    reason: &Reason,
    wants: &mut Vec<(ValueId, Shape, Shape)>,
) {
    let operands: Vec<(ValueId, Shape)> =
        graph.nodes[node].inputs.iter().take(3).filter_map(|value| Some((*value, checked.shape(*value)?))).collect();
    let features = |shape: &Shape| if shape.rank() == 2 { shape.size(1).number() } else { None };
    let divides = |size: &i64| heads > 0 && size % heads == 0;
    // If queries and keys differ, the one that also differs from the values is tried first.
    let of_values = operands.get(2).and_then(|(_, shape)| features(shape));
    let mut order: Vec<usize> = (0..operands.len()).collect();
    order.sort_by_key(|index| features(&operands[*index].1) == of_values);
    for index in order {
        let (value, shape) = &operands[index];
        let Some(now) = features(shape) else { continue };
        let others = operands.iter().enumerate().filter(|(other, _)| *other != index);
        let others = others.filter_map(|(_, (_, shape))| features(shape)).filter(|size| divides(size));
        let wanted: Vec<i64> = match reason {
            Reason::Heads { .. } if !divides(&now) => {
                let below = now - now % heads.max(1);
                others.chain([below.saturating_add(heads), below]).collect()
            }
            // Queries and keys agree.
            Reason::KeyFeatures { .. } if index < 2 => others.filter(|size| *size != now).collect(),
            _ => continue,
        };
        let wanted = wanted.into_iter().filter(|size| *size > 0);
        wants.extend(wanted.map(|size| (*value, *shape, shape.with(1, Size::Number(size)))));
    }
}

/// A convolution with kernel 1 in the earlier branch: the shortcut.
fn projections(graph: &Graph, node: usize, sides: [(usize, &Shape); 2], found: &mut Candidates) {
    let value = |(operand, _): &(usize, &Shape)| graph.nodes[node].inputs[*operand];
    let [early, late] = if value(&sides[0]) < value(&sides[1]) { sides } else { [sides[1], sides[0]] };
    // A parameter or constant cannot be projected by a layer.
    if [early, late].iter().any(|side| graph.is_source(value(side))) {
        return;
    }
    let strides = !matches!(crate::check::projection(early.1, late.1, graph.order()), Some(1) | None);
    // Shrinking a value that was just enlarged is rarely meant.
    let enlarged = match graph.producer(value(&early)).and_then(|node| graph.given(node)) {
        Some(Op::Conv(conv)) => conv.direction == Direction::Transposed,
        given => matches!(given, Some(Op::Upsample(_))),
    };
    let edit = Edit::Project { node, operand: early.0, from: *early.1, to: *late.1 };
    let cost = match (strides, enlarged) {
        (_, true) => 34,
        (true, _) => 10,
        (false, _) => 18,
    };
    found.push(vec![edit], cost);
}

/// The path from a value up to the layer that gives it its channels.
#[derive(Clone)]
struct Writer<'a> {
    graph: &'a Graph,
    checked: &'a Checked,
    /// Changes of the layers on the path.
    edits: Vec<Edit>,
    cost: u32,
    layers: usize,
}

impl Writer<'_> {
    fn up(mut self, value: ValueId, wanted: i64, found: &mut Candidates) {
        self.layers += 1;
        if self.layers > MOST_LAYERS {
            return;
        }
        let graph = self.graph;
        // A declared output says how many it has.
        let mut declared = graph.outputs.iter().filter(|output| output.value == Some(value)).map(|output| output.shape);
        if declared.any(|shape| !shape.size(graph.order().channel(shape.rank())).fits(Size::Number(wanted))) {
            return;
        }
        let Some(node) = graph.producer(value) else { return self.port(value, wanted, found) };
        let Some(op) = self.checked.ops[node] else { return };
        let inputs = &graph.nodes[node].inputs;
        let given = matches!(graph.nodes[node].recipe, Recipe::Given(_));
        match op {
            _ if op.keeps_shape() => {
                let explicit = graph.nodes[node].spans.fields.iter().any(|(field, _)| *field == "channels");
                if explicit && op != (Op::Prelu { channels: 1 }) {
                    self.edits.push(Edit::Field { node, field: "channels", setting: Setting::Int(wanted) });
                }
                self.up(inputs[0], wanted, found);
            }
            Op::Pool(_)
            | Op::AdaptivePool { .. }
            | Op::GlobalPool { .. }
            | Op::Upsample(_)
            | Op::Pad { axis: None, .. }
            | Op::Crop { .. } => self.further(inputs[0], wanted, found),
            Op::Conv(conv) if given && conv.depth_multiplier.is_none() && conv.groups == 1 => {
                self.end(Edit::Channels { node, inputs: conv.inputs.unwrap_or(1), outputs: wanted }, found);
            }
            Op::SeparableConv(separable) if given => {
                let inputs = separable.depthwise.inputs.unwrap_or(1);
                self.end(Edit::Channels { node, inputs, outputs: wanted }, found);
            }
            Op::Linear { inputs: Some(features), .. } if given => {
                self.end(Edit::Channels { node, inputs: features, outputs: wanted }, found);
            }
            Op::Slice { axis: Axis::Channels, start: start @ 0.., .. } => {
                let setting = Setting::Range(start, Some(start.saturating_add(wanted)));
                self.end(Edit::Field { node, field: "channels", setting }, found);
            }
            Op::Pad { amount: Amount::Pairs { pairs: [(low, _), ..], .. }, axis: Some(axis), .. } => {
                self.border(node, axis, low, wanted, found);
            }
            Op::Reshape { shape } if shape.rank() > 1 => self.reshape(node, &shape, wanted, found),
            Op::Split { axis, pieces: Pieces::Equal { count }, .. }
                if self.checked.shape(inputs[0]).is_some_and(|from| {
                    axis.index(from.rank(), graph.order()) == Some(graph.order().channel(from.rank()))
                }) =>
            {
                self.further(inputs[0], wanted.saturating_mul(count), found);
            }
            Op::Glu { axis } if axis.index(2, graph.order()) == Some(graph.order().channel(2)) => {
                self.further(inputs[0], wanted.saturating_mul(2), found);
            }
            Op::RecurrentOutput { .. } => {
                if let Some(edit) = of_state(graph, self.checked, node, wanted) {
                    self.end(edit, found);
                }
            }
            Op::FLATTEN => self.flatten(inputs[0], wanted, found),
            Op::PixelShuffle { factor } | Op::DepthToSpace { factor, .. } => {
                self.factor(node, inputs[0], wanted, found);
                if let Some(wanted) = factor.checked_mul(factor).and_then(|square| square.checked_mul(wanted)) {
                    self.further(inputs[0], wanted, found);
                }
            }
            Op::Concat { axis: Axis::Channels } => self.concat(inputs, wanted, found),
            _ => {}
        }
    }

    /// A border along the channels.
    fn border(self, node: NodeId, axis: Axis, low: i64, wanted: i64, found: &mut Candidates) {
        let order = self.graph.order();
        let Some(from) = self.checked.shape(self.graph.nodes[node].inputs[0]) else { return };
        let channel = order.channel(from.rank());
        if let (true, Size::Number(now)) = (axis.index(from.rank(), order) == Some(channel), from.size(channel))
            && let Some(high @ 0..) = wanted.checked_sub(now.saturating_add(low))
        {
            let setting = Setting::Pairs { values: [(low, high); MAX_SPATIAL], axes: Some(1) };
            self.end(Edit::Field { node, field: "amount", setting }, found);
        }
    }

    /// The shape of a reshape. A vector that is reshaped must then have as many elements as the new shape.
    fn reshape(self, node: NodeId, shape: &Shape, wanted: i64, found: &mut Candidates) {
        let input = self.graph.nodes[node].inputs[0];
        let channel = self.graph.order().channel(shape.rank());
        let edit = Edit::Reshape { node, shape: shape.with(channel, Size::Number(wanted)) };
        if let Some(others) = others(shape, channel)
            && self.checked.shape(input).is_some_and(|from| from.rank() == 1)
        {
            let mut both = self.clone();
            both.edits.push(edit.clone());
            both.further(input, others.saturating_mul(wanted), found);
        }
        self.end(edit, found);
    }

    /// The channels of a map of which all elements become features.
    fn flatten(mut self, input: ValueId, wanted: i64, found: &mut Candidates) {
        let Some(shape) = self.checked.shape(input) else { return };
        let Some(others @ 1..) = others(&shape, self.graph.order().channel(shape.rank())) else { return };
        if wanted % others == 0 {
            self.cost += 18;
            self.further(input, wanted / others, found);
        }
    }

    /// The channels of one of the joined values.
    fn concat(self, inputs: &[ValueId], wanted: i64, found: &mut Candidates) {
        let channel = |value: &ValueId| {
            let shape = self.checked.shape(*value)?;
            shape.size(self.graph.order().channel(shape.rank())).number()
        };
        let Some(all) = inputs.iter().map(channel).collect::<Option<Vec<i64>>>() else { return };
        let sum = all.iter().copied().fold(0, i64::saturating_add);
        for (value, now) in inputs.iter().zip(&all) {
            let other = wanted.saturating_sub(sum.saturating_sub(*now));
            if other > 0 {
                self.clone().further(*value, other, found);
            }
        }
    }

    /// The factor with which a pixel shuffle gives the wanted number of channels.
    fn factor(&self, node: usize, input: ValueId, wanted: i64, found: &mut Candidates) {
        let Some(shape) = self.checked.shape(input) else { return };
        let Some(channels) = shape.size(self.graph.order().channel(shape.rank())).number() else { return };
        let factor = channels.checked_div(wanted).unwrap_or(0).max(0).isqrt();
        if factor > 0 && factor.saturating_mul(factor).saturating_mul(wanted) == channels {
            let edit = Edit::Field { node, field: "factor", setting: Setting::Int(factor) };
            self.clone().end(edit, found);
        }
    }

    fn further(mut self, value: ValueId, wanted: i64, found: &mut Candidates) {
        self.cost += 3;
        self.up(value, wanted, found);
    }

    fn end(mut self, edit: Edit, found: &mut Candidates) {
        self.edits.push(edit);
        self.edits.reverse();
        found.push(self.edits, self.cost);
    }

    /// An input with a different number of channels.
    fn port(self, input: usize, wanted: i64, found: &mut Candidates) {
        let shape = self.graph.inputs[input].shape;
        let place = self.graph.order().channel(shape.rank());
        let cost = self.cost + 6;
        if shape.rank() > 0 {
            let edit = Edit::Input { input, shape: shape.with(place, Size::Number(wanted)) };
            Writer { cost, ..self }.end(edit, found);
        }
    }
}

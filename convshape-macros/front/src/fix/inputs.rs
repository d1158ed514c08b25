//! Other inputs and outputs: reordered axes, another number of axes, and the nearest sizes that work.

use convshape_arith::fault::Reason;
use convshape_arith::layer::axis_name;
use convshape_arith::op::{Axes, Axis, AxisOrder, Direction, MAX_SPATIAL, Op};
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::size::Size;

use super::candidates::{Candidate, Candidates, ancestors, blamed};
use super::edit::can_insert;
use super::needs::Need;
use super::trial::Trial;
use super::{Edit, OtherProblems};
use crate::check::{Checked, Problem};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Output, Recipe};
use crate::unseen::{Unseen, visible};

/// How far from the written size other sizes are tried, in rows: at least this far and up to two periods of the
/// strides, but at most [`FARTHEST`].
const REACH: i64 = 64;
const FARTHEST: i64 = 1024;

/// Common side lengths of images in published networks.
const USUAL: [i64; 20] =
    [28, 32, 48, 64, 96, 112, 128, 160, 192, 224, 227, 256, 299, 320, 384, 416, 448, 512, 572, 640];

/// How many layers before a mistake are searched for a `Permute`.
const MOST_BEFORE: usize = 16;

/// How many layers that read an input are asked for its channels.
const MOST_READERS: usize = 4;

/// So few rows, but one, are rather a sample's than a batch.
const MOST_ROWS: i64 = 7;

/// So few channels are those of a picture: its axes are in order.
const MOST_COLOURS: i64 = 4;

/// No search around sizes larger than this.
const LARGEST: i64 = 1 << 32;

/// The cost of another input.
fn cost(graph: &Graph, checked: &Checked, problem: &Problem) -> u32 {
    match problem {
        Problem::Layer { fault, .. } => match fault.reason {
            // If strides dropped rows, nothing is wrong with the layers where two branches join.
            Reason::Join { .. } if divides(graph, checked) => 24,
            Reason::Join { .. } => 8,
            Reason::KernelTooLarge { .. } | Reason::EmptyOutput { .. } | Reason::SingleElement => 14,
            _ => 26,
        },
        Problem::Lossy { .. } => 10,
        _ => 28,
    }
}

/// Whether every stride of a chain divides its input sizes, as far as they are known.
fn divides(graph: &Graph, checked: &Checked) -> bool {
    for (node, op) in checked.ops.iter().enumerate() {
        let (stride, rank) = match op {
            Some(Op::Conv(conv)) if conv.direction == Direction::Forward => (conv.stride, conv.rank),
            Some(Op::Pool(pool)) => (pool.stride, pool.rank),
            _ => continue,
        };
        let Some(input) = checked.shape(graph.nodes[node].inputs[0]) else { continue };
        let axes = rank.min(input.rank().saturating_sub(1));
        let divided = |(axis, stride): (usize, &i64)| {
            let rows = input.size(graph.order().spatial(axis)).number();
            *stride <= 1 || rows.is_none_or(|rows| rows % stride == 0)
        };
        if !stride[..axes].iter().enumerate().all(divided) {
            return false;
        }
    }
    true
}

/// How far another shape is from the written one: 4 for twice the size.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small number"
)]
fn distance(from: &Shape, to: &Shape) -> u32 {
    let ratio = |(from, to): (&Size, &Size)| match (from.number(), to.number()) {
        (Some(from @ 1..), Some(to @ 1..)) => (to as f64 / from as f64).log2().abs(),
        _ => 0.0,
    };
    let farthest = from.sizes().iter().zip(to.sizes()).map(ratio).fold(0.0, f64::max);
    (farthest * 4.0).round().min(60.0) as u32
}

/// The input that a goal downstream requires.
pub(super) fn as_needed(
    graph: &Graph,
    checked: &Checked,
    problem: &Problem,
    need: &Need,
    nth: usize,
    found: &mut Candidates,
) {
    let input = need.value;
    let shape = graph.inputs[input].shape;
    let order = graph.order();
    if visible(&shape) != shape {
        return;
    }
    let (mut nearest, mut round, mut twofold) = (shape, shape, Some(shape));
    for axis in 0..shape.rank().saturating_sub(1).min(MAX_SPATIAL) {
        let place = order.spatial(axis);
        let Some((low, high)) = need.ranges[axis] else { continue };
        let rows = match shape.size(place) {
            Size::Number(rows) => rows,
            // Only one size works.
            Size::Symbolic { .. } if low == high => 0,
            _ => return,
        };
        if (low..=high).contains(&rows) {
            continue;
        }
        let times = [2, 4, 8].into_iter().flat_map(|times| [rows.saturating_mul(times), rows / times]);
        let whole = |size: &i64| *size > 0 && rows > 0 && (rows % size == 0 || size % rows == 0);
        let size = times.filter(whole).find(|size| (low..=high).contains(size));
        twofold = twofold.zip(size).map(|(shape, size)| shape.with(place, Size::Number(size)));
        nearest = nearest.with(place, Size::Number(rows.clamp(low, high)));
        // The width of the range is the product of the strides before the goal; its multiples lose no rows.
        let period = high.saturating_sub(low).saturating_add(1);
        let multiple = (high / period).saturating_mul(period);
        let size = if high < LARGEST && (low..=high).contains(&multiple) { multiple } else { rows.clamp(low, high) };
        round = round.with(place, Size::Number(size));
    }
    let extra = u32::try_from(nth).unwrap_or(0) * 3;
    // A network that halves its input down to a single row was made for one size.
    if let Some(twofold) = twofold.filter(|twofold| *twofold != shape && ends_in_one_row(graph, problem)) {
        found.push(vec![Edit::Input { input, shape: twofold }], 10 + extra);
    }
    let dense = matches!(problem, Problem::Layer { fault, .. } if matches!(fault.reason, Reason::Features { .. }));
    for (shape_there, more) in [(round, 0), (nearest, 2)] {
        if shape_there != shape {
            let spatial = |holds: &dyn Fn(i64) -> bool| {
                (0..shape.rank().saturating_sub(1))
                    .all(|axis| shape_there.size(order.spatial(axis)).number().is_some_and(holds))
            };
            let usual = spatial(&|rows| USUAL.contains(&rows));
            let far = distance(&shape, &shape_there).min(if usual { 4 } else { u32::MAX });
            // The features that a dense layer takes show the input size that it was made for.
            let less = if dense && (usual || spatial(&|rows| rows % 4 == 0)) { 10 } else { 0 };
            let cost = cost(graph, checked, problem) + far + more + extra - less;
            found.push(vec![Edit::Input { input, shape: shape_there }], cost);
        }
    }
}

/// Whether a declared output has a single row on every axis.
fn ends_in_one_row(graph: &Graph, problem: &Problem) -> bool {
    let Problem::Output { output, .. } = problem else { return false };
    let shape = &graph.outputs[*output].shape;
    (0..shape.rank().saturating_sub(1)).all(|axis| shape.size(graph.order().spatial(axis)).same(Size::Number(1)))
}

/// An input with a size below 1: takes the size of another axis, or one declared elsewhere.
pub(super) fn impossible(graph: &Graph, problem: &Problem, found: &mut Candidates) {
    let Problem::Input { input, .. } = problem else { return };
    let shape = graph.inputs[*input].shape;
    let positive = |size: &Size| size.number().is_some_and(|size| size > 0);
    let own = (0..shape.rank().saturating_sub(1)).map(|axis| shape.size(graph.order().spatial(axis)));
    let declared = graph.outputs.iter().flat_map(|output| output.shape.sizes().iter().copied());
    let candidates: Vec<Size> = own.chain(declared).filter(positive).collect();
    for (nth, size) in candidates.into_iter().enumerate().take(6) {
        let sizes: Vec<Size> =
            shape.sizes().iter().map(|now| if now.number().is_some_and(|now| now < 1) { size } else { *now }).collect();
        let cost = 10 + u32::try_from(nth).unwrap_or(0);
        found.push(vec![Edit::Input { input: *input, shape: Shape::new(&sizes, shape.scope()) }], cost);
    }
    // The channels that a layer takes.
    let readers = graph.nodes.iter().filter(|node| node.inputs.first() == Some(input));
    for taken in readers.filter_map(|node| taken(&node.recipe)).take(MOST_READERS) {
        let place = graph.order().channel(shape.rank());
        found.push(vec![Edit::Input { input: *input, shape: shape.with(place, Size::Number(taken)) }], 8);
    }
}

/// The channels that a layer takes, if it says so.
fn taken(recipe: &Recipe) -> Option<i64> {
    match recipe {
        Recipe::Given(Op::Conv(conv)) => conv.inputs,
        Recipe::Given(Op::SeparableConv(separable)) => separable.depthwise.inputs,
        Recipe::Given(Op::Linear { inputs, .. }) => *inputs,
        _ => None,
    }
}

/// Gives an axis the size of another axis, or of a declared output.
pub(super) fn square(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    if matches!(problem, Problem::Lossy { .. } | Problem::Hole { .. } | Problem::NoTarget { .. }) {
        return;
    }
    let order = graph.order();
    for (input, port) in graph.inputs.iter().enumerate() {
        let shape = port.shape;
        let places: Vec<usize> = (0..shape.rank().saturating_sub(1)).map(|axis| order.spatial(axis)).collect();
        if visible(&shape) != shape || places.len() > MAX_SPATIAL {
            continue;
        }
        let declared = graph.outputs.iter().map(|output| output.shape).filter(|output| output.rank() == shape.rank());
        let declared: Vec<Shape> = declared.collect();
        for place in &places {
            let of_outputs = declared.iter().map(|output| (output.size(*place), 24));
            for (size, more) in places.iter().map(|other| (shape.size(*other), 4)).chain(of_outputs) {
                if size.number().is_some_and(|size| size > 0) && !size.same(shape.size(*place)) {
                    let changed = shape.with(*place, size);
                    found.push(vec![Edit::Input { input, shape: changed }], cost(graph, checked, problem) + more);
                }
            }
        }
    }
}

/// Channels last read as channels first, and vice versa.
pub(super) fn permuted(graph: &Graph, problem: &Problem, found: &mut Candidates) {
    if matches!(problem, Problem::Lossy { .. } | Problem::Hole { .. } | Problem::NoTarget { .. }) {
        return;
    }
    // An order that the chain itself makes is more suspect than that of the data.
    let ordered = ancestors(graph, &blamed(graph, problem), MOST_BEFORE);
    let ordered = ordered.iter().any(|(node, _)| matches!(graph.given(*node), Some(Op::Permute { .. })));
    for (input, port) in graph.inputs.iter().enumerate() {
        let shape = port.shape;
        let rank = shape.rank();
        if rank < 2 || visible(&shape) != shape {
            continue;
        }
        // Frames often come before the channels.
        if rank == 4 && graph.order() == AxisOrder::ChannelsFirst && !shape.size(0).same(shape.size(1)) {
            let sizes = [1, 0, 2, 3].map(|axis| shape.size(axis));
            let cost = if ordered || matches!(problem, Problem::Output { .. }) { 15 } else { 3 };
            found.push(vec![Edit::Input { input, shape: Shape::new(&sizes, shape.scope()) }], cost);
        }
        for by in [rank - 1, 1] {
            let sizes: Vec<Size> = (0..rank).map(|axis| shape.size((axis + by) % rank)).collect();
            let rotated = Shape::new(&sizes, shape.scope());
            if let (Problem::Output { output, .. }, 3..) = (problem, rank)
                && let declared = graph.outputs[*output].shape
                && declared.rank() == rank
                && rotated != shape
            {
                let sizes: Vec<Size> = (0..rank).map(|axis| declared.size((axis + by) % rank)).collect();
                let output = Edit::Output { output: *output, shape: Shape::new(&sizes, declared.scope()) };
                found.push(vec![Edit::Input { input, shape: rotated }, output], 6);
            }
            if rotated != shape {
                // If every layer accepts its input, reordered axes are less likely.
                let cost = if matches!(problem, Problem::Output { .. }) { 14 } else { 4 };
                // Nothing tells steps from features, unless there are few of one.
                let few = |few: Size, many: Size| match (few.number(), many.number()) {
                    (Some(few), Some(many)) => few <= 4 || many >= few * 8,
                    _ => false,
                };
                let small = matches!(problem, Problem::Layer { fault, .. } if matches!(fault.reason, Reason::KernelTooLarge { .. }));
                let unclear =
                    small && rank == 2 && !few(shape.size(0), shape.size(1)) && !few(shape.size(1), shape.size(0));
                let (now, then) = (shape.size(graph.order().channel(rank)), rotated.size(graph.order().channel(rank)));
                let picture = rank > 2
                    && now.number().zip(then.number()).is_some_and(|(now, then)| now <= MOST_COLOURS && now < then);
                let cost = if ordered || unclear || picture { cost + 12 } else { cost };
                found.push(vec![Edit::Input { input, shape: rotated }], cost);
                // A layer that was given its channels from the wrong axis.
                let channel = graph.order().channel(rank);
                if let (Some(now), Some(meant)) = (shape.size(channel).number(), rotated.size(channel).number())
                    && !picture
                    && let Some((node, outputs)) = first_conv_of(graph, input, now)
                {
                    let conv = Edit::Channels { node, inputs: meant, outputs };
                    found.push(vec![Edit::Input { input, shape: rotated }, conv], cost + 3);
                }
            }
        }
    }
}

/// Whether a layer is a normalisation over one axis that cannot be the last of a map.
pub(super) fn is_of_axis(graph: &Graph, node: NodeId) -> bool {
    let norm = matches!(graph.given(node), Some(Op::BatchNorm { .. } | Op::GroupNorm { .. } | Op::LayerNorm { .. }));
    let last = graph.order() == AxisOrder::ChannelsLast;
    norm && last && graph.nodes[node].named_axes.is_some_and(|(least, _)| least == 0)
}

/// The last axis, for a layer with an `axis`.
pub(super) fn last_axis(node: NodeId) -> Option<Edit> {
    let axes = Axes::of(&[Axis::At(-1)])?;
    Some(Edit::Field { node, field: "axis", setting: Setting::Axes(axes) })
}

/// A whole chain with the channels first, in a dialect that has them last: inputs, outputs and the axes of joins.
pub(super) fn channels_first(graph: &Graph, problem: &Problem, found: &mut Candidates) {
    if graph.order() == AxisOrder::ChannelsFirst || matches!(problem, Problem::Lossy { .. } | Problem::Hole { .. }) {
        return;
    }
    let turned = |shape: &Shape| {
        let rank = shape.rank();
        let sizes: Vec<Size> = (0..rank).map(|axis| shape.size((axis + 1) % rank)).collect();
        (rank > 2 && visible(shape) == *shape).then(|| Shape::new(&sizes, shape.scope()))
    };
    let inputs = graph.inputs.iter().enumerate();
    let inputs = inputs.filter_map(|(input, port)| Some(Edit::Input { input, shape: turned(&port.shape)? }));
    let outputs = graph.outputs.iter().enumerate();
    let outputs = outputs.filter_map(|(output, port)| Some(Edit::Output { output, shape: turned(&port.shape)? }));
    let (inputs, outputs): (Vec<Edit>, Vec<Edit>) = (inputs.collect(), outputs.collect());
    let joins = (0..graph.nodes.len()).filter_map(|node| match graph.given(node)? {
        Op::Concat { axis: Axis::At(0 | 1 | 3) } => last_axis(node),
        _ if is_of_axis(graph, node) => last_axis(node),
        _ => None,
    });
    let joins: Vec<Edit> = joins.collect();
    if !inputs.is_empty() && !joins.is_empty() {
        found.push([inputs.clone(), outputs, joins.clone()].concat(), 3);
        found.push([inputs, joins].concat(), 4);
    }
}

/// The first convolution that reads an input, if it takes this number of channels; and the channels it gives.
fn first_conv_of(graph: &Graph, input: usize, channels: i64) -> Option<(NodeId, i64)> {
    let node = graph.nodes.iter().position(|node| node.inputs.contains(&input))?;
    match graph.given(node)? {
        Op::Conv(conv) if conv.inputs == Some(channels) => Some((node, conv.outputs)),
        _ => None,
    }
}

/// An input with one axis more or less: an extra batch axis, a missing channel axis.
pub(super) fn of_other_rank(graph: &Graph, problem: &Problem, found: &mut Candidates) {
    let Some((expected, comes)) = ranks(graph, problem) else { return };
    for (input, port) in graph.inputs.iter().enumerate() {
        let shape = port.shape;
        let sizes = shape.sizes();
        // An image without a channel axis that is flattened, rather than a batch of vectors.
        let picture = sizes.len() == 2 && sizes[0].same(sizes[1]) && matches!(problem, Problem::Output { .. });
        // A few rows are no batch either.
        let few = matches!(sizes, [Size::Number(2..=MOST_ROWS), Size::Number(2..)])
            && matches!(problem, Problem::Output { .. });
        if comes > expected && sizes.len() > 1 {
            // The leading number of a batch is not part of a sample.
            for (fewer, cost) in without_axes(sizes, comes - expected) {
                // For a sequence, the channel axis of a grey picture is in the way.
                let grey = expected == 2 && sizes[0].same(sizes[1]) && fewer == sizes[..2];
                let cost = if grey { 3 } else { cost };
                let fewer = Shape::new(&fewer, shape.scope());
                if !fewer.is_known() || visible(&fewer) != fewer {
                    continue;
                }
                // An image has more axes than a batch adds.
                let image = comes - expected > 1 && matches!(problem, Problem::Output { .. });
                let cost = if picture || few || image { cost + 12 } else { cost };
                let edit = Edit::Input { input, shape: fewer };
                let outputs = without_batch(graph, sizes[0]);
                if comes - expected == 1 && !outputs.is_empty() {
                    found.push([vec![edit.clone()], outputs].concat(), cost + 1);
                }
                found.push(vec![edit], cost);
            }
        }
        for (shape, cost) in unflattened(graph, input, expected) {
            found.push(vec![Edit::Input { input, shape }], cost);
        }
        if comes < expected && sizes.len() < MAX_RANK {
            let channel = graph.order().channel(sizes.len() + 1);
            let depth = graph.order().spatial(0);
            let others = (0..=sizes.len()).rev().filter(|axis| *axis != channel);
            if let Some(square) = squared(graph, &shape).filter(|_| comes + 1 == expected) {
                found.push(vec![Edit::Input { input, shape: square }], 3);
            }
            for axis in std::iter::once(channel).chain(others) {
                let mut more = sizes.to_vec();
                more.insert(axis, Size::Number(1));
                let cost = match axis {
                    _ if axis == channel => 4,
                    // A picture is one frame, or one slice.
                    _ if axis == depth && expected == 4 => 10,
                    _ => 12,
                };
                if visible(&shape) != shape || !shape.is_known() {
                    continue;
                }
                found.push(vec![Edit::Input { input, shape: Shape::new(&more, shape.scope()) }], cost);
            }
        }
    }
}

/// Shapes that may have been flattened to this vector: channels with one row each, or a square image.
fn unflattened(graph: &Graph, input: usize, rank: usize) -> Vec<(Shape, u32)> {
    let shape = graph.inputs[input].shape;
    let [Size::Number(length)] = *shape.sizes() else { return Vec::new() };
    if !(3..=4).contains(&rank) || Unseen::is(length) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let readers = graph.nodes.iter().filter(|node| node.inputs.first() == Some(&input));
    // If no layer says how many: grey or colour.
    let counts = readers.flat_map(|node| match taken(&node.recipe) {
        Some(channels) => vec![channels],
        None => vec![1, 3],
    });
    for channels in counts.take(MOST_READERS) {
        let side = length.checked_div(channels).filter(|area| area.saturating_mul(channels) == length);
        let side = side.and_then(|area| super::goals::root(area, rank - 1));
        if let Some(side) = side {
            let order = graph.order();
            let form = (0..rank - 1)
                .fold(Shape::unknown(rank), |form, axis| form.with(order.spatial(axis), Size::Number(side)));
            found.push((form.with(order.channel(rank), Size::Number(channels)), 5));
        }
    }
    found
}

/// Channels with the pixels of a square image in one row, as an image.
fn squared(graph: &Graph, flat: &Shape) -> Option<Shape> {
    let order = graph.order();
    let (channels, pixels) = (flat.size(order.channel(2)), flat.size(order.spatial(0)).number()?);
    let side = super::goals::root(pixels, 2).filter(|side| *side > 1 && flat.rank() == 2)?;
    let image = Shape::new(&[Size::Number(side); 3], flat.scope());
    Some(image.with(order.channel(3), channels))
}

/// The outputs that begin with a batch axis like an input, each without it.
fn without_batch(graph: &Graph, batch: Size) -> Vec<Edit> {
    let same = |size: Size| size.same(batch) || visible_size(size).is_none() && visible_size(batch).is_none();
    let outputs = graph.outputs.iter().enumerate().filter_map(|(output, port)| {
        let (first, rest) = port.shape.sizes().split_first()?;
        let shape = Shape::new(rest, port.shape.scope());
        (same(*first) && !rest.is_empty()).then_some(Edit::Output { output, shape })
    });
    outputs.collect()
}

/// A size that the macro knows as a number.
fn visible_size(size: Size) -> Option<i64> {
    size.number().filter(|number| !Unseen::is(*number))
}

/// The sizes with `surplus` axes removed, preferring leading axes and axes of size 1.
fn without_axes(sizes: &[Size], surplus: usize) -> Vec<(Vec<Size>, u32)> {
    let mut found = vec![(sizes.to_vec(), 4)];
    for _ in 0..surplus.min(2) {
        let fewer = found.iter().flat_map(|(sizes, cost)| {
            (0..sizes.len()).map(move |axis| {
                let mut fewer = sizes.clone();
                let one = fewer.remove(axis).same(Size::Number(1));
                let more = match (axis, one) {
                    (0, _) => 0,
                    (_, true) => 2,
                    _ => 16,
                };
                (fewer, cost + more)
            })
        });
        found = fewer.filter(|(sizes, _)| !sizes.is_empty()).collect();
    }
    found
}

/// The expected number of axes, and the actual one.
fn ranks(graph: &Graph, problem: &Problem) -> Option<(usize, usize)> {
    match problem {
        Problem::Layer { fault, .. } => match fault.reason {
            Reason::Rank { expected, found } => Some((expected, found.rank())),
            Reason::NamedRank { least, most, found } => Some((found.rank().clamp(least, most), found.rank())),
            Reason::Steps { found } => Some((2, found.rank())),
            Reason::Join { axis: None, first, other, .. } => Some((first.rank(), other.rank())),
            _ => None,
        },
        Problem::Output { output, found } => Some((graph.outputs[*output].shape.rank(), found.rank())),
        _ => None,
    }
    .filter(|(expected, comes)| expected != comes)
}

/// The output as it is, or with a `Flatten` if a layer or the output expects one axis.
pub(super) fn declared_otherwise(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    if let Problem::Output { output, found: gives } = problem
        && gives.is_known()
    {
        let declared = &graph.outputs[*output].shape;
        // Class indices are one number per sample; the layer has an output per class.
        let classes = gives.rank() == 1 && declared.sizes() == [Size::Number(1)];
        let cost = match (classes, last_window_left_out(graph, checked, *output)) {
            (true, _) => 12,
            (_, true) => 14,
            _ => expected_otherwise(graph, declared, gives, comes_from_linear(graph, checked, *output)),
        };
        found.push(vec![Edit::Output { output: *output, shape: *gives }], cost);
        // The shapes of two outputs in each other's places.
        let given = |port: &Output| port.value.and_then(|value| checked.shape(value));
        let other = graph.outputs.iter().position(|port| port.shape == *gives && given(port) == Some(*declared));
        if let Some(other) = other {
            let shapes = [(*output, *gives), (other, *declared)];
            found.push(shapes.map(|(output, shape)| Edit::Output { output, shape }).to_vec(), 4);
        }
    }
    let values: Vec<usize> = match problem {
        Problem::Output { output, found } if found.rank() > 1 && graph.outputs[*output].shape.rank() == 1 => {
            graph.outputs[*output].value.into_iter().collect()
        }
        Problem::Layer { node, fault, .. } => match fault.reason {
            Reason::Features { found, .. } if found.rank() > 1 => vec![graph.value(*node)],
            Reason::Rank { expected: 1, .. } => vec![graph.value(*node)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    // A map of one position has as many elements as a vector.
    let single = |node: NodeId| {
        let Problem::Output { found, .. } = problem else { return false };
        let mut places = (0..found.rank() - 1).map(|axis| graph.order().spatial(axis));
        places.all(|place| found.size(place).same(Size::Number(1))) && values.contains(&graph.value(node))
    };
    for (node, distance) in ancestors(graph, &values, 12) {
        let takes = matches!(checked.ops[node], Some(Op::Linear { .. })) || single(node);
        if takes && can_insert(graph, node, 0) {
            // The first of several requires it.
            let edit = Edit::Insert { node, operand: 0, ops: vec![Op::FLATTEN] };
            found.push(vec![edit], 12_u32.saturating_sub(distance.min(6)));
        }
    }
}

/// What a declared output of other sizes costs to believe: they are mostly counted in the head. Sizes that an input has
/// are meant to be given back, and what is a whole number of times an input was meant to be so.
fn expected_otherwise(graph: &Graph, declared: &Shape, gives: &Shape, of_linear: bool) -> u32 {
    const UNLIKELY: u32 = 52;
    let order = graph.order();
    if gives.rank() == 1 && declared.rank() == 1 {
        // Numbers of features are as often miscounted here as in the last layer.
        let given_back = graph.inputs.iter().any(|input| input.shape == *declared);
        return if of_linear && !given_back { 27 } else { UNLIKELY };
    }
    let Some(axes) = gives.rank().checked_sub(1).filter(|axes| *axes > 0 && declared.rank() == gives.rank()) else {
        return UNLIKELY;
    };
    if !declared.size(order.channel(gives.rank())).fits(gives.size(order.channel(gives.rank()))) {
        return UNLIKELY;
    }
    let near = |place: usize| {
        let sizes = (gives.size(place).number(), declared.size(place).number());
        matches!(sizes, (Some(gives), Some(wanted)) if gives <= wanted.saturating_mul(2) && wanted <= gives.saturating_mul(2))
    };
    if !(0..axes).all(|axis| near(order.spatial(axis))) {
        return UNLIKELY;
    }
    let inputs = || graph.inputs.iter().filter(|input| input.shape.rank() == gives.rank());
    let all = |holds: &dyn Fn(i64, i64) -> bool| {
        inputs().any(|input| {
            (0..axes).map(|axis| order.spatial(axis)).all(|place| {
                let sizes = (input.shape.size(place).number(), declared.size(place).number());
                matches!(sizes, (Some(from @ 1..), Some(to @ 1..)) if holds(from, to))
            })
        })
    };
    match (all(&|from, to| from == to), all(&|from, to| from % to == 0 || to % from == 0)) {
        (true, _) => UNLIKELY,
        (false, true) => 30,
        (false, false) => 27,
    }
}

/// Whether a linear layer says how many features an output has.
fn comes_from_linear(graph: &Graph, checked: &Checked, output: usize) -> bool {
    let mut value = graph.outputs[output].value;
    while let Some(node) = value.and_then(|value| graph.producer(value)) {
        match checked.ops[node] {
            Some(Op::Linear { .. }) => return true,
            Some(op) if op.keeps_shape() => value = graph.nodes[node].inputs.first().copied(),
            _ => return false,
        }
    }
    false
}

/// Whether an output comes from a pooling layer whose last window would start in the border, which no field changes.
fn last_window_left_out(graph: &Graph, checked: &Checked, output: usize) -> bool {
    let node = graph.outputs[output].value.and_then(|value| graph.producer(value));
    matches!(node.and_then(|node| checked.ops[node]), Some(Op::Pool(pool)) if pool.ceil_mode)
}

/// The nearest input sizes that work, one axis at a time.
pub(super) struct Sizes {
    pub(super) candidates: Vec<Candidate>,
    /// `the nearest heights that work are 64 and 72`
    pub(super) notes: Vec<String>,
}

/// Searches for input sizes that work: each axis separately, with the others unknown.
pub(super) fn nearest_sizes(trial: &mut Trial, problem: &Problem, known: &OtherProblems) -> Vec<Sizes> {
    (0..trial.graph.inputs.len()).filter_map(|input| nearest_sizes_of(trial, problem, known, input)).collect()
}

fn nearest_sizes_of(trial: &mut Trial, problem: &Problem, known: &OtherProblems, input: usize) -> Option<Sizes> {
    let shape = trial.graph.inputs[input].shape;
    let order = trial.graph.order();
    let axes = shape.rank().saturating_sub(1).min(MAX_SPATIAL);
    let sensible =
        |axis: usize| shape.size(order.spatial(axis)).number().is_some_and(|rows| (1..LARGEST).contains(&rows));
    if visible(&shape) != shape || !(0..axes).all(sensible) {
        return None;
    }
    let mut search = SizeSearch { trial, problem, known, input, shape };
    // If two sizes are equally near, the larger comes first.
    let (mut best, mut smaller) = (shape, shape);
    let mut notes = Vec::new();
    for axis in 0..axes {
        let place = order.spatial(axis);
        let rows = shape.size(place).number()?;
        if search.works(axis, rows) {
            continue;
        }
        let (below, above) = search.around(axis, rows);
        let (nearest, other) = match (below, above) {
            (Some(below), Some(above)) => {
                let name = axis_name(axis, axes);
                notes.push(format!("the nearest {name}s that work are {below} and {above}"));
                match (rows - below).cmp(&(above - rows)) {
                    std::cmp::Ordering::Less => (below, below),
                    std::cmp::Ordering::Equal => (above, below),
                    std::cmp::Ordering::Greater => (above, above),
                }
            }
            (one, other) => {
                let only = one.or(other)?;
                (only, only)
            }
        };
        best = best.with(place, Size::Number(nearest));
        smaller = smaller.with(place, Size::Number(other));
    }
    let forms = if best == smaller { vec![best] } else { vec![best, smaller] };
    let forms: Vec<Shape> = forms.into_iter().filter(|form| *form != shape).collect();
    let mut candidates = search.offered(&forms);
    if candidates.iter().all(|candidate| candidate.edits.len() > 1) {
        candidates.extend(search.as_declared());
    }
    if candidates.is_empty() {
        notes.clear();
        candidates = search.square(axes).map_or_else(Vec::new, |form| search.offered(&[form]));
    }
    Some(Sizes { candidates, notes })
}

struct SizeSearch<'a, 'b> {
    trial: &'a mut Trial<'b>,
    problem: &'a Problem,
    known: &'a OtherProblems,
    input: usize,
    shape: Shape,
}

impl SizeSearch<'_, '_> {
    /// Inputs that work, with the outputs that follow from them.
    fn offered(&mut self, forms: &[Shape]) -> Vec<Candidate> {
        let (problem, shape) = (self.problem, self.shape);
        let candidate = |form: &Shape| {
            let edits = self.tied(*form)?;
            // Changing an input alone is a smaller change than an input and an output.
            let about = cost(&self.trial.graph, &self.trial.checked, problem);
            let cost = about + distance(&shape, form) + u32::try_from(edits.len() - 1).unwrap_or(0);
            Some(Candidate { edits, cost })
        };
        forms.iter().filter_map(candidate).collect()
    }

    /// Several times the written size, if that gives the outputs as they are declared.
    fn as_declared(&mut self) -> Option<Candidate> {
        let (order, axes) = (self.trial.graph.order(), self.shape.rank().saturating_sub(1));
        let known = self.known;
        let about = cost(&self.trial.graph, &self.trial.checked, self.problem);
        [2, 4, 8, 16].into_iter().find_map(|times| {
            let larger = (0..axes).map(|axis| order.spatial(axis)).try_fold(self.shape, |shape, place| {
                Some(shape.with(place, Size::Number(shape.size(place).number()?.checked_mul(times)?)))
            })?;
            let edits = vec![Edit::Input { input: self.input, shape: larger }];
            let holds = self.trial.run(&edits, &|left| known.accepts(left)).accepted;
            holds.then_some(Candidate { edits, cost: about })
        })
    }

    /// Whether the chain works on this axis with that number of rows. Other axes are ignored.
    fn works(&mut self, axis: usize, rows: i64) -> bool {
        let order = self.trial.graph.order();
        let mut shape = self.shape;
        for other in 0..shape.rank() - 1 {
            let size = if other == axis { Size::Number(rows) } else { Size::Unknown };
            shape = shape.with(order.spatial(other), size);
        }
        self.holds(shape)
    }

    fn holds(&mut self, shape: Shape) -> bool {
        let (problem, known, old) = (self.problem, self.known, self.shape);
        let declared: Vec<Shape> = self.trial.graph.outputs.iter().map(|output| visible(&output.shape)).collect();
        let strictly = matches!(problem, Problem::Output { .. });
        let order = self.trial.graph.order();
        let accepts = |left: &Problem| match left {
            Problem::Output { output, found } => {
                known.accepts(left) || follows(order, &old, &shape, &declared[*output], found, strictly)
            }
            _ => known.accepts(left),
        };
        self.trial.run(&[Edit::Input { input: self.input, shape }], &accepts).accepted
    }

    /// The nearest sizes below and above that work.
    fn around(&mut self, axis: usize, rows: i64) -> (Option<i64>, Option<i64>) {
        let reach = (2 * self.period(axis, rows)).clamp(REACH, FARTHEST);
        let (mut below, mut above) = (None, None);
        for step in 1..=reach {
            if above.is_none() && self.works(axis, rows + step) {
                above = Some(self.rounder(axis, rows + step, 1));
            }
            if below.is_none() && rows > step && self.works(axis, rows - step) {
                below = Some(self.rounder(axis, rows - step, -1));
            }
            if (below.is_some() || rows <= step) && above.is_some() || self.trial.is_spent() {
                break;
            }
        }
        if below.is_none() && above.is_none() {
            let mut usual = USUAL;
            usual.sort_by_key(|size| size.abs_diff(rows));
            let works = usual.into_iter().find(|size| !self.trial.is_spent() && self.works(axis, *size));
            return (works.filter(|size| *size < rows), works.filter(|size| *size > rows));
        }
        (below, above)
    }

    /// The multiple of a power of two to which the strides round an odd size, `up` or down.
    fn rounder(&mut self, axis: usize, rows: i64, up: i64) -> i64 {
        if rows % 4 == 0 {
            return rows;
        }
        let period = self.period(axis, rows);
        let multiples = [32, 16, 8, 4].into_iter().filter(|by| *by <= period);
        let next = multiples.map(|by| if up > 0 { rows.saturating_add(by - 1) / by * by } else { rows / by * by });
        let near: Vec<i64> = next.filter(|next| next.abs_diff(rows) < period.unsigned_abs() && *next > 0).collect();
        near.into_iter().find(|next| self.works(axis, *next)).unwrap_or(rows)
    }

    /// The product of the strides on one axis, as far as the sizes reveal it.
    fn period(&self, axis: usize, rows: i64) -> i64 {
        let order = self.trial.graph.order();
        let sizes = self.trial.checked.shapes.iter().flatten().filter(|shape| shape.rank() == self.shape.rank());
        let sizes = sizes.filter_map(|shape| shape.size(order.spatial(axis)).number()).filter(|size| *size > 1);
        sizes.map(|size| rows / size).max().unwrap_or(1).max(1)
    }

    /// Sizes that only matter together, for example before a `Flatten`: a square stays a square.
    fn square(&mut self, axes: usize) -> Option<Shape> {
        let order = self.trial.graph.order();
        let rows = self.shape.size(order.spatial(0)).number().filter(|_| axes > 0)?;
        if (1..axes).any(|axis| !self.shape.size(order.spatial(axis)).same(Size::Number(rows))) {
            return None;
        }
        let near = (1..=REACH).flat_map(|step| [rows + step, rows - step]).filter(|size| *size > 0);
        let mut usual = if matches!(self.problem, Problem::Output { .. }) { Vec::new() } else { USUAL.to_vec() };
        usual.sort_by_key(|size| size.abs_diff(rows));
        for size in near.chain(usual) {
            let all = (0..axes).fold(self.shape, |shape, axis| shape.with(order.spatial(axis), Size::Number(size)));
            if self.holds(all) {
                let period = self.period(0, size).unsigned_abs();
                let other = USUAL.into_iter().filter(|usual| usual.abs_diff(size) < period);
                let other = other
                    .min_by_key(|usual| (usual.unsigned_abs() % period.max(1) > 0, usual.abs_diff(size)))
                    .map(|usual| {
                        (0..axes).fold(self.shape, |shape, axis| shape.with(order.spatial(axis), Size::Number(usual)))
                    });
                return Some(other.filter(|usual| self.holds(*usual)).unwrap_or(all));
            }
            if self.trial.is_spent() {
                break;
            }
        }
        None
    }

    /// The input with the outputs that follow from it.
    fn tied(&mut self, shape: Shape) -> Option<Vec<Edit>> {
        let edit = Edit::Input { input: self.input, shape };
        let known = self.known;
        let accepts = |left: &Problem| known.accepts(left) || matches!(left, Problem::Output { .. });
        let outcome = self.trial.run(std::slice::from_ref(&edit), &accepts);
        let mut edits = vec![edit];
        for left in &outcome.left {
            if let Problem::Output { output, found } = left
                && !known.accepts(left)
            {
                edits.push(Edit::Output { output: *output, shape: *found });
            }
        }
        outcome.accepted.then_some(edits)
    }
}

/// Whether a changed output follows from a changed input: their ratio or their difference stays the same. Unless
/// `strictly`, an output without an integer ratio to the input may become anything.
pub(super) fn follows(
    order: AxisOrder,
    old: &Shape,
    new: &Shape,
    declared: &Shape,
    found: &Shape,
    strictly: bool,
) -> bool {
    if declared.rank() != found.rank() {
        return false;
    }
    let channel = order.channel(declared.rank());
    (0..declared.rank()).all(|place| {
        let (declared, found) = (declared.size(place), found.size(place));
        if declared.fits(found) {
            return true;
        }
        if place == channel || old.rank() != new.rank() {
            return false;
        }
        let sizes = (declared.number(), found.number(), old.size(place).number(), new.size(place).number());
        let (Some(declared), Some(found), Some(old), Some(new)) = sizes else { return !strictly };
        let ratio = declared.checked_mul(new).is_some_and(|product| Some(product) == found.checked_mul(old));
        let whole = declared > 0 && old > 0 && (declared % old == 0 || old % declared == 0);
        // Of rows that borders take, not of those that strides do.
        let difference = declared.saturating_sub(old) == found.saturating_sub(new) && declared.saturating_mul(2) >= old;
        ratio || difference || !strictly && !whole
    })
}

/// Sizes `a*h + b` with a different remainder, or with a multiple of `a`.
pub(super) fn other_forms(trial: &mut Trial, known: &OtherProblems) -> Vec<Candidate> {
    const MULTIPLES: [i64; 12] = [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64];
    let mut found = Vec::new();
    for input in 0..trial.graph.inputs.len() {
        let shape = trial.graph.inputs[input].shape;
        let order = trial.graph.order();
        let mut best = shape;
        for axis in 0..shape.rank().saturating_sub(1) {
            let place = order.spatial(axis);
            let Size::Symbolic { scale, symbol, offset } = shape.size(place) else { continue };
            let forms = MULTIPLES.iter().flat_map(|multiple| {
                let scale = scale.saturating_mul(*multiple);
                let remainders =
                    [offset].into_iter().chain((0..scale.min(REACH)).filter(move |other| *other != offset));
                remainders.map(move |offset| Size::Symbolic { scale, symbol, offset })
            });
            let open = |form: Size| {
                (0..shape.rank() - 1).fold(shape, |shape, other| {
                    shape.with(order.spatial(other), if other == axis { form } else { Size::Unknown })
                })
            };
            let works = |trial: &mut Trial, form: Size| {
                let accepts = |left: &Problem| known.accepts(left) || matches!(left, Problem::Output { .. });
                trial.run(&[Edit::Input { input, shape: open(form) }], &accepts).accepted
            };
            // The simplest form that works.
            for form in forms {
                if works(trial, form) {
                    best = best.with(place, form);
                    break;
                }
                if trial.is_spent() {
                    break;
                }
            }
        }
        if best != shape {
            let edit = Edit::Input { input, shape: best };
            let accepts = |left: &Problem| known.accepts(left) || matches!(left, Problem::Output { .. });
            let outcome = trial.run(std::slice::from_ref(&edit), &accepts);
            let mut edits = vec![edit];
            for left in outcome.left {
                if let Problem::Output { output, found } = left {
                    edits.push(Edit::Output { output, shape: found });
                }
            }
            found.push(Candidate { edits, cost: 10 });
        }
    }
    found
}

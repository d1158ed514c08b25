//! Missing and mistaken layers: a permutation, a mean over space, a crop before two values are joined, or the same
//! layer for a different number of axes.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{Axes, Axis, AxisOrder, Conv, Dialect, Op, Pieces, Pool, PoolKind, RecurrentOutput, Source};
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::size::Size;
use convshape_arith::solve::AxisField;

use super::Edit;
use super::candidates::{Candidates, ancestors, blamed};
use super::edit::{can_fit, can_insert, can_remove};
use super::refused::without_the_batch;
use crate::check::{Checked, Fitting, Problem, fitted};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Recipe, ValueId};
use crate::words::with_rank;

/// How many layers before a mistake are tried with a join along another axis.
const MOST_LAYERS: usize = 8;

pub(super) fn edits(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    if let Problem::Layer { node, op, inputs, fault } = problem {
        one_too_many(graph, checked, *node, op, &fault.reason, found);
        by_reason(graph, checked, *node, op, inputs, &fault.reason, found);
    }
    joins(graph, checked, problem, found);
    patches(graph, checked, problem, found);
    sources_of_other_rank(graph, checked, problem, found);
    last_step(graph, checked, problem, found);
    if let Problem::Output { output, found: gives } = problem
        && gives.rank() == 1
        && graph.outputs[*output].shape.rank() == 2
    {
        all_outputs(graph, checked, &blamed(graph, problem), found);
    }
    reshapes(graph, checked, problem, found);
    orders(graph, checked, problem, found);
    reductions(graph, checked, problem, found);
    if let Problem::Layer { node, .. } = problem {
        last_first(graph, *node, found);
    }
}

/// Edits for the reason why a layer is rejected.
fn by_reason(
    graph: &Graph,
    checked: &Checked,
    node: NodeId,
    op: &Op,
    inputs: &[Shape],
    reason: &Reason,
    found: &mut Candidates,
) {
    match *reason {
        Reason::Rank { found: comes, .. } | Reason::NamedRank { found: comes, .. } => {
            if super::inputs::is_of_axis(graph, node) {
                let all = (0..graph.nodes.len()).filter(|other| super::inputs::is_of_axis(graph, *other));
                found.push(all.filter_map(super::inputs::last_axis).collect(), 3);
            }
            if let Some(edit) = renamed(graph, node, &comes) {
                found.push(vec![edit], 6);
            }
            with_other_values(graph, node, op, &comes, found);
            squeezed(graph, node, &comes, found);
            reshaped(graph, node, &comes, found);
            unflattened(graph, checked, node, op, &comes, found);
            all_outputs(graph, checked, &graph.nodes[node].inputs, found);
        }
        Reason::Features { expected, found: comes } => {
            features(graph, node, op, &comes, expected, found);
            flattened_in_part(graph, checked, node, found);
            not_pooled(graph, checked, node, expected, found);
            tokens_pooled(graph, checked, node, expected, found);
        }
        Reason::NotFixed { .. } if *op == Op::FLATTEN && can_insert(graph, node, 0) => {
            // Sizes that are known only at run time can be averaged.
            let ops = vec![Op::GlobalPool { kind: PoolKind::Avg, keep_axes: graph.dialect == Dialect::Onnx }];
            found.push(vec![Edit::Insert { node, operand: 0, ops }], 8);
        }
        Reason::Axis { axis: Axis::At(at), found: comes } => counted_with_the_batch(graph, node, op, at, &comes, found),
        Reason::TokenFeatures { expected, found: comes, .. } => {
            features(graph, node, op, &comes, expected, found);
            // The positions of a map become tokens.
            if comes.size(graph.order().channel(comes.rank())).fits(Size::Number(expected)) {
                steps(graph, checked, node, op, &comes, found);
            }
        }
        Reason::NormShape { expected, found: comes } if expected.rank() == 1 => {
            reordered(graph, node, &comes, expected.size(0), Turned::Back, found);
        }
        Reason::Channels { expected, .. } => {
            turned_for_a_while(graph, node, expected, &inputs[0], found);
            reordered(graph, node, &inputs[0], Size::Number(expected), Turned::Front, found);
        }
        Reason::EqualPieces { size: Size::Number(size), count, .. } => {
            widened(graph, checked, node, Some(size), count, found)
        }
        Reason::Heads { .. } => {
            // Queries, keys and values at once: as many features each as come in.
            for above in graph.nodes[node].inputs.iter().filter_map(|value| graph.producer(*value)) {
                if let Some(Op::Split { pieces: Pieces::Equal { count }, .. }) = checked.ops[above] {
                    widened(graph, checked, above, None, count, found);
                }
            }
        }
        Reason::Steps { found: comes } => {
            all_outputs(graph, checked, &graph.nodes[node].inputs, found);
            steps(graph, checked, node, op, &comes, found);
        }
        Reason::Tokens { operand: 0, found: comes, .. } => steps(graph, checked, node, op, &comes, found),
        Reason::FirstState { expected, found: given, .. } => {
            first_states(graph, node, op, &expected, &given, found);
        }
        Reason::Join { operand, axis: None, first, other } if matches!(op, Op::Concat { .. }) => {
            reduced_away(graph, node, found);
            flattened(graph, node, [(operand, &other), (1 - operand.min(1), &first)], found);
        }
        Reason::Join { operand, axis: None, first, other } => {
            reduced_away(graph, node, found);
            for (operand, map, rows) in [(operand, &other, &first), (1 - operand.min(1), &first, &other)] {
                let fits = map.rank() > 2 && rows.rank() == 2 && map.size(0).fits(rows.size(1));
                if fits && graph.order() == AxisOrder::ChannelsFirst && can_insert(graph, node, operand) {
                    tokens(node, operand, map, found);
                }
            }
        }
        Reason::Join { operand, axis: Some(place), first, other } => {
            permuted(graph, node, [(1 - operand.min(1), &first), (operand, &other)], found);
            of_sources(graph, checked, node, [&first, &other], found);
            let channels = place == graph.order().channel(first.rank());
            if graph.nodes[node].inputs.len() == 2 && !channels {
                fits(graph, node, [(1 - operand, &first), (operand, &other)], found);
            }
        }
        _ => {}
    }
}

/// A layer that should not be there: a pooling of what is small already, a `Flatten` of a vector or before a layer that
/// takes a map, a `Permute` of what was in order.
fn one_too_many(graph: &Graph, checked: &Checked, node: NodeId, op: &Op, reason: &Reason, found: &mut Candidates) {
    let mut remove = |node: NodeId, cost: u32| {
        if can_remove(graph, node) {
            found.push(vec![Edit::Removed { node }], cost);
        }
    };
    match (reason, op) {
        (Reason::KernelTooLarge { .. } | Reason::EmptyOutput { .. }, Op::Pool(_)) => remove(node, 12),
        (Reason::Rank { .. }, Op::Pool(_) | Op::GlobalPool { .. } | Op::AdaptivePool { .. }) => remove(node, 14),
        (Reason::Axis { .. }, Op::Flatten { .. }) => remove(node, 4),
        _ => {}
    }
    let Some(above) = graph.nodes[node].inputs.first().and_then(|value| graph.shaper(*value)) else { return };
    match (reason, checked.ops[above]) {
        (Reason::Rank { .. }, Some(Op::Flatten { .. } | Op::GlobalPool { .. }))
        | (Reason::Channels { .. } | Reason::Features { .. } | Reason::NormShape { .. }, Some(Op::Permute { .. })) => {
            remove(above, 4);
        }
        _ => {}
    }
}

/// Layers that are undone in the wrong order.
fn last_first(graph: &Graph, node: NodeId, found: &mut Candidates) {
    let pooling = match graph.nodes[node].recipe {
        Recipe::Undo { .. } => false,
        Recipe::Unpool { .. } => true,
        _ => return,
    };
    let undoes = |node: NodeId| match graph.nodes[node].recipe {
        Recipe::Undo { of, .. } if !pooling && graph.nodes[node].writing.block.is_none() => Some((node, of)),
        Recipe::Unpool { of } if pooling && graph.nodes[node].writing.block.is_none() => Some((node, of)),
        _ => None,
    };
    let now: Vec<(NodeId, NodeId)> = (0..graph.nodes.len()).filter_map(undoes).collect();
    let mut order: Vec<NodeId> = now.iter().map(|(_, of)| *of).collect();
    order.sort_unstable_by_key(|of| std::cmp::Reverse(*of));
    let changed = now.iter().zip(&order).filter(|((_, of), meant)| of != *meant);
    let edits: Vec<Edit> = changed.map(|((node, _), of)| Edit::Undo { node: *node, of: *of }).collect();
    if (2..=MOST_LAYERS).contains(&edits.len()) {
        found.push(edits, 2);
    }
}

/// The layer for the input's number of axes. Values per axis would not fit it.
pub(super) fn renamed(graph: &Graph, node: NodeId, comes: &Shape) -> Option<Edit> {
    // A vector is normalised by the layer for one axis.
    let rank = comes.rank().checked_sub(1).map(|rank| rank.max(1)).filter(|rank| (1..=3).contains(rank))?;
    let node_there = &graph.nodes[node];
    let word = node_there.spans.op.to_string();
    let other = with_rank(&word, rank);
    (other != word && !node_there.writing.per_axis).then_some(Edit::Renamed { node, rank })
}

/// The layer of the same kind for as many axes as the input has, with as many numbers in each of its fields.
fn with_other_values(graph: &Graph, node: NodeId, op: &Op, comes: &Shape, found: &mut Candidates) {
    let there = &graph.nodes[node];
    let Some(rank) = comes.rank().checked_sub(1).filter(|rank| (1..=3).contains(rank)) else { return };
    let (Op::Conv(Conv { rank: now, .. }) | Op::Pool(Pool { rank: now, .. })) = *op else { return };
    if !there.writing.per_axis || rank == now {
        return;
    }
    let mut edits = vec![Edit::Renamed { node, rank }];
    for field in [AxisField::Kernel, AxisField::Stride, AxisField::Padding, AxisField::OutputPadding] {
        let written = there.spans.fields.iter().any(|(name, _)| *name == field.name());
        let Some(mut values) = op.axis_field(field).filter(|_| written) else { continue };
        // Axes that go are the first ones, such as time or depth; a new axis gets the numbers of the last.
        if rank < now {
            values.rotate_left(now - rank);
        } else {
            let last = values[now - 1];
            values[now..rank].fill(last);
        }
        edits.push(Edit::Field { node, field: field.name(), setting: Setting::ints(values, rank) });
    }
    // If its name is for any number of axes, only these values are wrong.
    let named = there.spans.op != with_rank(&there.spans.op.to_string(), rank);
    found.push(edits, if named { 6 } else { 3 });
}

/// This many times the features from the dense layer before a `Split`, as for queries, keys and values at once: of a
/// given number, or of what comes in.
fn widened(graph: &Graph, checked: &Checked, node: NodeId, each: Option<i64>, count: i64, found: &mut Candidates) {
    let Some(above) = graph.producer(graph.nodes[node].inputs[0]) else { return };
    let comes = checked.shape(graph.nodes[above].inputs[0]).and_then(|shape| shape.sizes().last().copied());
    if let (Some(Op::Linear { .. }), Some(Size::Number(inputs))) = (graph.given(above), comes)
        && let Some(outputs) = each.unwrap_or(inputs).checked_mul(count)
    {
        found.push(vec![Edit::Channels { node: above, inputs, outputs }], 8);
    }
}

/// An axis of size 1 more or less in the `Reshape` before a layer.
fn reshaped(graph: &Graph, node: NodeId, comes: &Shape, found: &mut Candidates) {
    let above = graph.shaper(graph.nodes[node].inputs[0]);
    let Some(above) = above.filter(|above| matches!(graph.given(*above), Some(Op::Reshape { .. }))) else { return };
    let rank = comes.rank();
    let sized = |sizes: &[Size]| Shape::new(sizes, comes.scope());
    let channel = graph.order().channel(rank + 1);
    if rank < MAX_RANK {
        let mut more = comes.sizes().to_vec();
        more.insert(channel, Size::Number(1));
        found.push(vec![Edit::Reshape { node: above, shape: sized(&more) }], 5);
    }
    for axis in (0..rank).filter(|axis| comes.size(*axis).same(Size::Number(1)) && rank > 1) {
        let mut fewer = comes.sizes().to_vec();
        fewer.remove(axis);
        found.push(vec![Edit::Reshape { node: above, shape: sized(&fewer) }], 5);
    }
}

/// An axis of size 1 that the layer does not expect, merged with the one before it.
fn squeezed(graph: &Graph, node: NodeId, comes: &Shape, found: &mut Candidates) {
    let wanted = match graph.given(node) {
        Some(Op::Conv(conv)) => conv.rank + 1,
        Some(Op::Pool(pool)) => pool.rank + 1,
        Some(Op::SeparableConv(separable)) => separable.depthwise.rank + 1,
        _ => return,
    };
    if comes.rank() != wanted + 1
        || !can_insert(graph, node, 0)
        || graph.producer(graph.nodes[node].inputs[0]).is_none()
    {
        return;
    }
    let channel = graph.order().channel(comes.rank());
    for axis in (0..comes.rank()).filter(|axis| *axis != channel && comes.size(*axis).same(Size::Number(1))) {
        let from = axis.saturating_sub(1);
        let at = |axis: usize| Axis::At(i64::try_from(axis).unwrap_or(0));
        let ops = vec![Op::Flatten { from: at(from), to: at(from + 1) }];
        found.push(vec![Edit::Insert { node, operand: 0, ops }], 5);
    }
}

/// A vector that a layer with spatial axes reads: its shape before it was flattened, or a square, is missing.
fn unflattened(graph: &Graph, checked: &Checked, node: NodeId, op: &Op, comes: &Shape, found: &mut Candidates) {
    let order = graph.order();
    let (rank, channels) = match op {
        Op::Conv(conv) => (conv.rank, conv.inputs),
        Op::SeparableConv(separable) => (separable.depthwise.rank, separable.depthwise.inputs),
        Op::Pool(pool) => (pool.rank, None),
        _ => return,
    };
    let (1, Ok(Size::Number(elements))) = (comes.rank(), comes.elements()) else { return };
    let made = graph.producer(graph.nodes[node].inputs[0]).is_some();
    if !made || !can_insert(graph, node, 0) {
        return;
    }
    let fits = |shape: &Shape| {
        let counted =
            channels.is_none_or(|channels| shape.size(order.channel(shape.rank())).fits(Size::Number(channels)));
        shape.rank() == rank + 1 && shape.elements() == Ok(Size::Number(elements)) && counted
    };
    let before = checked.shapes[..graph.value(node)].iter().rev().flatten().copied().filter(fits);
    let square = channels.filter(|channels| *channels > 0 && elements % channels == 0).map(|channels| {
        let positions = elements / channels;
        let side = if rank == 1 { positions } else { positions.isqrt() };
        let mut sizes = vec![Size::Number(side); rank + 1];
        sizes[order.channel(rank + 1)] = Size::Number(channels);
        Shape::new(&sizes, comes.scope())
    });
    for (shape, nth) in before.take(2).chain(square.filter(fits)).zip(0..) {
        found.push(vec![Edit::Insert { node, operand: 0, ops: vec![Op::Reshape { shape }] }], 6 + nth);
    }
}

/// A `Flatten` that leaves an axis out, before a layer that takes all elements.
fn flattened_in_part(graph: &Graph, checked: &Checked, node: NodeId, found: &mut Candidates) {
    let Some(above) = graph.nodes[node].inputs.first().and_then(|value| graph.producer(*value)) else { return };
    let (Some(Op::Flatten { from, .. }), Some(first)) = (checked.ops[above], Axes::of(&[Axis::At(0)])) else { return };
    if from != Axis::At(0) && graph.nodes[above].writing.takes("from") {
        found.push(vec![Edit::Field { node: above, field: "from", setting: Setting::Axes(first) }], 6);
    }
}

/// A flattened map, of which the layer takes the channels: a mean over space is missing.
fn not_pooled(graph: &Graph, checked: &Checked, node: NodeId, features: i64, found: &mut Candidates) {
    let Some(flatten) = graph.nodes[node].inputs.first().and_then(|value| graph.producer(*value)) else { return };
    let Some(comes) = checked.shape(graph.nodes[flatten].inputs[0]) else { return };
    let maps = comes.rank() > 1 && comes.size(graph.order().channel(comes.rank())).fits(Size::Number(features));
    if checked.ops[flatten] == Some(Op::FLATTEN) && maps && can_insert(graph, flatten, 0) {
        let ops = vec![Op::GlobalPool { kind: PoolKind::Avg, keep_axes: graph.dialect == Dialect::Onnx }];
        found.push(vec![Edit::Insert { node: flatten, operand: 0, ops }], 14);
    }
}

/// Tokens whose features should be pooled: the pooling uses the last axis.
fn tokens_pooled(graph: &Graph, checked: &Checked, node: NodeId, features: i64, found: &mut Candidates) {
    let Some(pool) = graph.nodes[node].inputs.first().and_then(|value| graph.producer(*value)) else { return };
    let Some(Op::GlobalPool { .. }) = checked.ops[pool] else { return };
    let Some(comes) = checked.shape(graph.nodes[pool].inputs[0]) else { return };
    if graph.order() == AxisOrder::ChannelsFirst
        && comes.rank() == 2
        && comes.size(1).fits(Size::Number(features))
        && can_insert(graph, pool, 0)
        && let Some(axes) = Axes::of(&[Axis::At(1), Axis::At(0)])
    {
        let ops = vec![Op::Permute { axes, swap: false }];
        found.push(vec![Edit::Insert { node: pool, operand: 0, ops }], 7);
    }
}

/// Other axes for a layer that takes one too far: the batch was counted, or another one was meant.
fn counted_with_the_batch(graph: &Graph, node: NodeId, op: &Op, at: i64, comes: &Shape, found: &mut Candidates) {
    let set = |node: NodeId, field: &'static str, axes: Axes| Edit::Field { node, field, setting: Setting::Axes(axes) };
    let takes = |field: &&'static str| graph.nodes[node].writing.takes(field);
    let rank = i64::try_from(comes.rank()).unwrap_or(0);
    if let Op::Permute { axes: now, swap: true } = op {
        let counted = now.as_slice().iter().map(without_the_batch).collect::<Option<Vec<Axis>>>();
        let pairs = (0..rank).flat_map(|one| (one + 1..rank).map(move |other| vec![Axis::At(one), Axis::At(other)]));
        for (axes, cost) in counted.into_iter().map(|axes| (axes, 4)).chain(pairs.map(|pair| (pair, 10))) {
            found.push(Axes::of(&axes).into_iter().map(|axes| set(node, "axes", axes)).collect(), cost);
        }
        return;
    }
    for (other, nth) in (0..rank).rev().zip(0..) {
        for field in ["axis", "axes", "from"].into_iter().filter(takes) {
            found.push(Axes::of(&[Axis::At(other)]).into_iter().map(|axes| set(node, field, axes)).collect(), 12 + nth);
        }
    }
    let before = Some(at - 1).filter(|before| at == rank && *before >= 0);
    let Some(axes) = before.and_then(|at| Axes::of(&[Axis::At(at)])) else { return };
    for field in ["axis", "axes"].into_iter().filter(takes) {
        found.push(vec![set(node, field, axes)], 6);
    }
    // Who counts the batch does so everywhere.
    let counts = |other: &NodeId| matches!(graph.given(*other), Some(Op::Concat { axis: Axis::At(of) }) if of == at);
    let edits: Vec<Edit> = (0..graph.nodes.len()).filter(counts).map(|other| set(other, "axis", axes)).collect();
    if edits.len() > 1 {
        found.push(edits, 5);
    }
}

/// The required shape in an earlier `Reshape`, if it has the same number of elements.
fn reshapes(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    let wanted = match problem {
        Problem::Layer { fault: Fault { reason: Reason::Join { first, other, .. }, .. }, .. } => vec![*first, *other],
        Problem::Output { output, .. } => vec![graph.outputs[*output].shape],
        _ => return,
    };
    for (node, distance) in ancestors(graph, &blamed(graph, problem), MOST_LAYERS) {
        let Some(Op::Reshape { shape: now }) = graph.given(node) else { continue };
        for shape in wanted.iter().filter(|shape| **shape != now && shape.is_known()) {
            if checked.ops[node].is_some() && shape.elements() == now.elements() {
                found.push(vec![Edit::Reshape { node, shape: *shape }], 6 + distance);
            }
        }
    }
}

/// The layers that turn a feature map, or a flattened one, into `[length, features]`.
fn steps(graph: &Graph, checked: &Checked, node: NodeId, op: &Op, comes: &Shape, found: &mut Candidates) {
    let flatten = |from: i64, to: i64| Op::Flatten { from: Axis::At(from), to: Axis::At(to) };
    let permute = |axes: &[i64]| {
        let axes: Vec<Axis> = axes.iter().copied().map(Axis::At).collect();
        Axes::of(&axes).map(|axes| Op::Permute { axes, swap: false })
    };
    // A flattened map has no steps left.
    if let (1, Some(above)) = (comes.rank(), graph.nodes[node].inputs.first().and_then(|value| graph.producer(*value)))
        && matches!(checked.ops[above], Some(Op::Flatten { .. }))
        && matches!(graph.nodes[above].recipe, Recipe::Given(_))
    {
        if can_remove(graph, above) {
            found.push(vec![Edit::Removed { node: above }], 6);
        }
        // The rows, or the columns, stay as steps.
        let rows = Axes::of(&[Axis::At(1)]).map(|axes| Edit::Field {
            node: above,
            field: "from",
            setting: Setting::Axes(axes),
        });
        let front = permute(&[2, 0, 1]).filter(|_| graph.order() == AxisOrder::ChannelsFirst);
        let columns_first = front.map(|op| Edit::Insert { node: above, operand: 0, ops: vec![op] });
        if graph.nodes[above].writing.takes("from") {
            found.push(rows.into_iter().chain(columns_first).collect(), 7);
        }
    }
    if !can_insert(graph, node, 0) || graph.nodes[node].inputs.len() != 1 {
        return;
    }
    // A vector is one step.
    if comes.rank() == 1 && matches!(op, Op::Recurrent(_)) {
        let shape = Shape::new(&[Size::Number(1), comes.size(0)], comes.scope());
        found.push(vec![Edit::Insert { node, operand: 0, ops: vec![Op::Reshape { shape }] }], 9);
    }
    let positions = matches!(op, Op::MultiHead(_) | Op::Attention { .. });
    let forms: Vec<Vec<Option<Op>>> = match (graph.order(), comes.rank()) {
        // The positions become tokens; the columns or rows become steps.
        (AxisOrder::ChannelsFirst, 3) => vec![
            vec![Some(flatten(1, -1)), permute(&[1, 0])],
            vec![Some(flatten(0, 1)), permute(&[1, 0])],
            vec![permute(&[1, 0, 2]), Some(flatten(1, -1))],
            vec![Some(flatten(1, -1))],
        ],
        (AxisOrder::ChannelsFirst, 4) => {
            vec![vec![Some(flatten(1, -1)), permute(&[1, 0])], vec![Some(flatten(1, -1))]]
        }
        (AxisOrder::ChannelsLast, 3 | 4) if positions => vec![vec![Some(flatten(0, -2))]],
        (AxisOrder::ChannelsLast, 3 | 4) => vec![vec![Some(flatten(1, -1))], vec![Some(flatten(0, -2))]],
        _ => Vec::new(),
    };
    for (form, nth) in forms.into_iter().zip(0..) {
        if let Some(ops) = form.into_iter().collect::<Option<Vec<Op>>>() {
            found.push(vec![Edit::Insert { node, operand: 0, ops }], 6 + 2 * nth);
        }
    }
}

/// A map, or a sequence, as a vector where it is joined to one: all its elements, or their means.
fn flattened(graph: &Graph, node: NodeId, sides: [(usize, &Shape); 2], found: &mut Candidates) {
    let [a, b] = sides;
    let mean = Op::GlobalPool { kind: PoolKind::Avg, keep_axes: graph.dialect == Dialect::Onnx };
    for ((operand, shape), other) in [(a, b.1), (b, a.1)] {
        if shape.rank() > 1 && other.rank() == 1 && can_insert(graph, node, operand) {
            for (op, cost) in [(Op::FLATTEN, 6), (mean, 7)] {
                found.push(vec![Edit::Insert { node, operand, ops: vec![op] }], cost);
            }
        }
    }
}

/// The axis that an operand lost in a mean or sum, kept with size 1.
fn reduced_away(graph: &Graph, node: NodeId, found: &mut Candidates) {
    for above in graph.nodes[node].inputs.iter().filter_map(|value| graph.shaper(*value)) {
        if matches!(graph.given(above), Some(Op::Reduce { keep: false, .. })) {
            let keep = Edit::Field { node: above, field: "keep", setting: Setting::Bool(true) };
            found.push(vec![keep], 5);
        }
    }
}

/// A parameter or constant with the shape of the value that it is combined with.
fn of_sources(graph: &Graph, checked: &Checked, node: NodeId, sides: [&Shape; 2], found: &mut Candidates) {
    for value in &graph.nodes[node].inputs {
        let Some(above) = graph.producer(*value) else { continue };
        if !matches!(graph.given(above), Some(Op::Source { of: Source::Parameter { .. }, .. })) {
            continue;
        }
        let Some(now) = checked.shape(*value) else { continue };
        for shape in sides.into_iter().filter(|shape| shape.rank() == now.rank()) {
            // An axis of size 1 is meant to broadcast.
            let stretched = (0..now.rank()).filter(|axis| now.size(*axis).same(Size::Number(1)));
            let shape = stretched.fold(*shape, |shape, axis| shape.with(axis, Size::Number(1)));
            found.push(vec![Edit::Reshape { node: above, shape }], 6);
        }
    }
}

/// A parameter with the other operand's number of axes: PyTorch's parameters often have a batch axis.
fn sources_of_other_rank(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    for (node, distance) in ancestors(graph, &blamed(graph, problem), MOST_LAYERS) {
        let joins = matches!(
            checked.ops[node],
            Some(Op::Add | Op::Mul | Op::Sub | Op::Div | Op::Maximum | Op::Minimum | Op::Concat { .. })
        );
        if !joins {
            continue;
        }
        let [a, b] = graph.nodes[node].inputs[..] else { continue };
        for (value, other) in [(a, b), (b, a)] {
            let (Some(source), Some(now), Some(like)) =
                (graph.producer(value), checked.shape(value), checked.shape(other))
            else {
                continue;
            };
            let free = matches!(graph.given(source), Some(Op::Source { of: Source::Parameter { .. }, .. }));
            if free && now.rank() != like.rank() {
                let shapes = of_rank(&now, &like).into_iter().zip(0..);
                shapes.for_each(|(shape, nth)| {
                    found.push(vec![Edit::Reshape { node: source, shape }], 5 + nth + distance)
                });
            }
        }
    }
}

/// Shapes with as many axes as `like` that broadcast to it: leading axes of size 1 are removed and wrong sizes
/// replaced, or axes of size 1 inserted.
fn of_rank(now: &Shape, like: &Shape) -> Vec<Shape> {
    let one = |size: &Size| size.same(Size::Number(1));
    if let Some(surplus) = now.rank().checked_sub(like.rank()) {
        let (front, sizes) = now.sizes().split_at(surplus);
        if !front.iter().all(one) {
            return Vec::new();
        }
        let sizes = sizes.iter().zip(like.sizes());
        let sizes: Vec<Size> =
            sizes.map(|(size, wanted)| if one(size) || size.fits(*wanted) { *size } else { *wanted }).collect();
        return vec![Shape::new(&sizes, now.scope())];
    }
    let mut longer = vec![now.sizes().to_vec()];
    for _ in now.rank()..like.rank() {
        let put = |sizes: Vec<Size>| {
            (0..=sizes.len()).rev().map(move |at| {
                let mut sizes = sizes.clone();
                sizes.insert(at, Size::Number(1));
                sizes
            })
        };
        longer = longer.into_iter().flat_map(put).collect();
    }
    longer.retain(|sizes| sizes.iter().zip(like.sizes()).all(|(size, wanted)| one(size) || size.fits(*wanted)));
    longer.dedup();
    longer.iter().map(|sizes| Shape::new(sizes, now.scope())).collect()
}

/// Reorders the axes of an operand, if two values differ only in the order of their axes.
fn permuted(graph: &Graph, node: NodeId, sides: [(usize, &Shape); 2], found: &mut Candidates) {
    let [a, b] = sides;
    let joined = match graph.given(node) {
        Some(Op::Concat { axis }) => axis.index(a.1.rank(), graph.order()),
        _ => None,
    };
    for ((operand, shape), like) in [(a, b.1), (b, a.1)] {
        // The order of an input is given by the data.
        let above = graph.nodes[node].inputs.get(operand).and_then(|value| graph.producer(*value));
        let ordered = above.is_none_or(|above| matches!(graph.given(above), Some(Op::Permute { .. })));
        if ordered || !can_insert(graph, node, operand) {
            continue;
        }
        for axes in permutations(shape.rank()) {
            let mut sizes = axes.iter().map(|axis| shape.size(*axis)).zip(like.sizes()).enumerate();
            if sizes.all(|(at, (size, wanted))| joined == Some(at) || size.fits(*wanted)) {
                let axes: Vec<Axis> = axes.iter().filter_map(|axis| i64::try_from(*axis).ok()).map(Axis::At).collect();
                let Some(axes) = Axes::of(&axes) else { continue };
                let ops = vec![Op::Permute { axes, swap: false }];
                found.push(vec![Edit::Insert { node, operand, ops }], 7);
            }
        }
    }
}

/// Where a `Permute` brings the channels.
enum Turned {
    Front,
    Back,
}

/// The channels at the other end, where a layer takes them there.
fn reordered(graph: &Graph, node: NodeId, comes: &Shape, wanted: Size, to: Turned, found: &mut Candidates) {
    let rank = comes.rank();
    let (at, axes): (usize, Vec<usize>) = match to {
        Turned::Front => {
            (rank.saturating_sub(1), (rank.saturating_sub(1)..rank).chain(0..rank.saturating_sub(1)).collect())
        }
        Turned::Back => (0, (1..rank).chain([0]).collect()),
    };
    let first = graph.order() == AxisOrder::ChannelsFirst;
    let of_layer = graph.nodes[node].inputs.first().is_some_and(|value| graph.producer(*value).is_some());
    if !first || !of_layer || rank < 2 || !comes.size(at).fits(wanted) || !can_insert(graph, node, 0) {
        return;
    }
    let axes: Vec<Axis> = axes.into_iter().filter_map(|axis| i64::try_from(axis).ok()).map(Axis::At).collect();
    if let Some(axes) = Axes::of(&axes) {
        let ops = vec![Op::Permute { axes, swap: false }];
        found.push(vec![Edit::Insert { node, operand: 0, ops }], 7);
    }
    if matches!(to, Turned::Back) {
        tokens(node, 0, comes, found);
    }
}

/// The positions of a map as rows of features: `Flatten(from: 1); Permute(1, 0);`.
fn tokens(node: NodeId, operand: usize, comes: &Shape, found: &mut Candidates) {
    if comes.rank() > 2
        && let Some(axes) = Axes::of(&[Axis::At(1), Axis::At(0)])
    {
        let ops = vec![Op::Flatten { from: Axis::At(1), to: Axis::At(-1) }, Op::Permute { axes, swap: false }];
        found.push(vec![Edit::Insert { node, operand, ops }], 9);
    }
}

/// A different order for an earlier `Permute`.
fn orders(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    for (node, distance) in ancestors(graph, &blamed(graph, problem), MOST_LAYERS) {
        let Some(Op::Permute { axes: now, swap: false }) = checked.ops[node] else { continue };
        let leads = graph.nodes[node].spans.positional.is_some();
        if !leads || !matches!(graph.nodes[node].recipe, Recipe::Given(_)) {
            continue;
        }
        if can_remove(graph, node) {
            found.push(vec![Edit::Removed { node }], 6 + distance);
        }
        let rank = now.as_slice().len();
        for (axes, nth) in permutations(rank).into_iter().zip(0..) {
            let axes: Vec<Axis> = axes.iter().filter_map(|axis| i64::try_from(*axis).ok()).map(Axis::At).collect();
            if let Some(axes) = Axes::of(&axes).filter(|axes| *axes != now) {
                let edit = Edit::Field { node, field: "axes", setting: Setting::Axes(axes) };
                found.push(vec![edit], 7 + distance + nth / 2);
            }
        }
    }
}

/// Other axes for an earlier mean or sum: counted with or without the batch, or all positions.
fn reductions(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    for (node, distance) in ancestors(graph, &blamed(graph, problem), MOST_LAYERS) {
        let Some(Op::Reduce { axes: now, .. }) = graph.given(node) else { continue };
        let Some(comes) = checked.shape(graph.nodes[node].inputs[0]) else { continue };
        let moved = |by: i64| {
            let at = |axis: &Axis| match axis {
                Axis::At(at @ 0..) => at.checked_add(by).filter(|at| *at >= 0).map(Axis::At),
                _ => None,
            };
            now?.as_slice().iter().map(at).collect::<Option<Vec<Axis>>>()
        };
        let order = graph.order();
        let places = (0..comes.rank().saturating_sub(1)).filter_map(|axis| i64::try_from(order.spatial(axis)).ok());
        let places: Vec<Axis> = places.map(Axis::At).collect();
        let single = (0..comes.rank()).filter_map(|axis| i64::try_from(axis).ok()).map(|at| Some(vec![Axis::At(at)]));
        let others =
            [(moved(1), 6), (moved(-1), 7), (Some(places), 9)].into_iter().chain(single.map(|axis| (axis, 12)));
        for (axes, cost) in others {
            let axes = axes.as_deref().filter(|axes| !axes.is_empty()).and_then(Axes::of);
            if let Some(axes) = axes.filter(|axes| Some(*axes) != now) {
                let edit = Edit::Field { node, field: "axes", setting: Setting::Axes(axes) };
                found.push(vec![edit], cost + distance);
            }
        }
    }
}

/// The orders of some axes, beginning with rotations, by which frameworks usually differ.
fn permutations(rank: usize) -> Vec<Vec<usize>> {
    if !(2..=4).contains(&rank) {
        return Vec::new();
    }
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..rank {
        let longer = all.iter().flat_map(|front| {
            let open = (0..rank).filter(|axis| !front.contains(axis));
            open.map(|axis| front.iter().copied().chain([axis]).collect()).collect::<Vec<Vec<usize>>>()
        });
        all = longer.collect();
    }
    let turns = |axes: &Vec<usize>| (0..rank).all(|at| axes[at] == (axes[0] + at) % rank);
    all.retain(|axes| axes.iter().enumerate().any(|(at, axis)| at != *axis));
    all.sort_by_key(|axes| !turns(axes));
    all
}

/// The layer that moves the features to the last axis.
fn features(graph: &Graph, node: NodeId, op: &Op, comes: &Shape, wanted: i64, found: &mut Candidates) {
    let rank = comes.rank();
    if rank < 2 || !can_insert(graph, node, 0) {
        return;
    }
    let insert = |op: Op| vec![Edit::Insert { node, operand: 0, ops: vec![op] }];
    // What gives tokens has its features at the end already.
    let above = graph.nodes[node].inputs.first().and_then(|value| graph.shaper(*value));
    let tokens_come = above.and_then(|above| graph.given(above)).is_some_and(|op| {
        matches!(op, Op::Linear { .. } | Op::Attention(_) | Op::MultiHead(_) | Op::RecurrentOutput { .. })
    });
    let channels_first = graph.order() == AxisOrder::ChannelsFirst && !tokens_come;
    let one_row = comes.sizes()[1..].iter().all(|size| size.same(Size::Number(1)));
    if channels_first && comes.size(0).fits(Size::Number(wanted)) && !one_row {
        let last: Vec<Axis> = (1..rank).chain([0]).filter_map(|axis| i64::try_from(axis).ok()).map(Axis::At).collect();
        if let Some(axes) = Axes::of(&last) {
            found.push(insert(Op::Permute { axes, swap: false }), 8);
        }
        tokens(node, 0, comes, found);
        across_tokens(graph, node, comes, found);
        if !is_normed(graph, node) && (rank > 2 || !matches!(op, Op::Recurrent(_) | Op::MultiHead(_))) {
            let pool = Op::GlobalPool { kind: PoolKind::Avg, keep_axes: graph.dialect == Dialect::Onnx };
            found.push(insert(pool), 6);
        }
    }
    if let (Op::Linear { outputs, .. }, Ok(Size::Number(elements))) = (op, comes.elements())
        && elements != wanted
    {
        let flat = Edit::Channels { node, inputs: elements, outputs: *outputs };
        found.push(vec![Edit::Insert { node, operand: 0, ops: vec![Op::FLATTEN] }, flat], 14);
    }
}

/// Whether a layer reads tokens whose features were just normalised.
fn is_normed(graph: &Graph, node: NodeId) -> bool {
    let above = graph.nodes[node].inputs.first().and_then(|value| graph.producer(*value));
    matches!(above.and_then(|above| graph.given(above)),
        Some(Op::LayerNorm { size: Some(size), .. } | Op::RmsNorm { size: Some(size), .. }) if size.rank() == 1)
}

/// Tokens turned for layers over the tokens, and turned back where the result meets them again (MLP-Mixer).
fn across_tokens(graph: &Graph, node: NodeId, comes: &Shape, found: &mut Candidates) {
    let (2, Some(axes)) = (comes.rank(), Axes::of(&[Axis::At(1), Axis::At(0)])) else { return };
    let ops = vec![Op::Permute { axes, swap: false }];
    let mut value = graph.value(node);
    for _ in 0..MOST_LAYERS {
        let readers: Vec<NodeId> =
            (0..graph.nodes.len()).filter(|other| graph.nodes[*other].inputs.contains(&value)).collect();
        let [reader] = readers.as_slice() else { return };
        let read = &graph.nodes[*reader].inputs;
        if read.len() == 1 {
            value = graph.value(*reader);
            continue;
        }
        let Some(operand) = read.iter().position(|read| *read == value) else { return };
        if can_insert(graph, *reader, operand) {
            let before = |node: NodeId, operand: usize| Edit::Insert { node, operand, ops: ops.clone() };
            found.push(vec![before(node, 0), before(*reader, operand)], 7);
        }
        return;
    }
}

/// A convolution over a sequence that has its features last, before a layer that takes them so: turned for the
/// convolution, and turned back.
fn turned_for_a_while(graph: &Graph, node: NodeId, expected: i64, comes: &Shape, found: &mut Candidates) {
    let (2, AxisOrder::ChannelsFirst, Some(axes)) =
        (comes.rank(), graph.order(), Axes::of(&[Axis::At(1), Axis::At(0)]))
    else {
        return;
    };
    let convolves = matches!(graph.given(node), Some(Op::Conv(_)));
    if !convolves || !comes.size(1).same(Size::Number(expected)) || !can_insert(graph, node, 0) {
        return;
    }
    let turn = |node: NodeId| Edit::Insert { node, operand: 0, ops: vec![Op::Permute { axes, swap: false }] };
    let features_last = |node: &NodeId| {
        let op = graph.given(*node);
        matches!(op, Some(Op::Recurrent(_) | Op::Linear { .. } | Op::MultiHead(_))) && can_insert(graph, *node, 0)
    };
    let mut after = node + 1..graph.nodes.len();
    found.push(vec![turn(node)], 9);
    if let Some(back) = after.find(features_last) {
        found.push(vec![turn(node), turn(back)], 7);
    }
}

/// Another stride or kernel of the convolution whose positions became tokens, for as many tokens as another operand has.
fn patches(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    let Problem::Layer { node, fault: Fault { reason: Reason::Join { operand, first, other, .. }, .. }, .. } = problem
    else {
        return;
    };
    let values = &graph.nodes[*node].inputs;
    let leader = (0..values.len()).find(|index| index != operand).unwrap_or(0);
    let shaped = |value: ValueId| graph.shaper(value).map(|node| (node, graph.given(node)));
    for (value, wanted) in [(values[*operand], first), (values[leader], other)] {
        let (2, Some(tokens)) = (wanted.rank(), wanted.size(0).number()) else { continue };
        let Some((turn, Some(Op::Permute { .. }))) = shaped(value) else { continue };
        let Some((flat, Some(Op::Flatten { .. }))) = shaped(graph.nodes[turn].inputs[0]) else { continue };
        let Some((conv, Some(op @ Op::Conv(Conv { kernel, stride, rank: 2, .. })))) =
            shaped(graph.nodes[flat].inputs[0])
        else {
            continue;
        };
        let Some(input) = checked.shape(graph.nodes[conv].inputs[0]) else { continue };
        for (field, now, even, cost) in [(AxisField::Stride, stride, kernel, 6), (AxisField::Kernel, kernel, stride, 8)]
        {
            let gives = |rows: i64| {
                let changed = op.with_axis_field(field, 0, rows).with_axis_field(field, 1, rows);
                let output = changed.output(&[input], graph.order()).ok()?;
                (0..2)
                    .map(|axis| output.size(graph.order().spatial(axis)).number())
                    .try_fold(1, |all: i64, size| all.checked_mul(size?))
            };
            // Patches neither overlap nor leave gaps.
            let rows = even[0];
            if rows != now[0] && gives(rows) == Some(tokens) {
                found.push(
                    vec![Edit::Field { node: conv, field: field.name(), setting: Setting::ints([rows; 3], 2) }],
                    cost,
                );
            }
        }
    }
}

/// The last output of the earlier recurrent layer, if one is expected and all are passed on.
fn last_step(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    let Problem::Output { output, found: gives } = problem else { return };
    if gives.rank() != 2 || graph.outputs[*output].shape.rank() != 1 {
        return;
    }
    let above = ancestors(graph, &blamed(graph, problem), MOST_LAYERS);
    // All outputs, or the states of all layers.
    let all = |node: NodeId| match checked.ops[node] {
        Some(Op::RecurrentOutput { output, .. }) => !matches!(output, RecurrentOutput::Last),
        _ => false,
    };
    for (node, distance) in above.iter().copied().filter(|(node, _)| all(*node)) {
        if graph.nodes[node].writing.takes("return_sequences") {
            let setting = Setting::Bool(false);
            found.push(vec![Edit::Field { node, field: "return_sequences", setting }], 6 + distance);
            continue;
        }
        let value = graph.value(node);
        let reader = above.iter().map(|(reader, _)| *reader).find(|reader| graph.nodes[*reader].inputs == [value]);
        if let Some(reader) = reader.filter(|reader| can_insert(graph, *reader, 0)) {
            let last = Op::Slice { axis: Axis::At(0), start: -1, end: None };
            let ops = vec![last, Op::FLATTEN];
            found.push(vec![Edit::Insert { node: reader, operand: 0, ops }], 6 + distance);
        }
    }
}

/// All outputs of the earlier recurrent layer, if only the last is passed on.
fn all_outputs(graph: &Graph, checked: &Checked, values: &[ValueId], found: &mut Candidates) {
    for (above, distance) in ancestors(graph, values, MOST_LAYERS) {
        let last = matches!(checked.ops[above], Some(Op::RecurrentOutput { output: RecurrentOutput::Last, .. }));
        if last && graph.nodes[above].writing.takes("return_sequences") {
            let setting = Setting::Bool(true);
            found.push(vec![Edit::Field { node: above, field: "return_sequences", setting }], 6 + distance);
        }
    }
}

/// Initial states as a recurrent layer takes them, or a layer with that number of features.
fn first_states(graph: &Graph, node: NodeId, op: &Op, expected: &Shape, given: &Shape, found: &mut Candidates) {
    // As many layers as the states are of.
    if let (Op::Recurrent(layer), [Size::Number(states), _]) = (op, given.sizes())
        && let Some(Size::Number(now @ 1..)) = expected.sizes().first()
        && let layers = states * layer.layers / now
        && layers > 0
        && graph.nodes[node].writing.takes("layers")
    {
        found.push(vec![Edit::Field { node, field: "layers", setting: Setting::Int(layers) }], 9);
    }
    let ports = graph.nodes[node].inputs.iter().skip(1).filter(|value| graph.producer(**value).is_none());
    let ports: Vec<usize> = ports.copied().collect();
    let edits: Vec<Edit> = ports.iter().map(|input| Edit::Input { input: *input, shape: *expected }).collect();
    if let (Op::Recurrent(layer), Some(first)) = (op, ports.first())
        && let Some(hidden @ 1..) = graph.inputs[*first].shape.sizes().last().and_then(|size| size.number())
        && let Some(inputs) = layer.inputs
    {
        found.push(vec![Edit::Channels { node, inputs, outputs: hidden }], 12);
    }
    if !edits.is_empty() {
        found.push(edits, 10);
    }
}

/// Resizes one of two operands to the size of the other.
fn fits(graph: &Graph, node: NodeId, sides: [(usize, &Shape); 2], found: &mut Candidates) {
    let order = graph.order();
    let [first, other] = sides;
    for ((operand, shape), like) in [(first, other.1), (other, first.1)] {
        let Some((_, fitting)) = fitted(shape, like, order).filter(|(fitted, _)| fitted != shape) else { continue };
        // The output of a dense layer has no positions.
        let above = graph.producer(graph.nodes[node].inputs[operand]);
        if matches!(above.and_then(|above| graph.given(above)), Some(Op::Linear { .. })) {
            continue;
        }
        let value = graph.nodes[node].inputs[operand];
        let others = graph.nodes[node].inputs.iter().filter(|other| **other != value);
        // A value is not resized to meet what was made of it, such as its own upsampling.
        let mut shapers = others.filter_map(|other| graph.shaper(*other));
        if shapers.any(|shaper| graph.nodes[shaper].inputs.first() == Some(&value)) {
            continue;
        }
        if !can_fit(graph, node, operand, fitting) {
            continue;
        }
        let places = (0..shape.rank().saturating_sub(1)).map(|axis| order.spatial(axis));
        let apart = |place: usize| Some(shape.size(place).number()?.abs_diff(like.size(place).number()?));
        // Convolutions without a border lose several rows, a stride loses one; half the rows are missing if only one
        // side has a stride.
        let most = places.filter_map(apart).max().unwrap_or(0);
        let rows = shape.size(order.spatial(0)).number().unwrap_or(0).unsigned_abs();
        let cost = match fitting {
            Fitting::Crop if most >= rows / 2 => 44,
            Fitting::Crop if most > 1 => 18,
            Fitting::Crop => 26,
            Fitting::Upsample => 38,
        };
        found.push(vec![Edit::Fit { node, operand, fitting }], cost);
    }
}

/// A different axis for an earlier layer that joins values.
fn joins(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    for (node, distance) in ancestors(graph, &blamed(graph, problem), MOST_LAYERS) {
        let Some(Op::Concat { axis: now }) = checked.ops[node] else { continue };
        let Some(shape) = graph.nodes[node].inputs.first().and_then(|value| checked.shape(*value)) else { continue };
        let written = graph.nodes[node].spans.fields.iter().any(|(field, _)| *field == "axis");
        for axis in (0..shape.rank()).filter_map(|axis| i64::try_from(axis).ok()) {
            let is_now = match now {
                Axis::At(at) => at == axis,
                _ => usize::try_from(axis) == Ok(graph.order().channel(shape.rank())),
            };
            if let (false, Some(axes)) = (is_now, Axes::of(&[Axis::At(axis)])) {
                let edit = Edit::Field { node, field: "axis", setting: Setting::Axes(axes) };
                found.push(vec![edit], if written { 8 } else { 24 } + distance);
            }
        }
    }
}

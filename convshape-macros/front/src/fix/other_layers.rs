//! Missing and mistaken layers: a permutation, a mean over space, a crop before two values are joined, or the same layer
//! for another number of axes.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{Axes, Axis, AxisOrder, Dialect, Op, PoolKind, RecurrentOutput};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::Edit;
use super::candidates::{Candidates, ancestors, blamed};
use super::edit::{can_fit, with_rank};
use crate::check::{Checked, Fitting, Problem, fitted};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Recipe};

/// The number of layers before a mistake that are tried for a join along another axis.
const MOST_LAYERS: usize = 8;

pub(super) fn edits(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    if let Problem::Layer { node, op, fault: Fault { reason, .. }, .. } = problem {
        match *reason {
            Reason::Rank { found: comes, .. } | Reason::NamedRank { found: comes, .. } => {
                if let Some(edit) = renamed(graph, *node, &comes) {
                    found.push(vec![edit], 6);
                }
            }
            Reason::Features { expected, found: comes } => features(graph, *node, op, &comes, expected, found),
            Reason::TokenFeatures { expected, found: comes, .. } => {
                features(graph, *node, op, &comes, expected, found);
            }
            Reason::Steps { .. } => all_outputs(graph, checked, *node, found),
            Reason::FirstState { expected, .. } => first_states(graph, *node, op, &expected, found),
            Reason::Join { operand, axis: Some(place), first, other } => {
                let channels = place == graph.order().channel(first.rank());
                if graph.nodes[*node].inputs.len() == 2 && !channels {
                    fits(graph, *node, [(1 - operand, &first), (operand, &other)], found);
                }
            }
            _ => {}
        }
    }
    joins(graph, checked, problem, found);
    if let Problem::Layer { node, .. } = problem
        && matches!(graph.nodes[*node].recipe, Recipe::Undo { .. })
    {
        last_first(graph, found);
    }
}

/// Layers undone in the reverse of the order in which they run.
fn last_first(graph: &Graph, found: &mut Candidates) {
    let undoes = |node: NodeId| match graph.nodes[node].recipe {
        Recipe::Undo { of, .. } if graph.nodes[node].writing.block.is_none() => Some((node, of)),
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

/// The layer for as many axes as come in. Numbers given per axis would not fit it.
pub(super) fn renamed(graph: &Graph, node: NodeId, comes: &Shape) -> Option<Edit> {
    let rank = comes.rank().checked_sub(1).filter(|rank| (1..=3).contains(rank))?;
    let node_there = &graph.nodes[node];
    let word = node_there.spans.op.to_string();
    let other = with_rank(&word, rank);
    (other != word && !node_there.writing.per_axis).then_some(Edit::Renamed { node, rank })
}

/// What brings the features of a layer to its last axis.
fn features(graph: &Graph, node: NodeId, op: &Op, comes: &Shape, wanted: i64, found: &mut Candidates) {
    let rank = comes.rank();
    let mut insert = |op: Op, cost: u32| found.push(vec![Edit::Insert { node, op }], cost);
    if rank < 2 {
        return;
    }
    let channels_first = graph.order() == AxisOrder::ChannelsFirst;
    if channels_first && comes.size(0).fits(Size::Number(wanted)) {
        let last: Vec<Axis> = (1..rank).chain([0]).filter_map(|axis| i64::try_from(axis).ok()).map(Axis::At).collect();
        if let Some(axes) = Axes::of(&last) {
            insert(Op::Permute { axes, swap: false }, 8);
        }
        if rank > 2 || !matches!(op, Op::Recurrent(_) | Op::MultiHead(_)) {
            insert(Op::GlobalPool { kind: PoolKind::Avg, keep_axes: graph.dialect == Dialect::Onnx }, 6);
        }
    }
    if let (Op::Linear { outputs, .. }, Ok(Size::Number(elements))) = (op, comes.elements())
        && elements != wanted
    {
        let flat = Edit::Channels { node, inputs: elements, outputs: *outputs };
        found.push(vec![Edit::Insert { node, op: Op::FLATTEN }, flat], 14);
    }
}

/// All outputs of the recurrent layer above, of which the last alone comes in.
fn all_outputs(graph: &Graph, checked: &Checked, node: NodeId, found: &mut Candidates) {
    for (above, distance) in ancestors(graph, &graph.nodes[node].inputs, MOST_LAYERS) {
        let last = matches!(checked.ops[above], Some(Op::RecurrentOutput { output: RecurrentOutput::Last, .. }));
        if last && graph.nodes[above].writing.takes("return_sequences") {
            let setting = Setting::Bool(true);
            found.push(vec![Edit::Field { node: above, field: "return_sequences", setting }], 6 + distance);
        }
    }
}

/// First states as a recurrent layer takes them, or a layer with as many features as they have.
fn first_states(graph: &Graph, node: NodeId, op: &Op, expected: &Shape, found: &mut Candidates) {
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

/// One of two values that meet brought to the size of the other.
fn fits(graph: &Graph, node: NodeId, sides: [(usize, &Shape); 2], found: &mut Candidates) {
    let order = graph.order();
    let [first, other] = sides;
    for ((operand, shape), like) in [(first, other.1), (other, first.1)] {
        let Some((_, fitting)) = fitted(shape, like, order).filter(|(fitted, _)| fitted != shape) else { continue };
        if !can_fit(graph, node, operand, fitting) {
            continue;
        }
        let places = (0..shape.rank().saturating_sub(1)).map(|axis| order.spatial(axis));
        let apart = |place: usize| Some(shape.size(place).number()?.abs_diff(like.size(place).number()?));
        // Several rows are lost in convolutions without a border, one in a stride; half of them by a stride that the
        // other side lacks.
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

/// Another axis for a layer above that joins values.
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

//! Layers that are missing, or stand in another's place: an order of axes, a mean over space, a crop where two values
//! meet, the same layer for other axes.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{Axes, Axis, AxisOrder, Op, PoolKind};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::Edit;
use super::candidates::{Candidates, ancestors, blamed};
use super::edit::{can_crop, with_rank};
use crate::check::{Checked, Problem, cropped};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId};

/// As many layers above a mistake are looked at for one that joins along another axis.
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
            Reason::Join { operand, axis: Some(place), first, other } => {
                let channels = place == graph.order().channel(first.rank());
                if graph.nodes[*node].inputs.len() == 2 && !channels {
                    crops(graph, *node, [(1 - operand, &first), (operand, &other)], found);
                }
            }
            _ => {}
        }
    }
    joins(graph, checked, problem, found);
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
            insert(Op::GlobalPool { kind: PoolKind::Avg, keep_axes: false }, 6);
        }
    }
    if let (Op::Linear { outputs, .. }, Ok(Size::Number(elements))) = (op, comes.elements())
        && elements != wanted
    {
        let flat = Edit::Channels { node, inputs: elements, outputs: *outputs };
        found.push(vec![Edit::Insert { node, op: Op::FLATTEN }, flat], 14);
    }
}

/// A crop of the larger of two values that meet.
fn crops(graph: &Graph, node: NodeId, sides: [(usize, &Shape); 2], found: &mut Candidates) {
    let order = graph.order();
    let [(_, first), (_, other)] = sides;
    for (large, small) in [(sides[0], other), (sides[1], first)] {
        let axes = (0..small.rank().saturating_sub(1)).map(|axis| order.spatial(axis));
        let less = |place: usize| large.1.size(place).number()?.checked_sub(small.size(place).number()?);
        let lost = axes.filter_map(less).max();
        if cropped(large.1, small, order).is_some() && can_crop(graph, node, large.0) {
            // Several rows are lost in convolutions without a border, one in a stride.
            let cost = if lost > Some(1) { 18 } else { 26 };
            found.push(vec![Edit::Crop { node, operand: large.0 }], cost);
        }
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

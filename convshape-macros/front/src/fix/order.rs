//! Statements in another order: one moved before another, or two exchanged.

use std::ops::RangeInclusive;

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{Class, Op};

use super::Edit;
use super::candidates::Candidates;
use super::edit::counts;
use crate::check::Problem;
use crate::graph::{Graph, Node, NodeId, Recipe};

/// How far from a mistake statements are moved.
const NEAR: usize = 4;

/// Moves within the straight path of layers around a mistake. If only the other order fits what the layers take, it
/// was meant.
pub(super) fn edits(graph: &Graph, problem: &Problem, found: &mut Candidates) {
    let Problem::Layer { node, fault: Fault { reason, .. }, .. } = *problem else { return };
    let of_axes = matches!(reason, Reason::Rank { .. } | Reason::NamedRank { .. });
    if !of_axes && !matches!(reason, Reason::Channels { .. } | Reason::Features { .. }) {
        return;
    }
    let path = straight(graph, node);
    let others = path.clone().filter(|other| *other != node);
    for (first, second) in others.map(|other| (node.min(other), node.max(other))) {
        let (Some(earlier), Some(later)) = (graph.given(first), graph.given(second)) else { continue };
        // A normalisation after the wrong layer gets the wrong number of channels, which is another mistake.
        if later.keeps_shape() && !is_view(&earlier) {
            continue;
        }
        let plain = (first + 1..second).all(|between| graph.given(between).is_some_and(|op| op.keeps_shape()));
        let counted = |node: NodeId| counts(&graph.nodes[node]).0.is_some();
        let apart = 2 * u32::try_from(second - first - 1).unwrap_or(0);
        let cost = if is_view(&earlier) || is_view(&later) {
            3
        } else if counted(first) && counted(second) {
            8
        } else {
            14
        };
        // What follows both, such as an activation, stays where it is.
        if second > first + 1 && plain && counted(first) && counted(second) {
            found.push(vec![Edit::Order { first, second, swap: true }], cost);
        } else {
            found.push(vec![Edit::Order { first, second, swap: false }], cost + apart);
        }
    }
}

/// Whether a layer only gives values another shape.
fn is_view(op: &Op) -> bool {
    op.class() == Class::View && !op.keeps_shape()
}

/// The layers around one that each read the one before and nothing else, and can be moved.
fn straight(graph: &Graph, node: NodeId) -> RangeInclusive<NodeId> {
    let (mut first, mut last) = (node, node);
    while first > 0 && node - first < NEAR && is_linked(graph, first - 1) {
        first -= 1;
    }
    while last - node < NEAR && is_linked(graph, last) {
        last += 1;
    }
    // By its name, the last value is read wherever its layer goes.
    while last > node && is_read_by_name(graph, last) {
        last -= 1;
    }
    let stays = (first..=last).any(|moved| !can_move(graph, moved));
    if stays || is_read_by_name(graph, last) { node..=node } else { first..=last }
}

/// Whether the next layer, and nothing else, reads a layer's value, and both can be moved.
fn is_linked(graph: &Graph, node: NodeId) -> bool {
    let value = graph.value(node);
    let next = graph.nodes.get(node + 1).is_some_and(|next| next.inputs == [value]);
    let readers = graph.nodes.iter().filter(|reader| reader.inputs.contains(&value)).count();
    let output = graph.outputs.iter().any(|output| output.value == Some(value));
    next && readers == 1 && !output && can_move(graph, node) && can_move(graph, node + 1)
}

/// Whether a statement of the chain itself can be put in another place.
fn can_move(graph: &Graph, node: NodeId) -> bool {
    let there = &graph.nodes[node];
    let own = there.writing.block.is_none() && !there.writing.statement.contains('.');
    let plain = there.holes.is_empty() && there.comment.is_none() && there.restores.is_none();
    let single = there.inputs.len() == 1 && there.outputs.is_empty() && !there.writing.sourced;
    let layer =
        matches!(&there.recipe, Recipe::Given(op) if !matches!(op, Op::Recurrent(_) | Op::RecurrentOutput { .. }));
    let known = |other: &Node| refers_to(other).into_iter().flatten().any(|of| of == node);
    let again = graph.nodes.iter().filter(|other| other.origin == there.origin).count() > 1;
    own && plain && single && layer && !again && !graph.nodes.iter().any(known)
}

/// The other layers that a layer is made from.
fn refers_to(node: &Node) -> [Option<NodeId>; 4] {
    let of = match node.recipe {
        Recipe::Undo { of, .. } | Recipe::Unpool { of } | Recipe::Again { of } | Recipe::Param { of, .. } => Some(of),
        Recipe::Given(_) | Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Same | Recipe::Broken => None,
    };
    [of, node.tied, node.first_run, node.restores.as_ref().and_then(|restores| restores.node)]
}

fn is_read_by_name(graph: &Graph, node: NodeId) -> bool {
    let value = graph.value(node);
    let named = graph.nodes[node].spans.label.is_some();
    let by_name = |reader: &Node| reader.inputs.contains(&value) && (reader.inputs.len() > 1 || reader.writing.sourced);
    let output = graph.outputs.iter().any(|output| output.value == Some(value));
    named && (output || graph.nodes.iter().any(by_name))
}

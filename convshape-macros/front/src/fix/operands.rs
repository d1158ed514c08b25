//! Another value for a layer that reads the wrong one: `Concat(_, e1)` for `Concat(_, e2)`.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::Edit;
use super::candidates::{Candidates, ancestors, blamed};
use crate::check::{Checked, Problem};
use crate::graph::{Graph, NodeId, Recipe, ValueId};

/// How many layers before a mistake are looked at, and how many values are tried for each.
const MOST_LAYERS: usize = 6;
const MOST_VALUES: usize = 8;

/// What another name costs to believe: more than every change of a number nearby.
const COST: u32 = 40;

pub(super) fn edits(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    let near = ancestors(graph, &blamed(graph, problem), MOST_LAYERS);
    for (node, distance) in near {
        let written = &graph.nodes[node];
        let outside = written.writing.block.is_none() && !written.writing.statement.contains('.');
        if !outside || !matches!(written.recipe, Recipe::Given(_)) {
            continue;
        }
        for operand in 0..written.inputs.len() {
            if !can_read(graph, node, operand) {
                continue;
            }
            let fits = |value: &ValueId| {
                checked.shape(*value).is_some_and(|shape| fits(graph, checked, problem, node, operand, &shape))
            };
            // Two layers were meant to read one value: the `from` of the second was forgotten. A join is made to be read.
            let joins =
                graph.producer(written.inputs[operand]).is_some_and(|above| graph.nodes[above].inputs.len() > 1);
            let open = written.inputs.len() == 1 && !written.writing.sourced && problem.node() == Some(node);
            let cost = if open && !joins { FORGOTTEN } else { COST };
            let values = named_before(graph, node).filter(|value| !written.inputs.contains(value)).filter(fits);
            let mut values: Vec<ValueId> = values.take(MOST_VALUES).collect();
            // A shortcut begins where its block does.
            let joined =
                graph.nodes.iter().any(|other| other.inputs.len() > 1 && other.inputs.contains(&graph.value(node)));
            values.sort_by_key(|value| open && joined && graph.producer(*value).is_some());
            for (value, nth) in values.into_iter().zip(0..) {
                // A skip connection was read after the pooling that ends its stage.
                let pooled = joined_late(graph, written.inputs[operand], value) && written.inputs.len() > 1;
                let level = of_other_level(graph, problem, node, operand, value);
                let cost = match (pooled || level, written.inputs.len()) {
                    (true, 1) => cost.min(RENUMBERED),
                    (true, _) => SKIPPED,
                    (false, _) => cost,
                };
                let cost = if flattens(graph, checked, value, written.inputs[operand]) { FLAT } else { cost };
                found.push(vec![Edit::Operand { node, operand, value }], cost + 2 * distance + nth);
            }
        }
    }
}

/// What a forgotten `from` costs to believe: less than a wrong number of channels.
const FORGOTTEN: u32 = 8;

/// What it costs to believe that the flat form of a map was meant, if it has a name.
const FLAT: u32 = 1;

fn flattens(graph: &Graph, checked: &Checked, flat: ValueId, map: ValueId) -> bool {
    graph
        .producer(flat)
        .is_some_and(|node| checked.ops[node] == Some(Op::FLATTEN) && graph.nodes[node].inputs.first() == Some(&map))
}

/// What a skip connection that was read after its pooling, or from another level, costs to believe.
const SKIPPED: u32 = 8;

/// What the wrong number in a name costs to believe, of a layer with one input: more than its own count of channels.
const RENUMBERED: u32 = 12;

/// Whether a layer that is rejected reads the value of another level: the sizes are far apart, and the names differ in
/// their number, as `e1` and `e2`.
fn of_other_level(graph: &Graph, problem: &Problem, node: NodeId, operand: usize, value: ValueId) -> bool {
    let Problem::Layer { node: refused, fault: Fault { reason, .. }, .. } = problem else { return false };
    let far = match reason {
        Reason::Join { first, other, .. } if first.rank() == other.rank() => {
            (0..first.rank().saturating_sub(1)).any(|axis| {
                let place = graph.order().spatial(axis);
                let rows = first.size(place).number().zip(other.size(place).number());
                rows.is_some_and(|(a, b)| a.max(b) >= a.min(b).saturating_mul(2))
            })
        }
        Reason::Channels { .. } => true,
        _ => false,
    };
    let stem = |name: &str| name.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned();
    let [now, meant] = [graph.nodes[node].inputs[operand], value].map(|value| graph.reference(value).map(stem));
    far && *refused == node && now == meant && now.is_some_and(|stem| !stem.is_empty())
}

/// Whether a value is the pooled one of another.
fn joined_late(graph: &Graph, late: ValueId, early: ValueId) -> bool {
    graph.producer(late).is_some_and(|pool| {
        matches!(graph.given(pool), Some(Op::Pool(pool)) if pool.stride[..pool.rank].iter().any(|stride| *stride > 1))
            && graph.nodes[pool].inputs.first() == Some(&early)
    })
}

/// Whether another name can take the place of this operand, or be written after a layer whose input something else
/// reads too.
fn can_read(graph: &Graph, node: NodeId, operand: usize) -> bool {
    let written = &graph.nodes[node];
    let read_again = |value: ValueId| {
        let readers = graph.nodes.iter().filter(|other| other.inputs.contains(&value)).count();
        readers > 1 || graph.outputs.iter().any(|output| output.value == Some(value))
    };
    match written.inputs.len() {
        1 => written.writing.sourced || written.writing.operands.is_empty() && read_again(written.inputs[0]),
        inputs => {
            let names = &written.writing.operands;
            names.len() == inputs && names.get(operand).is_some_and(|name| name != "_")
        }
    }
}

/// The values before a layer that a statement outside of blocks can name, the nearest first.
fn named_before(graph: &Graph, node: NodeId) -> impl Iterator<Item = ValueId> + '_ {
    let own = move |value: ValueId| {
        graph.producer(value).is_some_and(|other| graph.nodes[other].origin == graph.nodes[node].origin)
    };
    let visible =
        move |value: &ValueId| !own(*value) && graph.reference(*value).is_some_and(|name| !name.contains('.'));
    (0..graph.value(node)).rev().filter(visible)
}

/// Whether a layer may take a value of this shape in place of an operand.
fn fits(graph: &Graph, checked: &Checked, problem: &Problem, node: NodeId, operand: usize, shape: &Shape) -> bool {
    let others = graph.nodes[node].inputs.iter().enumerate().filter(|(other, _)| *other != operand);
    let mut others = others.filter_map(|(_, value)| checked.shape(*value));
    let channel = graph.order().channel(shape.rank());
    match checked.ops[node] {
        Some(Op::Concat { .. }) => others.all(|other| {
            other.rank() == shape.rank()
                && (0..shape.rank()).all(|axis| axis == channel || shape.size(axis).fits(other.size(axis)))
        }),
        Some(Op::Add | Op::Mul | Op::Sub | Op::Div) => others.all(|other| {
            other.rank() == shape.rank() && (0..shape.rank()).all(|axis| shape.size(axis).fits(other.size(axis)))
        }),
        // A layer with one input: the value has what it takes.
        _ if graph.nodes[node].inputs.len() == 1 => match problem {
            Problem::Layer { node: refused, fault: Fault { reason, .. }, .. } if *refused == node => match reason {
                Reason::Channels { expected, .. } => shape.size(channel).fits(Size::Number(*expected)),
                Reason::Features { expected, .. } => {
                    shape.sizes().last().is_some_and(|last| last.fits(Size::Number(*expected)))
                }
                Reason::Rank { expected, .. } => shape.rank() == *expected,
                _ => false,
            },
            _ => true,
        },
        _ => false,
    }
}

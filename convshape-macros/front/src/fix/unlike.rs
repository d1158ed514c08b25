//! Outliers: a number that differs from the other axes, or from the other layers of its kind.

use std::collections::HashSet;

use convshape_arith::op::{Conv, MAX_SPATIAL, Op, Padding, PerAxis, Pool};
use convshape_arith::solve::AxisField;

use super::Edit;
use super::candidates::{Candidates, ancestors, blamed};
use crate::check::{Checked, Problem};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId};

/// How many layers before a mistake are looked at.
const MOST_LAYERS: usize = 32;

/// How many layers must write a field before one without it is suspect.
const LEAST_ALIKE: usize = 2;

/// How many other values of a field are tried for one layer.
const MOST_VALUES: usize = 3;

const FIELDS: [AxisField; 4] = [AxisField::Kernel, AxisField::Stride, AxisField::Padding, AxisField::OutputPadding];

/// For the layers before a mistake: the same number on all axes.
pub(super) fn axes(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    for layer in layers(graph, checked, problem) {
        let now = &layer.now[..layer.rank];
        // A kernel of 1 on every axis would not be a window.
        let least = if layer.field == AxisField::Kernel { 2 } else { 0 };
        for value in now.iter().filter(|value| **value >= least && now.iter().any(|other| other != *value)) {
            layer.offer([*value; MAX_SPATIAL], 14, found);
        }
    }
}

/// For the layers before a mistake: a field that a layer leaves out, and that all layers like it write with one value.
pub(super) fn missing(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    let writes = |node: NodeId, field: AxisField| {
        graph.nodes[node].spans.fields.iter().any(|(written, _)| *written == field.name())
    };
    for (node, _) in ancestors(graph, &blamed(graph, problem), MOST_LAYERS) {
        let Some(op) = checked.ops[node].or(graph.given(node)) else { continue };
        for field in [AxisField::Stride, AxisField::Padding].into_iter().filter(|field| !writes(node, *field)) {
            let origin = graph.nodes[node].origin;
            let alike = (0..graph.nodes.len()).filter(|other| graph.nodes[*other].origin != origin);
            let alike = alike.filter_map(|other| Some((other, graph.given(other)?)));
            let alike: Vec<_> = alike.filter(|(_, other)| same_window(&op, other)).collect();
            let written = alike.iter().map(|(other, op)| writes(*other, field).then(|| setting(op, field)).flatten());
            let Some(values) = written.collect::<Option<Vec<Setting>>>() else { continue };
            if values.len() >= LEAST_ALIKE && values.iter().all(|value| *value == values[0]) {
                found.push(vec![Edit::Field { node, field: field.name(), setting: values[0].clone() }], 6);
            }
        }
    }
}

/// A field of a layer as text sets it.
fn setting(op: &Op, field: AxisField) -> Option<Setting> {
    if let (Op::Conv(Conv { padding: Padding::Same, .. }) | Op::Pool(Pool { padding: Padding::Same, .. }), true) =
        (op, field == AxisField::Padding)
    {
        return Some(Setting::Word("same"));
    }
    let (values, rank) = per_axis(op, field)?;
    Some(Setting::ints(values, rank))
}

/// Whether two layers are of one kind with equal windows.
pub(super) fn same_window(a: &Op, b: &Op) -> bool {
    let window = |op: &Op| match op {
        Op::Conv(conv) => Some((conv.kernel, conv.dilation)),
        Op::Pool(pool) => Some((pool.kernel, pool.dilation)),
        _ => None,
    };
    same_kind(a, b) && window(a) == window(b)
}

/// For the layers before a mistake: the numbers of similar layers.
pub(super) fn others(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    for layer in layers(graph, checked, problem) {
        for values in layer.alike(graph) {
            layer.offer(values, 26, found);
        }
    }
}

/// A field of a layer before a mistake.
struct FieldAbove {
    node: NodeId,
    op: Op,
    distance: u32,
    field: AxisField,
    now: PerAxis<i64>,
    rank: usize,
}

fn layers(graph: &Graph, checked: &Checked, problem: &Problem) -> Vec<FieldAbove> {
    let mut seen = HashSet::new();
    let near = ancestors(graph, &blamed(graph, problem), MOST_LAYERS).into_iter();
    let near = near.filter(|(node, _)| seen.insert(graph.nodes[*node].origin));
    let of_layer = near.flat_map(|(node, distance)| {
        let op = checked.ops[node].or(graph.given(node));
        FIELDS.into_iter().filter_map(move |field| {
            let op = op?;
            let (now, rank) = per_axis(&op, field)?;
            let takes = graph.nodes[node].writing.takes(field.name());
            takes.then_some(FieldAbove { node, op, distance, field, now, rank })
        })
    });
    of_layer.collect()
}

/// The numbers of a layer's field.
fn per_axis(op: &Op, field: AxisField) -> Option<(PerAxis<i64>, usize)> {
    let rank = match op {
        Op::Conv(conv) => conv.rank,
        Op::Pool(pool) => pool.rank,
        _ => return None,
    };
    Some((op.axis_field(field)?, rank))
}

impl FieldAbove {
    fn offer(&self, values: PerAxis<i64>, cost: u32, found: &mut Candidates) {
        let setting = Setting::ints(values, self.rank);
        found.push(vec![Edit::Field { node: self.node, field: self.field.name(), setting }], cost + self.distance);
    }

    /// The values of the field in layers of the same kind, the most frequent first.
    fn alike(&self, graph: &Graph) -> Vec<PerAxis<i64>> {
        let now = &self.now[..self.rank];
        let mut found: Vec<(usize, PerAxis<i64>)> = Vec::new();
        for other in (0..graph.nodes.len()).filter(|other| *other != self.node) {
            let Some(given) = graph.given(other).filter(|given| same_kind(&self.op, given)) else { continue };
            let Some((values, rank)) = per_axis(&given, self.field) else { continue };
            if rank != now.len() || values[..rank] == *now {
                continue;
            }
            match found.iter_mut().find(|(_, known)| known[..rank] == values[..rank]) {
                Some((count, _)) => *count += 1,
                None => found.push((1, values)),
            }
        }
        found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        found.into_iter().take(MOST_VALUES).map(|(_, values)| values).collect()
    }
}

fn same_kind(a: &Op, b: &Op) -> bool {
    match (a, b) {
        (Op::Conv(a), Op::Conv(b)) => a.direction == b.direction && a.rank == b.rank,
        (Op::Pool(a), Op::Pool(b)) => a.rank == b.rank,
        _ => false,
    }
}

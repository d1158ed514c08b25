//! Edits that help only together: each layer of a decoder that lost a row, each convolution that has no border.

use convshape_arith::op::{Conv, Direction, MAX_SPATIAL, Op, Padding};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::candidates::{REACH, wrongness};
use super::{Edit, Search};
use crate::check::{Checked, Problem, check};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId};

/// Longer lists of layers help nobody.
const MOST_NAMES: usize = 6;

/// In longer chains nothing is tried: every edit of several costs a check of the whole chain.
const MOST_LAYERS: usize = 512;

/// A single edit that costs no more says it all.
const LIKELY: u32 = 16;

/// A single edit that costs more is hardly what was meant.
const PLAUSIBLE: u32 = 50;

pub(super) fn try_all(search: &mut Search<'_>) {
    let likely = search.fixes.iter().any(|fix| fix.clean && fix.cost <= LIKELY);
    // A hole is solved anew in every check, two in one layer by trying all pairs.
    let slow = search.graph.nodes.iter().any(|node| node.holes.len() > 1);
    let open = matches!(search.problem, Problem::Hole { .. } | Problem::NoTarget { .. });
    if likely || open || slow || search.graph.nodes.len() > MOST_LAYERS {
        return;
    }
    for edits in [mirrored(search), bordered(search)].into_iter().filter(|edits| !edits.is_empty()) {
        let origin = |edit: &Edit| edit.node().map(|node| search.graph.nodes[node].origin);
        if edits.iter().all(|edit| origin(edit) == origin(&edits[0])) {
            continue;
        }
        let edited = edits.iter().fold(search.graph.clone(), |graph, edit| edit.apply(&graph));
        let after = check(&edited);
        // It is worth its words only if nothing is wrong then.
        if after.problems.is_empty() {
            search.joint = Some(words(search.graph, &edits));
            return;
        }
    }
    if !search.fixes.iter().any(|fix| fix.clean && fix.cost <= PLAUSIBLE) {
        search.joint = resized(search);
    }
}

/// Another input size together with the output that is declared to have the same: the nearest that works.
fn resized(search: &Search<'_>) -> Option<String> {
    let graph = search.graph;
    let ([input], [output]) = (graph.inputs.as_slice(), graph.outputs.as_slice()) else {
        return None;
    };
    let order = graph.order();
    let axes = 0..input.shape.rank().min(output.shape.rank()).saturating_sub(1);
    let shared = |axis: &usize| {
        let place = order.spatial(*axis);
        input.shape.size(place).number().is_some() && input.shape.size(place).same(output.shape.size(place))
    };
    let wrong = axes.filter(|axis| wrongness(search, search.problem, *axis) != Some(0));
    let places: Vec<usize> = wrong.filter(shared).map(|axis| order.spatial(axis)).collect();
    let fits = |by: &i64| {
        let mut edited = graph.clone();
        for place in &places {
            let Some(size) = input.shape.size(*place).number().map(|now| now.saturating_add(*by)) else { return false };
            edited.inputs[0].shape = edited.inputs[0].shape.with(*place, Size::Number(size));
            edited.outputs[0].shape = edited.outputs[0].shape.with(*place, Size::Number(size));
        }
        check(&edited).problems.is_empty()
    };
    let by = (1..=REACH).flat_map(|step| [step, -step]).filter(|_| !places.is_empty()).find(fits)?;
    let resize = |shape: &Shape| {
        places.iter().fold(*shape, |shape, place| match shape.size(*place) {
            Size::Number(now) => shape.with(*place, Size::Number(now.saturating_add(by))),
            _ => shape,
        })
    };
    let (from, to) = (resize(&input.shape), resize(&output.shape));
    Some(format!("write `{from}` in `{}` and `{to}` in `{}`", input.name, output.name))
}

/// `set `output_padding: 1` in `dec1` and in `dec2``
fn words(graph: &Graph, edits: &[Edit]) -> String {
    let mut parts: Vec<(String, Vec<&str>)> = Vec::new();
    let mut origins = Vec::new();
    for edit in edits {
        let (Edit::Field { field, setting, .. }, Some(node)) = (edit, edit.node()) else { continue };
        if origins.contains(&graph.nodes[node].origin) {
            continue;
        }
        origins.push(graph.nodes[node].origin);
        let (change, name) = (format!("`{field}: {setting}`"), graph.nodes[node].name.as_str());
        match parts.iter_mut().find(|(known, _)| *known == change) {
            Some((_, names)) => names.push(name),
            None => parts.push((change, vec![name])),
        }
    }
    let parts = parts.iter().map(|(change, names)| {
        let named: Vec<String> = names.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
        let names = match named.as_slice() {
            all if all.len() < names.len() => format!("{} and {} more", all.join(", "), names.len() - all.len()),
            [all @ .., last] if !all.is_empty() => format!("{} and `{}`", all.join(", "), last.trim_matches('`')),
            all => all.concat(),
        };
        format!("{change} in {names}")
    });
    format!("set {}", parts.collect::<Vec<_>>().join(", "))
}

/// The transposed convolutions that give a few rows less than the layer took whose output they take: the
/// first one first, as the others read what it gives.
fn mirrored(search: &Search<'_>) -> Vec<Edit> {
    let mut graph = search.graph.clone();
    let mut checked = search.checked.clone();
    let mut edits = Vec::new();
    for node in 0..graph.nodes.len() {
        let Some(Some(Op::Conv(conv))) = checked.ops.get(node).copied() else { continue };
        if conv.direction != Direction::Transposed {
            continue;
        }
        let Some(rows) = lost_rows(&graph, &checked, node, &conv) else { continue };
        let edit = Edit::Field { node, field: "output_padding", setting: Setting::ints(rows, conv.rank) };
        graph = edit.apply(&graph);
        checked = check(&graph);
        edits.push(edit);
    }
    edits
}

/// The rows between what a layer gives and what the last layer before it took that gave what it takes.
fn lost_rows(graph: &Graph, checked: &Checked, node: NodeId, conv: &Conv) -> Option<[i64; MAX_SPATIAL]> {
    let order = graph.order();
    let shape = |value: usize| checked.shapes.get(value).copied().flatten();
    let input = shape(graph.nodes[node].inputs[0])?;
    let given = conv_output(checked, graph, node)?;
    let encoder = (0..node).rev().find(|other| {
        let forward = match checked.ops.get(*other) {
            Some(Some(Op::Conv(other))) => other.direction == Direction::Forward,
            Some(Some(Op::Pool(_))) => true,
            _ => false,
        };
        let took = shape(graph.nodes[*other].inputs[0]);
        let gave = shape(graph.value(*other));
        forward
            && took.zip(gave).is_some_and(|(took, gave)| {
                gave.rank() == input.rank()
                    && (0..conv.rank).all(|axis| {
                        let place = order.spatial(axis);
                        gave.size(place).same(input.size(place)) && !took.size(place).same(gave.size(place))
                    })
            })
    })?;
    let took = shape(graph.nodes[encoder].inputs[0])?;
    let mut rows = conv.output_padding.unwrap_or([0; MAX_SPATIAL]);
    let mut changed = false;
    for (axis, rows) in rows.iter_mut().enumerate().take(conv.rank) {
        let place = order.spatial(axis);
        let (Size::Number(took), Size::Number(gives)) = (took.size(place), given.size(place)) else { return None };
        let missing = took.checked_sub(gives)?;
        if !(0..conv.stride[axis]).contains(&missing) {
            return None;
        }
        changed |= missing > 0;
        *rows = rows.saturating_add(missing);
    }
    changed.then_some(rows)
}

/// What a layer gives by itself, whatever was claimed of it.
fn conv_output(checked: &Checked, graph: &Graph, node: NodeId) -> Option<Shape> {
    let input = checked.shapes.get(graph.nodes[node].inputs[0]).copied().flatten()?;
    checked.ops.get(node)?.as_ref()?.output(&[input], graph.order()).ok()
}

/// The convolutions of stride 1 without a border, each with the one that keeps its size.
fn bordered(search: &Search<'_>) -> Vec<Edit> {
    let nodes = search.checked.ops.iter().enumerate();
    nodes
        .filter_map(|(node, op)| match op {
            Some(Op::Conv(conv)) if conv.direction == Direction::Forward => {
                let axes = 0..conv.rank;
                let open =
                    matches!(conv.padding, Padding::Symmetric(rows) if rows[..conv.rank].iter().all(|rows| *rows == 0));
                let keeps = axes.clone().all(|axis| conv.stride[axis] == 1 && conv.kernel[axis] % 2 == 1);
                let wide = axes.clone().any(|axis| conv.kernel[axis] > 1);
                let half = std::array::from_fn(|axis| {
                    (conv.kernel[axis].saturating_sub(1) / 2).saturating_mul(conv.dilation[axis])
                });
                let setting = Setting::ints(half, conv.rank);
                (open && keeps && wide).then_some(Edit::Field { node, field: "padding", setting })
            }
            _ => None,
        })
        .collect()
}

//! The edits that are tried, by what is wrong. Costs are in tenths of "one plausible slip".

use convshape_arith::fault::Reason;
use convshape_arith::op::{Dialect, Direction, MAX_SPATIAL, Op, ResizeTo};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve::AxisField;

use super::channels::{channels, reshape_above};
use super::inputs::input_sizes;
use super::refused::at_the_layer;
use super::{Edit, Search, amounts, words};
use crate::check::Problem;
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Recipe, ValueId};

/// Layers further up than this are not blamed.
const MOST_LAYERS: usize = 24;

/// How far an input size is looked for.
pub(super) const REACH: i64 = 64;

pub(super) fn try_all(search: &mut Search<'_>) {
    let graph = search.graph;
    match search.problem.clone() {
        Problem::Layer { node, op, inputs, fault } => {
            at_the_layer(search, node, &op, &inputs, &fault.reason);
            words::at_the_layer(search, node, &op, &fault.reason);
            match fault.reason {
                Reason::Join { .. } => {
                    let values = graph.nodes[node].inputs.clone();
                    spatial(search, &values);
                    channels(search, &values, None);
                    input_sizes(search);
                }
                Reason::KernelTooLarge { .. } | Reason::EmptyOutput { .. } | Reason::PoolInput { .. } => {
                    spatial(search, &[graph.value(node)]);
                    input_sizes(search);
                }
                Reason::Features { .. } | Reason::Elements { .. } | Reason::Divisible { .. } => {
                    spatial(search, &graph.nodes[node].inputs.clone());
                    channels(search, &graph.nodes[node].inputs.clone(), None);
                    input_sizes(search);
                }
                Reason::Channels { .. }
                | Reason::Size(_)
                | Reason::ReflectPadding { .. }
                | Reason::CircularPadding { .. } => {
                    input_sizes(search);
                }
                _ => {}
            }
        }
        Problem::Restores { node, wanted, .. } | Problem::Comment { node, written: wanted, .. } => {
            spatial(search, &[graph.value(node)]);
            channels(search, &[graph.value(node)], Some(&wanted));
            input_sizes(search);
        }
        Problem::Output { output, .. } => {
            if let Some(value) = graph.outputs[output].value {
                let wanted = graph.outputs[output].shape;
                spatial(search, &[value]);
                channels(search, &[value], Some(&wanted));
                reshape_above(search, value, &wanted);
                input_sizes(search);
            }
        }
        Problem::Body { body, input, .. } => {
            let value = graph.bodies[body].output;
            spatial(search, &[value]);
            channels(search, &[value], Some(&input));
        }
        Problem::Input { .. } => input_sizes(search),
        Problem::Lossy { .. } => input_sizes(search),
        Problem::NoTarget { .. } | Problem::Hole { .. } | Problem::Unread { .. } => {}
    }
}

/// The layers that given values come from, nearest first, with their distance.
pub(super) fn ancestors(graph: &Graph, values: &[ValueId]) -> Vec<(NodeId, u32)> {
    let mut found: Vec<(NodeId, u32)> = Vec::new();
    let mut front: Vec<ValueId> = values.to_vec();
    let mut distance = 0;
    while !front.is_empty() && found.len() < MOST_LAYERS {
        let mut next = Vec::new();
        for node in front.iter().filter_map(|value| graph.producer(*value)) {
            if found.iter().any(|(known, _)| *known == node) {
                continue;
            }
            found.push((node, distance));
            next.extend(&graph.nodes[node].inputs);
        }
        front = next;
        distance += 1;
    }
    found.truncate(MOST_LAYERS);
    found
}

/// Edits of kernel, padding, stride and the like of the layers that decide the sizes of `values`.
fn spatial(search: &mut Search<'_>, values: &[ValueId]) {
    for (node, distance) in ancestors(search.graph, values) {
        let Some(Some(op)) = search.checked.ops.get(node).copied() else { continue };
        around(search, node, &op, 3 * distance);
    }
}

/// Small changes of one layer's fields.
pub(super) fn around(search: &mut Search<'_>, node: NodeId, op: &Op, extra: u32) {
    match *op {
        Op::Conv(conv) => {
            let largest = |values: &[i64]| values[..conv.rank].iter().copied().max().unwrap_or(1);
            let (kernel, stride) = (largest(&conv.kernel), largest(&conv.stride));
            let reach = stride.max(largest(&conv.dilation)).min(32);
            if conv.direction == Direction::Transposed {
                let values: Vec<i64> = (0..reach).collect();
                axis_values(search, node, AxisField::OutputPadding, &values, 10 + extra);
            }
            let paddings: Vec<i64> = (0..=kernel.saturating_mul(2).min(32)).collect();
            axis_values(search, node, AxisField::Padding, &paddings, 20 + extra);
            if stride > 1 && conv.direction == Direction::Forward {
                let cost = if stride == kernel { 18 } else { 24 };
                axis_values(search, node, AxisField::Stride, &[1, 2, 3, 4], cost + extra);
            }
            let kernels: Vec<i64> = (1..=kernel.saturating_add(6).min(64)).collect();
            axis_values(search, node, AxisField::Kernel, &kernels, 26 + extra);
            if conv.direction == Direction::Forward {
                search.offer(Edit::Transposed { node }, 30 + extra);
            }
            words::padding(search, node, &conv, 16 + extra);
            if conv.direction == Direction::Transposed {
                words::uneven_crop(search, node, &conv, 30 + extra);
            }
        }
        Op::Pool(pool) => {
            words::pooling(search, node, &pool, 12 + extra);
            if !pool.ceil_mode {
                search.offer(Edit::Field { node, field: "ceil_mode", setting: Setting::Bool(true) }, 15 + extra);
            }
            let largest = pool.kernel[..pool.rank].iter().copied().max().unwrap_or(1);
            // A window of one row is no pooling.
            let kernels: Vec<i64> = (2..=largest.min(32) + 2).collect();
            axis_values(search, node, AxisField::Kernel, &kernels, 24 + extra);
            let paddings: Vec<i64> = (0..=(largest / 2).min(16)).collect();
            axis_values(search, node, AxisField::Padding, &paddings, 26 + extra);
        }
        Op::Upsample(upsample) => {
            if let (ResizeTo::Scale(_), Some(Some(input))) =
                (upsample.to, search.checked.shapes.get(search.graph.nodes[node].inputs[0]).copied())
            {
                scales(search, node, &input, 24 + extra);
            }
        }
        Op::Pad { amount, .. } | Op::Crop { amount } => amounts::amount(search, node, &amount, 12 + extra),
        _ => {}
    }
}

/// One field, an axis at a time: for each axis the value nearest to the present one that mends this
/// axis; all together are one edit.
pub(super) fn axis_values(search: &mut Search<'_>, node: NodeId, field: AxisField, values: &[i64], cost: u32) {
    let Some(Some(op)) = search.checked.ops.get(node).copied() else { return };
    let Some(now) = op.axis_field(field) else { return };
    let rank = match op {
        Op::Conv(conv) => conv.rank,
        Op::Pool(pool) => pool.rank,
        _ => return,
    };
    let mut best = now;
    // One axis after the other, with what was found for those before: a refusal names only the
    // first axis that is wrong.
    let mut present = Some(search.problem.clone());
    for axis in 0..rank {
        let Some(problem) = &present else { break };
        if wrongness(search, problem, axis) == Some(0) {
            continue;
        }
        let mut nearest: Option<i64> = None;
        for value in values.iter().copied().filter(|value| *value != now[axis]) {
            if nearest.is_some_and(|known| known.abs_diff(now[axis]) <= value.abs_diff(now[axis])) {
                continue;
            }
            let mut changed = best;
            changed[axis] = value;
            let edit = Edit::Field { node, field: field.name(), setting: Setting::ints(changed, rank) };
            let (left, _) = search.left_by(&edit);
            let after = left.as_ref().map_or(Some(0), |problem| wrongness(search, problem, axis));
            if after == Some(0) {
                nearest = Some(value);
            }
        }
        if let Some(value) = nearest {
            best[axis] = value;
            let edit = Edit::Field { node, field: field.name(), setting: Setting::ints(best, rank) };
            present = search.left_by(&edit).0;
        }
    }
    // An axis that const evaluation alone knows is taken to be like the one that is seen.
    let output = search.checked.shapes.get(search.graph.value(node)).copied().flatten();
    if let (Some(changed), Some(output)) = ((0..rank).find(|axis| best[*axis] != now[*axis]), output) {
        for axis in 0..rank {
            let open = !output.size(search.graph.order().spatial(axis)).is_known();
            if open && search.graph.deferred() && now[axis] == now[changed] {
                best[axis] = best[changed];
            }
        }
    }
    // Sizes that only count together (a flattened product): the same value everywhere.
    if best == now {
        for value in values {
            let setting = Setting::Ints { values: [*value; MAX_SPATIAL], axes: None };
            search.offer(Edit::Field { node, field: field.name(), setting }, cost + 10);
        }
        return;
    }
    let steps: i64 = (0..rank).map(|axis| (best[axis] - now[axis]).abs()).max().unwrap_or(0);
    let steps = u32::try_from(steps).unwrap_or(u32::MAX).min(100);
    search.offer(Edit::Field { node, field: field.name(), setting: Setting::ints(best, rank) }, cost + steps);
}

/// How far apart the sizes of one spatial axis are in a problem; `None` if it has no such notion.
pub(super) fn wrongness(search: &Search<'_>, problem: &Problem, axis: usize) -> Option<i64> {
    let order = search.graph.order();
    let place = order.spatial(axis);
    let apart = |a: &Shape, b: &Shape| {
        if a.rank() != b.rank() {
            return None;
        }
        match (a.size(place), b.size(place)) {
            (Size::Number(a), Size::Number(b)) => Some(a.saturating_sub(b).saturating_abs()),
            (a, b) if a.fits(b) => Some(0),
            (Size::Symbolic { offset: a, .. }, Size::Symbolic { offset: b, .. }) if a != b => {
                Some(a.saturating_sub(b).saturating_abs())
            }
            _ => Some(i64::MAX),
        }
    };
    match problem {
        Problem::Restores { found, wanted, .. } => apart(found, wanted),
        Problem::Comment { found, written, .. } => apart(found, written),
        Problem::Output { output, found } => apart(found, &search.graph.outputs[*output].shape),
        Problem::Body { input, output, .. } => apart(output, input),
        Problem::Layer { inputs, fault, .. } => match fault.reason {
            Reason::Join { first, other, .. } => apart(&first, &other),
            _ => match fault.axis {
                // The first refused axis is named; the ones before it are fine.
                Some(refused) if refused > axis => Some(0),
                Some(refused) if refused == axis => Some(1),
                Some(_) => None,
                None if inputs.is_empty() => None,
                None => None,
            },
        },
        _ => None,
    }
}

/// The scale that gives the size that is wanted, with as few decimals as will do.
#[expect(clippy::cast_precision_loss, reason = "sizes of images")]
fn scales(search: &mut Search<'_>, node: NodeId, input: &Shape, cost: u32) {
    let rank = input.rank().saturating_sub(1).min(MAX_SPATIAL);
    let graph = search.graph;
    let order = graph.order();
    let Recipe::Given(Op::Upsample(upsample)) = &graph.nodes[node].recipe else { return };
    let ResizeTo::Scale(now) = upsample.to else { return };
    let mut values = now;
    for axis in 0..rank {
        if wrongness(search, search.problem, axis) == Some(0) {
            continue;
        }
        let Size::Number(rows) = input.size(order.spatial(axis)) else { return };
        let present = (rows as f64 * now[axis]).floor();
        for step in 1..=4_i32 {
            for target in [present + f64::from(step), present - f64::from(step)] {
                if target < 1.0 || rows < 1 {
                    continue;
                }
                let Some(scale) = shortest_scale(rows as f64, target) else { continue };
                // Keras resizes by whole factors.
                if graph.dialect == Dialect::Keras && scale.fract() != 0.0 {
                    continue;
                }
                let mut changed = values;
                changed[axis] = scale;
                let setting = Setting::Floats { values: changed, axes: Some(rank) };
                let (left, _) = search.left_by(&Edit::Field { node, field: "scale", setting });
                let after = left.as_ref().map_or(Some(0), |problem| wrongness(search, problem, axis));
                if after == Some(0) && values[axis].to_bits() == now[axis].to_bits() {
                    values[axis] = scale;
                }
            }
        }
    }
    // Nobody doubles sizes by 2.8.
    let odd = values[..rank].iter().any(|scale| scale.fract() != 0.0);
    let cost = if odd { cost + 40 } else { cost };
    let setting = Setting::Floats { values, axes: Some(rank) };
    search.offer(Edit::Field { node, field: "scale", setting }, cost);
}

/// The number with the fewest decimals whose product with `rows` has the floor `target`.
fn shortest_scale(rows: f64, target: f64) -> Option<f64> {
    let mut unit = 1.0;
    for _ in 0..6 {
        let scale = (target / rows * unit).ceil() / unit;
        if (rows * scale).floor().to_bits() == target.to_bits() {
            return Some(scale);
        }
        unit *= 10.0;
    }
    None
}

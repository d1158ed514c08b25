//! The edits that are tried, by what is wrong. Costs are in tenths of "one plausible slip".

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{Direction, MAX_SPATIAL, Op, ResizeTo};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve::AxisField;

use super::{Edit, Search, amounts, words};
use crate::check::{Problem, check};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Recipe, ValueId};
use crate::unseen::visible;

/// Layers further up than this are not blamed.
const MOST_LAYERS: usize = 24;

/// How far an input size is looked for.
pub(super) const REACH: i64 = 64;

/// Of larger numbers of groups no divisor is looked for.
const MOST_TRIED: i64 = 1 << 12;

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

/// Edits of the very layer that is refused.
fn at_the_layer(search: &mut Search<'_>, node: NodeId, op: &Op, inputs: &[Shape], reason: &Reason) {
    let field = |field, setting| Edit::Field { node, field, setting };
    match *reason {
        Reason::Channels { expected, found: Size::Number(found) } => match *op {
            Op::Conv(conv) => {
                if conv.outputs == found {
                    // The two channel counts in the other order.
                    search.offer(Edit::Channels { node, inputs: found, outputs: expected }, 5);
                }
                search.offer(Edit::Channels { node, inputs: found, outputs: conv.outputs }, 10);
                if let Some(Size::Number(wanted)) = declared_channels(search.graph, node) {
                    search.offer(Edit::Channels { node, inputs: found, outputs: wanted }, 20);
                }
            }
            _ => {
                search.offer(field("channels", Setting::Int(found)), 10);
            }
        },
        Reason::Features { found, expected } => {
            // Where all axes together are what it takes, a `Flatten` is missing and nothing is wrong here.
            let flat = found.elements() == Ok(Size::Number(expected));
            if let (Op::Linear { outputs, .. }, Size::Number(features), false) =
                (*op, found.size(found.rank() - 1), flat)
            {
                search.offer(Edit::Channels { node, inputs: features, outputs }, 10);
            }
        }
        Reason::Groups { channels, groups, side } => {
            if let Op::Conv(conv) = op
                && let (Some(ins), outs) = (conv.inputs, conv.outputs)
            {
                for candidate in (1..groups.min(MOST_TRIED)).rev().filter(|g| ins % g == 0 && outs % g == 0) {
                    if search.offer(field("groups", Setting::Int(candidate)), 20) {
                        break;
                    }
                }
                let rounded = [channels - channels % groups, (channels - channels % groups).saturating_add(groups)];
                for channels in rounded.into_iter().filter(|channels| *channels > 0) {
                    let (inputs, outputs) = if side == "output channel" { (ins, channels) } else { (channels, outs) };
                    search.offer(Edit::Channels { node, inputs, outputs }, 15);
                }
                if let Some(Size::Number(outputs)) = declared_channels(search.graph, node) {
                    search.offer(Edit::Channels { node, inputs: ins, outputs }, 12);
                }
            } else if let Op::GroupNorm { .. } = op {
                for candidate in (1..groups.min(MOST_TRIED)).rev().filter(|g| channels % g == 0).take(1) {
                    search.offer(field("groups", Setting::Int(candidate)), 10);
                }
            }
        }
        Reason::TooFew { what: "output channels", .. } => {
            if let (Op::Conv(conv), Some(Size::Number(wanted))) = (op, declared_channels(search.graph, node))
                && let Some(inputs) = conv.inputs
            {
                search.offer(Edit::Channels { node, inputs, outputs: wanted }, 10);
            }
            reader_channels(search, node, op);
        }
        Reason::NotPositive {
            field: name @ ("kernel" | "stride" | "dilation" | "factor" | "groups" | "size"), ..
        } => {
            // Where only one axis is wrong, the others keep their values.
            if let Some(axes) = [AxisField::Kernel, AxisField::Stride].into_iter().find(|axes| axes.name() == name) {
                axis_values(search, node, axes, &[1, 2, 3, 4], 10);
            }
            for value in 1..=4 {
                let setting = match name {
                    "factor" | "groups" => Setting::Int(value),
                    _ => Setting::Ints { values: [value; MAX_SPATIAL], axes: None },
                };
                search.offer(field(name, setting), 10 * u32::try_from(value).unwrap_or(10));
            }
        }
        Reason::Negative { field: name @ ("padding" | "output_padding" | "amount"), value } => {
            for value in [value.saturating_neg(), 0] {
                search.offer(field(name, Setting::Ints { values: [value; MAX_SPATIAL], axes: None }), 10);
            }
        }
        Reason::OutputPadding { value, limit, .. } => {
            // An output padding is there for the sake of a stride, which may be what is missing.
            axis_values(search, node, AxisField::Stride, &[value.saturating_add(1)], 14);
            for value in (0..limit.min(8)).rev() {
                let cost = if value == 0 { 10 } else { 12 };
                axis_values(search, node, AxisField::OutputPadding, &[value], cost);
            }
        }
        Reason::SameWithStride { .. } => {
            if let Op::Conv(conv) = op {
                let values = core::array::from_fn(|axis| {
                    conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]) / 2
                });
                search.offer(field("padding", Setting::ints(values, conv.rank)), 10);
                search.offer(field("stride", Setting::Ints { values: [1; MAX_SPATIAL], axes: None }), 20);
            }
        }
        Reason::PoolPadding { kernel, .. } => {
            axis_values(search, node, AxisField::Padding, &[kernel / 2, 0], 10);
        }
        Reason::ReflectPadding { input: Size::Number(rows), .. } => {
            axis_values(search, node, AxisField::Padding, &[rows.saturating_sub(1)], 20);
            search.offer(field(border_field(op), Setting::Word("replicate")), 25);
        }
        Reason::CircularPadding { input: Size::Number(rows), .. } => {
            axis_values(search, node, AxisField::Padding, &[rows], 20);
            search.offer(field(border_field(op), Setting::Word("replicate")), 25);
        }
        Reason::TransposedPaddingMode => {
            search.offer(field("padding_mode", Setting::Word("zeros")), 10);
        }
        Reason::OutputSize { least: Size::Number(least), most: Size::Number(most), requested } => {
            axis_values(search, node, AxisField::Padding, &[0, 1, 2, 3, 4], 10);
            let nearest = requested.clamp(least, most);
            search.offer(field("output_size", Setting::Ints { values: [nearest; MAX_SPATIAL], axes: None }), 15);
        }
        Reason::KernelTooLarge { .. } | Reason::EmptyOutput { .. } => {
            around(search, node, op, 0);
        }
        Reason::Elements { from, to } => reshapes(search, node, &from, &to),
        Reason::SliceRange { start, channels, .. } if start < channels => {
            search.offer(field("channels", Setting::Range(start.max(0), channels)), 10);
        }
        Reason::ModeRank { axes, .. } => {
            let word = ["linear", "bilinear", "trilinear"][axes.clamp(1, 3) - 1];
            search.offer(field("mode", Setting::Word(word)), 10);
        }
        Reason::AlignCorners => {
            let word = ["linear", "bilinear", "trilinear"][inputs[0].rank().saturating_sub(1).clamp(1, 3) - 1];
            search.offer(field("mode", Setting::Word(word)), 10);
        }
        Reason::FieldRank { field: name, axes, .. } if axes <= MAX_SPATIAL => {
            let setting = match (*op, name) {
                (Op::Upsample(upsample), "scale") => match upsample.to {
                    ResizeTo::Scale(values) => Setting::Floats { values, axes: Some(axes) },
                    _ => return,
                },
                (Op::Upsample(upsample), "size") => match upsample.to {
                    ResizeTo::Size(values) => Setting::Ints { values, axes: Some(axes) },
                    _ => return,
                },
                _ => return,
            };
            search.offer(field(name, setting), 10);
        }
        Reason::NormShape { expected, found } => {
            let sizes = found.sizes();
            let last = sizes.len().saturating_sub(expected.rank());
            search.offer(field("size", Setting::Shape(Shape::new(&sizes[last..], found.scope()))), 5);
            search.offer(field("size", Setting::Shape(found)), 10);
        }
        Reason::Divisible { .. } => {
            if let Op::PixelShuffle { factor } = op {
                for smaller in (1..(*factor).min(REACH)).rev() {
                    search.offer(field("factor", Setting::Int(smaller)), 20);
                }
            }
        }
        _ => {}
    }
}

/// What the layer calls that which stands in its border.
fn border_field(op: &Op) -> &'static str {
    if matches!(op, Op::Conv(_)) { "padding_mode" } else { "mode" }
}

/// The channels that the chain's next facts ask a layer for.
fn declared_channels(graph: &Graph, node: NodeId) -> Option<Size> {
    if let Some((shape, _)) = graph.nodes[node].comment {
        return Some(shape.size(graph.order().channel(shape.rank())));
    }
    let value = graph.value(node);
    for reader in &graph.nodes {
        if let Recipe::Given(op) = &reader.recipe
            && reader.inputs.contains(&value)
        {
            return match op {
                Op::Conv(conv) => conv.inputs.map(Size::Number),
                Op::BatchNorm { channels, .. } | Op::GroupNorm { channels, .. } => channels.map(Size::Number),
                _ => None,
            };
        }
    }
    let output = graph.outputs.iter().find(|output| output.value == Some(value))?;
    Some(output.shape.size(graph.order().channel(output.shape.rank())))
}

/// A layer without channels: as many as its reader can have.
fn reader_channels(search: &mut Search<'_>, node: NodeId, op: &Op) {
    if let Op::Conv(conv) = op {
        let inputs = conv.inputs.unwrap_or(1);
        search.offer(Edit::Channels { node, inputs, outputs: inputs }, 30);
    }
}

/// A reshape to the elements that are there: one axis changed, or the shape as it came.
fn reshapes(search: &mut Search<'_>, node: NodeId, from: &Shape, to: &Shape) {
    if to.rank() == from.rank() {
        search.offer(Edit::Reshape { node, shape: *from }, 15);
    }
    let Ok(Size::Number(elements)) = from.elements() else { return };
    for axis in 0..to.rank() {
        let rest: i64 = (0..to.rank())
            .filter(|other| *other != axis)
            .map(|other| to.size(other).number().unwrap_or(0))
            .fold(1, i64::saturating_mul);
        if rest > 0 && elements % rest == 0 {
            search.offer(Edit::Reshape { node, shape: to.with(axis, Size::Number(elements / rest)) }, 20);
        }
    }
    // The same channels and a square of another size.
    if let (3, Some(channels)) = (to.rank(), to.size(0).number())
        && channels > 0
        && elements % channels == 0
    {
        let side = (elements / channels).isqrt();
        search.offer(Edit::Reshape { node, shape: Shape::of(&[channels, side, side]) }, 10);
    }
}

/// A reshape further up whose shape decides the output.
fn reshape_above(search: &mut Search<'_>, value: ValueId, wanted: &Shape) {
    for (node, distance) in ancestors(search.graph, &[value]) {
        if matches!(search.graph.nodes[node].recipe, Recipe::Given(Op::Reshape { .. })) {
            search.offer(Edit::Reshape { node, shape: *wanted }, 20 + 3 * distance);
        }
    }
}

/// The layers that given values come from, nearest first, with their distance.
fn ancestors(graph: &Graph, values: &[ValueId]) -> Vec<(NodeId, u32)> {
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
fn around(search: &mut Search<'_>, node: NodeId, op: &Op, extra: u32) {
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
fn axis_values(search: &mut Search<'_>, node: NodeId, field: AxisField, values: &[i64], cost: u32) {
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

/// Channel counts of the layers that decide those of `values`.
fn channels(search: &mut Search<'_>, values: &[ValueId], wanted: Option<&Shape>) {
    let graph = search.graph;
    let order = graph.order();
    let mut counts: Vec<i64> = Vec::new();
    if let Some(wanted) = wanted {
        counts.extend(wanted.size(order.channel(wanted.rank())).number());
        // Of a linear layer the last axis counts.
        counts.extend(wanted.size(wanted.rank().saturating_sub(1)).number());
    }
    for value in values {
        if let Some(Some(shape)) = search.checked.shapes.get(*value) {
            counts.extend(shape.size(order.channel(shape.rank())).number());
        }
    }
    if let Problem::Layer { op: Op::PixelShuffle { factor }, inputs, .. } = search.problem {
        let square = factor.saturating_mul(*factor);
        if let Some(channels) = inputs[0].size(order.channel(inputs[0].rank())).number() {
            counts.extend([channels - channels % square, (channels - channels % square).saturating_add(square)]);
        }
    }
    // In front of a reshape: as many as it makes.
    if let Problem::Layer { fault: Fault { reason: Reason::Elements { to, .. }, .. }, .. } = search.problem {
        counts.extend(to.elements().ok().and_then(Size::number));
    }
    counts.retain(|count| *count > 0);
    counts.dedup();
    for value in values {
        for (node, distance) in ancestors(graph, &[*value]).into_iter().take(8) {
            let (inputs, outputs) = match search.checked.ops.get(node) {
                Some(Some(Op::Conv(conv))) => (conv.inputs, conv.outputs),
                Some(Some(Op::Linear { inputs, outputs, .. })) => (*inputs, *outputs),
                Some(Some(Op::Slice { .. } | Op::Concat | Op::Reshape { .. })) => break,
                _ => continue,
            };
            for count in counts.iter().filter(|count| **count != outputs) {
                if let Some(inputs) = inputs {
                    search.offer(Edit::Channels { node, inputs, outputs: *count }, 15 + 3 * distance);
                }
            }
            // Behind it the channels are another layer's.
            break;
        }
    }
}

/// Other input sizes: the axes in another order, or the nearest sizes that work.
fn input_sizes(search: &mut Search<'_>) {
    for input in 0..search.graph.inputs.len() {
        let shape = search.graph.inputs[input].shape;
        if visible(&shape) != shape {
            // What it comes to is known to const evaluation only.
            continue;
        }
        permutations(search, input);
        nearest_sizes(search, input);
        other_forms(search, input);
    }
}

/// Sizes `a*h + b` with another remainder, or with a multiple of `a`.
fn other_forms(search: &mut Search<'_>, input: usize) {
    const MULTIPLES: [i64; 12] = [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64];
    let shape = search.graph.inputs[input].shape;
    let order = search.graph.order();
    let mut best = shape;
    for axis in 0..shape.rank().saturating_sub(1) {
        let place = order.spatial(axis);
        let Size::Symbolic { scale, symbol, offset } = shape.size(place) else { continue };
        let forms = MULTIPLES.iter().flat_map(|multiple| {
            let scale = scale.saturating_mul(*multiple);
            let remainders = [offset].into_iter().chain((0..scale.min(REACH)).filter(move |other| *other != offset));
            remainders.map(move |offset| Size::Symbolic { scale, symbol, offset })
        });
        // The simplest form that leaves the fewest things wrong.
        let mut fewest = check(&Edit::Input { input, shape: best }.apply(search.graph)).problems.len();
        let start = best;
        for form in forms {
            let candidate = start.with(place, form);
            let wrong = check(&Edit::Input { input, shape: candidate }.apply(search.graph)).problems.len();
            if wrong < fewest {
                (best, fewest) = (candidate, wrong);
            }
            if wrong == 0 {
                break;
            }
        }
    }
    if best != shape {
        search.offer(Edit::Input { input, shape: best }, 20);
    }
}

fn permutations(search: &mut Search<'_>, input: usize) {
    let shape = search.graph.inputs[input].shape;
    let rank = shape.rank();
    if rank < 2 {
        return;
    }
    // Channels last read as channels first, and the reverse.
    let rotated = |by: usize| {
        let sizes: Vec<Size> = (0..rank).map(|axis| shape.size((axis + by) % rank)).collect();
        Shape::new(&sizes, shape.scope())
    };
    for permuted in [rotated(rank - 1), rotated(1)] {
        if permuted != shape {
            search.offer(Edit::Input { input, shape: permuted }, 4);
        }
    }
}

fn nearest_sizes(search: &mut Search<'_>, input: usize) {
    let graph = search.graph;
    let order = graph.order();
    let shape = graph.inputs[input].shape;
    let rank = shape.rank().saturating_sub(1);
    // The sizes that stand elsewhere in the chain are likely ones.
    let mut known: Vec<i64> = Vec::new();
    for declared in
        graph.outputs.iter().map(|output| &output.shape).chain(graph.inputs.iter().map(|input| &input.shape))
    {
        known.extend(declared.sizes().iter().filter_map(|size| size.number()).filter(|size| *size > 0));
    }
    let mut best = shape;
    let mut left = Some(search.problem.clone());
    for axis in 0..rank.min(MAX_SPATIAL) {
        let place = order.spatial(axis);
        let Size::Number(now) = shape.size(place) else { return };
        // An axis that fits is left alone, where it is known which ones do not.
        if left.as_ref().is_none_or(|problem| wrongness(search, problem, axis) == Some(0)) {
            continue;
        }
        let mut tries: Vec<i64> = (1..=REACH)
            .flat_map(|step| [now.saturating_add(step), now.saturating_sub(step)])
            .chain(known.clone())
            .collect();
        tries.retain(|size| *size > 0 && *size != now);
        // Of the sizes that mend this axis the one that leaves the least wrong, the nearest first.
        let mut found: Option<(usize, Shape, Option<Problem>)> = None;
        for size in tries {
            let candidate = best.with(place, Size::Number(size));
            let (problem, after) = search.left_by(&Edit::Input { input, shape: candidate });
            if problem.as_ref().is_some_and(|problem| !better(search, problem, axis)) {
                continue;
            }
            let wrong = after.problems.len();
            if found.as_ref().is_none_or(|(fewest, ..)| wrong < *fewest) {
                found = Some((wrong, candidate, problem));
            }
            if wrong == 0 {
                break;
            }
        }
        if let Some((_, candidate, problem)) = found {
            best = candidate;
            left = problem;
        }
    }
    if best != shape {
        let cost = farthest(&best, &shape);
        search.offer(Edit::Input { input, shape: best }, 28 + cost);
        sizes_that_work(search, input, &best);
    }
    // Sizes that only count together: a square stays one.
    let Some(now) = shape.size(order.spatial(0)).number() else { return };
    if rank == 0 || (1..rank).any(|axis| !shape.size(order.spatial(axis)).same(Size::Number(now))) {
        return;
    }
    for size in (1..=REACH)
        .flat_map(|step| [now.saturating_add(step), now.saturating_sub(step)])
        .chain(known)
        .filter(|size| *size > 0)
    {
        let mut square = shape;
        for axis in 0..rank {
            square = square.with(order.spatial(axis), Size::Number(size));
        }
        let cost = farthest(&square, &shape);
        if search.offer(Edit::Input { input, shape: square }, 28 + cost) {
            break;
        }
    }
}

/// The nearest sizes on both sides of the one written that work as well as the best one found.
fn sizes_that_work(search: &mut Search<'_>, input: usize, best: &Shape) {
    let order = search.graph.order();
    let shape = search.graph.inputs[input].shape;
    // Nothing may be wrong then that has another cause.
    let right = |search: &Search<'_>, candidate: Shape| {
        let after = check(&Edit::Input { input, shape: candidate }.apply(search.graph));
        after.problems.iter().all(|problem| search.others.contains(&problem.place()))
    };
    for axis in 0..shape.rank().saturating_sub(1) {
        let place = order.spatial(axis);
        let (Some(now), Some(mended)) = (shape.size(place).number(), best.size(place).number()) else { continue };
        if now == mended {
            continue;
        }
        let works = |size: &i64| *size > 0 && right(search, best.with(place, Size::Number(*size)));
        let below = (1..=REACH).map(|step| now.saturating_sub(step)).find(works);
        let above = (1..=REACH).map(|step| now.saturating_add(step)).find(works);
        if let (Some(below), Some(above)) = (below, above) {
            let name = convshape_arith::layer::axis_name(axis, shape.rank() - 1);
            search.notes.push(format!("the nearest {name}s that work are {below} and {above}"));
        }
    }
}

/// Whether a problem that is left is right on an axis on which it was wrong.
fn better(search: &Search<'_>, left: &Problem, axis: usize) -> bool {
    let before = wrongness(search, search.problem, axis);
    before != Some(0) && before.is_some() && wrongness(search, left, axis) == Some(0)
}

fn farthest(a: &Shape, b: &Shape) -> u32 {
    let steps = a.sizes().iter().zip(b.sizes()).filter_map(|(a, b)| Some(a.number()?.abs_diff(b.number()?)));
    u32::try_from(steps.max().unwrap_or(0)).unwrap_or(u32::MAX).min(200) / 4
}

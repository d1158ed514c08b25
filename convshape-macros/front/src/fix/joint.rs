//! One mistake made in several layers: every layer of a decoder lost a row, or every convolution lacks a border.

use convshape_arith::op::{Conv, Dialect, Direction, MAX_SPATIAL, Op, Padding, PerAxis};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve::AxisField;

use super::Edit;
use super::candidates::Candidates;
use super::goals::goals;
use super::refused::half;
use crate::check::{Checked, Problem};
use crate::fields::{self, Setting};
use crate::graph::{Graph, NodeId, Recipe};

/// Longer lists of layers do not help anyone.
const MOST_EDITS: usize = 6;

/// How many kinds of layers are distinguished.
const MOST_GROUPS: usize = 8;

/// How far back the layer that a transposed convolution mirrors is looked for.
const MOST_MIRRORED: usize = 64;

pub(super) fn edits(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    if goals(graph, checked, problem).is_empty() {
        return;
    }
    let mirrored = mirrored(graph, checked);
    if mirrored.len() == 1 {
        found.push(mirrored.clone(), 14);
    }
    offer(graph, mirrored, 14, found);
    for group in groups(graph, checked) {
        alike(graph, &group, found);
    }
    let convs = || {
        let convs = checked.ops.iter().enumerate();
        convs.filter_map(|(node, op)| match op {
            Some(Op::Conv(conv)) if matches!(graph.nodes[node].recipe, Recipe::Given(_)) => Some((node, *conv)),
            Some(Op::SeparableConv(separable)) => Some((node, separable.depthwise)),
            _ => None,
        })
    };
    let every = |change: &dyn Fn(&Conv) -> Option<(&'static str, Setting)>| {
        let changed = convs().filter_map(|(node, conv)| Some((node, change(&conv)?)));
        changed.map(|(node, (field, setting))| Edit::Field { node, field, setting }).collect::<Vec<Edit>>()
    };
    kept(graph, checked, found);
    offer(graph, every(&without_border), 22, found);
    offer(graph, every(&with_the_dilated_border), 16, found);
    offer(graph, every(&with_twice_the_border), 14, found);
    offer(graph, every(&without_output_padding), 20, found);
    offer(graph, every(&one_tap_more), 34, found);
    offer(graph, every(&in_word(Direction::Forward)), 22, found);
    offer(graph, every(&in_word(Direction::Transposed)), 20, found);
    offer(graph, whole_windows(graph, checked), 10, found);
}

/// Layers with equal numbers that occur several times in the chain: one node per statement.
struct EqualLayers {
    op: Op,
    statements: Vec<NodeId>,
}

/// The groups that may share a mistake: the passes and uses of one statement, and similar statements.
fn groups(graph: &Graph, checked: &Checked) -> Vec<EqualLayers> {
    let mut groups: Vec<(EqualLayers, usize)> = Vec::new();
    for (node, op) in checked.ops.iter().enumerate() {
        let (Some(op), Recipe::Given(_)) = (op, &graph.nodes[node].recipe) else { continue };
        let Some(shape) = numbers(op) else { continue };
        let origin = graph.nodes[node].origin;
        let known = groups.iter().position(|(group, _)| numbers(&group.op) == Some(shape));
        match known {
            Some(known) => {
                let (group, count) = &mut groups[known];
                *count += 1;
                if group.statements.iter().all(|known| graph.nodes[*known].origin != origin) {
                    group.statements.push(node);
                }
            }
            None if groups.len() < MOST_GROUPS => groups.push((EqualLayers { op: *op, statements: vec![node] }, 1)),
            None => {}
        }
    }
    let several = groups.into_iter().filter(|(group, count)| *count > 1 && group.statements.len() <= MOST_EDITS);
    several.map(|(group, _)| group).collect()
}

/// What makes layers similar: their map of sizes.
fn numbers(op: &Op) -> Option<(bool, usize, [PerAxis<i64>; 4], PerAxis<i64>)> {
    match op {
        Op::Conv(conv) => {
            let fields = [conv.kernel, conv.stride, border(conv)?, conv.dilation];
            let transposed = conv.direction == Direction::Transposed;
            Some((transposed, conv.rank, fields, conv.output_padding.unwrap_or([0; MAX_SPATIAL])))
        }
        _ => None,
    }
}

/// The padding, if it is given in numbers and both sides of each axis have the same.
fn border(conv: &Conv) -> Option<PerAxis<i64>> {
    match conv.padding {
        Padding::Symmetric(rows) => Some(rows),
        Padding::Pairs(pairs) => {
            pairs[..conv.rank].iter().all(|(low, high)| low == high).then(|| pairs.map(|(low, _)| low))
        }
        Padding::Same
        | Padding::SameLower
        | Padding::Valid
        | Padding::Causal
        | Padding::Circular
        | Padding::Reflect => None,
    }
}

/// Another padding, kernel or stride in all layers of a group.
fn alike(graph: &Graph, group: &EqualLayers, found: &mut Candidates) {
    let Op::Conv(conv) = group.op else { return };
    let others = 3 * u32::try_from(group.statements.len() - 1).unwrap_or(0);
    let mut all = |field: AxisField, value: i64, cost: u32| {
        let now = group.op.axis_field(field).unwrap_or([0; MAX_SPATIAL]);
        let values: PerAxis<i64> = std::array::from_fn(|axis| if axis < conv.rank { value } else { now[axis] });
        let usable = graph.nodes[group.statements[0]].writing.takes(field.name());
        if now[..conv.rank] == values[..conv.rank] || !usable {
            return;
        }
        let steps = (0..conv.rank).map(|axis| values[axis].abs_diff(now[axis])).max().unwrap_or(0);
        let setting = Setting::ints(values, conv.rank);
        let edits = group.statements.iter().map(|node| Edit::Field {
            node: *node,
            field: field.name(),
            setting: setting.clone(),
        });
        found.push(edits.collect(), cost + others + u32::try_from(steps).unwrap_or(100).min(100));
    };
    let kernel = conv.kernel[0].clamp(1, 16);
    for padding in 0..=kernel {
        all(AxisField::Padding, padding, 18);
    }
    for more in [-2, -1, 1, 2] {
        if kernel + more > 0 {
            all(AxisField::Kernel, kernel + more, 24);
        }
    }
    for stride in 1..=4 {
        all(AxisField::Stride, stride, 24);
    }
    if conv.direction == Direction::Transposed {
        for rows in 0..conv.stride[0].min(8) {
            all(AxisField::OutputPadding, rows, 10);
        }
    }
}

/// The border that keeps the size if a dilation is a variable of a repeat, for the layers with none or a different one.
fn kept(graph: &Graph, checked: &Checked, found: &mut Candidates) {
    let mut all: [Vec<Edit>; 2] = Default::default();
    let mut variable = false;
    for (node, op) in checked.ops.iter().enumerate() {
        let (Some(Op::Conv(conv)), Recipe::Given(_)) = (op, &graph.nodes[node].recipe) else { continue };
        let one_step = conv.stride[..conv.rank].iter().all(|stride| *stride == 1);
        let wide = conv.kernel[..conv.rank].iter().any(|rows| *rows > 1);
        let even = conv.kernel[..conv.rank].iter().all(|rows| *rows == conv.kernel[0]);
        if conv.direction != Direction::Forward || !one_step || !wide || !even || conv.dialect != Dialect::Torch {
            continue;
        }
        variable |= graph.nodes[node].writing.expression("dilation").is_some();
        for (edits, causal) in all.iter_mut().zip([false, true]) {
            let edit = Edit::Keep { node, causal };
            if !edits.iter().any(|known: &Edit| known.overlaps(&edit, graph)) {
                edits.push(edit);
            }
        }
        if all[0].len() > MOST_EDITS {
            return;
        }
    }
    for (edits, cost) in all.into_iter().zip([12, 13]).filter(|_| variable) {
        let of_variables =
            |edit: &Edit| edit.node().is_some_and(|node| graph.nodes[node].writing.expression("dilation").is_some());
        found.push(edits.iter().filter(|edit| of_variables(edit)).cloned().collect(), cost - 2);
        found.push(edits, cost);
    }
}

/// Edits that are applied together, if there are several but not too many.
fn offer(graph: &Graph, edits: Vec<Edit>, cost: u32, found: &mut Candidates) {
    let mut kept: Vec<Edit> = Vec::new();
    for edit in edits {
        if !kept.iter().any(|known| known.overlaps(&edit, graph)) {
            kept.push(edit);
        }
        if kept.len() > MOST_EDITS {
            return;
        }
    }
    if kept.len() > 1 {
        found.push(kept, cost);
    }
}

/// `same` for the convolutions of one direction without a border.
fn in_word(direction: Direction) -> impl Fn(&Conv) -> Option<(&'static str, Setting)> {
    move |conv| {
        let open = conv.padding == Padding::Valid && conv.dialect != Dialect::Torch && conv.direction == direction;
        let wide = (0..conv.rank).any(|axis| conv.kernel[axis] > 1 || conv.stride[axis] > 1);
        (open && wide).then_some(("padding", Setting::Word("same")))
    }
}

/// The kernel as the stride of the poolings that do not write one: frameworks have different defaults.
fn whole_windows(graph: &Graph, checked: &Checked) -> Vec<Edit> {
    let nodes = checked.ops.iter().enumerate().filter_map(|(node, op)| match op {
        Some(Op::Pool(pool)) if pool.stride != pool.kernel => Some((node, *pool)),
        _ => None,
    });
    let open = nodes.filter(|(node, _)| graph.nodes[*node].spans.fields.iter().all(|(field, _)| *field != "stride"));
    let edits = open.map(|(node, pool)| {
        let setting = Setting::ints(pool.kernel, pool.rank);
        Edit::Field { node, field: "stride", setting }
    });
    edits.collect()
}

/// The border that keeps the size of a convolution with stride 1 and no border.
fn without_border(conv: &Conv) -> Option<(&'static str, Setting)> {
    let axes = 0..conv.rank;
    let open = border(conv).is_some_and(|rows| rows[..conv.rank].iter().all(|rows| *rows == 0));
    let keeps = axes.clone().all(|axis| conv.stride[axis] == 1 && conv.kernel[axis] % 2 == 1);
    let wide = axes.clone().any(|axis| conv.kernel[axis] > 1);
    (conv.direction == Direction::Forward && open && keeps && wide)
        .then(|| ("padding", Setting::ints(half(conv), conv.rank)))
}

/// The border that keeps the size of a dilated convolution with stride 1 that has another.
fn with_the_dilated_border(conv: &Conv) -> Option<(&'static str, Setting)> {
    let (rows, half) = (border(conv)?, half(conv));
    let keeps = (0..conv.rank).all(|axis| conv.stride[axis] == 1 && conv.kernel[axis] % 2 == 1);
    let dilated = conv.dilation[..conv.rank].iter().any(|rows| *rows > 1);
    let less = (0..conv.rank).all(|axis| rows[axis] < half[axis]);
    (conv.direction == Direction::Forward && keeps && dilated && less)
        .then(|| ("padding", Setting::ints(half, conv.rank)))
}

/// Half the border of a convolution whose border is as wide as its window reaches: written for a causal convolution,
/// whose last rows are cut off.
fn with_twice_the_border(conv: &Conv) -> Option<(&'static str, Setting)> {
    let rows = border(conv)?;
    let half = half(conv);
    let twice = (0..conv.rank).all(|axis| conv.stride[axis] == 1 && rows[axis] == 2 * half[axis] && half[axis] > 0);
    (conv.direction == Direction::Forward && twice).then(|| ("padding", Setting::ints(half, conv.rank)))
}

/// The output padding with which a transposed convolution doubles its input.
fn without_output_padding(conv: &Conv) -> Option<(&'static str, Setting)> {
    let padding = border(conv)?;
    let missing: PerAxis<i64> = std::array::from_fn(|axis| {
        let reach = conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]).saturating_add(1);
        // (n - 1) * s + reach - 2 * p + missing = n * s
        conv.stride[axis].saturating_sub(reach).saturating_add(padding[axis].saturating_mul(2))
    });
    let sensible = (0..conv.rank).all(|axis| (0..conv.stride[axis]).contains(&missing[axis]));
    let some = missing[..conv.rank].iter().any(|rows| *rows > 0);
    let now = conv.output_padding.unwrap_or([0; MAX_SPATIAL]);
    let changes = (0..conv.rank).any(|axis| now[axis] != missing[axis]);
    (conv.direction == Direction::Transposed && sensible && some && changes)
        .then(|| ("output_padding", Setting::ints(missing, conv.rank)))
}

/// The kernel with which a strided convolution halves every even size: an odd one plus 1.
fn one_tap_more(conv: &Conv) -> Option<(&'static str, Setting)> {
    let odd = (0..conv.rank).all(|axis| conv.stride[axis] == 2 && conv.kernel[axis] % 2 == 1);
    let more = std::array::from_fn(|axis| conv.kernel[axis].saturating_add(1));
    (conv.direction == Direction::Transposed && odd).then(|| ("kernel", Setting::ints(more, conv.rank)))
}

/// The transposed convolutions that give a few rows fewer than the layer they mirror read, in order, because later ones
/// read the output of earlier ones.
fn mirrored(graph: &Graph, checked: &Checked) -> Vec<Edit> {
    let mut shapes = checked.shapes.clone();
    let mut downs: Vec<(Shape, Shape)> = Vec::new();
    let mut edits = Vec::new();
    for node in 0..graph.nodes.len() {
        let Some(op) = checked.ops[node] else { continue };
        let inputs = graph.nodes[node].inputs.iter().map(|value| shapes[*value]).collect::<Option<Vec<Shape>>>();
        let Some(inputs) = inputs else { continue };
        let mut op = op;
        if let Op::Conv(conv) = &op
            && conv.direction == Direction::Transposed
            && graph.nodes[node].writing.takes("output_padding")
            && let Some(rows) = lost_rows(graph, conv, &inputs[0], &downs)
        {
            let setting = Setting::ints(rows, conv.rank);
            fields::set(&mut op, "output_padding", &setting);
            edits.push(Edit::Field { node, field: "output_padding", setting });
        }
        let Ok(output) = op.output(&inputs, graph.order()) else { continue };
        let forward = match &op {
            Op::Conv(conv) => conv.direction == Direction::Forward,
            Op::Pool(_) => true,
            _ => false,
        };
        if forward && output.rank() == inputs[0].rank() && !same_space(graph, &inputs[0], &output) {
            downs.push((inputs[0], output));
        }
        shapes[graph.value(node)] = Some(output);
    }
    edits
}

fn same_space(graph: &Graph, a: &Shape, b: &Shape) -> bool {
    (0..a.rank().saturating_sub(1))
        .all(|axis| a.size(graph.order().spatial(axis)).same(b.size(graph.order().spatial(axis))))
}

/// The output padding with which a layer gives the input size of the last layer before it whose output has the size of
/// its input.
fn lost_rows(graph: &Graph, conv: &Conv, input: &Shape, downs: &[(Shape, Shape)]) -> Option<PerAxis<i64>> {
    let order = graph.order();
    // keras: without an output padding there is one that follows from the stride.
    let open = conv.output_padding.is_none() && conv.dialect == Dialect::Keras;
    let counted = Conv { output_padding: Some(conv.output_padding.unwrap_or([0; MAX_SPATIAL])), ..*conv };
    let now = Op::Conv(*conv).output(&[*input], order).ok()?;
    let given = if open { Op::Conv(counted).output(&[*input], order).ok()? } else { now };
    let last = downs.iter().rev().take(MOST_MIRRORED);
    let (took, _) = last
        .filter(|(took, gave)| gave.rank() == input.rank() && took.rank() == input.rank())
        .find(|(_, gave)| same_space(graph, gave, input))?;
    let mut rows = conv.output_padding.unwrap_or([0; MAX_SPATIAL]);
    let mut changed = false;
    for (axis, rows) in rows.iter_mut().enumerate().take(conv.rank) {
        let place = order.spatial(axis);
        let (Size::Number(took), Size::Number(gives)) = (took.size(place), given.size(place)) else { return None };
        let missing = took.checked_sub(gives)?;
        changed |= !now.size(place).same(Size::Number(took));
        *rows = rows.saturating_add(missing);
        if !(0..conv.stride[axis]).contains(rows) {
            return None;
        }
    }
    changed.then_some(rows)
}

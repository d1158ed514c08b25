//! Missing layers that change the size: one more stage like those that the chain has.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{
    Conv, Dialect, Direction, Interpolation, MAX_SPATIAL, Op, Padding, Pool, ResizeTo, Upsample, WeightFrom,
};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::Edit;
use super::candidates::{Candidates, ancestors, blamed, unfolds};
use super::edit::{can_insert, counts};
use crate::check::{Checked, Problem};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, ValueId};

/// How many layers before a mistake are looked at.
const MOST_LAYERS: usize = 8;

/// How many kinds of strided layers are tried where one may be missing.
const MOST_STAGES: usize = 3;

pub(super) fn edits(graph: &Graph, checked: &Checked, problem: &Problem, found: &mut Candidates) {
    match problem {
        Problem::Layer { node, op, fault: Fault { reason, .. }, .. } => match *reason {
            Reason::Channels { expected, found: comes } => between(graph, *node, expected, comes, found),
            Reason::Features { found: comes, .. } if comes.rank() == 1 => {
                before_flatten(graph, checked, *node, found);
            }
            Reason::Join { operand, axis: Some(_), first, other } if graph.nodes[*node].inputs.len() == 2 => {
                let sides = [(1 - operand.min(1), &first), (operand, &other)];
                at_a_join(graph, *node, op, sides, found);
            }
            _ => {}
        },
        Problem::Output { output, found: gives } => {
            at_the_end(graph, checked, problem, gives, &graph.outputs[*output].shape, found);
        }
        _ => {}
    }
}

/// Whether one shape has more rows than another, and how many times as many on every axis.
fn ratio(graph: &Graph, shape: &Shape, other: &Shape) -> Option<(bool, i64)> {
    let axes = shape.rank().checked_sub(1).filter(|axes| *axes > 0 && other.rank() == shape.rank())?;
    let of = |axis: usize| {
        let place = graph.order().spatial(axis);
        let (a, b) = (shape.size(place).number()?, other.size(place).number()?);
        let (large, small) = (a.max(b), a.min(b));
        (small > 0 && large % small == 0).then(|| (a > b, large / small))
    };
    of(0).filter(|first| first.1 > 1 && (0..axes).all(|axis| of(axis) == Some(*first)))
}

/// One more strided layer like the earlier ones, if the output is too large or too small by exactly their factor.
fn at_the_end(
    graph: &Graph,
    checked: &Checked,
    problem: &Problem,
    gives: &Shape,
    declared: &Shape,
    found: &mut Candidates,
) {
    shuffled(graph, checked, problem, gives, declared, found);
    let Some((shrinks, factor)) = ratio(graph, gives, declared) else { return };
    if !shrinks {
        resized(graph, checked, problem, factor, found);
    }
    let direction = if shrinks { Direction::Forward } else { Direction::Transposed };
    let near = ancestors(graph, &blamed(graph, problem), MOST_LAYERS);
    let convolution = near.iter().find_map(|(node, _)| {
        let conv = stage(graph, *node).filter(|conv| (conv.direction, conv.stride[0]) == (direction, factor))?;
        Some((*node, Conv { outputs: checked.ops[*node].and(conv.inputs)?, ..conv }))
    });
    if let Some((node, more)) = convolution.filter(|(node, _)| can_insert(graph, *node, 0)) {
        // A single position that is unfolded and then cropped is the likelier mistake.
        let crops = |node: NodeId| {
            let (kernel, output) = unfolds(graph, checked, node)?;
            Some(output.size(graph.order().spatial(0)).number()? < kernel)
        };
        let cost = if (0..graph.nodes.len()).any(|node| crops(node) == Some(true)) { 32 } else { 8 };
        insert(node, 0, Op::Conv(more), cost, found);
    }
    if let (true, Some(pool)) = (shrinks, pools(graph, factor).first())
        && let Some((node, _)) =
            near.iter().find(|(node, _)| matches!(checked.ops[*node], Some(Op::Conv(_))) && can_insert(graph, *node, 0))
    {
        insert(*node, 0, Op::Pool(*pool), 12, found);
    }
}

/// Another factor of a pixel shuffle, with the channels that the convolution before it must then give.
fn shuffled(
    graph: &Graph,
    checked: &Checked,
    problem: &Problem,
    gives: &Shape,
    declared: &Shape,
    found: &mut Candidates,
) {
    let place = graph.order().spatial(0);
    let (Some(now), Some(wanted)) = (gives.size(place).number(), declared.size(place).number()) else { return };
    for (node, distance) in ancestors(graph, &blamed(graph, problem), MOST_LAYERS) {
        let Some(Op::PixelShuffle { factor }) = graph.given(node) else { continue };
        let above = graph.producer(graph.nodes[node].inputs[0]);
        let channels = checked.shape(graph.value(node)).map(|shape| shape.size(graph.order().channel(shape.rank())));
        let other = factor.checked_mul(wanted).filter(|rows| now > 0 && rows % now == 0).map(|rows| rows / now);
        if let (Some(above), Some(Size::Number(channels)), Some(other @ 1..=64)) = (above, channels, other)
            && let (Some(Op::Conv(_)), (Some(inputs), _)) = (graph.given(above), counts(&graph.nodes[above]))
            && let Some(outputs) = channels.checked_mul(other * other)
        {
            let factor = Edit::Field { node, field: "factor", setting: Setting::Int(other) };
            found.push(vec![Edit::Channels { node: above, inputs, outputs }, factor], 14 + distance);
        }
        return;
    }
}

/// A missing layer before one that takes other channels: like the nearest of those with a stride, or a pixel shuffle.
fn between(graph: &Graph, node: NodeId, expected: i64, comes: Size, found: &mut Candidates) {
    let Some(comes) = comes.number().filter(|_| expected > 0 && can_insert(graph, node, 0)) else { return };
    if let Some(factor) = (2..=4).find(|factor| expected.checked_mul(factor * factor) == Some(comes)) {
        insert(node, 0, Op::PixelShuffle { factor }, 31, found);
    }
    let stages = stages(graph, node).into_iter().filter(|conv| conv.stride[0] > 1);
    let mut kinds: Vec<Conv> = stages.map(|conv| Conv { inputs: Some(comes), outputs: expected, ..conv }).collect();
    kinds.dedup();
    for (conv, nth) in kinds.into_iter().take(MOST_STAGES).zip(0..) {
        insert(node, 0, Op::Conv(conv), 31 + nth, found);
    }
}

/// A missing pooling, before a map is flattened.
fn before_flatten(graph: &Graph, checked: &Checked, node: NodeId, found: &mut Candidates) {
    let flatten = graph.nodes[node].inputs.first().and_then(|value| graph.shaper(*value));
    let Some(flatten) = flatten.filter(|flatten| checked.ops[*flatten] == Some(Op::FLATTEN)) else { return };
    let rank = checked.shape(graph.nodes[flatten].inputs[0]).map_or(0, |shape| shape.rank());
    if can_insert(graph, flatten, 0) {
        let pools = (2..=4).flat_map(|factor| pools(graph, factor)).filter(|pool| pool.rank + 1 == rank);
        pools.for_each(|pool| insert(flatten, 0, Op::Pool(pool), 13, found));
    }
}

/// A missing layer on one side of a join: what makes the smaller value larger by the factor that is missing, or the
/// larger one smaller.
fn at_a_join(graph: &Graph, node: NodeId, op: &Op, sides: [(usize, &Shape); 2], found: &mut Candidates) {
    let [(first, a), (second, b)] = sides;
    let Some((larger, factor)) = ratio(graph, a, b) else { return };
    let [large, small] = if larger { [(first, a), (second, b)] } else { [(second, b), (first, a)] };
    let channels = |shape: &Shape| shape.size(graph.order().channel(shape.rank())).number();
    let (Some(of_large), Some(of_small)) = (channels(large.1), channels(small.1)) else { return };
    // What a join gives is what its reader takes, or the output.
    let value = graph.value(node);
    let declared =
        || graph.outputs.iter().find(|output| output.value == Some(value)).and_then(|output| channels(&output.shape));
    let taken = |other: i64| match op {
        Op::Concat { .. } => taken(graph, value).or_else(declared).map(|taken| taken - other).filter(|rest| *rest > 0),
        _ => Some(other),
    };
    for (operand, comes, other, direction) in
        [(small.0, of_small, of_large, Direction::Transposed), (large.0, of_large, of_small, Direction::Forward)]
    {
        let made = graph.producer(graph.nodes[node].inputs[operand]).is_some();
        if !made || !can_insert(graph, node, operand) {
            continue;
        }
        let fits = |conv: &Conv| (conv.direction, conv.stride[0]) == (direction, factor);
        let stages = stages(graph, node);
        let cost = if direction == Direction::Transposed { 30 } else { 36 };
        let like_others = stages.iter().copied().find(fits).map(|conv| (conv, cost));
        // Without one to go by, another operand is likelier.
        let usual = || {
            let near =
                stages.first().filter(|near| direction == Direction::Transposed && near.dialect != Dialect::Jax)?;
            Some((blocks(near, factor), cost + 30))
        };
        if let (Some((conv, cost)), Some(outputs)) = (like_others.or_else(usual), taken(other)) {
            insert(node, operand, Op::Conv(Conv { inputs: Some(comes), outputs, ..conv }), cost, found);
        }
        if direction == Direction::Forward {
            pools(graph, factor).into_iter().for_each(|pool| insert(node, operand, Op::Pool(pool), cost, found));
        }
    }
}

/// The channels that the layers after a value take.
pub(super) fn taken(graph: &Graph, value: ValueId) -> Option<i64> {
    let (next, reader) = graph.nodes.iter().enumerate().find(|(_, node)| node.inputs.first() == Some(&value))?;
    match graph.given(next) {
        Some(op) if op.keeps_shape() => taken(graph, graph.value(next)),
        _ => counts(reader).0,
    }
}

fn insert(node: NodeId, operand: usize, op: Op, cost: u32, found: &mut Candidates) {
    found.push(vec![Edit::Insert { node, operand, ops: vec![op] }], cost);
}

/// A transposed convolution that makes a block of each row, like another convolution in all else.
fn blocks(conv: &Conv, factor: i64) -> Conv {
    let rows = [factor; MAX_SPATIAL];
    let padding = Padding::Symmetric([0; MAX_SPATIAL]);
    Conv { kernel: rows, stride: rows, direction: Direction::Transposed, padding, output_padding: None, ..*conv }
}

/// The chain's plain convolutions, nearest first.
fn stages(graph: &Graph, node: NodeId) -> Vec<Conv> {
    let mut near: Vec<(usize, Conv)> =
        (0..graph.nodes.len()).filter_map(|other| Some((other.abs_diff(node), stage(graph, other)?))).collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, conv)| conv).collect()
}

/// A plain convolution with equal numbers on every axis, as text can repeat it.
fn stage(graph: &Graph, node: NodeId) -> Option<Conv> {
    let Some(Op::Conv(conv)) = graph.given(node) else { return None };
    let padded = match conv.padding {
        Padding::Symmetric(rows) => is_even(&rows[..conv.rank]),
        Padding::Same | Padding::Valid => true,
        Padding::Pairs(_) | Padding::SameLower | Padding::Causal | Padding::Circular | Padding::Reflect => false,
    };
    let plain = is_even(&conv.stride[..conv.rank])
        && is_even(&conv.kernel[..conv.rank])
        && padded
        && conv.output_padding.is_none_or(|rows| is_even(&rows[..conv.rank]))
        && (conv.groups, conv.dilation[0], conv.input_dilation[0]) == (1, 1, 1)
        && (conv.output_size, conv.depth_multiplier) == (None, None);
    plain.then_some(Conv { bias: true, weight: WeightFrom::Own, ..conv })
}

fn is_even(values: &[i64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

/// A pooling of the chain that divides sizes by a factor, if a statement can repeat it: its windows are alike on every
/// axis and do not overlap.
fn pools(graph: &Graph, factor: i64) -> Vec<Pool> {
    let plain = |pool: &Pool| {
        let even = is_even(&pool.kernel[..pool.rank]) && is_even(&pool.stride[..pool.rank]);
        even && pool.kernel[0] == factor
            && pool.stride[0] == factor
            && !pool.ceil_mode
            && matches!(pool.padding, Padding::Symmetric([0, ..]) | Padding::Valid)
    };
    let pool = |node: NodeId| match graph.given(node) {
        Some(Op::Pool(pool)) => Some(pool).filter(plain),
        _ => None,
    };
    let mut found: Vec<Pool> = (0..graph.nodes.len()).filter_map(pool).collect();
    found.dedup();
    found.truncate(1);
    found
}

fn upsampling(factor: i64) -> Option<Op> {
    let to = ResizeTo::Scale([f64::from(i32::try_from(factor).ok()?); MAX_SPATIAL]);
    Some(Op::Upsample(Upsample { rank: None, to, mode: Interpolation::Nearest, align_corners: None }))
}

/// An `Upsample` before the last convolution of a chain that has resized already.
fn resized(graph: &Graph, checked: &Checked, problem: &Problem, factor: i64, found: &mut Candidates) {
    let grows = |op: &Option<Op>| match op {
        Some(Op::Conv(conv)) => conv.direction == Direction::Transposed,
        Some(Op::Upsample(_) | Op::PixelShuffle { .. } | Op::DepthToSpace { .. }) => true,
        _ => false,
    };
    let near = ancestors(graph, &blamed(graph, problem), MOST_LAYERS);
    let kept = |node: NodeId| match checked.ops[node] {
        Some(Op::Conv(conv)) => {
            conv.direction == Direction::Forward && conv.stride[..conv.rank].iter().all(|one| *one == 1)
        }
        _ => false,
    };
    let last = near.into_iter().find(|(node, _)| kept(*node) && can_insert(graph, *node, 0));
    let (Some((node, distance)), Some(op)) = (last, upsampling(factor)) else { return };
    if checked.ops.iter().any(grows) {
        insert(node, 0, op, 9 + distance, found);
    }
}

//! What would solve a problem: sizes that one value must have.

use convshape_arith::fault::Reason;
use convshape_arith::op::{AxisOrder, MAX_SPATIAL, Op, PerAxis};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::preimage::{SizeRange, first, preimage, rows_of};
use crate::check::{Checked, Problem};
use crate::graph::{Graph, ValueId};
use crate::unseen::visible;

/// Sizes that a value must have. An axis that is correct or unknown has no range.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Goal {
    pub(super) value: ValueId,
    pub(super) ranges: PerAxis<Option<SizeRange>>,
    /// The value whose size is the target, if there is one.
    pub(super) like: Option<ValueId>,
    /// The extra cost of an edit for this goal, compared with a likelier one.
    pub(super) extra: u32,
}

impl Goal {
    fn new(value: ValueId, ranges: PerAxis<Option<SizeRange>>) -> Goal {
        Goal { value, ranges, like: None, extra: 0 }
    }
}

/// The goals for a problem, each sufficient by itself; the most likely first.
pub(super) fn goals(graph: &Graph, checked: &Checked, problem: &Problem) -> Vec<Goal> {
    match problem {
        Problem::Restores { node, found, wanted } => {
            let restored = graph.nodes[*node].restores.as_ref().map(|restores| restores.input);
            let goal = meet(graph, graph.value(*node), found, wanted);
            goal.map(|goal| Goal { like: restored, ..goal }).into_iter().collect()
        }
        Problem::Comment { node, found, written } => {
            meet(graph, graph.value(*node), found, written).into_iter().collect()
        }
        Problem::Output { output, found } => {
            let declared = &graph.outputs[*output];
            let Some(value) = declared.value else { return Vec::new() };
            let shape = visible(&declared.shape);
            if let ([_], [Size::Number(elements)]) = (found.sizes(), shape.sizes()) {
                return elements_of_map(graph, checked, value, *elements);
            }
            meet(graph, value, found, &shape).into_iter().chain(tokens_of_map(graph, checked, value, &shape)).collect()
        }
        Problem::Body { body, input, output } => {
            meet(graph, graph.bodies[*body].output, output, input).into_iter().collect()
        }
        Problem::Hole { node, target, solutions } if solutions.is_empty() => {
            let value = graph.value(*node);
            meet(graph, value, &Shape::unknown(target.rank()), target).into_iter().collect()
        }
        Problem::Layer { node, op, inputs, fault } => {
            let values = &graph.nodes[*node].inputs;
            match fault.reason {
                Reason::Join { operand, first, other, .. } => {
                    let (first, other) = if matches!(op, Op::Concat { .. }) {
                        (first, other)
                    } else {
                        (unstretched(&first, &other), unstretched(&other, &first))
                    };
                    joins(graph, checked, values, operand, &first, &other)
                }
                Reason::Unpooled { given, found } => meet(graph, values[0], &found, &given).into_iter().collect(),
                Reason::KernelTooLarge { .. } | Reason::EmptyOutput { .. } | Reason::PoolInput { .. } => {
                    let least = |axis| smallest_input(op, &inputs[0], graph, axis);
                    let mut goals = at_least(graph, values[0], &inputs[0], least);
                    let anything = (0..inputs[0].rank().saturating_sub(1)).map(|_| Some((1, i64::MAX)));
                    let mut ranges = [None; MAX_SPATIAL];
                    ranges.iter_mut().zip(anything).for_each(|(range, any)| *range = any);
                    goals.push(Goal::new(graph.value(*node), ranges));
                    goals
                }
                Reason::SingleElement => at_least(graph, values[0], &inputs[0], |_| Some(2)),
                Reason::ReflectPadding { padding, .. } => {
                    at_least(graph, values[0], &inputs[0], |_| padding.checked_add(1))
                }
                Reason::CircularPadding { padding, .. } => at_least(graph, values[0], &inputs[0], |_| Some(padding)),
                Reason::Features { expected, .. } => elements(graph, checked, values[0], expected),
                Reason::Elements { to, .. } => match to.elements() {
                    Ok(Size::Number(expected)) => elements(graph, checked, values[0], expected),
                    _ => Vec::new(),
                },
                Reason::Divisible { by, .. } => match fault.axis {
                    Some(axis) => multiples(graph, values[0], &inputs[0], axis, by),
                    None => Vec::new(),
                },
                _ => Vec::new(),
            }
        }
        Problem::Lossy { node, axis, rows, input } => {
            let Some(stride) = stride(checked, *node, *axis) else { return Vec::new() };
            let Some(size) = rows_of(input.size(graph.order().spatial(*axis)), input.scope()) else {
                return Vec::new();
            };
            let value = graph.nodes[*node].inputs[0];
            let kept = size.saturating_sub(*rows);
            [kept, kept.saturating_add(stride)].into_iter().map(|size| exactly(value, *axis, size)).collect()
        }
        Problem::Input { .. } | Problem::NoTarget { .. } | Problem::Hole { .. } | Problem::Unread { .. } => Vec::new(),
    }
}

/// A value should have the spatial sizes of another shape.
fn meet(graph: &Graph, value: ValueId, found: &Shape, wanted: &Shape) -> Option<Goal> {
    if found.rank() != wanted.rank() {
        return None;
    }
    let order = graph.order();
    let mut ranges = [None; MAX_SPATIAL];
    for (axis, range) in ranges.iter_mut().enumerate().take(found.rank().saturating_sub(1)) {
        let place = order.spatial(axis);
        if found.size(place).is_known() && found.size(place).fits(wanted.size(place)) {
            continue;
        }
        *range = rows_of(wanted.size(place), wanted.scope()).map(|rows| (rows, rows));
    }
    ranges.iter().any(Option::is_some).then_some(Goal::new(value, ranges))
}

/// Two operands that differ: either should become like the other.
fn joins(
    graph: &Graph,
    checked: &Checked,
    values: &[ValueId],
    operand: usize,
    first: &Shape,
    other: &Shape,
) -> Vec<Goal> {
    let shape = |value: ValueId| checked.shape(value);
    let leader = (0..values.len()).find(|index| *index != operand && shape(values[*index]) == Some(*first));
    let leader = leader.or((0..values.len()).find(|index| *index != operand));
    let Some(leader) = leader else { return Vec::new() };
    let (a, b) = (values[leader], values[operand]);
    let second = meet(graph, b, other, first).map(|goal| Goal { like: Some(a), ..goal });
    let lead = meet(graph, a, first, other).map(|goal| Goal { like: Some(b), ..goal });
    // The later one in the text is more likely to be wrong.
    let mut goals: Vec<Goal> = [second, lead].into_iter().flatten().collect();
    goals.sort_by_key(|goal| std::cmp::Reverse(goal.value));
    goals
}

/// A shape in which the axes that stretch, because one of two has a single row, are already alike.
fn unstretched(shape: &Shape, other: &Shape) -> Shape {
    let one = |size: Size| size.number() == Some(1);
    let axes = (0..shape.rank()).filter(|axis| shape.rank() == other.rank() && one(other.size(*axis)));
    axes.fold(*shape, |shape, axis| shape.with(axis, Size::Number(1)))
}

/// The input should have enough rows on every axis.
fn at_least(graph: &Graph, value: ValueId, input: &Shape, least: impl Fn(usize) -> Option<i64>) -> Vec<Goal> {
    let mut ranges = [None; MAX_SPATIAL];
    for (axis, range) in ranges.iter_mut().enumerate().take(input.rank().saturating_sub(1)) {
        let rows = rows_of(input.size(graph.order().spatial(axis)), input.scope());
        if let (Some(rows), Some(least)) = (rows, least(axis))
            && rows < least
        {
            *range = Some((least, i64::MAX));
        }
    }
    match ranges.iter().any(Option::is_some) {
        true => vec![Goal::new(value, ranges)],
        false => Vec::new(),
    }
}

/// The smallest input on one axis that a layer accepts.
fn smallest_input(op: &Op, input: &Shape, graph: &Graph, axis: usize) -> Option<i64> {
    preimage(op, &[*input], graph.order(), axis, (1, i64::MAX)).map(|(least, _)| least)
}

/// The goals for the map before a `Flatten`, with layers between that keep their shape; empty without a `Flatten`.
fn elements_of_map(graph: &Graph, checked: &Checked, value: ValueId, expected: i64) -> Vec<Goal> {
    let Some(node) = graph.producer(value) else { return Vec::new() };
    match checked.ops[node] {
        Some(Op::FLATTEN) => elements(graph, checked, value, expected),
        Some(op) if op.keeps_shape() => elements_of_map(graph, checked, graph.nodes[node].inputs[0], expected),
        _ => Vec::new(),
    }
}

/// The goals for the map whose positions became the rows, or columns, of a value; empty without such a map.
fn tokens_of_map(graph: &Graph, checked: &Checked, value: ValueId, wanted: &Shape) -> Vec<Goal> {
    let (Some(node), [rows, columns]) = (graph.producer(value), wanted.sizes()) else { return Vec::new() };
    let above = graph.nodes[node].inputs.first().copied();
    let (Some(op), Some(above)) = (checked.ops[node], above) else { return Vec::new() };
    let Some(map) = checked.shape(above) else { return Vec::new() };
    let first = graph.order() == AxisOrder::ChannelsFirst;
    let (channels, positions) = if first { (rows, columns) } else { (columns, rows) };
    match op {
        Op::Permute { .. } if map.rank() == 2 => {
            tokens_of_map(graph, checked, above, &Shape::new(&[*columns, *rows], wanted.scope()))
        }
        Op::Flatten { .. } if map.rank() > 2 => match (map.size(graph.order().channel(map.rank())), positions.number())
        {
            (of_map, Some(positions)) if of_map.fits(*channels) => {
                let elements = of_map.number().and_then(|channels| channels.checked_mul(positions));
                elements.map_or_else(Vec::new, |elements| self::elements(graph, checked, above, elements))
            }
            _ => Vec::new(),
        },
        op if op.keeps_shape() => tokens_of_map(graph, checked, above, wanted),
        _ => Vec::new(),
    }
}

/// Spatial sizes with the number of elements that a later flattening layer requires.
fn elements(graph: &Graph, checked: &Checked, value: ValueId, expected: i64) -> Vec<Goal> {
    let value = match graph.producer(value) {
        Some(node) if matches!(checked.ops[node], Some(Op::FLATTEN)) => graph.nodes[node].inputs[0],
        _ => value,
    };
    let Some(shape) = checked.shape(value).filter(Shape::is_known) else { return Vec::new() };
    let order = graph.order();
    let axes = shape.rank().saturating_sub(1);
    let sizes: Vec<i64> = (0..axes).filter_map(|axis| shape.size(order.spatial(axis)).number()).collect();
    let channels = shape.size(order.channel(shape.rank())).number();
    let (Some(channels @ 1..), 1..=MAX_SPATIAL) = (channels, axes) else { return Vec::new() };
    if expected % channels != 0 {
        return Vec::new();
    }
    let wanted = expected / channels;
    let mut goals = Vec::new();
    if let Some(side) = root(wanted, axes) {
        let mut ranges = [None; MAX_SPATIAL];
        ranges[..axes].fill(Some((side, side)));
        goals.push(Goal { extra: 6, ..Goal::new(value, ranges) });
    }
    // Flattening needs numbers on all axes, not symbols.
    for axis in (0..axes).filter(|_| sizes.len() == axes) {
        let others = sizes.iter().enumerate().filter(|(other, _)| *other != axis).map(|(_, size)| *size);
        let others = others.fold(1, i64::saturating_mul);
        if others > 0 && wanted % others == 0 && axes > 1 {
            goals.push(Goal { extra: 12, ..exactly(value, axis, wanted / others) });
        }
    }
    goals
}

/// The number whose power `power` this is.
pub(super) fn root(number: i64, power: usize) -> Option<i64> {
    let power = u32::try_from(power).ok()?;
    let reaches = |side: i64| side.checked_pow(power).is_none_or(|product| product >= number);
    let side = first(reaches)?;
    (side.checked_pow(power) == Some(number)).then_some(side)
}

/// The next lower and higher multiples.
fn multiples(graph: &Graph, value: ValueId, input: &Shape, axis: usize, by: i64) -> Vec<Goal> {
    let Some(rows) = rows_of(input.size(graph.order().spatial(axis)), input.scope()) else { return Vec::new() };
    let (Some(below), 1..) = (rows.checked_div(by).map(|times| times * by), by) else { return Vec::new() };
    let sizes = [below, below.saturating_add(by)].into_iter().filter(|size| *size > 0);
    sizes.map(|size| exactly(value, axis, size)).collect()
}

fn exactly(value: ValueId, axis: usize, size: i64) -> Goal {
    let mut ranges = [None; MAX_SPATIAL];
    ranges[axis] = Some((size, size));
    Goal::new(value, ranges)
}

fn stride(checked: &Checked, node: usize, axis: usize) -> Option<i64> {
    match checked.ops[node]? {
        Op::Conv(conv) => Some(conv.stride[axis]),
        Op::Pool(pool) => Some(pool.stride[axis]),
        _ => None,
    }
}

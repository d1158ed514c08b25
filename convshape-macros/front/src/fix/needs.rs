//! Follows a goal upstream: the sizes that earlier values must have for it, layer by layer.
//!
//! Every layer's map of sizes is monotone, so the input sizes that give an output in a range are themselves a range.

use std::collections::BTreeMap;

use convshape_arith::layer::AxisMap;
use convshape_arith::op::{Axis, AxisOrder, MAX_SPATIAL, Op, Padding, PerAxis};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::goals::{Goal, SizeRange, sampled};
use crate::check::Checked;
use crate::graph::{Graph, NodeId, ValueId};

/// Larger inputs are not tried.
const LARGEST: i64 = 1 << 40;

/// The sizes that a value must have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) value: ValueId,
    pub(super) ranges: PerAxis<Option<SizeRange>>,
    /// How many layers that change sizes are between it and the goal.
    pub(super) distance: u32,
}

/// The needs of a goal, the nearest first.
pub(super) fn needs(graph: &Graph, checked: &Checked, goal: &Goal) -> Vec<Need> {
    let mut open: BTreeMap<ValueId, Need> = BTreeMap::new();
    open.insert(goal.value, Need { value: goal.value, ranges: goal.ranges, distance: 0 });
    let mut found = Vec::new();
    // Only later layers read a value, so at this point all its readers have been visited.
    while let Some((value, need)) = open.pop_last() {
        found.push(need);
        let Some(node) = graph.producer(value) else { continue };
        for above in above(graph, checked, node, &need) {
            let known = open.entry(above.value).or_insert(above);
            for axis in 0..MAX_SPATIAL {
                known.ranges[axis] = both(known.ranges[axis], above.ranges[axis]);
            }
            known.distance = known.distance.min(above.distance);
        }
    }
    found
}

/// Sizes that suit both readers, or those of the first if there are none.
fn both(a: Option<SizeRange>, b: Option<SizeRange>) -> Option<SizeRange> {
    match (a, b) {
        (Some((low, high)), Some((other_low, other_high))) => {
            let shared = (low.max(other_low), high.min(other_high));
            Some(if shared.0 <= shared.1 { shared } else { (low, high) })
        }
        (a, b) => a.or(b),
    }
}

/// The input sizes that a layer needs to give the required output.
fn above(graph: &Graph, checked: &Checked, node: NodeId, need: &Need) -> Vec<Need> {
    let Some(op) = checked.ops[node] else { return Vec::new() };
    let inputs = &graph.nodes[node].inputs;
    if op.keeps_shape() {
        return vec![Need { value: inputs[0], ..*need }];
    }
    let distance = need.distance + 1;
    match op {
        Op::Concat { axis: Axis::Channels } | Op::Add | Op::Mul => {
            let rank = checked.shape(graph.value(node)).map(|shape| shape.rank());
            let same = |value: &&ValueId| checked.shape(**value).map(|shape| shape.rank()) == rank;
            inputs.iter().filter(same).map(|value| Need { value: *value, ranges: need.ranges, distance }).collect()
        }
        Op::Conv(_)
        | Op::SeparableConv(_)
        | Op::Pool(_)
        | Op::Upsample(_)
        | Op::Pad { .. }
        | Op::Crop { .. }
        | Op::PixelShuffle { .. }
        | Op::PixelUnshuffle { .. }
        | Op::DepthToSpace { .. } => {
            let Some(shapes) = inputs.iter().map(|value| checked.shape(*value)).collect::<Option<Vec<Shape>>>() else {
                return Vec::new();
            };
            let mut ranges = need.ranges;
            for (axis, range) in ranges.iter_mut().enumerate() {
                if let Some(output) = *range {
                    let Some(input) = preimage(&op, &shapes, graph.order(), axis, output) else { return Vec::new() };
                    *range = Some(input);
                }
            }
            vec![Need { value: inputs[0], ranges, distance }]
        }
        _ => Vec::new(),
    }
}

/// The rows that a layer gives for `rows` input rows on one axis; `None` if it rejects them.
pub(super) fn given(op: &Op, inputs: &[Shape], order: AxisOrder, axis: usize, rows: i64) -> Option<i64> {
    let mut inputs = inputs.to_vec();
    let first = inputs.first_mut()?;
    if axis + 1 >= first.rank() || rows < 1 {
        return None;
    }
    let mut one = *first;
    for other in 0..first.rank() - 1 {
        one = one.with(order.spatial(other), if other == axis { Size::Number(rows) } else { Size::Unknown });
    }
    *first = one;
    op.output(&inputs, order).ok()?.size(order.spatial(axis)).number()
}

/// The input sizes for which a layer's output is in a range.
pub(super) fn preimage(
    op: &Op,
    inputs: &[Shape],
    order: AxisOrder,
    axis: usize,
    range: SizeRange,
) -> Option<SizeRange> {
    let (low, high) = range;
    if let Some(exact) = exactly(op, &inputs[0], order, axis, range) {
        return exact;
    }
    let reaches = |rows: i64, size: i64| given(op, inputs, order, axis, rows).is_some_and(|given| given >= size);
    let least = first(|rows| reaches(rows, low))?;
    let most = match high {
        i64::MAX => i64::MAX,
        _ => first(|rows| reaches(rows, high.saturating_add(1)))?.saturating_sub(1),
    };
    (least <= most).then_some((least, most))
}

/// The input sizes in closed form, for a convolution whose padding does not depend on them.
fn exactly(op: &Op, input: &Shape, order: AxisOrder, axis: usize, (low, high): SizeRange) -> Option<Option<SizeRange>> {
    let Op::Conv(conv) = op else { return None };
    if !matches!(conv.padding, Padding::Symmetric(_) | Padding::Pairs(_) | Padding::Valid) || high == i64::MAX {
        return None;
    }
    match op.axis_map(&sampled(input), order, axis) {
        Ok(Some(AxisMap::Window(window))) => {
            let range = window.inputs_for(low).zip(window.inputs_for(high));
            Some(range.map(|((least, _), (_, most))| (least, most)).filter(|(least, most)| least <= most))
        }
        _ => None,
    }
}

/// The smallest number that passes a monotone test.
pub(super) fn first(takes: impl Fn(i64) -> bool) -> Option<i64> {
    let mut high = 1_i64;
    while !takes(high) {
        high = high.checked_mul(2).filter(|high| *high <= LARGEST)?;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if takes(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

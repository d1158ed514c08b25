//! Follows a goal upstream: the sizes that earlier values must have for it, layer by layer.

use std::collections::BTreeMap;

use convshape_arith::op::{Axis, MAX_SPATIAL, Op, PerAxis};
use convshape_arith::shape::Shape;

use super::goals::Goal;
use super::preimage::{SizeRange, preimage};
use crate::check::Checked;
use crate::graph::{Graph, NodeId, ValueId};

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

//! Holes: `_` in place of a number that a target determines.

use convshape_arith::op::{MAX_SPATIAL, Op};
use convshape_arith::shape::Shape;
use convshape_arith::solve::{self, AxisField, Solutions};

use super::targets::{Target, Targets};
use super::{Checked, Filling, Problem};
use crate::fields;
use crate::graph::{Graph, Hole, Node, NodeId};
use crate::unseen::visible;

impl Checked {
    pub(super) fn fill(
        &mut self,
        graph: &Graph,
        id: NodeId,
        node: &Node,
        op: Op,
        input: &Shape,
        targets: &Targets,
    ) -> (Op, bool) {
        if node.holes.is_empty() {
            return (op, true);
        }
        let target = match targets.of(graph, id, self) {
            Target::Missing => {
                self.problems.push(Problem::NoTarget { node: id });
                return (op, false);
            }
            // An earlier error, or a size that const evaluation will know.
            Target::Unknown => return (op, false),
            Target::Shape(target) => target,
        };
        let order = graph.order();
        let channels = target.size(order.channel(target.rank())).number();
        let mut op = op;
        if node.holes.contains(&Hole::OutChannels) {
            match channels {
                Some(channels) => {
                    fields::set(&mut op, "out_channels", &fields::Setting::Int(channels));
                }
                None => {
                    self.no_target(id, node);
                    return (op, false);
                }
            }
        }
        let open = node.open();
        if open.is_empty() {
            return (op, true);
        }
        let rank = input.rank().saturating_sub(1);
        if target.rank() != input.rank() || rank > MAX_SPATIAL || !input.is_known() {
            // The problem is the number of axes, or something that is not known yet.
            return (op, input.is_known());
        }
        let mut per_axis: Vec<Solutions> = Vec::new();
        for axis in 0..rank {
            let size = target.size(order.spatial(axis));
            if !size.is_known() {
                self.no_target(id, node);
                return (op, false);
            }
            per_axis.push(solve::fill_axis(&op, &open, input, order, axis, size));
        }
        if open == [AxisField::Padding]
            && per_axis.iter().any(|solutions| solutions.count == 0)
            && let Some(padded) = solve::uneven_padding(&op, input, order, &target)
        {
            return (padded, true);
        }
        if per_axis.iter().any(|solutions| solutions.count != 1) {
            let solutions = combinations(&open, &per_axis, rank);
            self.problems.push(Problem::Hole { node: id, target, solutions });
            return (op, false);
        }
        for (place, field) in open.iter().enumerate() {
            for (axis, solutions) in per_axis.iter().enumerate() {
                op = op.with_axis_field(*field, axis, solutions.values[0][place]);
            }
        }
        (op, true)
    }

    /// A size of the target is unknown. If it was written as `_`, nothing determines the hole.
    fn no_target(&mut self, id: NodeId, node: &Node) {
        if node.comment.is_some_and(|(shape, _)| shape == visible(&shape)) {
            self.problems.push(Problem::NoTarget { node: id });
        }
    }
}

/// About how many numbers are tried to solve the holes of a node.
pub(crate) fn trials(node: &Node, op: &Op, input: Option<Shape>) -> usize {
    const MOST: i64 = 1 << 20;
    let open = node.open();
    if open.is_empty() {
        return 0;
    }
    let rows = input.and_then(|input| input.sizes().iter().filter_map(|size| size.number()).max()).unwrap_or(64);
    let largest = |values: [i64; MAX_SPATIAL]| values.into_iter().map(i64::saturating_abs).max().unwrap_or(1);
    let field = |field| op.axis_field(field).map_or(1, largest);
    let step = field(AxisField::Stride).saturating_add(8);
    let span = rows.saturating_mul(4).saturating_add(field(AxisField::Kernel));
    let span = span.saturating_add(field(AxisField::Padding).saturating_mul(2)).saturating_mul(step);
    let values = open.iter().map(|field| if *field == AxisField::OutputPadding { step } else { span });
    usize::try_from(values.fold(1, i64::saturating_mul).min(MOST)).unwrap_or(usize::MAX)
}

/// The solutions for the holes, one axis after the other: enough of them to list.
fn combinations(open: &[AxisField], per_axis: &[Solutions], rank: usize) -> Vec<Filling> {
    if per_axis.iter().any(|solutions| solutions.count == 0) {
        return Vec::new();
    }
    let most = per_axis.iter().map(|solutions| solutions.count).max().unwrap_or(0);
    (0..most)
        .map(|nth| {
            open.iter()
                .enumerate()
                .map(|(place, field)| {
                    let mut values = [0; MAX_SPATIAL];
                    for (axis, solutions) in per_axis.iter().enumerate() {
                        values[axis] = solutions.values[nth.min(solutions.count - 1)][place];
                    }
                    (field.name(), fields::Setting::ints(values, rank))
                })
                .collect()
        })
        .collect()
}

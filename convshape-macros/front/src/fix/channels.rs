//! Channel counts and reshapes further up.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::candidates::ancestors;
use super::{Edit, Search};
use crate::check::Problem;
use crate::graph::{Recipe, ValueId};

/// Channel counts of the layers that decide those of `values`.
pub(super) fn channels(search: &mut Search<'_>, values: &[ValueId], wanted: Option<&Shape>) {
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

/// A reshape further up whose shape decides the output.
pub(super) fn reshape_above(search: &mut Search<'_>, value: ValueId, wanted: &Shape) {
    for (node, distance) in ancestors(search.graph, &[value]) {
        if matches!(search.graph.nodes[node].recipe, Recipe::Given(Op::Reshape { .. })) {
            search.offer(Edit::Reshape { node, shape: *wanted }, 20 + 3 * distance);
        }
    }
}

//! Findings that are not errors: statements that nothing reads, and rows that a stride drops.

use convshape_arith::axis::Window;
use convshape_arith::layer::AxisMap;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::{Checked, Problem};
use crate::graph::{Graph, NodeId, Recipe, ValueId};
use crate::syntax::Strictness;

impl Checked {
    pub(super) fn warnings(&mut self, graph: &Graph) {
        for (id, node) in graph.nodes.iter().enumerate() {
            if !node.read && !matches!(node.recipe, Recipe::Broken) && !is_carried(graph, id) {
                self.warnings.push(Problem::Unread { node: id });
            }
        }
        if graph.lossy == Strictness::Allow {
            return;
        }
        for id in 0..graph.nodes.len() {
            self.lossy(graph, id);
        }
    }

    /// The rows that a layer drops, as an error or a warning.
    pub(crate) fn lossy(&mut self, graph: &Graph, id: NodeId) {
        let Some((axis, rows, input)) = self.loss(graph, id) else { return };
        let problem = Problem::Lossy { node: id, axis, rows, input };
        match graph.lossy {
            Strictness::Deny => self.problems.push(problem),
            Strictness::Warn | Strictness::Allow => self.warnings.push(problem),
        }
    }

    /// The first axis on which a layer drops rows: the axis, how many, and the input size.
    pub(crate) fn loss(&self, graph: &Graph, id: NodeId) -> Option<(usize, i64, Shape)> {
        let order = graph.order();
        let op = self.ops.get(id)?.as_ref()?;
        let input = self.shape(graph.nodes[id].inputs[0])?;
        (0..input.rank().saturating_sub(1)).find_map(|axis| {
            let AxisMap::Window(window) = op.axis_map(&input, order, axis).ok()?? else { return None };
            let rows = match input.size(order.spatial(axis)) {
                Size::Number(rows) => window.dropped(rows),
                // Equal for all values of the symbol, because the stride divides its factor.
                Size::Symbolic { offset, .. } => window.dropped(like_offset(offset, &window)),
                Size::Unknown => 0,
            };
            (rows > 0).then_some((axis, rows, input))
        })
    }
}

/// Whether earlier passes of a repeat read what this layer gives in the last one, from which another value is read:
/// WaveNet's last residual.
fn is_carried(graph: &Graph, id: NodeId) -> bool {
    let is_read = |value: &ValueId| graph.producer(*value).is_some_and(|node| graph.nodes[node].read);
    graph.last_passes.iter().any(|outputs| outputs.contains(&graph.value(id)) && outputs.iter().any(is_read))
}

/// A size larger than the kernel with the same remainder as `a*h + offset`: the stride divides `a`.
fn like_offset(offset: i64, window: &Window) -> i64 {
    let reach = window.kernel.saturating_mul(window.dilation).saturating_add(1);
    reach.saturating_mul(window.stride).saturating_add(offset.rem_euclid(window.stride))
}

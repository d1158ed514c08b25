//! The output that a layer with holes must give.

use convshape_arith::shape::Shape;

use super::Checked;
use crate::graph::{Graph, NodeId, Recipe};
use crate::unseen::visible;

/// Where holes get their target from.
#[derive(Clone)]
pub(super) struct Targets {
    /// For each node, the chain's output that it reaches through layers that keep its shape, if any.
    output: Vec<Option<usize>>,
}

impl Targets {
    pub(super) fn new(graph: &Graph) -> Targets {
        let mut output = vec![None; graph.nodes.len()];
        // Backwards: a node inherits the output of its readers if they all keep its shape.
        for (index, declared) in graph.outputs.iter().enumerate() {
            let mut at = declared.value.and_then(|value| graph.producer(value));
            while let Some(node) = at {
                output[node].get_or_insert(index);
                at = match &graph.nodes[node].recipe {
                    Recipe::Given(op) if op.keeps_shape() => graph.producer(graph.nodes[node].inputs[0]),
                    Recipe::Same => graph.producer(graph.nodes[node].inputs[0]),
                    _ => None,
                };
            }
        }
        Targets { output }
    }

    /// The output that a node reaches through layers that keep its shape.
    pub(super) fn reached(&self, node: NodeId) -> Option<usize> {
        self.output[node]
    }

    pub(super) fn of(&self, graph: &Graph, id: NodeId, checked: &Checked) -> Target {
        let node = &graph.nodes[id];
        if let Some((shape, _)) = node.comment {
            return Target::Shape(visible(&shape));
        }
        if let Some(restores) = &node.restores {
            return checked.shape(restores.input).map_or(Target::Unknown, Target::Shape);
        }
        match self.output[id] {
            Some(output) => Target::Shape(visible(&graph.outputs[output].shape)),
            None => Target::Missing,
        }
    }
}

/// What a node with holes must give.
pub(super) enum Target {
    /// No target.
    Missing,
    /// A target that is not known.
    Unknown,
    Shape(Shape),
}

/// The output that a node reaches through layers that keep its shape.
pub(crate) fn reached_output(graph: &Graph, id: NodeId) -> Option<usize> {
    Targets::new(graph).output[id]
}

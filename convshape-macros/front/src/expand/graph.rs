//! The chain as the graph that the library runs.

use convshape_arith::graph::{Graph, Layer};

use super::Expansion;
use crate::graph::{Node, NodeId, Recipe};

impl Expansion<'_> {
    /// The graph; `None` if the chain has an error, or if only const evaluation knows all of it.
    pub(crate) fn library_graph(&self) -> Option<Graph> {
        if self.refused || self.graph.deferred() {
            return None;
        }
        let mut graph = Graph::new(&self.chain.name.to_string(), self.graph.order());
        let mut values: Vec<usize> =
            self.graph.inputs.iter().map(|input| graph.input(&input.name, input.shape)).collect();
        // The library's node of each layer, without its activation.
        let mut places: Vec<usize> = Vec::new();
        for (id, node) in self.graph.nodes.iter().enumerate() {
            places.push(graph.nodes().len());
            let inputs: Vec<usize> = node.inputs.iter().map(|&value| values[value]).collect();
            let value = match node.recipe {
                Recipe::Same => inputs[0],
                _ => self.push(&mut graph, id, &inputs, &places)?,
            };
            values.push(value);
        }
        for output in &self.graph.outputs {
            graph.output(&output.name, values[output.value?]).ok()?;
        }
        Some(graph)
    }

    /// Adds a layer and its activation.
    fn push(&self, graph: &mut Graph, id: NodeId, inputs: &[usize], places: &[usize]) -> Option<usize> {
        let node: &Node = &self.graph.nodes[id];
        let (name, file_name) = (&node.name[..], &node.file_name[..]);
        let first_run = node.first_run.map(|of| places[of]);
        let tied = match node.recipe {
            Recipe::Param { of, .. } => Some(places[of]),
            _ => node.tied.map(|of| places[of]),
        };
        let tied = tied.filter(|_| first_run.is_none());
        let layer = Layer { name, file_name, op: *self.op(id)?, inputs, tied, first_run };
        let value = graph.push_layer(&layer).ok()?;
        match node.activation {
            None => Some(value),
            Some(op) => graph.push_layer(&Layer { file_name, ..Layer::new(name, op, &[value]) }).ok(),
        }
    }
}

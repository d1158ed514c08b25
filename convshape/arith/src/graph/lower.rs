//! Lowering: the graph that kernels run.

use alloc::vec::Vec;

use super::{Graph, GraphError, Node, Port, Value};
use crate::lower::Split;
use crate::op::{MultiHead, Op};
use crate::shape::Shape;
use crate::size::Size;

impl Graph {
    /// The same computation with fewer kinds of layers. A layer with two steps becomes two nodes, see
    /// [`Op::split`](crate::op::Op::split); an [`Op::MultiHead`] becomes linear layers and attention. Parameters keep
    /// their indices; nodes and values get new ones.
    ///
    /// # Errors
    /// If a layer rejects its inputs.
    pub fn lowered(&self) -> Result<Graph, GraphError> {
        let mut graph = Graph {
            name: self.name.clone(),
            order: self.order,
            inputs: self.inputs.clone(),
            outputs: Vec::new(),
            nodes: Vec::with_capacity(self.nodes.len()),
            values: self.values[..self.inputs.len()].to_vec(),
            params: self.params.clone(),
        };
        // Maps old values and nodes to new ones.
        let mut values: Vec<usize> = (0..self.values.len()).collect();
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let mut inputs: Vec<usize> = node.inputs.iter().map(|&value| values[value]).collect();
            if let Op::MultiHead(layer) = &node.op {
                let output = graph.add_multi_head(node, layer, &inputs);
                values[node.outputs[0]] = output;
                nodes.push(graph.nodes.len() - 1);
                continue;
            }
            let (mut op, mut params) = (node.op, &node.params[..]);
            let split = op.split(graph.shape(inputs[0]), self.order);
            let split = split.map_err(|fault| GraphError::Layer { layer: node.name.clone(), fault })?;
            if let Some(Split { first, middle, second }) = split {
                let (before, after) = params.split_at(first.params().len());
                let lowered = Node {
                    op: first,
                    inputs: inputs[..1].to_vec(),
                    params: before.to_vec(),
                    tied: None,
                    first_run: None,
                    ..node.clone()
                };
                inputs[0] = graph.add(lowered, middle);
                (op, params) = (second, after);
            }
            let (tied, first_run) = (node.tied.map(|of| nodes[of]), node.first_run.map(|of| nodes[of]));
            nodes.push(graph.nodes.len());
            let lowered = Node { op, inputs, params: params.to_vec(), tied, first_run, ..node.clone() };
            values[node.outputs[0]] = graph.add(lowered, *self.shape(node.outputs[0]));
        }
        // A parameter belongs to the first node that uses it.
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            for &param in &node.params {
                graph.params[param].node = index;
            }
        }
        let port = |port: &Port| Port { name: port.name.clone(), value: values[port.value] };
        graph.outputs = self.outputs.iter().map(port).collect();
        Ok(graph)
    }

    /// Adds the linear layers of an [`Op::MultiHead`] and the attention between them. Returns the last one's output.
    fn add_multi_head(&mut self, node: &Node, layer: &MultiHead, inputs: &[usize]) -> usize {
        let mut add = |op: Op, inputs: &[usize], params: &[Option<usize>], outputs: i64| {
            let shape = self.shape(inputs[0]);
            let shape = shape.with(shape.rank() - 1, Size::Number(outputs));
            let params = params.iter().flatten().map(|&param| node.params[param]).collect();
            let (inputs, tied, first_run) = (inputs.to_vec(), None, None);
            self.add(Node { op, inputs, params, tied, first_run, ..node.clone() }, shape)
        };
        let [query, key, value, output] = layer.linear_layers();
        let parts = [query, key, value].map(|part| (part.op, part.params, part.outputs));
        let mut attended = [0; 3];
        for (index, (op, params, outputs)) in parts.into_iter().enumerate() {
            let input = inputs[if index < inputs.len() { index } else { 0 }];
            attended[index] = add(op, &[input], &params, outputs);
        }
        let attended = add(Op::Attention(layer.attention()), &attended, &[], value.outputs);
        add(output.op, &[attended], &output.params, output.outputs)
    }

    /// Adds a node whose output shape is known.
    fn add(&mut self, mut node: Node, shape: Shape) -> usize {
        let value = self.values.len();
        node.outputs = [value].into();
        let inputs: Vec<Shape> = node.inputs.iter().map(|&value| *self.shape(value)).collect();
        node.macs = node.op.macs(&inputs, &shape, self.order);
        self.values.push(Value { shape, node: Some(self.nodes.len()) });
        self.nodes.push(node);
        value
    }
}

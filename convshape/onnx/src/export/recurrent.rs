//! Recurrent layers: one ONNX node per layer, for both directions.
//!
//! The value of a whole run has no counterpart in ONNX. It stands for the outputs of the nodes, and each output of the
//! run is computed from those.

use convshape::Shape;
use convshape::graph::op::{Cell, Recurrent, RecurrentOutput, RecurrentWeights};
use convshape::graph::{Node, Size};

use super::writer::{FileValue, to_i64};
use super::{Export, ExportError, attribute};

/// The outputs of the nodes of a run, one node per layer.
#[derive(Clone)]
pub(super) struct Run {
    /// `[length, directions, batch, hidden]`
    outputs: Vec<String>,
    /// `[directions, batch, hidden]`: the states and the cell states.
    states: [Vec<String>; 2],
}

impl Export<'_> {
    /// The nodes of a run.
    pub(super) fn recurrent(&mut self, node: &Node, layer: &Recurrent) -> FileValue {
        let shape = *self.graph.shape(node.outputs[0]);
        let x = self.natural(node.inputs[0]);
        // `[batch, length, features]` to `[length, batch, features]`.
        let mut read = self.writer.turned(&x.name, x.shape, 1);
        let first: Vec<FileValue> = node.inputs[1..].iter().map(|&value| self.natural(value)).collect();
        let directions = layer.directions();
        let mut run = Run { outputs: Vec::new(), states: [Vec::new(), Vec::new()] };
        for at in 0..layer.layers {
            let [w, r, b] = self.recurrent_weights(node, layer, at);
            let mut inputs = vec![read.clone(), w, r, b, String::new()];
            for state in &first {
                // `[batch, layers * directions, hidden]`: the rows of this layer, moved before the batch.
                let bounds = [at * directions, (at + 1) * directions, 1].map(|number| self.writer.ints(&[number]));
                let rows = Shape::of(&[directions, layer.hidden]);
                let rows =
                    self.writer.node("Slice", &[&state.name, &bounds[0], &bounds[1], &bounds[2]], Vec::new(), rows);
                inputs.push(self.writer.turned(&rows.name, rows.shape, 1));
            }
            let names = self.writer.run(layer, &x.shape, &inputs);
            run.outputs.push(names[0].clone());
            run.states[0].push(names[1].clone());
            run.states[1].extend(names.get(2).cloned());
            if at + 1 < layer.layers {
                read = self.joined(&names[0], layer, &x.shape, 1).name;
            }
        }
        let name = run.outputs[run.outputs.len() - 1].clone();
        self.runs.insert(node.outputs[0], run);
        FileValue { name, shape }
    }

    /// The outputs of both directions in a row, with the batch as the leading axis; `length` begins with the number of
    /// steps.
    fn joined(&mut self, output: &str, layer: &Recurrent, length: &Shape, batch: usize) -> FileValue {
        let scope = length.scope();
        let apart = Shape::new(&[length.size(0), Size::Number(layer.directions()), Size::Number(layer.hidden)], scope);
        let order = if batch == 0 { [2, 0, 1, 3] } else { [0, 2, 1, 3] };
        let turned = self.writer.elsewhere("Transpose", &[output], vec![attribute::ints("perm", order)], apart, batch);
        let sizes = self.writer.ints(&[0, 0, layer.width()]);
        let shape = Shape::new(&[length.size(0), Size::Number(layer.width())], scope);
        FileValue { name: self.writer.elsewhere("Reshape", &[&turned, &sizes], Vec::new(), shape, batch), shape }
    }

    /// One output of a run.
    pub(super) fn recurrent_output(
        &mut self,
        node: &Node,
        layer: &Recurrent,
        output: RecurrentOutput,
    ) -> Result<FileValue, ExportError> {
        let shape = *self.graph.shape(node.outputs[0]);
        let Some(run) = self.runs.get(&node.inputs[0]).cloned() else {
            return Err(self.inexpressible("output of a run that is not there"));
        };
        let state = match output {
            RecurrentOutput::Sequence => {
                let last = &run.outputs[run.outputs.len() - 1];
                return Ok(FileValue { shape, ..self.joined(last, layer, &shape, 0) });
            }
            RecurrentOutput::Hidden | RecurrentOutput::Last => &run.states[0],
            RecurrentOutput::Cell => &run.states[1],
        };
        let rows = match output {
            RecurrentOutput::Last => &state[state.len() - 1..],
            _ => &state[..],
        };
        let names: Vec<&str> = rows.iter().map(String::as_str).collect();
        // `[layers * directions, batch, hidden]` to `[batch, layers * directions, hidden]`.
        let count = to_i64(rows.len()) * layer.directions();
        let states = Shape::of(&[count, layer.hidden]);
        let all = self.writer.elsewhere("Concat", &names, vec![attribute::int("axis", 0)], states, 1);
        let turned = self.writer.turned(&all, states, 0);
        if output == RecurrentOutput::Last {
            let sizes = self.writer.ints(&[0, layer.width()]);
            return Ok(self.writer.node("Reshape", &[&turned, &sizes], Vec::new(), shape));
        }
        Ok(FileValue { name: turned, shape })
    }

    /// The weights of a layer in ONNX's layout: `[directions, gates * hidden, features]`, the same for the state, and
    /// both biases in a row. ONNX orders gates as input, output, forget, cell, and as update, reset, new.
    fn recurrent_weights(&mut self, node: &Node, layer: &Recurrent, at: i64) -> [String; 3] {
        let order: &[usize] = match layer.cell {
            Cell::Lstm => &[0, 3, 1, 2],
            Cell::Gru { .. } => &[1, 0, 2],
            Cell::Rnn { .. } => &[0],
        };
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        let (gates, hidden, directions) = (order.len(), count(layer.hidden), count(layer.directions()));
        let features = count(layer.inputs_of(at).unwrap_or(0));
        let (mut w, mut r, mut b) = (Vec::new(), Vec::new(), Vec::new());
        for direction in 0..directions {
            let weights = RecurrentWeights::new(layer, count(at), direction, features);
            let param = |place: usize| &self.params[node.params[place]];
            let rows = || order.iter().flat_map(|&gate| (0..hidden).map(move |unit| (gate, unit)));
            for (gate, unit) in rows() {
                let weight = |product, feature| {
                    let (of, place) = weights.weight(product, gate, unit, feature);
                    param(of)[place]
                };
                w.extend((0..features).map(|feature| weight(0, feature)));
                r.extend((0..hidden).map(|feature| weight(1, feature)));
            }
            for product in 0..2 {
                let bias = |(gate, unit)| weights.bias(product, gate, unit).map_or(0.0, |(of, place)| param(of)[place]);
                b.extend(rows().map(bias));
            }
        }
        let rows = to_i64(gates * hidden);
        let (directions, hidden) = (to_i64(directions), to_i64(hidden));
        [
            self.writer.floats(&[directions, rows, to_i64(features)], &w),
            self.writer.floats(&[directions, rows, hidden], &r),
            self.writer.floats(&[directions, 2 * rows], &b),
        ]
    }
}

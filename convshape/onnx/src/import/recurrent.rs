//! Recurrent layers: each node is a layer of its own.

use convshape::graph::Op;
use convshape::graph::op::{Cell, Dialect, Recurrent, RecurrentOutput};
use convshape::ndarray::{ArrayD, Axis};

use super::batch::Tensor;
use super::constant::Constant;
use super::node::Node;
use super::{Import, TORCH, Value};

/// The index of each of PyTorch's gates among those of ONNX, which are input, output, forget, cell, and update, reset,
/// new.
fn gates(cell: Cell) -> &'static [usize] {
    match cell {
        Cell::Lstm => &[0, 2, 3, 1],
        Cell::Gru { .. } => &[1, 0, 2],
        Cell::Rnn { .. } => &[0],
    }
}

impl Import {
    /// Reads a node with up to three outputs: all states, the last states, the last cell states.
    pub(super) fn recurrent(&mut self, node: Node<'_>) -> Result<Vec<Value>, String> {
        let x = self.tensor(node, 0)?;
        let layer = self.recurrent_layer(node)?;
        // `[length, batch, features]`, or with `layout: 1` the batch in front.
        let in_front = node.int("layout", 0) != 0;
        let sizes = self.sizes(x);
        let place = usize::from(!in_front);
        if sizes.len() != 3 || sizes[place] != self.batch {
            return Err("it reads a value that is not a batch of sequences".to_owned());
        }
        let x = match x.batch {
            Some(batch) if batch == place => x,
            _ if self.batch == 1 => self.placed(x, &sizes, Some(place))?,
            _ => return Err("it moves the batch".to_owned()),
        };
        let length = self.sample(x)[0];
        if node.input(4).is_some() {
            let lengths = self.constant(node, 4).and_then(|lengths| lengths.ints());
            let lengths = lengths.ok_or("lengths that are computed")?;
            if lengths.iter().any(|&given| given != length) {
                return Err("sequences of several lengths".to_owned());
            }
        }
        // To run backwards, reverse the sequence and run forwards.
        let is_reverse = node.text("direction", "forward") == "reverse";
        let backwards: Vec<i64> = (0..length).rev().collect();
        let x = if is_reverse { self.picked(node, x, 1 - place, &backwards)? } else { x };
        let mut inputs = vec![x.value];
        let states = match layer.cell {
            Cell::Lstm => 2,
            _ => 1,
        };
        for at in 5..5 + states {
            match (node.input(at).is_some(), self.constant(node, at)) {
                (false, _) => {}
                (true, Some(zeros)) if zeros.floats().iter().all(|&number| number == 0.0) => {}
                (true, _) => {
                    // `[directions, batch, hidden]`
                    let state = self.operand(node, at, 3)?;
                    let state = self.placed(state, &[layer.directions(), self.batch, layer.hidden], Some(1))?;
                    inputs.push(state.value);
                }
            }
        }
        if inputs.len() != 1 && inputs.len() != 1 + states {
            return Err("one first state without the other".to_owned());
        }
        if layer.cell == Cell::Lstm && node.input(7).is_some() {
            return Err("with peepholes".to_owned());
        }
        let weights = self.recurrent_weights(node, &layer)?;
        let run = self.push(self.path(node), Op::Recurrent(layer), &inputs)?;
        for (field, shape, numbers) in weights {
            self.give(run, field, shape, numbers);
        }
        let (directions, hidden, batch) = (layer.directions(), layer.hidden, self.batch);
        let mut outputs = Vec::new();
        let kinds = [RecurrentOutput::Sequence, RecurrentOutput::Hidden, RecurrentOutput::Cell];
        for (output, name) in kinds.into_iter().zip(&node.0.output) {
            if name.is_empty() {
                // Nobody reads it.
                outputs.push(Value::Unknown);
                continue;
            }
            let value = self.push(String::new(), Op::RecurrentOutput { layer, output }, &[run])?;
            let (sizes, at) = match (output, in_front) {
                (RecurrentOutput::Sequence, false) => (vec![length, directions, batch, hidden], 2),
                (RecurrentOutput::Sequence, true) => (vec![batch, length, directions, hidden], 0),
                (_, false) => (vec![directions, batch, hidden], 1),
                (_, true) => (vec![batch, directions, hidden], 0),
            };
            let mut y = self.placed(Tensor::batched(value), &sizes, Some(at))?;
            if is_reverse && output == RecurrentOutput::Sequence {
                y = self.picked(node, y, 1 - place, &backwards)?;
            }
            outputs.push(Value::Tensor(y));
        }
        Ok(outputs)
    }

    fn recurrent_layer(&self, node: Node<'_>) -> Result<Recurrent, String> {
        let bidirectional = match node.text("direction", "forward").as_str() {
            "forward" | "reverse" => false,
            "bidirectional" => true,
            other => return Err(format!("direction `{other}`")),
        };
        let functions = node.texts("activations");
        let all = |usual: &[&str]| functions.iter().enumerate().all(|(at, word)| word == usual[at % usual.len()]);
        let (cell, usual) = match node.op() {
            "LSTM" => (Cell::Lstm, all(&["Sigmoid", "Tanh", "Tanh"])),
            "GRU" => (Cell::Gru { reset_after: node.int("linear_before_reset", 0) != 0 }, all(&["Sigmoid", "Tanh"])),
            _ => {
                let relu = !functions.is_empty() && all(&["Relu"]);
                (Cell::Rnn { relu }, relu || all(&["Tanh"]))
            }
        };
        if !usual {
            return Err(format!("with the functions {}", functions.join(", ")));
        }
        if node.float("clip", 0.0) != 0.0 || node.int("input_forget", 0) != 0 {
            return Err("with `clip` or `input_forget`".to_owned());
        }
        let weight = self.constant(node, 1).ok_or("weights that are computed")?;
        let state = self.constant(node, 2).ok_or("weights that are computed")?;
        let count = if bidirectional { 2 } else { 1 };
        let rows = gates(cell).len();
        let (&[directions, gate_rows, features], &[_, _, hidden]) = (weight.shape(), state.shape()) else {
            return Err("weights of another number of axes".to_owned());
        };
        if directions != count || hidden == 0 || gate_rows != rows * hidden || state.shape()[..2] != [count, gate_rows]
        {
            return Err("weights of another size".to_owned());
        }
        let hidden = hidden as i64;
        let bias = node.input(3).is_some();
        // PyTorch's reset gate multiplies the product with the state.
        let dialect = if cell == (Cell::Gru { reset_after: false }) { Dialect::Onnx } else { TORCH };
        let layer =
            Recurrent { inputs: Some(features as i64), hidden, bidirectional, bias, ..Recurrent::new(dialect, cell) };
        Ok(layer)
    }

    /// PyTorch's parameters in their order, by field.
    fn recurrent_weights(
        &self,
        node: Node<'_>,
        layer: &Recurrent,
    ) -> Result<Vec<(String, Vec<usize>, Vec<f32>)>, String> {
        let array = |at: usize| self.constant(node, at).as_ref().map(Constant::floats);
        let (w, r) = (array(1), array(2));
        let (Some(w), Some(r)) = (w, r) else { return Err("weights that are computed".to_owned()) };
        let mut all = Vec::new();
        let gates = gates(layer.cell);
        let hidden = w.shape()[1] / gates.len();
        // Rows of gates in PyTorch's order.
        let rows = |array: &ArrayD<f32>, direction: usize, first: usize| -> Vec<f32> {
            let own = array.index_axis(Axis(0), direction);
            let each = gates.iter().flat_map(|&gate| (0..hidden).map(move |unit| first + gate * hidden + unit));
            each.flat_map(|row| own.index_axis(Axis(0), row).iter().copied().collect::<Vec<f32>>()).collect()
        };
        let fits = |bias: &ArrayD<f32>| bias.shape() == [w.shape()[0], 2 * gates.len() * hidden];
        let bias = node.input(3).map(|_| array(3).filter(fits));
        if bias == Some(None) {
            return Err("a bias of another size".to_owned());
        }
        for direction in 0..w.shape()[0] {
            let end = if direction == 1 { "_reverse" } else { "" };
            for (field, array) in [("weight_ih", &w), ("weight_hh", &r)] {
                let shape = vec![array.shape()[1], array.shape()[2]];
                all.push((format!("{field}_l0{end}"), shape, rows(array, direction, 0)));
            }
            if let Some(Some(bias)) = &bias {
                for (field, first) in [("bias_ih", 0), ("bias_hh", gates.len() * hidden)] {
                    let numbers = rows(bias, direction, first);
                    all.push((format!("{field}_l0{end}"), vec![numbers.len()], numbers));
                }
            }
        }
        Ok(all)
    }
}

//! Recurrent layers, step by step.

use burn::tensor::{Int, Tensor, TensorData, activation};
use convshape::graph::Node;
use convshape::graph::op::{Cell, DropTogether, Recurrent, RecurrentOutput, RecurrentWeights};

use super::{Run, dropped, sizes, to_i64, to_usize};

/// What a run of a recurrent layer gives.
pub(super) struct Outputs {
    /// `[batch, length, directions * hidden]`
    sequence: Tensor<3>,
    /// The final states of each layer and direction, then the final cell states: `[batch, hidden]`.
    states: [Vec<Tensor<2>>; 2],
}

/// One direction of one layer.
struct Pass<'a> {
    cell: Cell,
    hidden: usize,
    /// `[gates * hidden, hidden]`
    weight: Tensor<2>,
    /// `[1, gates * hidden]`
    bias: Option<Tensor<2>>,
    /// The products with the input, `[batch, length, gates * hidden]`.
    inputs: &'a Tensor<3>,
}

impl Run<'_> {
    /// All steps of all layers; [`Run::recurrent_output`] reads what it keeps.
    pub(super) fn recurrent(&mut self, node: &Node, layer: &Recurrent) -> Tensor<3> {
        let batch = self.batch;
        let (hidden, layers, directions) =
            (to_usize(layer.hidden), to_usize(layer.layers), to_usize(layer.directions()));
        let shape = sizes(self.graph.shape(node.inputs[0]));
        let [length, mut features] = [shape[0], shape[1]];
        let mut x = self.natural(node.inputs[0]).reshape([batch, length, features]);
        let first: Vec<Tensor<3>> = node.inputs[1..]
            .iter()
            .map(|&value| self.natural(value).reshape([batch, layers * directions, hidden]))
            .collect();
        let mut states = [Vec::new(), Vec::new()];
        for at in 0..layers {
            let mut outputs = Vec::new();
            for direction in 0..directions {
                let weights = RecurrentWeights::new(layer, at, direction, features);
                let [kernel, weight] = [0, 1].map(|product| self.recurrent_kernel(node, layer, &weights, product));
                let [input_bias, bias] = [0, 1].map(|product| self.recurrent_bias(node, layer, &weights, product));
                let rows = weight.dims()[0];
                let products = x.clone().reshape([batch * length, features]).matmul(kernel.swap_dims(0, 1));
                let products = match input_bias {
                    Some(bias) => products + bias,
                    None => products,
                };
                let inputs = products.reshape([batch, length, rows]);
                let pass = Pass { cell: layer.cell, hidden, weight, bias, inputs: &inputs };
                let begin = |state: usize| match first.get(state) {
                    Some(first) => first.clone().narrow(1, at * directions + direction, 1).reshape([batch, hidden]),
                    None => Tensor::zeros([batch, hidden], &inputs.device()),
                };
                let (sequence, last) = pass.run([begin(0), begin(1)], direction == 1);
                outputs.push(sequence);
                for (all, last) in states.iter_mut().zip(last) {
                    all.push(last);
                }
            }
            x = Tensor::cat(outputs, 2);
            features = directions * hidden;
            if self.training && at + 1 < layers {
                x = dropped(x, layer.dropout, DropTogether::Element);
            }
        }
        let run = Outputs { sequence: x.clone(), states };
        self.runs.insert(node.outputs[0], run);
        // Nothing reads the elements of the run itself.
        x
    }

    /// One of the outputs of a run.
    pub(super) fn recurrent_output(&mut self, node: &Node, layer: &Recurrent, output: RecurrentOutput) -> Tensor<3> {
        self.take(node.inputs[0]);
        let run = &self.runs[&node.inputs[0]];
        let [states, cells] = &run.states;
        let rows = |states: &[Tensor<2>]| Tensor::cat(states.to_vec(), 1);
        let flat: Tensor<2> = match output {
            RecurrentOutput::Sequence => run.sequence.clone().reshape([to_i64(self.batch), -1]),
            RecurrentOutput::Last => rows(&states[states.len() - to_usize(layer.directions())..]),
            RecurrentOutput::Hidden => rows(states),
            RecurrentOutput::Cell => rows(cells),
        };
        self.channels_first(flat, self.graph.shape(node.outputs[0]))
    }

    /// The kernel of the product with the input (0) or the state (1): a row for each gate and unit, in the order in which
    /// [`Pass`] reads them.
    fn recurrent_kernel(
        &self,
        node: &Node,
        layer: &Recurrent,
        weights: &RecurrentWeights,
        product: usize,
    ) -> Tensor<2> {
        let (gates, hidden) = (to_usize(layer.cell.gates()), to_usize(layer.hidden));
        let columns = if product == 0 { weights.inputs } else { hidden };
        if let Some(param) = weights.rows(product) {
            return self.params[node.params[param]].reshaped([gates * hidden, columns]);
        }
        let rows = (0..gates).map(|gate| {
            let all = (0..hidden).flat_map(|unit| (0..columns).map(move |feature| (unit, feature)));
            let places: Vec<(usize, usize)> =
                all.map(|(unit, feature)| weights.weight(product, gate, unit, feature)).collect();
            self.picked(node, &places).reshape([hidden, columns])
        });
        Tensor::cat(rows.collect(), 0)
    }

    fn recurrent_bias(
        &self,
        node: &Node,
        layer: &Recurrent,
        weights: &RecurrentWeights,
        product: usize,
    ) -> Option<Tensor<2>> {
        let (gates, hidden) = (to_usize(layer.cell.gates()), to_usize(layer.hidden));
        let of = |gate: usize| -> Option<Tensor<1>> {
            let places: Option<Vec<(usize, usize)>> =
                (0..hidden).map(|unit| weights.bias(product, gate, unit)).collect();
            Some(self.picked(node, &places?))
        };
        let biases: Vec<Option<Tensor<1>>> = (0..gates).map(of).collect();
        let device = biases.iter().flatten().next()?.device();
        let all = biases.into_iter().map(|bias| bias.unwrap_or_else(|| Tensor::zeros([hidden], &device)));
        Some(Tensor::cat(all.collect(), 0).reshape([1, gates * hidden]))
    }

    /// Elements of one of a node's parameters, which is the same for all of them.
    fn picked(&self, node: &Node, places: &[(usize, usize)]) -> Tensor<1> {
        let param = node.params[places.first().map_or(0, |(param, _)| *param)];
        let count = super::elements(&self.graph.params()[param].shape);
        let flat: Tensor<1> = self.params[param].reshaped([count]);
        let places: Vec<i64> = places.iter().map(|&(_, place)| to_i64(place)).collect();
        let count = places.len();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &flat.device());
        flat.select(0, places)
    }
}

impl Pass<'_> {
    /// The outputs of all steps, `[batch, length, hidden]`, and the last states.
    fn run(&self, first: [Tensor<2>; 2], backwards: bool) -> (Tensor<3>, [Tensor<2>; 2]) {
        let [batch, length, rows] = self.inputs.dims();
        let [mut state, mut cell] = first;
        let mut outputs = Vec::new();
        for turn in 0..length {
            let step = if backwards { length - 1 - turn } else { turn };
            let input = self.inputs.clone().narrow(1, step, 1).reshape([batch, rows]);
            (state, cell) = self.step(input, state, cell);
            outputs.push(state.clone().reshape([batch, 1, self.hidden]));
        }
        if backwards {
            outputs.reverse();
        }
        (Tensor::cat(outputs, 1), [state, cell])
    }

    fn step(&self, input: Tensor<2>, state: Tensor<2>, cell: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        match self.cell {
            Cell::Lstm => {
                let sums = input + self.of_state(state, 0, 4);
                let gate = |at: usize| sums.clone().narrow(1, at * self.hidden, self.hidden);
                let [entry, forget, exit] = [0, 1, 3].map(|at| activation::sigmoid(gate(at)));
                let cell = forget * cell + entry * gate(2).tanh();
                (exit * cell.clone().tanh(), cell)
            }
            Cell::Gru { reset_after } => {
                let sums = input.clone().narrow(1, 0, 2 * self.hidden) + self.of_state(state.clone(), 0, 2);
                let gate = |at: usize| activation::sigmoid(sums.clone().narrow(1, at * self.hidden, self.hidden));
                let [reset, update] = [0, 1].map(gate);
                let recurrent = match reset_after {
                    true => reset * self.of_state(state.clone(), 2, 1),
                    false => self.of_state(reset * state.clone(), 2, 1),
                };
                let new = (input.narrow(1, 2 * self.hidden, self.hidden) + recurrent).tanh();
                // (1 - update) * new + update * state
                (new.clone() + update * (state - new), cell)
            }
            Cell::Rnn { relu } => {
                let sum = input + self.of_state(state, 0, 1);
                (if relu { activation::relu(sum) } else { sum.tanh() }, cell)
            }
        }
    }

    /// The products of some gates with the state, and their bias.
    fn of_state(&self, state: Tensor<2>, first: usize, gates: usize) -> Tensor<2> {
        let (start, count) = (first * self.hidden, gates * self.hidden);
        let product = state.matmul(self.weight.clone().narrow(0, start, count).swap_dims(0, 1));
        match &self.bias {
            Some(bias) => product + bias.clone().narrow(1, start, count),
            None => product,
        }
    }
}

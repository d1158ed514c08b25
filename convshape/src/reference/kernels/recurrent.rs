//! `Lstm`, `Gru` and `Rnn`, step by step. All intermediate values are stored, see [`Trace`].

use convshape_arith::op::{Cell, Recurrent, RecurrentOutput, RecurrentWeights, Trace};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::number::Number;

/// One direction of one layer.
pub(super) struct LayerPass<'a, T> {
    pub(super) cell: Cell,
    pub(super) trace: Trace,
    pub(super) layer: usize,
    pub(super) direction: usize,
    pub(super) weights: RecurrentWeights,
    pub(super) params: &'a [&'a [T]],
    /// The input of the layer.
    pub(super) x: &'a [T],
    /// The initial states and cell states; zeros if `None`.
    pub(super) first: [Option<&'a [T]>; 2],
    /// The dropout factors of the inputs of all layers but the first.
    pub(super) factors: Option<&'a [T]>,
}

/// Calls `f` with each pass of a run, in order.
pub(super) fn passes<'a, T: Number>(
    layer: &Recurrent,
    length: usize,
    params: &'a [&'a [T]],
    inputs: [Option<&'a [T]>; 3],
    factors: Option<&'a [T]>,
) -> impl DoubleEndedIterator<Item = LayerPass<'a, T>> + use<'a, T> {
    let trace = Trace::new(layer, length);
    let [x, h, c] = inputs;
    let x = x.unwrap_or(&[]);
    let (layer, cell) = (*layer, layer.cell);
    (0..trace.layers * trace.directions).map(move |pass| {
        let (at, direction) = (pass / trace.directions, pass % trace.directions);
        let features = if at == 0 { x.len() / length.max(1) } else { trace.width() };
        let weights = RecurrentWeights::new(&layer, at, direction, features);
        LayerPass { cell, trace, layer: at, direction, weights, params, x, first: [h, c], factors }
    })
}

impl<T: Number> LayerPass<'_, T> {
    /// The time step that is the `turn`-th to run, which depends on the direction.
    pub(super) fn step(&self, turn: usize) -> usize {
        if self.direction == 0 { turn } else { self.trace.length - 1 - turn }
    }

    /// A feature of a step's input.
    pub(super) fn read(&self, y: &[T], step: usize, feature: usize) -> f64 {
        let Some(before) = self.layer.checked_sub(1) else { return self.x[step * self.weights.inputs + feature].get() };
        let place = step * self.trace.width() + feature;
        let factor = |factors: &[T]| factors[before * self.trace.length * self.trace.width() + place].get();
        y[self.trace.outputs(before) + place].get() * self.factors.map_or(1.0, factor)
    }

    /// The index of an output.
    pub(super) fn output(&self, step: usize, unit: usize) -> usize {
        self.trace.outputs(self.layer) + step * self.trace.width() + self.direction * self.trace.hidden + unit
    }

    pub(super) fn gate(&self, step: usize, gate: usize, unit: usize) -> usize {
        let gates = self.trace.gates(self.layer, self.direction);
        gates + (step * self.trace.gates + gate) * self.trace.hidden + unit
    }

    pub(super) fn extra(&self, step: usize, unit: usize) -> usize {
        self.trace.extra(self.layer, self.direction) + step * self.trace.hidden + unit
    }

    /// The index of a unit's state among those of all layers and directions.
    pub(super) fn place(&self, unit: usize) -> usize {
        (self.layer * self.trace.directions + self.direction) * self.trace.hidden + unit
    }

    /// The state, or cell state, before a turn.
    pub(super) fn before(&self, y: &[T], turn: usize, state: usize, unit: usize) -> f64 {
        match turn.checked_sub(1) {
            None => self.first[state].map_or(0.0, |first| first[self.place(unit)].get()),
            Some(before) if state == 0 => y[self.output(self.step(before), unit)].get(),
            Some(before) => y[self.extra(self.step(before), unit)].get(),
        }
    }

    /// A weight of the product with the input (0) or the state (1).
    pub(super) fn weight(&self, product: usize, gate: usize, unit: usize, feature: usize) -> f64 {
        let (param, place) = self.weights.weight(product, gate, unit, feature);
        self.params[param][place].get()
    }

    fn bias(&self, product: usize, gate: usize, unit: usize) -> f64 {
        self.weights.bias(product, gate, unit).map_or(0.0, |(param, place)| self.params[param][place].get())
    }

    /// The product with the input, and its bias.
    fn of_input(&self, y: &[T], step: usize, gate: usize, unit: usize) -> f64 {
        let products =
            (0..self.weights.inputs).map(|feature| self.weight(0, gate, unit, feature) * self.read(y, step, feature));
        self.bias(0, gate, unit) + products.sum::<f64>()
    }

    /// The product with the values of `state`, and its bias.
    fn of_state(&self, gate: usize, unit: usize, state: impl Fn(usize) -> f64) -> f64 {
        let products = (0..self.trace.hidden).map(|feature| self.weight(1, gate, unit, feature) * state(feature));
        self.bias(1, gate, unit) + products.sum::<f64>()
    }

    /// Runs all steps and stores the final states.
    fn run(&self, y: &mut [T]) {
        for turn in 0..self.trace.length {
            let step = self.step(turn);
            for unit in 0..self.trace.hidden {
                match self.cell {
                    Cell::Lstm => self.lstm(y, turn, step, unit),
                    Cell::Gru { .. } => {
                        for gate in 0..2 {
                            let sum = self.of_input(y, step, gate, unit)
                                + self.of_state(gate, unit, |feature| self.before(y, turn, 0, feature));
                            y[self.gate(step, gate, unit)] = T::of(sigmoid(sum));
                        }
                    }
                    Cell::Rnn { relu } => {
                        let sum = self.of_input(y, step, 0, unit)
                            + self.of_state(0, unit, |feature| self.before(y, turn, 0, feature));
                        let result = if relu { relu_of(sum) } else { libm::tanh(sum) };
                        y[self.output(step, unit)] = T::of(result);
                    }
                }
            }
            if let Cell::Gru { reset_after } = self.cell {
                self.gru(y, turn, step, reset_after);
            }
        }
        for unit in 0..self.trace.hidden {
            let last = self.step(self.trace.length - 1);
            y[self.trace.last(0) + self.place(unit)] = y[self.output(last, unit)];
            if self.cell == Cell::Lstm {
                y[self.trace.last(1) + self.place(unit)] = y[self.extra(last, unit)];
            }
        }
    }

    fn lstm(&self, y: &mut [T], turn: usize, step: usize, unit: usize) {
        let mut gates = [0.0; 4];
        for (gate, result) in gates.iter_mut().enumerate() {
            let sum = self.of_input(y, step, gate, unit)
                + self.of_state(gate, unit, |feature| self.before(y, turn, 0, feature));
            *result = if gate == 2 { libm::tanh(sum) } else { sigmoid(sum) };
            y[self.gate(step, gate, unit)] = T::of(*result);
        }
        let [input, forget, cell, output] = gates;
        let state = forget * self.before(y, turn, 1, unit) + input * cell;
        y[self.extra(step, unit)] = T::of(state);
        y[self.output(step, unit)] = T::of(output * libm::tanh(state));
    }

    /// Computes the new gate and the output, after the other gates of all units.
    fn gru(&self, y: &mut [T], turn: usize, step: usize, reset_after: bool) {
        for unit in 0..self.trace.hidden {
            y[self.extra(step, unit)] = T::of(if reset_after {
                self.of_state(2, unit, |feature| self.before(y, turn, 0, feature))
            } else {
                y[self.gate(step, 0, unit)].get() * self.before(y, turn, 0, unit)
            });
        }
        for unit in 0..self.trace.hidden {
            let recurrent = if reset_after {
                y[self.gate(step, 0, unit)].get() * y[self.extra(step, unit)].get()
            } else {
                self.of_state(2, unit, |feature| y[self.extra(step, feature)].get())
            };
            let new = libm::tanh(self.of_input(y, step, 2, unit) + recurrent);
            let update = y[self.gate(step, 1, unit)].get();
            y[self.gate(step, 2, unit)] = T::of(new);
            y[self.output(step, unit)] = T::of((1.0 - update) * new + update * self.before(y, turn, 0, unit));
        }
    }
}

/// Runs one sample. `inputs` are `[length, features]`, the initial states and the initial cell states; `factors` are
/// the dropout factors of the outputs of all layers but the last, `[layers - 1, length, directions * hidden]`.
pub(super) fn run<T: Number>(
    layer: &Recurrent,
    length: usize,
    params: &[&[T]],
    inputs: [Option<&[T]>; 3],
    factors: Option<&[T]>,
    y: &mut [T],
) {
    passes(layer, length, params, inputs, factors).for_each(|pass| pass.run(y));
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// Relu that propagates NaN, as in PyTorch.
fn relu_of(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

/// An output's first index in a trace of that shape, and its number of elements.
pub(super) fn part(layer: &Recurrent, output: RecurrentOutput, run: &Shape) -> (usize, usize) {
    let length = layer.steps(run.size(0)).and_then(Size::number).and_then(|length| usize::try_from(length).ok());
    Trace::new(layer, length.unwrap_or(0)).part(output)
}

/// The gradient of a recurrent layer: its steps in reverse, from the values that the forward pass stored.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use alloc::vec;
    use alloc::vec::Vec;

    use convshape_arith::op::{Cell, Recurrent, Trace};

    use super::{LayerPass, passes};
    use crate::reference::kernels::number::Real;

    /// The gradients that are passed on between the layers and directions of a run.
    struct LayerGradients {
        /// The gradients of the outputs of each layer, `[length, directions * hidden]`.
        outputs: Vec<Vec<f64>>,
    }

    /// Adds the gradients of the parameters, the input and the initial states. `y` is the whole trace of the forward pass,
    /// and `dy` the gradient of its final states and outputs.
    pub(in crate::reference::kernels) fn run<T: Real>(
        layer: &Recurrent,
        length: usize,
        params: &[&[T]],
        inputs: [Option<&[T]>; 3],
        [y, dy]: [&[T]; 2],
        dparams: &mut [Vec<T>],
        dx: &mut [&mut [T]],
    ) {
        let trace = Trace::new(layer, length);
        let size = length * trace.width();
        let mut back = LayerGradients { outputs: vec![vec![0.0; size]; trace.layers] };
        let last = trace.outputs(trace.layers - 1);
        for (sum, dy) in back.outputs[trace.layers - 1].iter_mut().zip(&dy[last..]) {
            *sum = dy.get();
        }
        for pass in passes(layer, length, params, inputs, None).rev() {
            pass.back(y, dy, &mut back, dparams, dx);
        }
    }

    /// The gradients of a step's two products, gate by gate.
    struct StepGradients {
        input: Vec<f64>,
        state: Vec<f64>,
    }

    impl<T: Real> LayerPass<'_, T> {
        fn back(&self, y: &[T], dy: &[T], back: &mut LayerGradients, dparams: &mut [Vec<T>], dx: &mut [&mut [T]]) {
            let Trace { hidden, gates, .. } = self.trace;
            let given = |state: usize| -> Vec<f64> {
                let first = self.trace.last(state);
                (0..hidden).map(|unit| dy[first + self.place(unit)].get()).collect()
            };
            let mut dh = given(0);
            let mut dc = if self.cell == Cell::Lstm { given(1) } else { vec![0.0; hidden] };
            let mut sums = StepGradients { input: vec![0.0; gates * hidden], state: vec![0.0; gates * hidden] };
            for turn in (0..self.trace.length).rev() {
                let step = self.step(turn);
                let row = step * self.trace.width() + self.direction * hidden;
                for (dh, output) in dh.iter_mut().zip(&back.outputs[self.layer][row..]) {
                    *dh += output;
                }
                // The gradient that reaches the previous state directly, without a matrix product.
                let mut before = vec![0.0; hidden];
                for unit in 0..hidden {
                    match self.cell {
                        Cell::Lstm => self.lstm_back(y, turn, step, unit, dh[unit], &mut dc[unit], &mut sums),
                        Cell::Gru { reset_after } => {
                            before[unit] = self.gru_back(y, turn, step, unit, dh[unit], reset_after, &mut sums);
                        }
                        Cell::Rnn { relu } => {
                            let h = y[self.output(step, unit)].get();
                            let slope = if !relu { 1.0 - h * h } else { f64::from(u8::from(h > 0.0)) };
                            (sums.input[unit], sums.state[unit]) = (dh[unit] * slope, dh[unit] * slope);
                        }
                    }
                }
                if let Cell::Gru { reset_after: false } = self.cell {
                    self.reset_before(y, turn, step, &mut sums, &mut before);
                }
                self.input_gradients(y, step, &sums, back, dparams, dx);
                self.state_gradients(y, turn, step, &sums, dparams, &mut before);
                dh = before;
            }
            for (state, sum) in [dh, dc].iter().enumerate() {
                if let Some(dx) = dx.get_mut(state + 1) {
                    sum.iter().enumerate().for_each(|(unit, sum)| dx[self.place(unit)] += T::of(*sum));
                }
            }
        }

        #[expect(clippy::too_many_arguments, reason = "what a step has")]
        fn lstm_back(
            &self,
            y: &[T],
            turn: usize,
            step: usize,
            unit: usize,
            dh: f64,
            dc: &mut f64,
            sums: &mut StepGradients,
        ) {
            let [input, forget, cell, output] = [0, 1, 2, 3].map(|gate| y[self.gate(step, gate, unit)].get());
            let bent = libm::tanh(y[self.extra(step, unit)].get());
            *dc += dh * output * (1.0 - bent * bent);
            let gradients = [
                *dc * cell * input * (1.0 - input),
                *dc * self.before(y, turn, 1, unit) * forget * (1.0 - forget),
                *dc * input * (1.0 - cell * cell),
                dh * bent * output * (1.0 - output),
            ];
            *dc *= forget;
            for (gate, gradient) in gradients.into_iter().enumerate() {
                let place = gate * self.trace.hidden + unit;
                (sums.input[place], sums.state[place]) = (gradient, gradient);
            }
        }

        /// Returns the gradient that reaches the previous state through the update gate.
        #[expect(clippy::too_many_arguments, reason = "what a step has")]
        fn gru_back(
            &self,
            y: &[T],
            turn: usize,
            step: usize,
            unit: usize,
            dh: f64,
            reset_after: bool,
            sums: &mut StepGradients,
        ) -> f64 {
            let [reset, update, new] = [0, 1, 2].map(|gate| y[self.gate(step, gate, unit)].get());
            let hidden = self.trace.hidden;
            let dnew = dh * (1.0 - update) * (1.0 - new * new);
            let dupdate = dh * (self.before(y, turn, 0, unit) - new) * update * (1.0 - update);
            (sums.input[hidden + unit], sums.state[hidden + unit]) = (dupdate, dupdate);
            sums.input[2 * hidden + unit] = dnew;
            if reset_after {
                let dreset = dnew * y[self.extra(step, unit)].get() * reset * (1.0 - reset);
                (sums.input[unit], sums.state[unit]) = (dreset, dreset);
                sums.state[2 * hidden + unit] = dnew * reset;
            } else {
                sums.state[2 * hidden + unit] = dnew;
            }
            dh * update
        }

        /// For a reset gate that multiplies the state before the product: its gradient comes through the new gate's
        /// product.
        fn reset_before(&self, y: &[T], turn: usize, step: usize, sums: &mut StepGradients, before: &mut [f64]) {
            let hidden = self.trace.hidden;
            for unit in 0..hidden {
                let products = (0..hidden).map(|other| sums.state[2 * hidden + other] * self.weight(1, 2, other, unit));
                let product: f64 = products.sum();
                let reset = y[self.gate(step, 0, unit)].get();
                before[unit] += product * reset;
                let dreset = product * self.before(y, turn, 0, unit) * reset * (1.0 - reset);
                (sums.input[unit], sums.state[unit]) = (dreset, dreset);
            }
        }

        /// Propagates through the product with the input.
        fn input_gradients(
            &self,
            y: &[T],
            step: usize,
            sums: &StepGradients,
            back: &mut LayerGradients,
            dparams: &mut [Vec<T>],
            dx: &mut [&mut [T]],
        ) {
            let (gates, hidden, inputs) = (self.trace.gates, self.trace.hidden, self.weights.inputs);
            for feature in 0..inputs {
                let x = self.read(y, step, feature);
                let mut sum = 0.0;
                for gate in 0..gates {
                    for unit in 0..hidden {
                        let gradient = sums.input[gate * hidden + unit];
                        let (param, place) = self.weights.weight(0, gate, unit, feature);
                        dparams[param][place] += T::of(gradient * x);
                        sum += gradient * self.params[param][place].get();
                    }
                }
                match self.layer.checked_sub(1) {
                    None if dx[0].is_empty() => {}
                    None => dx[0][step * inputs + feature] += T::of(sum),
                    Some(layer) => {
                        let place = step * self.trace.width() + feature;
                        let factor = |factors: &[T]| factors[layer * back.outputs[layer].len() + place].get();
                        back.outputs[layer][place] += sum * self.factors.map_or(1.0, factor);
                    }
                }
            }
            self.bias_gradients(0, &sums.input, dparams);
        }

        /// Propagates through the product with the previous state.
        fn state_gradients(
            &self,
            y: &[T],
            turn: usize,
            step: usize,
            sums: &StepGradients,
            dparams: &mut [Vec<T>],
            before: &mut [f64],
        ) {
            let (gates, hidden) = (self.trace.gates, self.trace.hidden);
            let reset_before = self.cell == Cell::Gru { reset_after: false };
            for feature in 0..hidden {
                let h = self.before(y, turn, 0, feature);
                for gate in 0..gates {
                    // The new gate reads the state after the reset; that gradient has been added already.
                    let of_reset = reset_before && gate == 2;
                    let read = if of_reset { y[self.extra(step, feature)].get() } else { h };
                    for unit in 0..hidden {
                        let gradient = sums.state[gate * hidden + unit];
                        let (param, place) = self.weights.weight(1, gate, unit, feature);
                        dparams[param][place] += T::of(gradient * read);
                        if !of_reset {
                            before[feature] += gradient * self.params[param][place].get();
                        }
                    }
                }
            }
            self.bias_gradients(1, &sums.state, dparams);
        }

        fn bias_gradients(&self, product: usize, sums: &[f64], dparams: &mut [Vec<T>]) {
            for (place, gradient) in sums.iter().enumerate() {
                let (gate, unit) = (place / self.trace.hidden, place % self.trace.hidden);
                if let Some((param, place)) = self.weights.bias(product, gate, unit) {
                    dparams[param][place] += T::of(*gradient);
                }
            }
        }
    }
}

//! The gradient of a recurrent layer: its steps in reverse, from the values that the forward pass stored.

use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::op::{Cell, Recurrent, Trace};

use super::Real;
use crate::reference::kernels::recurrent::{LayerPass, passes};

/// The gradients that are passed on between the layers and directions of a run.
struct LayerGradients {
    /// The gradients of the outputs of each layer, `[length, directions * hidden]`.
    outputs: Vec<Vec<f64>>,
}

/// Adds the gradients of the parameters, the input and the initial states. `y` is the whole trace of the forward pass,
/// and `dy` the gradient of its final states and outputs.
pub(super) fn run<T: Real>(
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

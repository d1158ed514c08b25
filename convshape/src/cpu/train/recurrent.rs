//! The gradient of recurrent layers. Each step multiplies by packed weights of the state; the gradients of the weights
//! and of the input are one matrix product each.

use std::borrow::Cow;
use std::vec;
use std::vec::Vec;

use convshape_arith::op::{Activation, Cell, Recurrent, RecurrentWeights, Trace};

use super::Machine;
use crate::cpu::math::Epilogue;
use crate::cpu::matmul::multiply;
use crate::cpu::recurrent::{Panels, elements, matrix};
use crate::reference::kernels::Product;

/// A batch of runs, and the gradients of their outputs.
#[derive(Clone, Copy)]
pub(super) struct RecurrentGradient<'a> {
    pub(super) on: Machine,
    pub(super) layer: &'a Recurrent,
    pub(super) length: usize,
    pub(super) params: &'a [&'a [f32]],
    /// `[samples, length, features]`
    pub(super) x: &'a [f32],
    /// The initial states and cell states; zeros if `None`.
    pub(super) first: [Option<&'a [f32]>; 2],
    /// The factors of dropout between layers, for each sample `[layers - 1, length, directions * hidden]`.
    pub(super) factors: Option<&'a [f32]>,
    /// The whole runs.
    pub(super) y: &'a [f32],
    /// The gradients of their last states and outputs.
    pub(super) dy: &'a [f32],
}

/// The gradients of the sums of a pass, `[length, samples, gates, hidden]`.
struct SumGradients {
    /// Those of the sums with the input.
    input: Vec<f32>,
    /// Those of the sums with the state, if they differ: for a `Gru`.
    state: Option<Vec<f32>>,
}

impl RecurrentGradient<'_> {
    /// Whether the fast kernels support the layer.
    pub(super) fn fits(layer: &Recurrent) -> bool {
        layer.cell != Cell::Gru { reset_after: false }
    }

    /// Adds the gradients of the parameters, the input and the initial states. Those of the latter two may be empty.
    pub(super) fn backward(&self, dparams: &mut [Vec<f32>], dx: &mut [Vec<f32>]) {
        let trace = Trace::new(self.layer, self.length);
        let size = self.length * trace.width();
        let mut outputs: Vec<Vec<f32>> = vec![vec![0.0; self.samples() * size]; trace.layers];
        let last = trace.outputs(trace.layers - 1);
        for (to, dy) in outputs[trace.layers - 1].chunks_exact_mut(size).zip(self.dy.chunks_exact(self.elements())) {
            to.copy_from_slice(&dy[last..][..size]);
        }
        for pass in (0..trace.layers * trace.directions).rev() {
            let (layer, direction) = (pass / trace.directions, pass % trace.directions);
            let features = if layer == 0 { self.x.len() / (self.samples() * self.length) } else { trace.width() };
            let weights = RecurrentWeights::new(self.layer, layer, direction, features);
            let pass = DirectionBack { runs: *self, trace, layer, direction, features, weights };
            let sums = pass.steps(&outputs[layer], dx);
            pass.parameters(&sums, dparams);
            let mut none = Vec::new();
            let to = match layer.checked_sub(1) {
                Some(before) => &mut outputs[before],
                None => dx.first_mut().unwrap_or(&mut none),
            };
            pass.input(&sums, to);
        }
    }

    fn elements(&self) -> usize {
        elements(self.layer, self.length)
    }

    fn samples(&self) -> usize {
        self.y.len() / self.elements().max(1)
    }
}

/// One direction of one layer.
struct DirectionBack<'a> {
    runs: RecurrentGradient<'a>,
    trace: Trace,
    layer: usize,
    direction: usize,
    features: usize,
    weights: RecurrentWeights,
}

impl DirectionBack<'_> {
    fn step(&self, turn: usize) -> usize {
        if self.direction == 0 { turn } else { self.trace.length - 1 - turn }
    }

    /// The elements of a sample's run from an offset on.
    fn of(&self, sample: usize, place: usize) -> &[f32] {
        &self.runs.y[sample * self.runs.elements() + place..]
    }

    fn gates(&self, sample: usize, step: usize) -> &[f32] {
        let count = self.trace.gates * self.trace.hidden;
        &self.of(sample, self.trace.gates(self.layer, self.direction) + step * count)[..count]
    }

    fn extra(&self, sample: usize, step: usize) -> &[f32] {
        let place = self.trace.extra(self.layer, self.direction) + step * self.trace.hidden;
        &self.of(sample, place)[..self.trace.hidden]
    }

    fn output(&self, sample: usize, step: usize) -> &[f32] {
        let place = self.trace.outputs(self.layer) + step * self.trace.width() + self.direction * self.trace.hidden;
        &self.of(sample, place)[..self.trace.hidden]
    }

    /// The offset of its states among those of all layers and directions of a sample.
    fn states(&self, sample: usize) -> usize {
        let all = self.trace.layers * self.trace.width();
        sample * all + (self.layer * self.trace.directions + self.direction) * self.trace.hidden
    }

    /// The state, or cell state, before a step.
    fn before(&self, sample: usize, turn: usize, state: usize) -> Option<&[f32]> {
        match turn.checked_sub(1) {
            Some(before) if state == 0 => Some(self.output(sample, self.step(before))),
            Some(before) => Some(self.extra(sample, self.step(before))),
            None => self.runs.first[state].map(|first| &first[self.states(sample)..][..self.trace.hidden]),
        }
    }

    /// Runs the steps in reverse.
    fn steps(&self, outputs: &[f32], dx: &mut [Vec<f32>]) -> SumGradients {
        let Trace { hidden, gates, length, .. } = self.trace;
        let (samples, count) = (self.runs.samples(), gates * hidden);
        let matrix = self.matrix(1, hidden);
        let panels = Panels::new(self.runs.on.level, count, hidden, &matrix, [hidden, 1]);
        let columns = panels.columns();
        let mut sums = SumGradients { input: vec![0.0; length * samples * count], state: None };
        if let Cell::Gru { .. } = self.runs.layer.cell {
            sums.state = Some(vec![0.0; length * samples * count]);
        }
        let given = |state: usize, width: usize| {
            let mut all = vec![0.0; samples * width];
            for (sample, to) in all.chunks_exact_mut(width).enumerate() {
                let place = sample * self.runs.elements() + self.trace.last(state) + self.states(0);
                to[..hidden].copy_from_slice(&self.runs.dy[place..][..hidden]);
            }
            all
        };
        let mut dh = given(0, columns);
        let mut dc = if self.runs.layer.cell == Cell::Lstm { given(1, hidden) } else { vec![0.0; samples * hidden] };
        let mut bent = vec![0.0; if self.runs.layer.cell == Cell::Lstm { samples * hidden } else { 0 }];
        for turn in (0..length).rev() {
            let step = self.step(turn);
            for (sample, bent) in bent.chunks_exact_mut(hidden).enumerate() {
                bent.copy_from_slice(self.extra(sample, step));
            }
            Epilogue::of(Activation::Tanh).over(self.runs.on.level, &mut bent);
            let rows = step * samples * count..(step + 1) * samples * count;
            for sample in 0..samples {
                let dh = &mut dh[sample * columns..][..hidden];
                let place = (sample * length + step) * self.trace.width() + self.direction * hidden;
                dh.iter_mut().zip(&outputs[place..]).for_each(|(dh, output)| *dh += output);
                let row = rows.start + sample * count..rows.start + (sample + 1) * count;
                let state = sums.state.as_mut().map(|state| &mut state[row.clone()]);
                let dc = &mut dc[sample * hidden..][..hidden];
                let bent = bent.get(sample * hidden..).unwrap_or_default();
                self.one([sample, turn, step], bent, dh, dc, &mut sums.input[row], state);
            }
            let state = &sums.state.as_ref().unwrap_or(&sums.input)[rows];
            panels.add_to((self.runs.on.level, self.runs.on.threads), state, &mut dh);
        }
        for (state, (all, width)) in [(&dh, columns), (&dc, hidden)].into_iter().enumerate() {
            let Some(to) = dx.get_mut(state + 1).filter(|to| !to.is_empty()) else { continue };
            for (sample, from) in all.chunks_exact(width).enumerate() {
                to[self.states(sample)..][..hidden].iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
        sums
    }

    /// The gradients of the sums of one step of one sample. Afterwards `dh` holds the part of the gradient that reaches
    /// the previous state directly, without a matrix product. `bent` is the hyperbolic tangent of an `Lstm`'s cell
    /// states.
    fn one(
        &self,
        [sample, turn, step]: [usize; 3],
        bent: &[f32],
        dh: &mut [f32],
        dc: &mut [f32],
        input: &mut [f32],
        state: Option<&mut [f32]>,
    ) {
        let hidden = self.trace.hidden;
        let before = |state: usize, unit: usize| self.before(sample, turn, state).map_or(0.0, |before| before[unit]);
        match self.runs.layer.cell {
            Cell::Lstm => {
                let cells = self.before(sample, turn, 1);
                let mut gates = self.gates(sample, step).chunks_exact(hidden);
                let [Some(i), Some(f), Some(g), Some(o)] = [(); 4].map(|()| gates.next()) else { return };
                let mut sums = input.chunks_exact_mut(hidden);
                let [Some(di), Some(df), Some(dg), Some(d_o)] = [(); 4].map(|()| sums.next()) else { return };
                let (dh, dc, bent) = (&mut dh[..hidden], &mut dc[..hidden], &bent[..hidden]);
                for unit in 0..hidden {
                    let dcell = dc[unit] + dh[unit] * o[unit] * (1.0 - bent[unit] * bent[unit]);
                    di[unit] = dcell * g[unit] * i[unit] * (1.0 - i[unit]);
                    df[unit] = dcell * f[unit] * (1.0 - f[unit]);
                    dg[unit] = dcell * i[unit] * (1.0 - g[unit] * g[unit]);
                    d_o[unit] = dh[unit] * bent[unit] * o[unit] * (1.0 - o[unit]);
                    dc[unit] = dcell * f[unit];
                    dh[unit] = 0.0;
                }
                match cells {
                    Some(cells) => df.iter_mut().zip(cells).for_each(|(df, cell)| *df *= cell),
                    None => df.fill(0.0),
                }
            }
            Cell::Gru { .. } => {
                let (gates, products) = (self.gates(sample, step), self.extra(sample, step));
                let Some(state) = state else { return };
                for unit in 0..hidden {
                    let [r, z, n] = [0, 1, 2].map(|gate| gates[gate * hidden + unit]);
                    let dnew = dh[unit] * (1.0 - z) * (1.0 - n * n);
                    input[unit] = dnew * products[unit] * r * (1.0 - r);
                    input[hidden + unit] = dh[unit] * (before(0, unit) - n) * z * (1.0 - z);
                    input[2 * hidden + unit] = dnew;
                    state[unit] = input[unit];
                    state[hidden + unit] = input[hidden + unit];
                    state[2 * hidden + unit] = dnew * r;
                    dh[unit] *= z;
                }
            }
            Cell::Rnn { relu } => {
                for (unit, output) in self.output(sample, step).iter().enumerate() {
                    let slope = if relu { f32::from(u8::from(*output > 0.0)) } else { 1.0 - output * output };
                    input[unit] = dh[unit] * slope;
                    dh[unit] = 0.0;
                }
            }
        }
    }

    /// The input of the pass, `[length, samples, features]`.
    fn read(&self) -> Vec<f32> {
        let mut rows = Vec::new();
        for step in 0..self.trace.length {
            for sample in 0..self.runs.samples() {
                let row = match self.layer.checked_sub(1) {
                    None => &self.runs.x[(sample * self.trace.length + step) * self.features..],
                    Some(before) => self.of(sample, self.trace.outputs(before) + step * self.features),
                };
                match self.factors(sample, step) {
                    Some(factors) => rows.extend(row.iter().zip(factors).map(|(x, factor)| x * factor)),
                    None => rows.extend_from_slice(&row[..self.features]),
                }
            }
        }
        rows
    }

    /// The states before each step, `[length, samples, hidden]`.
    fn states_before(&self) -> Vec<f32> {
        let (hidden, samples) = (self.trace.hidden, self.runs.samples());
        let mut rows = vec![0.0; self.trace.length * samples * hidden];
        for turn in 0..self.trace.length {
            for sample in 0..samples {
                if let Some(before) = self.before(sample, turn, 0) {
                    rows[(self.step(turn) * samples + sample) * hidden..][..hidden].copy_from_slice(before);
                }
            }
        }
        rows
    }

    /// Adds the gradients of the weights and biases.
    fn parameters(&self, sums: &SumGradients, dparams: &mut [Vec<f32>]) {
        let (hidden, gates) = (self.trace.hidden, self.trace.gates);
        let state = sums.state.as_ref().unwrap_or(&sums.input);
        for (product, (rows, features, sums)) in
            [(self.read(), self.features, &sums.input), (self.states_before(), hidden, state)].into_iter().enumerate()
        {
            let (count, steps) = (gates * hidden, rows.len() / features.max(1));
            let factors = Product::single([count, features, steps], [1, count], [features, 1]);
            let add_to = |gradients: &mut [f32]| {
                multiply(self.runs.on.level, self.runs.on.threads, &factors, [sums, &rows], gradients, true);
            };
            if let Some(param) = self.weights.rows(product) {
                add_to(&mut dparams[param]);
            } else {
                let mut gradients = vec![0.0; count * features];
                add_to(&mut gradients);
                for (index, gradient) in gradients.iter().enumerate() {
                    let (row, feature) = (index / features, index % features);
                    let (param, place) = self.weights.weight(product, row / hidden, row % hidden, feature);
                    dparams[param][place] += gradient;
                }
            }
            let mut biases = vec![0.0; count];
            for sums in sums.chunks_exact(count) {
                biases.iter_mut().zip(sums).for_each(|(bias, sum)| *bias += sum);
            }
            for (row, bias) in biases.into_iter().enumerate() {
                if let Some((param, place)) = self.weights.bias(product, row / hidden, row % hidden) {
                    dparams[param][place] += bias;
                }
            }
        }
    }

    /// Adds the gradient of the input of the pass, `[samples, length, features]`, if it is wanted.
    fn input(&self, sums: &SumGradients, to: &mut [f32]) {
        if to.is_empty() {
            return;
        }
        let (hidden, gates, samples) = (self.trace.hidden, self.trace.gates, self.runs.samples());
        let (count, rows) = (gates * hidden, self.trace.length * samples);
        let mut all = vec![0.0; rows * self.features];
        let factors = Product::single([rows, self.features, count], [count, 1], [self.features, 1]);
        let matrix = self.matrix(0, self.features);
        multiply(self.runs.on.level, self.runs.on.threads, &factors, [&sums.input, &matrix], &mut all, false);
        for (row, from) in all.chunks_exact(self.features.max(1)).enumerate() {
            let (step, sample) = (row / samples, row % samples);
            let place = (sample * self.trace.length + step) * self.features;
            let to = &mut to[place..][..self.features];
            match self.factors(sample, step) {
                Some(factors) => {
                    to.iter_mut().zip(from.iter().zip(factors)).for_each(|(to, (from, factor))| *to += from * factor);
                }
                None => to.iter_mut().zip(from).for_each(|(to, from)| *to += from),
            }
        }
    }

    /// The weights of one of its products, `[gates * hidden, features]`.
    fn matrix(&self, product: usize, features: usize) -> Cow<'_, [f32]> {
        let sizes = [self.trace.gates, self.trace.hidden, features];
        matrix(&self.weights, product, sizes, self.runs.params)
    }

    /// The dropout factors of the features of a step.
    fn factors(&self, sample: usize, step: usize) -> Option<&[f32]> {
        let (factors, before) = (self.runs.factors?, self.layer.checked_sub(1)?);
        let place = (sample * (self.trace.layers - 1) + before) * self.trace.length + step;
        Some(&factors[place * self.features..][..self.features])
    }
}

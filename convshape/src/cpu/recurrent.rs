//! Recurrent layers. One matrix product multiplies the inputs of all steps by their weights; then each step multiplies
//! the last state by packed weights, for several samples at once.

use std::borrow::Cow;
use std::vec;
use std::vec::Vec;

use convshape_arith::op::{Activation, Cell, Recurrent, RecurrentWeights, Trace};
use convshape_arith::size::Size;

use super::math::Epilogue;
use super::matmul::pack;
use super::simd::{Kernel, Level, Runs, Simd, products};
use super::threads::{Spread, Threads};
use super::tuning::RECURRENT_VECTORS as VECTORS;

/// A matrix with a row for each feature and a column for each unit of each gate, in panels of a few columns.
pub(super) struct Panels {
    weights: Vec<f32>,
    runs: Runs,
    features: usize,
    columns: usize,
}

/// The weights of one direction of one layer.
struct PackedPass {
    input: Panels,
    state: Panels,
    /// The bias of the gates, without the part in `state_bias`.
    bias: Vec<f32>,
    /// The bias of a `Gru`'s new gate that is added to the product with the state, before the reset gate multiplies
    /// both.
    state_bias: Vec<f32>,
}

/// A recurrent layer with its weights packed.
pub(super) struct Packed {
    layer: Recurrent,
    level: Level,
    passes: Vec<PackedPass>,
}

/// The inputs and outputs of a batch.
pub(super) struct RecurrentBatch<'a> {
    /// The steps of a sequence.
    pub(super) length: usize,
    /// `[samples, length, features]`
    pub(super) x: &'a [f32],
    /// The initial states and cell states, `[samples, layers * directions, hidden]`; zeros if `None`.
    pub(super) first: [Option<&'a [f32]>; 2],
    /// The factors of dropout between layers, for each sample `[layers - 1, length, directions * hidden]`.
    pub(super) factors: Option<&'a [f32]>,
    /// The whole runs, see [`Trace`].
    pub(super) y: &'a mut [f32],
    /// Whether to keep what the backward pass needs.
    pub(super) keep: bool,
}

impl Panels {
    /// Packs a matrix with these strides of rows (features) and columns.
    pub(super) fn new(level: Level, features: usize, columns: usize, from: &[f32], strides: [usize; 2]) -> Panels {
        let width = VECTORS * level.lanes();
        let panels = columns.div_ceil(width);
        let mut weights = vec![0.0; panels * features * width];
        level.run(PackPanels { from, strides, features, columns, weights: &mut weights });
        Panels { weights, runs: Runs::new(std::iter::once(0), features, true), features, columns: panels * width }
    }

    /// Columns of a product, padded to whole panels.
    #[cfg(feature = "train")]
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Adds the products with the rows of `x` to rows of [`Panels::columns`] elements. Several rows are divided among
    /// the threads; the panels are if there is only one.
    pub(super) fn add_to(&self, (level, threads): (Level, Threads), x: &[f32], y: &mut [f32]) {
        let (rows, width) = (y.len() / self.columns.max(1), VECTORS * level.lanes());
        if self.features == 0 || rows == 0 {
            return;
        }
        let (units, step) = if rows > 1 { (rows, self.columns) } else { (self.columns / width, width) };
        let spread = Spread { sample: y.len(), units, origin: 0, step };
        spread.run(threads, rows * self.features * self.columns, 1, y, &|y, base, _, units| {
            let y = &mut y[units.start * step - base..units.end * step - base];
            if rows > 1 {
                let x = &x[units.start * self.features..units.end * self.features];
                level.run(PanelProduct { panels: self, weights: &self.weights, x, y });
            } else {
                let weights = &self.weights[units.start * self.features * width..units.end * self.features * width];
                level.run(PanelProduct { panels: self, weights, x, y });
            }
        });
    }
}

/// Adds the products of rows with some panels to rows of their columns.
struct PanelProduct<'a> {
    panels: &'a Panels,
    weights: &'a [f32],
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for PanelProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PanelProduct { panels, weights, x, y } = self;
        let (width, features) = (VECTORS * S::LANES, panels.features);
        let (columns, rows) = (weights.len() / features, x.len() / features);
        let mut row = 0;
        for (panel, weights) in weights.chunks_exact(features * width).enumerate() {
            let tile = PanelTile { panels, place: [0, panel * width], x, weights, columns };
            row = 0;
            by_size!(S::POSITIONS[VECTORS - 1], |R| tile.rows::<S, R>(simd, &mut row, rows, y));
            tile.rows::<S, 4>(simd, &mut row, rows, y);
        }
        let (x, y) = (&x[row * features..], &mut y[row * columns..]);
        match rows - row {
            0 => {}
            1 => simd.call(FewRows::<1> { weights, features, x, y }),
            2 => simd.call(FewRows::<2> { weights, features, x, y }),
            _ => simd.call(FewRows::<3> { weights, features, x, y }),
        }
    }
}

/// Adds the products of `R` rows with some panels.
struct FewRows<'a, const R: usize> {
    weights: &'a [f32],
    features: usize,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl<const R: usize> Kernel for FewRows<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let (mut column, columns) = (0, self.y.len() / R);
        while column < columns {
            column += match (columns - column) / (VECTORS * S::LANES) {
                4.. if R == 1 => self.panels::<S, 4>(simd, column),
                2.. => self.panels::<S, 2>(simd, column),
                _ => self.panels::<S, 1>(simd, column),
            };
        }
    }
}

impl<const R: usize> FewRows<'_, R> {
    /// Adds the products with `P` panels from a column on. With one panel, most additions would wait for the previous
    /// one. Each sum adds up the features in order, whatever the number of rows. Returns the number of columns.
    #[inline(always)]
    fn panels<S: Simd, const P: usize>(&mut self, simd: S, column: usize) -> usize {
        let (width, features, columns) = (VECTORS * S::LANES, self.features, self.y.len() / R);
        let mut rows = [self.x; R];
        for (index, row) in rows.iter_mut().enumerate() {
            *row = &self.x[index * features..][..features];
        }
        let mut panels = [self.weights; P];
        for (index, panel) in panels.iter_mut().enumerate() {
            *panel = &self.weights[(column + index * width) * features..][..width * features];
        }
        let mut sums = [[[simd.splat(0.0); VECTORS]; P]; R];
        for feature in 0..features {
            let x = rows.map(|row| row[feature]);
            for p in 0..P {
                for v in 0..VECTORS {
                    let weight = simd.load(&panels[p][feature * width + v * S::LANES..]);
                    for r in 0..R {
                        sums[r][p][v] = simd.mul_add(simd.splat(x[r]), weight, sums[r][p][v]);
                    }
                }
            }
        }
        for r in 0..R {
            for p in 0..P {
                for v in 0..VECTORS {
                    let y = &mut self.y[r * columns + column + p * width + v * S::LANES..];
                    simd.store(simd.add(simd.load(y), sums[r][p][v]), y);
                }
            }
        }
        P * width
    }
}

/// Packs the panels of a matrix.
struct PackPanels<'a> {
    from: &'a [f32],
    strides: [usize; 2],
    features: usize,
    columns: usize,
    weights: &'a mut [f32],
}

impl Kernel for PackPanels<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = VECTORS * S::LANES;
        for (panel, weights) in self.weights.chunks_exact_mut((self.features * width).max(1)).enumerate() {
            let (from, columns) = (&self.from[panel * width * self.strides[1]..], self.columns - panel * width);
            pack::<S, VECTORS>(simd, from, self.strides, [self.features, columns], weights);
        }
    }
}

/// One panel of a product.
#[derive(Clone, Copy)]
struct PanelTile<'a> {
    panels: &'a Panels,
    /// The first row and column.
    place: [usize; 2],
    x: &'a [f32],
    weights: &'a [f32],
    /// The stride of the output's rows.
    columns: usize,
}

impl PanelTile<'_> {
    /// Adds the products of `R` rows at a time while at least `R` are left.
    #[inline(always)]
    fn rows<S: Simd, const R: usize>(self, simd: S, row: &mut usize, rows: usize, y: &mut [f32]) {
        while *row + R <= rows {
            let tile = PanelTile { place: [*row, self.place[1]], ..self };
            simd.call(RowsTile::<R> { tile, y: &mut *y });
            *row += R;
        }
    }
}

struct RowsTile<'a, const R: usize> {
    tile: PanelTile<'a>,
    y: &'a mut [f32],
}

impl<const R: usize> Kernel for RowsTile<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let RowsTile { tile: PanelTile { panels, place: [row, column], x, weights, columns }, y } = self;
        let mut starts = [0; R];
        for r in 0..R {
            starts[r] = (row + r) * panels.features;
        }
        let mut sums = [[[simd.splat(0.0); VECTORS]; R]];
        products::<S, R, VECTORS, 1>(simd, x, &starts, &panels.runs, [weights, &[]], [0, 1], &mut sums);
        for r in 0..R {
            for v in 0..VECTORS {
                let y = &mut y[(row + r) * columns + column + v * S::LANES..];
                simd.store(simd.add(simd.load(y), sums[0][r][v]), y);
            }
        }
    }
}

/// The weights of a product of a pass, `[gates * hidden, features]`: copied if the layer stores them in another order.
pub(super) fn matrix<'a>(
    weights: &RecurrentWeights,
    product: usize,
    [gates, hidden, features]: [usize; 3],
    params: &[&'a [f32]],
) -> Cow<'a, [f32]> {
    if let Some(param) = weights.rows(product) {
        return Cow::Borrowed(params[param]);
    }
    let mut matrix = Vec::with_capacity(gates * hidden * features);
    for gate in 0..gates {
        for unit in 0..hidden {
            matrix.extend((0..features).map(|feature| {
                let (param, place) = weights.weight(product, gate, unit, feature);
                params[param][place]
            }));
        }
    }
    Cow::Owned(matrix)
}

impl Packed {
    /// `params` are in the layout of the layer's dialect; it reads `inputs` features.
    pub(super) fn new(level: Level, layer: &Recurrent, inputs: usize, params: &[&[f32]]) -> Packed {
        let trace = Trace::new(layer, 0);
        let (gates, hidden) = (trace.gates, trace.hidden);
        let count = gates * hidden;
        let passes = (0..trace.layers * trace.directions).map(|pass| {
            let (at, direction) = (pass / trace.directions, pass % trace.directions);
            let features = if at == 0 { inputs } else { trace.width() };
            let weights = RecurrentWeights::new(layer, at, direction, features);
            let panels = |product: usize, features: usize| {
                let matrix = matrix(&weights, product, [gates, hidden, features], params);
                Panels::new(level, features, count, &matrix, [1, features])
            };
            let bias = |product: usize, column: usize| {
                let place = weights.bias(product, column / hidden, column % hidden);
                place.map_or(0.0, |(param, place)| params[param][place])
            };
            let apart = |column: usize| matches!(layer.cell, Cell::Gru { .. }) && column >= 2 * hidden;
            let both = |column: usize| bias(0, column) + if apart(column) { 0.0 } else { bias(1, column) };
            let of_state = |column: usize| if apart(column) { bias(1, column) } else { 0.0 };
            PackedPass {
                input: panels(0, features),
                state: panels(1, hidden),
                bias: (0..count).map(both).collect(),
                state_bias: (0..count).map(of_state).collect(),
            }
        });
        Packed { layer: *layer, level, passes: passes.collect() }
    }

    /// Runs a batch. The two directions of a layer run on two threads; more threads divide each step instead.
    pub(super) fn run(&self, threads: Threads, mut batch: RecurrentBatch<'_>) {
        let trace = Trace::new(&self.layer, batch.length);
        let elements = elements(&self.layer, batch.length);
        let samples = batch.y.len() / elements.max(1);
        let apart = trace.directions == 2 && threads.count() == 2;
        for (layer, passes) in self.passes.chunks_exact(trace.directions).enumerate() {
            let runs = passes.iter().enumerate().map(|(direction, pass)| {
                let here = Here { trace, layer, direction, elements, samples };
                PassRun::new(here, self.layer.cell, pass, batch.keep)
            });
            let mut runs: Vec<PassRun<'_>> = runs.collect();
            if apart {
                threads.each(runs.iter_mut(), &|run| run.steps((self.level, Threads::ONE), &batch));
            } else {
                runs.iter_mut().for_each(|run| run.steps((self.level, threads), &batch));
            }
            runs.iter().for_each(|run| run.store(&mut batch));
        }
    }
}

/// The number of elements of a run over `length` steps.
pub(super) fn elements(layer: &Recurrent, length: usize) -> usize {
    let rows = i64::try_from(length).ok().and_then(|length| layer.rows(Size::Number(length)).ok()?.number());
    rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(0) * Trace::new(layer, length).width()
}

/// The position in a batch: one direction of one layer.
struct Here {
    trace: Trace,
    layer: usize,
    direction: usize,
    elements: usize,
    samples: usize,
}

/// The run of a direction of a layer over a batch.
struct PassRun<'a> {
    here: Here,
    cell: Cell,
    pass: &'a PackedPass,
    /// The sums of each step, and later its gates: `[length, samples, columns]`.
    sums: Vec<f32>,
    states: States,
    /// The states of each step, `[length, samples, hidden]`, and what the backward pass needs besides.
    outputs: Vec<f32>,
    extras: Option<Vec<f32>>,
}

impl<'a> PassRun<'a> {
    fn new(here: Here, cell: Cell, pass: &'a PackedPass, keep: bool) -> PassRun<'a> {
        let (samples, Trace { hidden, length, gates, .. }) = (here.samples, here.trace);
        let columns = pass.input.columns;
        PassRun {
            cell,
            pass,
            sums: Vec::new(),
            states: States::new(samples, hidden, columns),
            outputs: vec![0.0; length * samples * hidden],
            extras: (keep && gates > 1).then(|| vec![0.0; length * samples * hidden]),
            here,
        }
    }

    /// Runs all steps.
    fn steps(&mut self, on: (Level, Threads), batch: &RecurrentBatch<'_>) {
        let PassRun { here, cell, pass, sums, states, outputs, extras } = self;
        let (length, row) = (batch.length, here.samples * pass.input.columns);
        *sums = here.project(on, pass, batch);
        states.start(here, batch);
        for turn in 0..length {
            let step = if here.direction == 0 { turn } else { length - 1 - turn };
            states.step(on, *cell, pass, &mut sums[step * row..(step + 1) * row]);
            let place = step * states.h.len()..(step + 1) * states.h.len();
            outputs[place.clone()].copy_from_slice(&states.h);
            if let Some(extras) = extras {
                extras[place].copy_from_slice(&states.c);
            }
        }
    }

    /// Writes the outputs of all steps, what the backward pass needs, and the last states.
    fn store(&self, batch: &mut RecurrentBatch<'_>) {
        let (here, Trace { hidden, length, gates, .. }) = (&self.here, self.here.trace);
        let (trace, count, columns) = (&here.trace, gates * hidden, self.pass.input.columns);
        for step in 0..length {
            for sample in 0..here.samples {
                let y = &mut batch.y[sample * here.elements..][..here.elements];
                let row = step * here.samples + sample;
                let state = row * hidden..(row + 1) * hidden;
                let output = trace.outputs(here.layer) + step * trace.width() + here.direction * hidden;
                y[output..][..hidden].copy_from_slice(&self.outputs[state.clone()]);
                if let Some(extras) = &self.extras {
                    let gates = trace.gates(here.layer, here.direction) + step * count;
                    y[gates..][..count].copy_from_slice(&self.sums[row * columns..][..count]);
                    let extra = trace.extra(here.layer, here.direction) + step * hidden;
                    y[extra..][..hidden].copy_from_slice(&extras[state]);
                }
            }
        }
        let states = if gates == 4 { 2 } else { 1 };
        for sample in 0..here.samples {
            let range = sample * hidden..(sample + 1) * hidden;
            for (state, values) in [&self.states.h, &self.states.c].into_iter().enumerate().take(states) {
                let place = sample * here.elements + trace.last(state) + here.state();
                batch.y[place..][..hidden].copy_from_slice(&values[range.clone()]);
            }
        }
    }
}

impl Here {
    /// The sums of all steps and samples without the products with states, `[length, samples, columns]`.
    fn project(&self, on: (Level, Threads), pass: &PackedPass, batch: &RecurrentBatch<'_>) -> Vec<f32> {
        let (features, samples) = (pass.input.features, self.samples);
        // The layer's input, step by step, with the samples of a step contiguous.
        let mut read = Vec::with_capacity(batch.length * samples * features);
        for step in 0..batch.length {
            for sample in 0..samples {
                match self.layer.checked_sub(1) {
                    None => read.extend_from_slice(&batch.x[(sample * batch.length + step) * features..][..features]),
                    Some(before) => {
                        let place = sample * self.elements + self.trace.outputs(before) + step * features;
                        let row = &batch.y[place..][..features];
                        let size = (self.trace.layers - 1) * batch.length * features;
                        match batch.factors {
                            None => read.extend_from_slice(row),
                            Some(factors) => {
                                let place = sample * size + (before * batch.length + step) * features;
                                read.extend(row.iter().zip(&factors[place..]).map(|(x, factor)| x * factor));
                            }
                        }
                    }
                }
            }
        }
        let columns = pass.input.columns;
        let mut sums = Vec::with_capacity(batch.length * samples * columns);
        for row in 1..=batch.length * samples {
            sums.extend_from_slice(&pass.bias);
            sums.resize(row * columns, 0.0);
        }
        pass.input.add_to(on, &read, &mut sums);
        sums
    }

    /// The offset of a sample's state among the initial or final states of all layers and directions.
    fn state(&self) -> usize {
        (self.layer * self.trace.directions + self.direction) * self.trace.hidden
    }
}

/// The current states of all samples.
struct States {
    hidden: usize,
    h: Vec<f32>,
    /// The cell state of an `Lstm`; for a `Gru`, the product that the reset gate multiplies.
    c: Vec<f32>,
    /// Products with the state that are stored separately.
    products: Vec<f32>,
}

impl States {
    fn new(samples: usize, hidden: usize, columns: usize) -> States {
        let states = || vec![0.0; samples * hidden];
        States { hidden, h: states(), c: states(), products: vec![0.0; samples * columns] }
    }

    fn start(&mut self, here: &Here, batch: &RecurrentBatch<'_>) {
        let size = here.trace.layers * here.trace.width();
        for (state, first) in [&mut self.h, &mut self.c].into_iter().zip(batch.first) {
            for (sample, state) in state.chunks_exact_mut(self.hidden).enumerate() {
                match first {
                    Some(first) => state.copy_from_slice(&first[sample * size + here.state()..][..self.hidden]),
                    None => state.fill(0.0),
                }
            }
        }
    }

    /// Runs one step: turns the input's `sums` into the gates.
    fn step(&mut self, on: (Level, Threads), cell: Cell, pass: &PackedPass, sums: &mut [f32]) {
        let columns = pass.state.columns;
        match cell {
            Cell::Lstm | Cell::Rnn { .. } => pass.state.add_to(on, &self.h, sums),
            Cell::Gru { reset_after } => {
                self.state_products(on, pass, false);
                on.0.run(ResetGates { states: self, reset_after, columns, sums });
                if !reset_after {
                    self.state_products(on, pass, true);
                }
            }
        }
        on.0.run(NextStates { states: self, cell, columns, sums });
    }

    /// The products of all samples with their states, or with the states after the reset gate, and their bias.
    fn state_products(&mut self, on: (Level, Threads), pass: &PackedPass, after_reset: bool) {
        for row in self.products.chunks_exact_mut(pass.state.columns) {
            row[..pass.state_bias.len()].copy_from_slice(&pass.state_bias);
            row[pass.state_bias.len()..].fill(0.0);
        }
        pass.state.add_to(on, if after_reset { &self.c } else { &self.h }, &mut self.products);
    }
}

/// The reset and update gates of a `Gru`, and what its new gate reads.
struct ResetGates<'a> {
    states: &'a mut States,
    reset_after: bool,
    columns: usize,
    sums: &'a mut [f32],
}

impl Kernel for ResetGates<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let ResetGates { states: States { hidden, h, c, products }, reset_after, columns, sums } = self;
        let hidden = *hidden;
        for (sample, gates) in sums.chunks_exact_mut(columns).enumerate() {
            let products = &products[sample * columns..][..3 * hidden];
            gates.iter_mut().zip(&products[..2 * hidden]).for_each(|(gate, product)| *gate += product);
            Epilogue::of(Activation::Sigmoid).all(simd, &mut gates[..2 * hidden]);
            let range = sample * hidden..(sample + 1) * hidden;
            if reset_after {
                c[range].copy_from_slice(&products[2 * hidden..]);
            } else {
                for (c, (reset, h)) in c[range.clone()].iter_mut().zip(gates.iter().zip(&h[range])) {
                    *c = reset * h;
                }
            }
        }
    }
}

/// The states after a step, from its sums.
struct NextStates<'a> {
    states: &'a mut States,
    cell: Cell,
    columns: usize,
    sums: &'a mut [f32],
}

impl Kernel for NextStates<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let NextStates { states: States { hidden, h, c, products }, cell, columns, sums } = self;
        let hidden = *hidden;
        let [sigmoid, tanh] = [Activation::Sigmoid, Activation::Tanh].map(Epilogue::of);
        for (sample, gates) in sums.chunks_exact_mut(columns).enumerate() {
            let range = sample * hidden..(sample + 1) * hidden;
            let (h, c) = (&mut h[range.clone()], &mut c[range]);
            match cell {
                Cell::Lstm => {
                    sigmoid.all(simd, &mut gates[..2 * hidden]);
                    tanh.all(simd, &mut gates[2 * hidden..3 * hidden]);
                    sigmoid.all(simd, &mut gates[3 * hidden..4 * hidden]);
                    let (input, rest) = gates.split_at(hidden);
                    let (forget, rest) = rest.split_at(hidden);
                    let (cell, output) = rest.split_at(hidden);
                    for unit in 0..hidden {
                        c[unit] = forget[unit] * c[unit] + input[unit] * cell[unit];
                    }
                    h.copy_from_slice(c);
                    tanh.all(simd, h);
                    h.iter_mut().zip(output).for_each(|(h, output)| *h *= output);
                }
                Cell::Gru { reset_after } => {
                    let (reset, rest) = gates.split_at_mut(hidden);
                    let (update, rest) = rest.split_at_mut(hidden);
                    let new = &mut rest[..hidden];
                    let products = &products[sample * columns + 2 * hidden..][..hidden];
                    for unit in 0..hidden {
                        new[unit] += if reset_after { reset[unit] * c[unit] } else { products[unit] };
                    }
                    tanh.all(simd, new);
                    for unit in 0..hidden {
                        h[unit] = (1.0 - update[unit]) * new[unit] + update[unit] * h[unit];
                    }
                }
                Cell::Rnn { relu } => {
                    let finish = Epilogue::of(if relu { Activation::Relu } else { Activation::Tanh });
                    finish.all(simd, &mut gates[..hidden]);
                    h.copy_from_slice(&gates[..hidden]);
                }
            }
        }
    }
}

//! The training plan of a chain for one batch size.

use std::vec::Vec;

use convshape_arith::graph::{Graph, GraphError};
use convshape_arith::op::{DropTogether, Op};
use convshape_arith::shape::Shape;
use rand::Rng;

use super::backward::{BackwardPass, ForwardValues};
use super::draft::{Draft, Facts, Key, drafts};
use super::elements;
use super::norm::Update;
use super::row_major;
use super::step::{Back, StoredValue, TrainJob, TrainStep, step};
use super::weight_gradient::WeightGradient;
use super::{Machine, combine};
use crate::cpu::buffer::{Buffer, View};
use crate::cpu::elementwise;
use crate::cpu::math::Epilogue;
use crate::cpu::pool::Pool;
use crate::cpu::simd::Level;
use crate::cpu::threads::threads;
use crate::model::error::BatchError;
use crate::model::workspace::{Workspace, is_allocatable};

/// A plan with its memory.
pub(crate) struct TrainPlan {
    key: Key,
    graph: Graph,
    level: Level,
    values: Vec<StoredValue>,
    steps: Vec<TrainStep>,
    outputs: Vec<usize>,
    /// The memory of each value and of its gradient.
    y: Vec<Workspace>,
    dy: Vec<Workspace>,
    /// A gradient before it is added to another.
    spare: Workspace,
    /// Products of a gradient, before they are summed over the axes along which an operand was broadcast.
    products: Vec<f32>,
    /// The outputs in the caller's order.
    results: Vec<Vec<f32>>,
    /// About the multiply-adds of a forward and backward pass.
    work: usize,
}

impl TrainPlan {
    /// The plan of a graph.
    ///
    /// # Errors
    /// What a layer refuses about the input's shape, and a batch that is too small for its statistics
    /// or too large for the memory.
    pub(crate) fn new(graph: &Graph, key: Key, level: Level) -> Result<TrainPlan, BatchError> {
        let graph = graph.with_inputs(&key.inputs)?.lowered()?;
        let order = graph.order();
        let outputs: Vec<usize> = graph.outputs().iter().map(|port| port.value).collect();
        let facts = Facts::new(&graph, &key)?;
        if key.training {
            facts.check_statistics(&graph, key.batch)?;
        }
        let drafts = drafts(&graph, &facts, &key, level);

        let values = stored_values(&graph, &facts, &drafts);
        check_memory(&values, key.batch)?;

        // In the backward pass, the last reader of a value is the first to contribute to its gradient.
        let mut started: Vec<bool> = (0..values.len()).map(|value| outputs.contains(&value)).collect();
        let mut steps: Vec<TrainStep> = Vec::new();
        let mut stored: Vec<bool> = (0..values.len()).map(|value| value < key.inputs.len()).collect();
        for draft in drafts.into_iter().rev() {
            let output = draft.node.outputs[0];
            let is_differentiated = facts.reached[output] && facts.wanted[output];
            let reads = is_differentiated && !matches!(draft.node.op, Op::Source { .. });
            let mut back = Vec::new();
            for (index, &value) in draft.node.inputs.iter().enumerate() {
                let wanted = reads && facts.wanted[value] && draft.node.op.reads_elements(index);
                back.push(match (wanted, started[value]) {
                    (false, _) => Back::Unwanted,
                    (true, false) => Back::Write,
                    (true, true) => Back::Add,
                });
                started[value] |= wanted;
            }
            stored[output] = true;
            steps.push(step(level, &key, order, &values, draft, back, is_differentiated));
        }
        steps.reverse();
        let memory = |view: &View, used: bool| {
            let count = if used { key.batch * view.buffer.sample() + WeightGradient::SLACK } else { 0 };
            Workspace::with_elements(count)
        };
        let y = values.iter().zip(&stored).map(|(value, stored)| memory(&value.y, *stored)).collect();
        let dy: Vec<Workspace> =
            values.iter().zip(&stored).zip(&started).map(|((value, s), g)| memory(&value.dy, *s && *g)).collect();
        let added =
            steps.iter().flat_map(|step| step.inputs.iter().zip(&step.back)).filter(|(_, back)| **back == Back::Add);
        let spare = added.map(|(value, _)| dy[*value].get().len()).max().unwrap_or(0);
        let again = outputs.iter().map(|value| dy[*value].get().len()).max().unwrap_or(0);
        let repeated = (0..outputs.len()).any(|port| outputs[..port].contains(&outputs[port]));
        let spare = Workspace::with_elements(if repeated { spare.max(again) } else { spare });
        let results = outputs.iter().map(|&value| std::vec![0.0; key.batch * facts.grids[value].elements()]).collect();
        let elements = values.iter().map(|value| key.batch * value.y.grid().elements()).sum::<usize>();
        let sums = steps.iter().map(|step| match &step.job {
            TrainJob::Sum(sum) => sum.work(),
            TrainJob::RowMajor(layer) => layer.work(key.batch),
            _ => 0,
        });
        let work = sums.sum::<usize>() + elements;
        Ok(TrainPlan { work, key, graph, level, values, steps, outputs, y, dy, spare, products: Vec::new(), results })
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// The graph that it runs.
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The shape of each output, and its elements after [`TrainPlan::forward`].
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&Shape, &[f32])> {
        self.outputs.iter().zip(&self.results).map(|(&value, result)| (&self.values[value].shape, &result[..]))
    }

    /// Runs a batch. `stamps` identify the current values of the parameters. In training, `rng` draws dropout, and the
    /// updates of the running statistics are returned.
    ///
    /// # Errors
    /// What a layer refuses about the input's shape.
    pub(crate) fn forward(
        &mut self,
        params: &[&[f32]],
        stamps: &[u64],
        inputs: &[&[f32]],
        mut rng: Option<&mut dyn Rng>,
    ) -> Result<Vec<Update>, GraphError> {
        for step in &mut self.steps {
            if let (TrainJob::RowMajor(layer), Some(rng), true) = (&mut step.job, &mut rng, self.key.training) {
                layer.reseed(rng);
            }
            if let (TrainJob::RowMajor(layer), Some(rng), true) = (&mut step.job, &mut rng, self.key.training)
                && let Some((p, numbers, factors)) = layer.drops()
            {
                draw(p, self.key.batch * numbers, factors, rng);
            }
            if let (TrainJob::Dropout { p, together, factors: Some(factors) }, Some(rng)) = (&mut step.job, &mut rng) {
                let view = &self.values[step.output].y;
                let (batch, elements) = (self.key.batch, view.grid().elements());
                let drawn = match together {
                    DropTogether::Element => elements,
                    DropTogether::Channel => view.channels,
                    DropTogether::Sample | DropTogether::Batch => 1,
                };
                let samples = if *together == DropTogether::Batch { 1 } else { batch };
                draw(*p, samples * drawn, factors, rng);
                spread(drawn, batch / samples.max(1) * elements, factors);
            }
        }
        let threads = threads(self.work);
        threads.wake();
        self.run(Machine { level: self.level, threads }, params, stamps, inputs)
    }

    fn run(
        &mut self,
        on: Machine,
        params: &[&[f32]],
        stamps: &[u64],
        inputs: &[&[f32]],
    ) -> Result<Vec<Update>, GraphError> {
        let TrainPlan { values, steps, y, .. } = self;
        let samples = self.key.batch;
        for (value, input) in inputs.iter().enumerate() {
            row_major::import(on, samples, &values[value].y, input, y[value].get_mut());
        }
        let mut updates = Vec::new();
        for step in steps {
            let (before, from) = y.split_at_mut(step.output);
            let (to, y) = (&values[step.output].y, from[0].get_mut());
            let input = |index: usize| (&values[step.inputs[index]].y, before[step.inputs[index]].get());
            let own: Vec<&[f32]> = step.params.iter().map(|&param| params[param]).collect();
            let stamps: Vec<u64> = step.params.iter().map(|&param| stamps[param]).collect();
            let epilogue = step.activation.map_or(Epilogue::None, Epilogue::of);
            match &mut step.job {
                TrainJob::Sum(sum) => {
                    sum.forward(on, samples, (&own, &stamps), input(0).1, y);
                }
                TrainJob::Norm(norm) => {
                    updates.extend(norm.forward(on, samples, (&own, &step.params), input(0), (to, y)));
                }
                TrainJob::Pool(windows) => {
                    let (from, x) = input(0);
                    let work = 4 * from.grid().positions() / to.grid().positions().max(1);
                    elementwise::spread(on.threads, work, samples, (from, x), (to, y), &|share| {
                        on.level.run(Pool { windows, share });
                    });
                }
                TrainJob::Resample(rows) => rows.spread((on.level, on.threads), samples, input(0), (to, y)),
                TrainJob::Move(moves) => {
                    for (index, copy) in moves.iter().enumerate() {
                        copy.forward.run(on.level, on.threads, samples, input(index).1, y);
                    }
                }
                TrainJob::Reduce { forward, .. } => forward.run(on.level, on.threads, samples, input(0).1, y),
                TrainJob::Activation(function) => {
                    elements::each(on, samples, input(0), (to, y), [&[], &[]], Epilogue::of(*function));
                }
                TrainJob::Dropout { factors, .. } => {
                    elements::copy(on, samples, input(0), (to, y));
                    if let Some(factors) = factors {
                        elements::multiply_by(samples, factors, (to, y));
                    }
                }
                TrainJob::Scale(by) => elements::scale(on, samples, *by, input(0), (to, y)),
                TrainJob::Combine(by) => {
                    let operands: Vec<(&View, &[f32])> = (0..step.inputs.len()).map(input).collect();
                    combine::forward(on, samples, (*by, epilogue), &operands, (to, y));
                }
                TrainJob::RowMajor(layer) => {
                    let inputs: Vec<(&View, &[f32])> = (0..step.inputs.len()).map(input).collect();
                    let done = layer.forward(on, samples, (&own, &stamps), &inputs, (to, y));
                    done.map_err(|fault| GraphError::Layer { layer: step.name.clone(), fault })?;
                }
            }
        }
        for (value, result) in self.outputs.iter().zip(&mut self.results) {
            row_major::export(on, samples, &values[*value].y, self.y[*value].get(), result);
        }
        Ok(updates)
    }

    /// Runs the backward pass from the gradients of the outputs. Adds the gradients of the parameters to `dparams`,
    /// where an empty one counts as zeros. Returns the gradients of the inputs if the key asks for them.
    ///
    /// # Errors
    /// What a layer refuses about the input's shape.
    pub(crate) fn backward(
        &mut self,
        params: &[&[f32]],
        cotangents: &[&[f32]],
        dparams: &mut [Vec<f32>],
    ) -> Result<Vec<Vec<f32>>, GraphError> {
        let threads = threads(self.work);
        threads.wake();
        self.run_back(Machine { level: self.level, threads }, params, cotangents, dparams)
    }

    fn run_back(
        &mut self,
        on: Machine,
        params: &[&[f32]],
        cotangents: &[&[f32]],
        dparams: &mut [Vec<f32>],
    ) -> Result<Vec<Vec<f32>>, GraphError> {
        let samples = self.key.batch;
        self.start(on, cotangents);
        let TrainPlan { values, steps, y, dy, spare, products, .. } = self;
        let mut pass = BackwardPass { stored: ForwardValues { on, samples, values, y }, spare, products };
        for step in steps.iter_mut().rev().filter(|step| step.is_differentiated) {
            pass.step(step, dy, params, dparams)?;
        }
        let inputs = 0..if self.key.inputs_too { self.key.inputs.len() } else { 0 };
        let gradient = |value: usize| {
            let view = &self.values[value].dy;
            let mut gradient = std::vec![0.0; samples * view.grid().elements()];
            if !self.dy[value].get().is_empty() {
                row_major::export(on, samples, view, self.dy[value].get(), &mut gradient);
            }
            gradient
        };
        Ok(inputs.map(gradient).collect())
    }

    /// Stores the gradients of the outputs. Those of ports with the same value are added.
    fn start(&mut self, on: Machine, cotangents: &[&[f32]]) {
        let TrainPlan { values, outputs, dy, spare, .. } = self;
        let samples = self.key.batch;
        for (port, (&value, cotangent)) in outputs.iter().zip(cotangents).enumerate() {
            let view = &values[value].dy;
            if outputs[..port].contains(&value) {
                row_major::import(on, samples, view, cotangent, spare.get_mut());
                elements::add(on, samples, (view, spare.get()), (view, dy[value].get_mut()));
            } else {
                row_major::import(on, samples, view, cotangent, dy[value].get_mut());
            }
        }
    }

    /// The name of each step, the shape of its output, and the output's elements after [`TrainPlan::forward`].
    pub(crate) fn layers(&self) -> impl Iterator<Item = (&str, &Shape, Vec<f32>)> {
        let (samples, on) = (self.key.batch, Machine { level: self.level, threads: threads(self.work) });
        self.steps.iter().map(move |step| {
            let StoredValue { shape, y, .. } = &self.values[step.output];
            let mut elements = std::vec![0.0; samples * y.grid().elements()];
            row_major::export(on, samples, y, self.y[step.output].get(), &mut elements);
            (&step.name[..], shape, elements)
        })
    }

    /// The first layer with an output or a parameter that is infinite or NaN.
    pub(crate) fn first_not_finite(&self, params: &[&[f32]]) -> Option<&str> {
        let bad = |elements: &[f32]| elements.iter().any(|element| !element.is_finite());
        let found = self.steps.iter().find(|step| {
            let view = &self.values[step.output].y;
            let elements = self.key.batch * view.buffer.sample();
            bad(&self.y[step.output].get()[..elements]) || step.params.iter().any(|&param| bad(params[param]))
        });
        found.map(|step| &step.name[..])
    }
}

/// The values and their gradients, with the borders that the layers read.
fn stored_values(graph: &Graph, facts: &Facts, drafts: &[Draft]) -> Vec<StoredValue> {
    let mut buffers: Vec<[Buffer; 2]> = facts.grids.iter().map(|grid| [Buffer::new(grid); 2]).collect();
    for Draft { node, axes, .. } in drafts {
        let Some(axes) = axes else { continue };
        for (which, [low, high]) in axes.borders().into_iter().enumerate() {
            let buffer = &mut buffers[[node.inputs[0], node.outputs[0]][which]][which];
            for axis in 0..3 {
                buffer.low[axis] = buffer.low[axis].max(low[axis]);
                buffer.high[axis] = buffer.high[axis].max(high[axis]);
            }
        }
    }
    let values = graph.values().iter().zip(&buffers).zip(&facts.orders);
    values
        .map(|((value, [y, dy]), &order)| {
            let view = |buffer: &Buffer| View { order, buffer: *buffer, channel: 0, channels: buffer.width };
            StoredValue { shape: value.shape, y: view(y), dy: view(dy) }
        })
        .collect()
}

/// Whether there is memory for the values of a batch and their gradients.
fn check_memory(values: &[StoredValue], batch: usize) -> Result<(), BatchError> {
    let views = values.iter().flat_map(|value| [value.y, value.dy]);
    let mut elements = views
        .map(|view| view.buffer.sample().checked_add(WeightGradient::SLACK).and_then(|count| count.checked_mul(batch)));
    let elements = elements.try_fold(0_usize, |sum, count| sum.checked_add(count?));
    if is_allocatable(elements) { Ok(()) } else { Err(BatchError::Memory { elements }) }
}

/// Repeats the factors of each sample's channels at every position. The channels of a position are contiguous.
fn spread(channels: usize, elements: usize, factors: &mut Vec<f32>) {
    if channels < elements {
        let positions = elements / channels;
        *factors = factors.chunks(channels).flat_map(|sample| sample.repeat(positions)).collect();
    }
}

/// Draws the factors of dropout: zero with probability `p`, else `1 / (1 - p)`, which keeps the mean.
fn draw(p: f64, count: usize, factors: &mut Vec<f32>, rng: &mut dyn Rng) {
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    let kept = if p < 1.0 { (1.0 / (1.0 - p)) as f32 } else { 0.0 };
    // 32 random bits decide on an element.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability is from 0 to 1")]
    let limit = (p * 2.0_f64.powi(32)) as u64;
    let mut bytes = [0; 4 * 256];
    factors.resize(count, 0.0);
    for factors in factors.chunks_mut(bytes.len() / 4) {
        rng.fill_bytes(&mut bytes[..4 * factors.len()]);
        for (factor, bits) in factors.iter_mut().zip(bytes.as_chunks().0) {
            *factor = if u64::from(u32::from_le_bytes(*bits)) < limit { 0.0 } else { kept };
        }
    }
}

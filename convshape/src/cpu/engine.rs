//! The engine: a plan with a model's packed weights, ready to run.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::vec::Vec;

use convshape_arith::graph::Graph;
use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::param::MAX_PARAMS;
use convshape_arith::shape::Shape;

use super::attention::{Attention, AttentionInputs};
use super::buffer::{SLACK, View};
use super::elementwise::{self, Binary, Combine, Each, ElementShare, Operand, Slopes};
use super::job::{Job, Ready, Reference};
use super::math::Epilogue;
use super::matmul;
use super::memory::{Others, RunMemory};
use super::norm::{AlongChannels, GroupNorm};
use super::plan::Plan;
use super::plan::interleave::ConvStep;
use super::plan::step::Work;
use super::pool::{Pool, Windows};
use super::recurrent::RecurrentBatch;
use super::relayout::Relayout;
use super::simd::Level;
use super::threads::{self, Threads};
use super::tuning::{PACKING, WORKSPACE};
use crate::model::error::PlanError;
use crate::model::param::Param;
use crate::model::workspace::Workspace;
use crate::reference::kernels::{self, Operands, Product};

/// A model's plan and packed weights.
pub(crate) struct Engine {
    level: Level,
    /// The stamps of the parameters when they were packed.
    stamps: Vec<u64>,
    plan: Plan,
    steps: Vec<Ready>,
    /// How many samples run together.
    together: usize,
    /// Multiply-adds of a sample.
    work: usize,
    /// Elements of its weights.
    weights: usize,
    /// Spare workspaces, shared with the engines for other shapes.
    spares: Arc<Spares>,
}

/// Spare workspaces.
#[derive(Default)]
pub(crate) struct Spares(Mutex<Vec<Workspace>>);

impl Spares {
    /// A workspace of at least this many elements.
    fn take(&self, elements: usize) -> Workspace {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let large = spares.iter().position(|spare| spare.get().len() >= elements);
        // One that is too small is dropped for a larger one, which serves both engines.
        let spare = large.or(spares.len().checked_sub(1)).map(|index| spares.swap_remove(index));
        drop(spares);
        spare.filter(|_| large.is_some()).unwrap_or_else(|| Workspace::with_elements(elements))
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn put(&self, workspace: Workspace) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
    }
}

impl Engine {
    /// An engine for a lowered graph and its parameters, which have their shapes.
    ///
    /// # Errors
    /// If a size is a symbol, or the planner does not know a layer.
    pub(crate) fn new(
        graph: &Graph,
        params: &[&Param],
        level: Level,
        spares: Arc<Spares>,
    ) -> Result<Engine, PlanError> {
        let plan = Plan::new(graph, level)?;
        let sums = plan.steps.iter().filter_map(|step| match step.work {
            Work::Sum { node, .. } => Some(plan.weights_of(&plan.nodes[node], params)),
            _ => None,
        });
        let weights = sums.sum::<usize>();
        // Each step packs its own weights.
        let slots: Vec<OnceLock<Option<Ready>>> = plan.steps.iter().map(|_| OnceLock::new()).collect();
        let each = plan.steps.iter().zip(&plan.clears).zip(&slots);
        threads::threads(PACKING * weights).each(each, &|((step, clears), slot)| {
            slot.get_or_init(|| Ready::new(&plan, step, *clears, params, level));
        });
        let ready = slots.into_iter().map(|slot| slot.into_inner().flatten()).zip(&plan.steps);
        let steps: Vec<Ready> =
            ready.map(|(ready, step)| ready.ok_or_else(|| plan.unplanned(step))).collect::<Result<_, _>>()?;
        let together = (WORKSPACE.max(weights) / plan.elements.max(1)).max(1);
        let stamps = params.iter().map(|param| param.stamp()).collect();
        let work = steps.iter().map(|step| step.job.work()).sum();
        Ok(Engine { level, stamps, plan, steps, together, work, weights, spares })
    }

    /// The stamps of the parameters when they were packed.
    pub(crate) fn stamps(&self) -> &[u64] {
        &self.stamps
    }

    /// How many elements its weights have.
    pub(crate) fn weights(&self) -> usize {
        self.weights
    }

    /// The shapes of the inputs that it runs on.
    pub(crate) fn inputs(&self) -> &[Shape] {
        &self.plan.inputs
    }

    /// The shapes of the outputs.
    pub(crate) fn outputs(&self) -> &[Shape] {
        &self.plan.outputs
    }

    /// The workspace for `samples` samples at once, in elements.
    pub(crate) fn elements(&self, samples: usize) -> usize {
        self.plan.elements * samples + SLACK
    }

    /// Runs a batch in a spare workspace.
    pub(crate) fn run(&self, samples: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let threads = threads::threads(self.work * samples);
        if threads != Threads::ONE && samples >= threads.count() {
            self.run_apart(threads, samples, inputs, outputs)
        } else {
            self.run_alone(threads, samples, inputs, outputs)
        }
    }

    /// Runs a batch in one part per thread.
    fn run_apart(&self, threads: Threads, samples: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let parts = threads.count();
        let mut rest: Vec<&mut [f32]> = outputs.iter_mut().map(|y| &mut **y).collect();
        let parts = (0..parts).map(|part| {
            let own = samples * part / parts..samples * (part + 1) / parts;
            let x: Vec<&[f32]> =
                inputs.iter().map(|x| &x[x.len() / samples * own.start..][..x.len() / samples * own.len()]).collect();
            let y: Vec<&mut [f32]> = rest
                .iter_mut()
                .map(|rest| {
                    let share = rest.len() / (samples - own.start) * own.len();
                    rest.split_off_mut(..share).unwrap_or_default()
                })
                .collect();
            (own.len(), x, y)
        });
        threads.each(parts, &|(samples, x, mut y)| self.run_alone(Threads::ONE, samples, &x, &mut y));
    }

    fn run_alone(&self, threads: Threads, samples: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.run_in_spare(threads, samples, inputs, outputs, &mut |_| {})
    }

    /// Runs a batch, and calls `observe` with the number of each step after it.
    #[cfg(feature = "ndarray")]
    pub(crate) fn run_observed(
        &self,
        samples: usize,
        inputs: &[&[f32]],
        outputs: &mut [&mut [f32]],
        observe: &mut dyn FnMut(usize),
    ) {
        self.run_in_spare(threads::threads(self.work * samples), samples, inputs, outputs, observe)
    }

    /// Runs a batch in a workspace that goes back to the spares.
    fn run_in_spare(
        &self,
        threads: Threads,
        samples: usize,
        inputs: &[&[f32]],
        outputs: &mut [&mut [f32]],
        observe: &mut dyn FnMut(usize),
    ) {
        let mut workspace = self.spares.take(self.elements(self.together.min(samples).max(1)));
        self.steps(threads, samples, inputs, outputs, workspace.get_mut(), observe);
        self.spares.put(workspace);
    }

    /// For each step or interleaved steps, the names of its layers and the multiply-adds of a sample. A step that only
    /// moves data has no layers.
    #[cfg(feature = "ndarray")]
    pub(crate) fn layers(&self) -> impl Iterator<Item = (Vec<&str>, u64)> {
        let (plan, mut next) = (&self.plan, 0);
        core::iter::from_fn(move || {
            let first = next;
            next += plan.together(*(first < plan.steps.len()).then_some(&first)?);
            let nodes = plan.steps[first..next].iter().flat_map(|step| &step.nodes);
            let nodes = nodes.map(|&node| &plan.nodes[node]);
            let macs = nodes.clone().map(|node| node.macs);
            Some((nodes.map(|node| &node.name[..]).collect(), macs.sum()))
        })
    }

    /// Runs a batch in a workspace that holds at least one sample, see [`Engine::elements`]. Does not allocate.
    pub(crate) fn run_in(&self, samples: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]], workspace: &mut [f32]) {
        self.steps(threads::threads(self.work * samples), samples, inputs, outputs, workspace, &mut |_| {})
    }

    fn steps(
        &self,
        threads: Threads,
        samples: usize,
        inputs: &[&[f32]],
        outputs: &mut [&mut [f32]],
        workspace: &mut [f32],
        observe: &mut dyn FnMut(usize),
    ) {
        let fit = workspace.len().saturating_sub(SLACK) / self.plan.elements.max(1);
        let together = self.together.min(fit).max(1);
        threads.wake();
        for first in (0..samples).step_by(together) {
            let count = together.min(samples - first);
            let mut memory = RunMemory { workspace: &mut *workspace, inputs, outputs: &mut *outputs, first, count };
            let (mut row, mut next) = (0, 0);
            while next < self.steps.len() {
                let steps = &self.steps[next..][..self.plan.together(next)];
                match &self.plan.interleaved[next] {
                    Some(interleave) => {
                        steps.iter().for_each(|step| clear(step, &mut memory));
                        interleave.run(threads, |step| conv_step(&steps[step]), &mut memory);
                    }
                    None => self.step(threads, &steps[0], &mut memory),
                }
                observe(row);
                (row, next) = (row + 1, next + steps.len());
            }
        }
    }

    fn step(&self, threads: Threads, step: &Ready, memory: &mut RunMemory<'_, '_>) {
        let (level, samples) = (self.level, memory.count);
        let output = &step.output;
        clear(step, memory);
        match &step.job {
            Job::Import(port) => {
                let to = output;
                let elements = to.grid().elements();
                let x = &memory.inputs[*port][memory.first * elements..];
                let y = memory.output(to);
                Relayout { level, view: *to }.import(threads, samples, x, y);
            }
            Job::Export(port) => {
                let from = &step.inputs[0];
                let elements = from.grid().elements();
                let first = memory.first * elements;
                let (x, outputs) = memory.read(from);
                let y = &mut outputs[*port][first..][..samples * elements];
                Relayout { level, view: *from }.export(threads, samples, x, y);
            }
            Job::Conv(conv) => {
                let (x, y) = memory.pair(&step.inputs[0], output);
                conv.run(threads, samples, x, y);
            }
            Job::Winograd(winograd) => {
                let (x, y) = memory.pair(&step.inputs[0], output);
                winograd.run(threads, samples, x, y);
            }
            Job::Planes(planes) => {
                let (x, y) = memory.pair(&step.inputs[0], output);
                planes.run(threads, samples, x, y);
            }
            Job::Slide(slide) => {
                let (x, y) = memory.pair(&step.inputs[0], output);
                slide.run(threads, samples, x, y);
            }
            Job::Each { scale, shift, epilogue } => {
                let (from, to) = (&step.inputs[0], output);
                let (x, y) = memory.pair(from, to);
                elementwise::spread(threads, epilogue.work(), samples, (from, x), (to, y), &|share| {
                    level.run(Each { share, scale, shift, by_sample: false, epilogue: *epilogue });
                });
            }
            Job::Slopes(slopes) => {
                let (from, to) = (&step.inputs[0], output);
                let (x, y) = memory.pair(from, to);
                elementwise::spread(threads, Epilogue::None.work(), samples, (from, x), (to, y), &|share| {
                    level.run(Slopes { share, slopes });
                });
            }
            Job::Combine { by, epilogue } => self.combine(threads, (*by, *epilogue), &step.inputs, output, memory),
            Job::Convert => {
                let (from, to) = (&step.inputs[0], output);
                let (x, y) = memory.pair(from, to);
                match to.order {
                    AxisOrder::ChannelsLast => Relayout { level, view: *from }.export(threads, samples, x, y),
                    AxisOrder::ChannelsFirst => Relayout { level, view: *to }.import(threads, samples, x, y),
                }
            }
            Job::Reshape => {
                let (x, y) = memory.pair(&step.inputs[0], output);
                Relayout { level, view: *output }.import(threads, samples, x, y);
            }
            Job::Move(copy) => {
                let (x, y) = memory.pair(&step.inputs[0], output);
                copy.run(level, threads, samples, x, y);
            }
            Job::Reduce(reduce) => {
                let (x, y) = memory.pair(&step.inputs[0], output);
                reduce.run(level, threads, samples, x, y);
            }
            Job::Pool(windows) => self.pool(threads, windows, &step.inputs[0], output, memory),
            Job::Resample(rows) => {
                let (from, to) = (&step.inputs[0], output);
                let (x, y) = memory.pair(from, to);
                rows.spread((level, threads), samples, (from, x), (to, y));
            }
            Job::Groups(norm, room) => self.groups(threads, norm, *room, &step.inputs[0], output, memory),
            Job::Along(along, epilogue) => {
                let (from, to) = (&step.inputs[0], output);
                let (x, y) = memory.pair(from, to);
                let work = 4 * epilogue.work();
                elementwise::spread(threads, work, samples, (from, x), (to, y), &|share| {
                    level.run(AlongChannels { along, share, epilogue: *epilogue });
                });
            }
            Job::Attention(layer, room) => self.attention(threads, layer, *room, &step.inputs, output, memory),
            Job::Constant(elements) => self.constant(elements, output, memory),
            Job::Reference(reference) => self.reference(reference, threads, &step.inputs, output, memory),
        }
    }

    fn pool(&self, threads: Threads, windows: &Windows, from: &View, to: &View, memory: &mut RunMemory<'_, '_>) {
        let samples = memory.count;
        let (x, y) = memory.pair(from, to);
        let work = Epilogue::None.work() * from.grid().positions() / to.grid().positions().max(1);
        let run = |share: ElementShare<'_>| self.level.run(Pool { windows, share });
        if to.grid().positions() == 1 {
            elementwise::spread_channels(threads, work, samples, (from, x), (to, y), &run);
        } else {
            elementwise::spread(threads, work, samples, (from, x), (to, y), &run);
        }
    }

    /// Copies the same elements to every sample.
    fn constant(&self, elements: &[f32], to: &View, memory: &mut RunMemory<'_, '_>) {
        let samples = memory.count;
        let y = memory.output(to);
        for sample in 0..samples {
            let y = &mut y[sample * to.buffer.sample()..];
            Relayout { level: self.level, view: *to }.import(Threads::ONE, 1, elements, y);
        }
    }

    /// Joins values: the first two, and each further one with the result so far.
    fn combine(
        &self,
        threads: Threads,
        (by, epilogue): (Binary, Epilogue),
        inputs: &[View],
        to: &View,
        memory: &mut RunMemory<'_, '_>,
    ) {
        let (on, samples, last) = ((self.level, threads), memory.count, inputs.len() - 1);
        let how = |index: usize| (by, if index == last { epilogue } else { Epilogue::None });
        if let [first, second, ..] = inputs {
            let ([a, b], y) = memory.several([first, second], to);
            let (a, b) = (Operand { view: first, x: a }, Operand { view: second, x: b });
            Combine::spread(on, samples, Some(a), b, how(1), (to, y));
        }
        for (index, view) in inputs.iter().enumerate().skip(2) {
            let (x, y) = memory.pair(view, to);
            Combine::spread(on, samples, None, Operand { view, x }, how(index), (to, y));
        }
    }

    /// Normalises groups: their scale and shift go to the scratch buffer at `room`, then all elements are mapped.
    fn groups(
        &self,
        threads: Threads,
        norm: &GroupNorm,
        room: usize,
        from: &View,
        to: &View,
        memory: &mut RunMemory<'_, '_>,
    ) {
        let (level, samples) = (self.level, memory.count);
        let count = samples * to.channels;
        let scratch = GroupNorm::scratch(to, room);
        let range = room * samples..(room + scratch.buffer.sample()) * samples;
        memory.with_room(from, range, |x, room| norm.lines((level, threads), samples, (from, x), room));
        let ([x, lines], y) = memory.several([from, &scratch], to);
        let (scale, shift) = (&lines[..count], &lines[count..2 * count]);
        elementwise::spread(threads, norm.epilogue.work(), samples, (from, x), (to, y), &|share| {
            level.run(Each { share, scale, shift, by_sample: true, epilogue: norm.epilogue });
        });
    }

    /// Packs the keys and values into the scratch buffer at `room`, then attends to them.
    fn attention(
        &self,
        threads: Threads,
        layer: &Attention,
        room: usize,
        inputs: &[View],
        to: &View,
        memory: &mut RunMemory<'_, '_>,
    ) {
        let (on, samples) = ((self.level, threads), memory.count);
        let scratch = layer.scratch(to, room);
        let range = room * samples..(room + layer.room()) * samples;
        for (part, from) in inputs[1..3].iter().enumerate() {
            memory.with_room(from, range.clone(), |x, room| layer.pack(on, samples, part, (from, x), room));
        }
        let q = &inputs[0];
        let operands = |x, added, packed| AttentionInputs { q: (q, x), added, packed, drop: None, logs: &[] };
        match inputs.get(3) {
            Some(added) => {
                let ([x, numbers, packed], y) = memory.several([q, added, &scratch], to);
                layer.run(on, samples, &operands(x, Some((added, numbers)), packed), (to, y));
            }
            None => {
                let ([x, packed], y) = memory.several([q, &scratch], to);
                layer.run(on, samples, &operands(x, None, packed), (to, y));
            }
        }
    }

    /// Runs a layer on arrays in the chain's order of axes.
    fn reference(
        &self,
        reference: &Reference,
        threads: Threads,
        inputs: &[View],
        output: &View,
        memory: &mut RunMemory<'_, '_>,
    ) {
        let (level, samples) = (self.level, memory.count);
        let ([arrays @ .., out], [shapes @ .., shape]) = (&reference.arrays[..], &reference.shapes[..]) else {
            unreachable!("a layer has an output")
        };
        for (view, array) in inputs.iter().zip(arrays).filter(|(view, array)| view != array) {
            let (x, y) = memory.pair(view, array);
            Relayout { level, view: *view }.export(threads, samples, x, y);
        }
        let (others, y) = memory.split(out);
        let y = &mut y[..samples * out.buffer.sample()];
        let array = |index: usize| &others.get(&arrays[index])[..samples * arrays[index].buffer.sample()];
        if let Some(packed) = &reference.recurrent {
            let first = [1, 2].map(|index| (index < arrays.len()).then(|| array(index)));
            let length = shapes[0].numbers().expect("a plan has no symbols")[0];
            packed.run(threads, RecurrentBatch { length, x: array(0), first, factors: None, y, keep: false });
        } else {
            let mut params: [&[f32]; MAX_PARAMS] = [&[]; MAX_PARAMS];
            for (slot, own) in params.iter_mut().zip(&reference.params) {
                *slot = own;
            }
            let params = &params[..reference.params.len()];
            for (sample, y) in y.chunks_exact_mut(out.buffer.sample().max(1)).enumerate() {
                let operands = Arrays { shapes, views: arrays, others: &others, sample };
                match reference.op {
                    Op::MatMul { transpose_a, transpose_b } => {
                        let [(first, a), (second, b)] = [operands.get(0), operands.get(1)];
                        let product = Product::new([first, second], [transpose_a, transpose_b], shape);
                        matmul::multiply(level, threads, &product, [a, b], y, false);
                    }
                    Op::Conv(conv) if kernels::convolution(&conv, self.plan.order, params, &operands, shape, y) => {}
                    _ => {
                        let done = kernels::apply(&reference.op, self.plan.order, params, &operands, shape, y);
                        assert!(done.is_ok(), "a plan is made for shapes that its layers take");
                    }
                }
            }
        }
        if out != output {
            let (x, y) = memory.pair(out, output);
            Relayout { level, view: *output }.import(threads, samples, x, y);
        }
    }
}

/// The inputs of a layer that runs on arrays: those of one sample.
struct Arrays<'a> {
    shapes: &'a [Shape],
    views: &'a [View],
    others: &'a Others<'a>,
    sample: usize,
}

impl Operands<f32> for Arrays<'_> {
    fn count(&self) -> usize {
        self.shapes.len()
    }

    fn get(&self, index: usize) -> (&Shape, &[f32]) {
        let elements = self.views[index].buffer.sample();
        (&self.shapes[index], &self.others.get(&self.views[index])[self.sample * elements..][..elements])
    }
}

/// A step that is interleaved with others.
fn conv_step(step: &Ready) -> ConvStep<'_> {
    let Job::Conv(conv) = &step.job else { unreachable!("only convolutions are interleaved") };
    ConvStep { conv, input: &step.inputs[0], output: &step.output }
}

/// Clears the border of a buffer before the first step that writes to it.
fn clear(step: &Ready, memory: &mut RunMemory<'_, '_>) {
    if step.clears {
        let samples = memory.count;
        step.output.buffer.clear_border(samples, memory.output(&step.output));
    }
}

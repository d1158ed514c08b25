//! A plan with the weights of a model: what runs.

use std::boxed::Box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::vec;
use std::vec::Vec;

use convshape_arith::op::{Dialect, Op, PerAxis};
use convshape_arith::shape::Shape;

use super::buffer::{Place, SLACK, View};
use super::conv::{Conv, Sum};
use super::each::{self, Add, Each};
use super::math::Finish;
use super::norm::{Along, GroupNorm, Groups, Positions};
use super::plan::{Method, Plan, Work};
use super::planes::Planes;
use super::pool::{Pool, Windows};
use super::relayout::Relayout;
use super::rows::{Pick, Rows};
use super::scratch::with_scratch;
use super::simd::Level;
use super::slide::Slide;
use super::threads::{self, Spread, Threads};
use super::winograd::Winograd;
use crate::kernels::{self, Weight};
use crate::param::Param;
use crate::parts::Linked;
use crate::workspace::Workspace;

/// A model's plan and packed weights.
pub(crate) struct Engine {
    level: Level,
    /// What the parameters were when they were packed.
    stamps: Vec<u64>,
    plan: Plan,
    steps: Vec<Ready>,
    /// Samples that run together.
    together: usize,
    /// Multiply-adds of a sample.
    work: usize,
    /// Workspaces that are not in use.
    spare: Mutex<Vec<Workspace>>,
}

/// A step, ready to run.
struct Ready {
    job: Job,
    inputs: Vec<View>,
    output: Option<View>,
    clears: bool,
}

enum Job {
    Import(usize),
    Export(usize),
    Conv(Box<Conv>),
    Winograd(Box<Winograd>),
    Planes(Box<Planes>),
    Slide(Box<Slide>),
    Each { scale: Vec<f32>, shift: Vec<f32>, finish: Finish },
    Pool(Box<Windows>),
    Add(Finish),
    Rows(Box<Rows>),
    Groups(Box<GroupNorm>),
    Along(Box<Along>, Finish),
    Reference(Box<Reference>),
}

impl Job {
    /// Multiply-adds of a sample, where they are counted.
    fn work(&self) -> usize {
        match self {
            Job::Conv(conv) => conv.work,
            Job::Winograd(winograd) => winograd.work,
            Job::Planes(planes) => planes.work,
            Job::Slide(slide) => slide.work,
            _ => 0,
        }
    }
}

/// A layer by its definition.
struct Reference {
    op: Op,
    params: Vec<Vec<f32>>,
    shapes: Vec<Shape>,
    /// Where its inputs and its output are, in the order of the chain's axes.
    room: Vec<usize>,
}

/// The most inputs of a layer that runs by its definition.
const MOST_INPUTS: usize = 8;
/// Elements of workspace that stay in the cache: as many samples run together as fit, or more
/// where the weights are larger.
const CACHED: usize = 192 * 1024;

impl Engine {
    /// For a model with these parameters; `None` where the plan has no words for what is wrong.
    pub(crate) fn new(linked: Linked, params: &[&Param], inputs: &[Shape], level: Level) -> Option<Engine> {
        let plan = Plan::new(linked, inputs, level)?;
        let mut weights = 0;
        let mut steps = Vec::new();
        for (step, &clears) in plan.steps.iter().zip(&plan.clears) {
            let inputs: Vec<View> = step.inputs.iter().map(|&value| plan.views[value]).collect::<Option<_>>()?;
            let mut output = plan.views[step.output];
            let job = match &step.work {
                Work::Import(port) => Job::Import(*port),
                Work::Export(port) => Job::Export(*port),
                Work::Copy(channel) => {
                    let view = output.as_mut()?;
                    view.channel += channel;
                    view.channels = inputs[0].channels;
                    Job::Each { scale: Vec::new(), shift: Vec::new(), finish: Finish::None }
                }
                Work::Sum { node, axes, norm, activation, method } => {
                    let node = &plan.nodes[*node];
                    let output = output?;
                    let weight = params[node.params[0]].as_slice();
                    weights += weight.len();
                    let bias = |at: usize| params[node.params[at]].as_slice().to_vec();
                    let channels = output.channels;
                    let (groups, biased) = match node.op {
                        Op::Conv(conv) => (usize::try_from(conv.groups).ok()?, conv.bias),
                        Op::Linear { bias, .. } => (1, bias),
                        _ => return None,
                    };
                    let (mut scale, mut shift) = (vec![1.0; channels], vec![0.0; channels]);
                    if biased {
                        shift = bias(1);
                    }
                    if let Some(norm) = norm {
                        let (factor, constant) = affine(&plan.nodes[*norm], params);
                        for channel in 0..channels {
                            scale[channel] = factor[channel];
                            shift[channel] = shift[channel] * factor[channel] + constant[channel];
                        }
                    }
                    let inputs_of_linear = inputs[0].channels;
                    let inputs_first = match node.op {
                        Op::Linear { dialect, .. } => matches!(dialect, Dialect::Flax | Dialect::Keras),
                        _ => false,
                    };
                    let layout = match node.op {
                        Op::Conv(conv) => Some(Weight::new(&conv)),
                        _ => None,
                    };
                    let skip = match node.op {
                        Op::Conv(conv) => 3 - conv.rank,
                        _ => 0,
                    };
                    let weight = |channel: usize, input: usize, tap: PerAxis<usize>| match &layout {
                        Some(layout) => {
                            let mut own = [0; 3];
                            own[..3 - skip].copy_from_slice(&tap[skip..]);
                            weight[layout.at(channel, input, own)]
                        }
                        None if inputs_first => weight[input * channels + channel],
                        None => weight[channel * inputs_of_linear + input],
                    };
                    let finish = activation.map_or(Finish::None, Finish::of);
                    let sum = Sum { axes, groups, weight: &weight, scale: &scale, shift: &shift, finish };
                    match method {
                        Method::Direct { .. } => Job::Conv(Box::new(Conv::new(level, &sum, inputs[0], output))),
                        Method::Winograd(tiling) => {
                            Job::Winograd(Box::new(Winograd::new(level, &sum, tiling, inputs[0], output)?))
                        }
                        Method::Planes => Job::Planes(Box::new(Planes::new(level, &sum, inputs[0], output))),
                        Method::Slide => Job::Slide(Box::new(Slide::new(level, &sum, inputs[0], output)?)),
                    }
                }
                Work::Each { norm, activation, by } => {
                    let (mut scale, mut shift) = match norm {
                        Some(norm) => affine(&plan.nodes[*norm], params),
                        None => (Vec::new(), Vec::new()),
                    };
                    if *by != 1.0 {
                        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
                        scale.resize(inputs[0].channels, *by as f32);
                        shift.resize(inputs[0].channels, 0.0);
                    }
                    Job::Each { scale, shift, finish: activation.map_or(Finish::None, Finish::of) }
                }
                Work::Pool { node, windows } => {
                    let Op::Pool(pool) = plan.nodes[*node].op else { return None };
                    let sizes = (inputs[0].buffer.size, output?.buffer.size);
                    let windows = Windows::new(pool.kind, windows, pool.count_include_pad, sizes.0, sizes.1);
                    Job::Pool(Box::new(windows))
                }
                Work::Add(activation) => Job::Add(activation.map_or(Finish::None, Finish::of)),
                Work::Adaptive(kind) => {
                    let sizes = (inputs[0].buffer.size, output?.buffer.size);
                    Job::Pool(Box::new(Windows::adaptive(*kind, sizes.0, sizes.1)))
                }
                Work::Rows(rows) => Job::Rows(rows.clone()),
                Work::Groups { node, groups, eps, activation } => {
                    let node = &plan.nodes[*node];
                    let param = |at: usize| params[node.params[at]].as_slice().to_vec();
                    let affine = !node.params.is_empty();
                    let (weight, bias) = if affine { (param(0), param(1)) } else { Default::default() };
                    let finish = activation.map_or(Finish::None, Finish::of);
                    Job::Groups(Box::new(GroupNorm { groups: *groups, eps: *eps, weight, bias, finish }))
                }
                Work::Along { node, activation } => {
                    let node = &plan.nodes[*node];
                    let param = |at: usize| params[node.params[at]].as_slice().to_vec();
                    let along = match node.op {
                        Op::LayerNorm { eps, .. } => Along::Norm { eps, weight: param(0), bias: param(1) },
                        _ => Along::Softmax,
                    };
                    Job::Along(Box::new(along), activation.map_or(Finish::None, Finish::of))
                }
                Work::Reference { node, room } => {
                    let node = &plan.nodes[*node];
                    if inputs.len() > MOST_INPUTS {
                        return None;
                    }
                    Job::Reference(Box::new(Reference {
                        op: node.op,
                        params: node.params.iter().map(|&param| params[param].as_slice().to_vec()).collect(),
                        shapes: node.inputs.iter().chain([&node.output]).map(|&value| plan.shapes[value]).collect(),
                        room: room.clone(),
                    }))
                }
            };
            steps.push(Ready { job, inputs, output, clears });
        }
        let together = (CACHED.max(weights) / plan.elements.max(1)).max(1);
        let stamps = params.iter().map(|param| param.stamp()).collect();
        let work = steps.iter().map(|step| step.job.work()).sum();
        Some(Engine { level, stamps, plan, steps, together, work, spare: Mutex::new(Vec::new()) })
    }

    /// What the parameters were when they were packed.
    pub(crate) fn stamps(&self) -> &[u64] {
        &self.stamps
    }

    /// The shapes of the inputs that it runs on.
    pub(crate) fn inputs(&self) -> &[Shape] {
        &self.plan.inputs
    }

    /// The shapes of the outputs.
    pub(crate) fn outputs(&self) -> &[Shape] {
        &self.plan.outputs
    }

    /// Elements of workspace for that many samples at once.
    pub(crate) fn elements(&self, samples: usize) -> usize {
        self.plan.elements * samples + SLACK
    }

    /// Runs a batch, with a workspace of its own. `None` where a layer refuses what the shapes did
    /// not show.
    pub(crate) fn run(&self, samples: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Option<()> {
        let threads = threads::threads(self.work * samples);
        if threads != Threads::ONE && samples >= threads.count() {
            self.run_apart(threads, samples, inputs, outputs)
        } else {
            self.run_alone(threads, samples, inputs, outputs)
        }
    }

    /// Runs a batch in as many parts as there are threads.
    fn run_apart(&self, threads: Threads, samples: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Option<()> {
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
        let failed = AtomicBool::new(false);
        threads.each(parts, &|(samples, x, mut y)| {
            if self.run_alone(Threads::ONE, samples, &x, &mut y).is_none() {
                failed.store(true, Ordering::Relaxed);
            }
        });
        (!failed.into_inner()).then_some(())
    }

    fn run_alone(&self, threads: Threads, samples: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Option<()> {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let needed = self.elements(self.together.min(samples).max(1));
        let workspace = spare().pop().filter(|workspace| workspace.get().len() >= needed);
        let mut workspace = workspace.unwrap_or_else(|| Workspace::with_elements(needed));
        let done = self.steps(threads, samples, inputs, outputs, workspace.get_mut());
        spare().push(workspace);
        done
    }

    /// Runs a batch in a workspace of at least [`Engine::elements`] of one sample. Allocates nothing.
    pub(crate) fn run_in(
        &self,
        samples: usize,
        inputs: &[&[f32]],
        outputs: &mut [&mut [f32]],
        workspace: &mut [f32],
    ) -> Option<()> {
        self.steps(threads::threads(self.work * samples), samples, inputs, outputs, workspace)
    }

    fn steps(
        &self,
        threads: Threads,
        samples: usize,
        inputs: &[&[f32]],
        outputs: &mut [&mut [f32]],
        workspace: &mut [f32],
    ) -> Option<()> {
        let fit = workspace.len().saturating_sub(SLACK) / self.plan.elements.max(1);
        let together = self.together.min(fit).max(1);
        threads.wake();
        for first in (0..samples).step_by(together) {
            let count = together.min(samples - first);
            let mut memory = Memory { workspace: &mut *workspace, inputs, outputs: &mut *outputs, first, count };
            for step in &self.steps {
                self.step(threads, step, &mut memory)?;
            }
        }
        Some(())
    }

    fn step(&self, threads: Threads, step: &Ready, memory: &mut Memory<'_, '_>) -> Option<()> {
        let (level, order, samples) = (self.level, self.plan.order, memory.count);
        let output = step.output.as_ref();
        if let Some(to) = output
            && step.clears
        {
            to.buffer.clear_border(samples, memory.output(to));
        }
        match &step.job {
            Job::Import(port) => {
                let to = output?;
                let elements = to.grid().elements();
                let x = &memory.inputs[*port][memory.first * elements..];
                let y = memory.output(to);
                Relayout { level, order, view: *to }.import(threads, samples, x, y);
            }
            Job::Export(port) => {
                let from = &step.inputs[0];
                let elements = from.grid().elements();
                let first = memory.first * elements;
                let (x, outputs) = memory.read(from);
                let y = &mut outputs[*port][first..][..samples * elements];
                Relayout { level, order, view: *from }.export(threads, samples, x, y);
            }
            Job::Conv(conv) => {
                let (x, y) = memory.pair(&step.inputs[0], output?);
                conv.run(threads, samples, x, y);
            }
            Job::Winograd(winograd) => {
                let (x, y) = memory.pair(&step.inputs[0], output?);
                winograd.run(threads, samples, x, y);
            }
            Job::Planes(planes) => {
                let (x, y) = memory.pair(&step.inputs[0], output?);
                planes.run(threads, samples, x, y);
            }
            Job::Slide(slide) => {
                let (x, y) = memory.pair(&step.inputs[0], output?);
                slide.run(threads, samples, x, y);
            }
            Job::Each { scale, shift, finish } => {
                let (from, to) = (&step.inputs[0], output?);
                let (x, y) = memory.pair(from, to);
                each::spread(threads, finish.work(), samples, (from, x), (to, y), &|share| {
                    level.run(Each { share, scale, shift, finish: *finish });
                });
            }
            Job::Add(finish) => {
                let (to, last) = (output?, step.inputs.len() - 1);
                for (index, from) in step.inputs.iter().enumerate() {
                    let (x, y) = memory.pair(from, to);
                    let finish = if index == last { *finish } else { Finish::None };
                    each::spread(threads, finish.work(), samples, (from, x), (to, y), &|share| {
                        if index == 0 {
                            level.run(Each { share, scale: &[], shift: &[], finish });
                        } else {
                            level.run(Add { share, finish });
                        }
                    });
                }
            }
            Job::Pool(windows) => {
                let (from, to) = (&step.inputs[0], output?);
                let (x, y) = memory.pair(from, to);
                let work = Finish::None.work() * from.grid().positions() / to.grid().positions().max(1);
                each::spread(threads, work, samples, (from, x), (to, y), &|share| level.run(Pool { windows, share }));
            }
            Job::Rows(rows) => {
                let (from, to) = (&step.inputs[0], output?);
                let (x, y) = memory.pair(from, to);
                each::spread(threads, rows.work(), samples, (from, x), (to, y), &|share| {
                    level.run(Pick { rows, share })
                });
            }
            Job::Groups(norm) => {
                let (from, to) = (&step.inputs[0], output?);
                let (x, y) = memory.pair(from, to);
                let work = 4 * norm.finish.work() * to.grid().elements();
                Spread::samples(to.buffer.sample()).run(threads, work, samples, y, &|y, base, samples, _| {
                    with_scratch(2 * to.channels, |scratch| {
                        level.run(Groups { norm, samples, from, x, to, y, base, scratch });
                    });
                });
            }
            Job::Along(along, finish) => {
                let (from, to) = (&step.inputs[0], output?);
                let (x, y) = memory.pair(from, to);
                let work = 4 * finish.work();
                each::spread(threads, work, samples, (from, x), (to, y), &|share| {
                    level.run(Positions { along, share, finish: *finish });
                });
            }
            Job::Reference(reference) => self.reference(reference, &step.inputs, output?, memory)?,
        }
        Some(())
    }

    /// A layer by its definition, sample by sample.
    fn reference(
        &self,
        reference: &Reference,
        inputs: &[View],
        output: &View,
        memory: &mut Memory<'_, '_>,
    ) -> Option<()> {
        let order = self.plan.order;
        let samples = memory.count;
        let count = |index: usize| if index < inputs.len() { inputs[index] } else { *output }.grid().elements();
        let room = |index: usize| {
            let start = reference.room[index] * samples;
            start..start + count(index)
        };
        let mut params: [&[f32]; convshape_arith::param::MAX_PARAMS] = Default::default();
        for (slot, own) in params.iter_mut().zip(&reference.params) {
            *slot = own;
        }
        let params = &params[..reference.params.len()];
        for sample in 0..samples {
            for (index, view) in inputs.iter().enumerate() {
                let relayout = Relayout { level: self.level, order, view: *view };
                memory.with_room(view, room(index), |x, room| {
                    relayout.export(Threads::ONE, 1, &x[sample * view.buffer.sample()..], room);
                });
            }
            let out = room(inputs.len());
            let (below, rest) = memory.workspace.split_at_mut(out.start);
            let (y, above) = rest.split_at_mut(out.len());
            let mut operands = [(&reference.shapes[0], &[][..]); MOST_INPUTS];
            for (index, operand) in operands.iter_mut().enumerate().take(inputs.len()) {
                let place = room(index);
                let elements = if place.end <= out.start {
                    &below[place]
                } else {
                    &above[place.start - out.end..place.end - out.end]
                };
                *operand = (&reference.shapes[index], elements);
            }
            let shape = &reference.shapes[inputs.len()];
            kernels::apply(&reference.op, order, params, &operands[..inputs.len()], shape, y).ok()?;
            let relayout = Relayout { level: self.level, order, view: *output };
            memory.with_output(output, room(inputs.len()), |x, y| {
                relayout.import(Threads::ONE, 1, x, &mut y[sample * output.buffer.sample()..]);
            });
        }
        Some(())
    }
}

/// The factor and the constant of each channel that normalise by stored statistics.
fn affine(node: &super::plan::Node, params: &[&Param]) -> (Vec<f32>, Vec<f32>) {
    let Op::BatchNorm { eps, affine, .. } = node.op else { return (Vec::new(), Vec::new()) };
    let param = |index: usize| params[node.params[index]].as_slice();
    let (mean, variance) = if affine { (param(2), param(3)) } else { (param(0), param(1)) };
    let pairs = (0..mean.len()).map(|channel| {
        let (weight, bias) = if affine { (param(0)[channel], param(1)[channel]) } else { (1.0, 0.0) };
        let factor = f64::from(weight) / (f64::from(variance[channel]) + eps).sqrt();
        let constant = f64::from(bias) - f64::from(mean[channel]) * factor;
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        (factor as f32, constant as f32)
    });
    pairs.unzip()
}

/// The memory of a run: `count` samples from `first` on.
struct Memory<'a, 'b> {
    workspace: &'a mut [f32],
    inputs: &'a [&'a [f32]],
    outputs: &'a mut [&'b mut [f32]],
    first: usize,
    count: usize,
}

impl<'b> Memory<'_, 'b> {
    /// The place of a buffer in the workspace, with what may be read behind it.
    fn range(&self, view: &View, at: usize) -> std::ops::Range<usize> {
        let start = at * self.count;
        start..start + view.buffer.sample() * self.count + SLACK
    }

    /// The elements of a buffer to write.
    fn output(&mut self, view: &View) -> &mut [f32] {
        match view.buffer.place {
            Place::Workspace(at) => {
                let range = self.range(view, at);
                &mut self.workspace[range]
            }
            Place::Output(port) => {
                let sample = view.buffer.sample();
                &mut self.outputs[port][self.first * sample..][..self.count * sample]
            }
            Place::Input(_) => &mut [],
        }
    }

    /// The elements of a buffer to read, beside the outputs.
    fn read(&mut self, view: &View) -> (&[f32], &mut [&'b mut [f32]]) {
        let sample = view.buffer.sample();
        match view.buffer.place {
            Place::Workspace(at) => {
                let range = self.range(view, at);
                (&self.workspace[range], self.outputs)
            }
            Place::Input(port) => (&self.inputs[port][self.first * sample..][..self.count * sample], self.outputs),
            Place::Output(_) => (&[], self.outputs),
        }
    }

    /// A buffer to read and another to write.
    fn pair(&mut self, from: &View, to: &View) -> (&[f32], &mut [f32]) {
        let (first, count) = (self.first, self.count);
        match (from.buffer.place, to.buffer.place) {
            (Place::Workspace(x), Place::Workspace(y)) => {
                let (x, y) = (self.range(from, x), self.range(to, y));
                two(self.workspace, x, y)
            }
            (Place::Workspace(_), _) => {
                let sample = to.buffer.sample();
                let Place::Output(port) = to.buffer.place else { return (&[], &mut []) };
                let (x, outputs) = self.read(from);
                (x, &mut outputs[port][first * sample..][..count * sample])
            }
            (Place::Input(port), Place::Workspace(at)) => {
                let sample = from.buffer.sample();
                let range = self.range(to, at);
                (&self.inputs[port][first * sample..][..count * sample], &mut self.workspace[range])
            }
            (Place::Input(x), Place::Output(y)) => {
                let (from, to) = (from.buffer.sample(), to.buffer.sample());
                let x = &self.inputs[x][first * from..][..count * from];
                (x, &mut self.outputs[y][first * to..][..count * to])
            }
            _ => (&[], &mut []),
        }
    }

    /// A buffer to read, and some of the workspace to write.
    fn with_room(&mut self, from: &View, room: std::ops::Range<usize>, f: impl FnOnce(&[f32], &mut [f32])) {
        if let Place::Workspace(at) = from.buffer.place {
            let range = self.range(from, at);
            let (x, room) = two(self.workspace, range, room);
            f(x, room);
        } else if let Place::Input(port) = from.buffer.place {
            f(&self.inputs[port][self.first * from.buffer.sample()..], &mut self.workspace[room]);
        }
    }

    /// Some of the workspace to read, and a buffer to write.
    fn with_output(&mut self, to: &View, room: std::ops::Range<usize>, f: impl FnOnce(&[f32], &mut [f32])) {
        if let Place::Workspace(at) = to.buffer.place {
            let range = self.range(to, at);
            let (x, y) = two(self.workspace, room, range);
            f(x, y);
        } else if let Place::Output(port) = to.buffer.place {
            f(&self.workspace[room], &mut self.outputs[port][self.first * to.buffer.sample()..]);
        }
    }
}

/// Two stretches that do not meet, the second to write.
fn two(memory: &mut [f32], x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> (&[f32], &mut [f32]) {
    if x.start < y.start {
        let (low, high) = memory.split_at_mut(y.start);
        (&low[x.start..x.end.min(y.start)], &mut high[..y.end - y.start])
    } else {
        let (low, high) = memory.split_at_mut(x.start);
        let end = y.end.min(x.start);
        (&high[..x.end - x.start], &mut low[y.start..end])
    }
}

//! A program with its sizes, as steps over buffers.
//!
//! What follows a convolution and belongs to each element alone is done with it: normalisation by
//! stored statistics becomes part of its weights, an activation its end. A `Concat`'s operands are
//! written where they are joined, a `Slice` is read where it lies. Buffers share memory where their
//! lives do not meet.

use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::op::{
    Activation, Amount, AutoPad, AxisOrder, Conv, Direction, Op, Padding, PaddingMode, PoolKind,
};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::buffer::{Buffer, Grid, Place, SLACK, View};
use super::rows::Rows;
use super::simd::{Level, MOST_LANES};
use super::taps::Axis;
use super::winograd::Tiling;
use super::{planes, slide};
use crate::parts::Linked;
use crate::program::Action;

/// One layer of a program and its sub-chains.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
    /// The places of its parameters.
    pub(super) params: Vec<usize>,
}

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) work: Work,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Takes an input of the chain.
    Import(usize),
    /// Gives an output of the chain.
    Export(usize),
    /// A convolution or matrix with what is folded into it.
    Sum { node: usize, axes: Box<[Axis; 3]>, norm: Option<usize>, activation: Option<Activation>, method: Method },
    /// A normalisation by stored statistics, if there is one, and an activation.
    Each { norm: Option<usize>, activation: Option<Activation>, by: f64 },
    /// Copies a value to its place in a joined one, from that channel on.
    Copy(usize),
    /// A pooling layer over windows.
    Pool { node: usize, windows: [Window; 3] },
    /// A sum of values of one shape.
    Add(Option<Activation>),
    /// Pooling to a given size.
    Adaptive(PoolKind),
    /// Rows taken from the input, or summed of a few.
    Rows(Box<Rows>),
    /// Normalisation over groups of channels, as many as said.
    Groups { node: usize, groups: usize, eps: f64, activation: Option<Activation> },
    /// Normalisation or softmax over the channels of each position.
    Along { node: usize, activation: Option<Activation> },
    /// A layer by its definition.
    Reference { node: usize, room: Vec<usize> },
}

/// How a sum is computed.
#[derive(Clone, Debug)]
pub(super) enum Method {
    /// By [`super::conv`], perhaps from planes.
    Direct { planar: bool },
    /// By [`super::winograd`].
    Winograd(Box<Tiling>),
    /// By [`super::planes`].
    Planes,
    /// By [`super::slide`].
    Slide,
}

/// A plan.
pub(super) struct Plan {
    pub(super) nodes: Vec<Node>,
    pub(super) shapes: Vec<Shape>,
    pub(super) steps: Vec<Step>,
    /// Where each value lies, if it is ever stored.
    pub(super) views: Vec<Option<View>>,
    /// The steps that write to a buffer first, and thus clear its border; planes that are brought in
    /// get it in passing.
    pub(super) clears: Vec<bool>,
    /// Elements of workspace for one sample, without what is read behind the end.
    pub(super) elements: usize,
    pub(super) order: AxisOrder,
    pub(super) inputs: Vec<Shape>,
    pub(super) outputs: Vec<Shape>,
}

/// Where a value is stored that has no buffer of its own: in another one, from that channel on.
type Inside = Option<(usize, usize)>;

/// The value in whose buffer a value lies, and its first channel there.
fn root(inside: &[Inside], mut value: usize) -> (usize, usize) {
    let mut channel = 0;
    while let Some((outer, first)) = inside[value] {
        value = outer;
        channel += first;
    }
    (value, channel)
}

struct Builder {
    nodes: Vec<Node>,
    shapes: Vec<Option<Shape>>,
    params: usize,
    /// How many nodes and outputs read a value.
    readers: Vec<usize>,
}

impl Plan {
    /// The plan of a program on inputs of these shapes; `None` where something is not known or does
    /// not fit, which the slow way finds words for.
    pub(super) fn new(linked: Linked, inputs: &[Shape], level: Level) -> Option<Plan> {
        let program = linked.program;
        let mut builder = Builder { nodes: Vec::new(), shapes: Vec::new(), params: 0, readers: Vec::new() };
        let values: Vec<usize> = inputs.iter().map(|shape| builder.value(*shape)).collect();
        let outputs = builder.flatten(linked, &values)?;
        let Builder { nodes, shapes, mut readers, .. } = builder;
        let shapes: Vec<Shape> = shapes.into_iter().collect::<Option<_>>()?;
        for node in &nodes {
            node.inputs.iter().for_each(|&value| readers[value] += 1);
        }
        outputs.iter().for_each(|&value| readers[value] += 1);
        let grids = shapes.iter().map(|shape| Grid::new(shape, program.order)).collect::<Option<Vec<_>>>()?;
        let order = program.order;
        let mut inside: Vec<Inside> = vec![None; shapes.len()];
        let mut steps: Vec<Step> = Vec::new();
        for (port, &value) in values.iter().enumerate() {
            steps.push(Step { work: Work::Import(port), inputs: [].into(), output: value });
        }
        let mut done = vec![false; nodes.len()];
        for index in 0..nodes.len() {
            if done[index] {
                continue;
            }
            let node = &nodes[index];
            let shape = &shapes[node.inputs[0]];
            let (from, to) = (grids[node.inputs[0]], grids[node.output]);
            // The only reader of a value that nothing else wants.
            let next = |value: usize| {
                let only = nodes.iter().position(|node| node.inputs == [value]);
                only.filter(|_| readers[value] == 1 && !outputs.contains(&value))
            };
            let mut output = node.output;
            let mut activation_of = |output: &mut usize| match next(*output).map(|next| (next, nodes[next].op)) {
                Some((next, Op::Activation(activation))) => {
                    done[next] = true;
                    *output = nodes[next].output;
                    Some(activation)
                }
                _ => None,
            };
            let work = match node.op {
                Op::Conv(conv) if conv.border() == PaddingMode::Zeros => {
                    let mut axes = Box::new(conv_axes(&conv, shape, order, &from, &to)?);
                    let groups = usize::try_from(conv.groups).ok()?;
                    let norm = norm_of(&nodes, next(output));
                    if let Some(norm) = norm {
                        output = nodes[norm].output;
                    }
                    let activation = activation_of(&mut output);
                    if let Some(norm) = norm {
                        done[norm] = true;
                    }
                    // A first layer can read planes, a layer by itself also write them.
                    let input = node.inputs[0];
                    let planar = |value: usize| order == AxisOrder::ChannelsFirst && readers[value] == 1;
                    let first = values.contains(&input) && planar(input);
                    let alone = first && outputs.contains(&output) && planar(output);
                    let few = groups == 1 && (2..MOST_LANES).contains(&from.channels);
                    let tiling = Tiling::new(&axes, groups, from.channels, to.channels);
                    let method = if level.is_portable() {
                        Method::Direct { planar: first && few }
                    } else if let Some(tiling) = tiling {
                        let [rows, columns] = tiling.overhang();
                        axes[1].high += rows;
                        axes[2].high += columns;
                        Method::Winograd(tiling.into())
                    } else if alone && slide::fits(&axes, groups, &from, &to) {
                        Method::Slide
                    } else if alone && planes::fits(&axes, &from, &to, groups) {
                        Method::Planes
                    } else {
                        Method::Direct { planar: first && few }
                    };
                    Work::Sum { node: index, axes, norm, activation, method }
                }
                // The last axis is that of the channels.
                Op::Linear { .. } if shape.rank() == 1 || order == AxisOrder::ChannelsLast => {
                    let whole = |axis: usize| Axis::new(Window::new(1).into(), from.size[axis], from.size[axis]);
                    let axes = Box::new([whole(0)?, whole(1)?, whole(2)?]);
                    let activation = activation_of(&mut output);
                    Work::Sum { node: index, axes, norm: None, activation, method: Method::Direct { planar: false } }
                }
                Op::BatchNorm { .. } => {
                    Work::Each { norm: Some(index), activation: activation_of(&mut output), by: 1.0 }
                }
                Op::Activation(activation) => Work::Each { norm: None, activation: Some(activation), by: 1.0 },
                Op::Scale { by } => Work::Each { norm: None, activation: activation_of(&mut output), by },
                Op::Dropout { .. } => {
                    inside[output] = Some((node.inputs[0], 0));
                    continue;
                }
                Op::Slice { start, .. } => {
                    inside[output] = Some((node.inputs[0], usize::try_from(start).ok()?));
                    continue;
                }
                Op::Flatten | Op::Reshape { .. } if from == to && from.positions() == 1 => {
                    inside[output] = Some((node.inputs[0], 0));
                    continue;
                }
                Op::Concat => {
                    join(&mut inside, &mut steps, node, &grids);
                    continue;
                }
                Op::Pool(pool) => {
                    let mut windows = [Window::new(1); 3];
                    windows[3 - pool.rank..].copy_from_slice(&pool.windows(shape, order).ok()?[..pool.rank]);
                    Work::Pool { node: index, windows }
                }
                Op::Add if node.inputs.iter().all(|&value| shapes[value] == shapes[node.output]) => {
                    Work::Add(activation_of(&mut output))
                }
                Op::AdaptivePool { kind, .. } if shape.rank() <= 4 => Work::Adaptive(kind),
                Op::GlobalAvgPool { .. } => Work::Adaptive(PoolKind::Avg),
                Op::Upsample(upsample) if (2..=4).contains(&shape.rank()) => {
                    Work::Rows(Box::new(Rows::resize(&upsample, shape.rank() - 1, &from, &to)))
                }
                Op::Pad { amount, mode, value } if (2..=4).contains(&shape.rank()) => {
                    Work::Rows(Box::new(Rows::pad(low(amount, shape.rank() - 1, &from, &to), mode, value, &from, &to)))
                }
                Op::Crop { amount } if (2..=4).contains(&shape.rank()) => {
                    let low = low(amount, shape.rank() - 1, &from, &to).map(|low| -low);
                    Work::Rows(Box::new(Rows::pad(low, PaddingMode::Zeros, 0.0, &from, &to)))
                }
                Op::GroupNorm { groups, eps, .. } => {
                    let groups = usize::try_from(groups).ok()?;
                    Work::Groups { node: index, groups, eps, activation: activation_of(&mut output) }
                }
                Op::InstanceNorm { eps, .. } => {
                    Work::Groups { node: index, groups: from.channels, eps, activation: activation_of(&mut output) }
                }
                Op::LayerNorm { .. } if is_of_channels(node, shape, order) => {
                    Work::Along { node: index, activation: activation_of(&mut output) }
                }
                Op::Softmax => Work::Along { node: index, activation: None },
                _ => {
                    let room = node.inputs.iter().chain([&node.output]).map(|&value| grids[value].elements()).collect();
                    Work::Reference { node: index, room }
                }
            };
            steps.push(Step { work, inputs: node.inputs.clone(), output });
        }
        for (port, &value) in outputs.iter().enumerate() {
            steps.push(Step { work: Work::Export(port), inputs: [value].into(), output: value });
        }
        let mut plan = Plan {
            nodes,
            shapes,
            steps,
            views: Vec::new(),
            clears: Vec::new(),
            elements: 0,
            order,
            inputs: inputs.to_vec(),
            outputs: Vec::new(),
        };
        plan.outputs = outputs.iter().map(|&value| plan.shapes[value]).collect();
        plan.place(&grids, &inside);
        Some(plan)
    }

    /// Gives every value its buffer, and every buffer its memory.
    fn place(&mut self, grids: &[Grid], inside: &[Inside]) {
        let root = |value: usize| root(inside, value);
        let mut buffers: Vec<Buffer> = grids
            .iter()
            .map(|grid| Buffer {
                place: Place::Workspace(0),
                size: grid.size,
                width: grid.channels,
                planar: false,
                low: [0; 3],
                high: [0; 3],
            })
            .collect();
        for step in &self.steps {
            if let Work::Sum { axes, method, .. } = &step.work {
                let planar = matches!(method, Method::Planes | Method::Slide);
                buffers[root(step.output).0].planar |= planar;
                buffers[root(step.inputs[0]).0].planar |= planar || matches!(method, Method::Direct { planar: true });
                if matches!(method, Method::Slide) {
                    continue;
                }
                let buffer = &mut buffers[root(step.inputs[0]).0];
                for (axis, reach) in axes.iter().enumerate() {
                    buffer.low[axis] = buffer.low[axis].max(reach.low);
                    buffer.high[axis] = buffer.high[axis].max(reach.high);
                }
            }
        }
        self.borrow(grids, inside, &mut buffers);
        // When each buffer is first written and last read.
        let mut lives: Vec<Option<(usize, usize)>> = vec![None; grids.len()];
        for (time, step) in self.steps.iter().enumerate() {
            for &value in step.inputs.iter().chain([&step.output]) {
                let life = &mut lives[root(value).0];
                *life = Some((life.map_or(time, |(start, _)| start), time));
            }
        }
        let mut taken: Vec<(usize, usize, usize, usize)> = Vec::new();
        let mut allocate = |size: usize, start: usize, end: usize| {
            let size = size.next_multiple_of(SLACK) + SLACK;
            let mut at = 0;
            for &(place, length, first, last) in &taken {
                if start <= last && first <= end && at < place + length && place < at + size {
                    at = place + length;
                }
            }
            // In the order of their places.
            let index = taken.partition_point(|&(place, ..)| place <= at);
            taken.insert(index, (at, size, start, end));
            at
        };
        // The largest first: what is small finds room between.
        let mut order: Vec<usize> = Vec::new();
        for value in (0..buffers.len()).filter(|&value| lives[value].is_some()) {
            let size = buffers[value].sample();
            order.insert(order.partition_point(|&other| buffers[other].sample() >= size), value);
        }
        for value in order {
            if let (Some((start, end)), Place::Workspace(_)) = (lives[value], buffers[value].place) {
                buffers[value].place = Place::Workspace(allocate(buffers[value].sample(), start, end));
            }
        }
        for (time, step) in self.steps.iter_mut().enumerate() {
            if let Work::Reference { room, .. } = &mut step.work {
                for place in room.iter_mut() {
                    *place = allocate(*place, time, time);
                }
            }
        }
        self.elements = taken.iter().map(|(at, size, ..)| at + size).max().unwrap_or(0);
        self.clears = self
            .steps
            .iter()
            .enumerate()
            .map(|(time, step)| {
                let buffer = root(step.output).0;
                let first = lives[buffer].is_some_and(|(start, _)| start == time);
                first && !(buffers[buffer].planar && matches!(step.work, Work::Import(_)))
            })
            .collect();
        self.views = (0..grids.len())
            .map(|value| {
                let (index, channel) = root(value);
                lives[index].map(|_| View { index, buffer: buffers[index], channel, channels: grids[value].channels })
            })
            .collect();
    }

    /// The values that are given out.
    fn outputs_of(&self) -> Vec<usize> {
        let export = |step: &Step| matches!(step.work, Work::Export(_)).then_some(step.output);
        self.steps.iter().filter_map(export).collect()
    }

    /// Inputs and outputs that lie as the caller has them are used where they are.
    fn borrow(&mut self, grids: &[Grid], inside: &[Inside], buffers: &mut [Buffer]) {
        let same = |value: usize, buffer: &Buffer, order: AxisOrder| {
            let grid = &grids[value];
            let plain = order == AxisOrder::ChannelsLast || grid.channels == 1 || grid.positions() == 1;
            (plain || buffer.planar) && buffer.low == [0; 3] && buffer.high == [0; 3] && inside[value].is_none()
        };
        let whole = |value: usize| !inside.iter().flatten().any(|(outer, _)| *outer == value);
        let (nodes, order) = (&self.nodes, self.order);
        // Vectors of channels are read that may begin on the last one.
        let grouped = |op: &Op| matches!(op, Op::Conv(conv) if conv.groups > 1);
        let overread =
            |value: usize| nodes.iter().any(|node| grouped(&node.op) && root(inside, node.inputs[0]).0 == value);
        let exported: Vec<usize> = self.outputs_of();
        self.steps.retain(|step| match step.work {
            Work::Import(port) => {
                let direct = same(step.output, &buffers[step.output], order);
                let direct = direct && (buffers[step.output].planar || !overread(step.output));
                if direct {
                    buffers[step.output].place = Place::Input(port);
                }
                !direct
            }
            Work::Export(port) => {
                let value = step.inputs[0];
                let written = nodes.iter().any(|node| node.output == value) && whole(value);
                let read = nodes.iter().any(|node| node.inputs.contains(&value));
                let direct = same(value, &buffers[value], order) && written && !read;
                let once = exported.iter().filter(|&&other| other == value).count() == 1;
                let direct = direct && once;
                if direct {
                    buffers[value].place = Place::Output(port);
                }
                !direct
            }
            _ => true,
        });
    }
}

impl Builder {
    fn value(&mut self, shape: Shape) -> usize {
        self.shapes.push(Some(shape));
        self.readers.push(0);
        self.shapes.len() - 1
    }

    /// The nodes of a program on these values, those of sub-chains in their place; gives the values
    /// of its outputs.
    fn flatten(&mut self, linked: Linked, inputs: &[usize]) -> Option<Vec<usize>> {
        let program = linked.program;
        let mut values: Vec<usize> = inputs.to_vec();
        values.resize(program.values, usize::MAX);
        // The place of each step's first parameter.
        let mut first = Vec::new();
        for step in program.steps {
            first.push(self.params);
            let read: Vec<usize> = step.inputs.iter().map(|&value| values[value]).collect();
            match step.action {
                Action::Layer(op) => {
                    let shapes = read.iter().map(|&value| self.shapes[value]).collect::<Option<Vec<_>>>()?;
                    let mut op = op.bind(&shapes[0], program.order);
                    let shape = op.output(&shapes, program.order).ok()?;
                    shape.numbers()?;
                    let mut read = read;
                    if let Op::Conv(conv) = op
                        && let Some((pad, rest)) = apart(&conv, &shapes[0], program.order)
                        && let Ok(padded) = pad.output(&shapes, program.order)
                        && rest.output(&[padded], program.order) == Ok(shape)
                    {
                        let border = self.value(padded);
                        self.nodes.push(Node { op: pad, inputs: read, output: border, params: Vec::new() });
                        (op, read) = (rest, [border].into());
                    }
                    let output = self.value(shape);
                    values[step.output] = output;
                    let own = self.params..self.params + op.params().len();
                    self.params = own.end;
                    let tied = step.tied.map(|of| first[of]);
                    self.nodes.push(Node { op, inputs: read, output, params: tied.into_iter().chain(own).collect() });
                }
                Action::Chain { index } => {
                    let outputs = self.flatten(*linked.chains.get(index)?, &read)?;
                    for (port, output) in outputs.into_iter().enumerate() {
                        values[step.output + port] = output;
                    }
                }
            }
        }
        Some(program.outputs.iter().map(|port| values[port.value]).collect())
    }
}

/// A normalisation by stored statistics.
fn norm_of(nodes: &[Node], node: Option<usize>) -> Option<usize> {
    node.filter(|&node| matches!(nodes[node].op, Op::BatchNorm { .. }))
}

/// The axes of a convolution.
fn conv_axes(conv: &Conv, shape: &Shape, order: AxisOrder, from: &Grid, to: &Grid) -> Option<[Axis; 3]> {
    let mut axes = [Axis::single(), Axis::single(), Axis::single()];
    let skip = 3 - conv.rank;
    for axis in 0..conv.rank {
        let (input, output) = (from.size[skip + axis], to.size[skip + axis]);
        let reach = match conv.direction {
            Direction::Forward => conv.windows(shape, order).ok()?[axis].into(),
            Direction::Transposed => conv.scatters(shape, order).ok()?[axis].into(),
        };
        axes[skip + axis] = Axis::new(reach, input, output)?;
    }
    Some(axes)
}

/// Joins values on channels: operands that a step can write to their place are stored there, the
/// others copied.
fn join(inside: &mut [Inside], steps: &mut Vec<Step>, node: &Node, grids: &[Grid]) {
    let mut next = 0;
    for &operand in &node.inputs {
        let channel = next;
        next += grids[operand].channels;
        let written = steps.iter().any(|step| step.output == operand);
        // Nor is what is joined twice, or in part: one of them would be copied within the buffer.
        let others = node.inputs.iter().filter(|&&other| root(inside, other).0 == operand).count();
        if written && others == 1 && inside[operand].is_none() {
            inside[operand] = Some((node.output, channel));
            // A step cannot read and write one buffer.
            let root = |value: usize| root(inside, value).0;
            if steps.iter().all(|step| step.inputs.iter().all(|&input| root(input) != root(step.output))) {
                continue;
            }
            inside[operand] = None;
        }
        steps.push(Step { work: Work::Copy(channel), inputs: [operand].into(), output: node.output });
    }
}

/// The low side of `Pad` or `Crop` on each axis.
fn low(amount: Amount, rank: usize, from: &Grid, to: &Grid) -> [i64; 3] {
    let mut low = [0; 3];
    for axis in 0..rank {
        let at = 3 - rank + axis;
        let [from, to] = [from, to].map(|grid| Size::Number(grid.size[at] as i64));
        (low[at], _) = amount.rows(axis, from, Some(to));
    }
    low
}

/// Whether a `LayerNorm` is over the channels of each position alone.
fn is_of_channels(node: &Node, shape: &Shape, order: AxisOrder) -> bool {
    let Op::LayerNorm { size, .. } = node.op else { return false };
    let rank = size.map_or(shape.rank(), |size| size.rank());
    rank == 1 && (shape.rank() == 1 || order == AxisOrder::ChannelsLast)
}

/// A convolution with another border than zeros, as a layer that adds it and one without.
fn apart(conv: &Conv, shape: &Shape, order: AxisOrder) -> Option<(Op, Op)> {
    let mode = conv.border();
    if mode == PaddingMode::Zeros || conv.direction == Direction::Transposed {
        return None;
    }
    let windows = conv.windows(shape, order).ok()?;
    let pairs = windows.map(|window| (window.lo, window.hi));
    let amount = Amount::Pairs { rank: None, pairs };
    let (padding, padding_mode, auto_pad) = (Padding::Pairs([(0, 0); 3]), PaddingMode::Zeros, AutoPad::NotSet);
    let rest = Conv { padding, padding_mode, auto_pad, ..*conv };
    Some((Op::Pad { amount, mode, value: 0.0 }, Op::Conv(rest)))
}

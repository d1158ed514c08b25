//! A program with its sizes, as steps over buffers.
//!
//! What follows a convolution and belongs to each element alone is done with it: normalisation by
//! stored statistics becomes part of its weights, an activation its end. A `Concat`'s operands are
//! written where they are joined, a `Slice` is read where it lies. Buffers share memory where their
//! lives do not meet.

mod flatten;
mod place;

use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::op::{Activation, Amount, AxisOrder, Conv, Direction, Op, PaddingMode, PoolKind};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use self::flatten::Flat;
use self::place::{Inside, join};
use super::buffer::{Grid, View};
use super::rows::Rows;
use super::simd::{Level, MOST_LANES};
use super::taps::Axis;
use super::winograd::Tiling;
use super::{planes, slide};
use crate::parts::Linked;

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

impl Plan {
    /// The plan of a program on inputs of these shapes; `None` where something is not known or does
    /// not fit, which the slow way finds words for.
    pub(super) fn new(linked: Linked, inputs: &[Shape], level: Level) -> Option<Plan> {
        let program = linked.program;
        let mut flat = Flat::default();
        let values: Vec<usize> = inputs.iter().map(|shape| flat.value(*shape)).collect();
        let outputs = flat.flatten(linked, &values)?;
        let Flat { nodes, shapes, .. } = flat;
        // How many nodes and outputs read a value.
        let mut readers = vec![0; shapes.len()];
        for value in nodes.iter().flat_map(|node| &node.inputs).chain(&outputs) {
            readers[*value] += 1;
        }
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

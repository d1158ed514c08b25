//! The steps of a plan with the weights of a model.

use std::borrow::Cow;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use convshape_arith::graph::Node;
use convshape_arith::op::{Conv as ConvOp, Op, PerAxis, WeightFrom};
use convshape_arith::shape::Shape;
use convshape_arith::weight::WeightMap;

use super::attention::Attention;
use super::buffer::View;
use super::conv::{Conv, TapSum, Weights};
use super::elementwise::Binary;
use super::math::Epilogue;
use super::norm::{Along, GroupNorm};
use super::plan::Plan;
use super::plan::step::{Branch, Method, Step, Work};
use super::planes::Planes;
use super::pool::Windows;
use super::rearrange::Rearrangement;
use super::recurrent::Packed;
use super::reduce::Reduce;
use super::resample::Resample;
use super::simd::Level;
use super::slide::Slide;
use super::winograd::Winograd;
use crate::model::param::Param;
use crate::reference::constants::Constants;

/// A step, ready to run.
pub(super) struct Ready {
    pub(super) job: Job,
    pub(super) inputs: Vec<View>,
    pub(super) output: View,
    pub(super) clears: bool,
}

/// What a step does.
pub(super) enum Job {
    Import(usize),
    Export(usize),
    Conv(Box<Conv>),
    Winograd(Box<Winograd>),
    Planes(Box<Planes>),
    Slide(Box<Slide>),
    Each {
        scale: Vec<f32>,
        shift: Vec<f32>,
        epilogue: Epilogue,
    },
    /// The slope of each channel's negative elements.
    Slopes(Vec<f32>),
    Pool(Box<Windows>),
    Combine {
        by: Binary,
        epilogue: Epilogue,
    },
    Convert,
    Reshape,
    Move(Box<Rearrangement>),
    Reduce(Box<Reduce>),
    Resample(Box<Resample>),
    /// With the offset of its scratch buffer.
    Groups(Box<GroupNorm>, usize),
    Along(Box<Along>, Epilogue),
    /// With the offset of its scratch buffer.
    Attention(Attention, usize),
    /// The elements of a sample, in the order of the chain's axes.
    Constant(Vec<f32>),
    Reference(Box<Reference>),
}

impl Job {
    /// Multiply-adds per sample; 0 for jobs that move elements or take a few operations for each.
    pub(super) fn work(&self) -> usize {
        match self {
            Job::Conv(conv) => conv.work,
            Job::Winograd(winograd) => winograd.work,
            Job::Planes(planes) => planes.work,
            Job::Slide(slide) => slide.work,
            Job::Attention(layer, _) => layer.work(),
            Job::Reference(reference) => reference.work,
            Job::Import(_)
            | Job::Export(_)
            | Job::Each { .. }
            | Job::Slopes(_)
            | Job::Combine { .. }
            | Job::Convert
            | Job::Reshape
            | Job::Move(_)
            | Job::Reduce(_)
            | Job::Pool(_)
            | Job::Resample(_)
            | Job::Groups(..)
            | Job::Along(..)
            | Job::Constant(_) => 0,
        }
    }
}

/// A layer that runs on values in the chain's order of axes: by a kernel of its own (recurrent layers and products of
/// matrices) or by the reference implementation.
pub(super) struct Reference {
    pub(super) op: Op,
    /// Multiply-adds per sample.
    work: usize,
    pub(super) params: Vec<Vec<f32>>,
    /// The weights of a recurrent layer, which has kernels of its own.
    pub(super) recurrent: Option<Packed>,
    pub(super) shapes: Vec<Shape>,
    /// Its inputs and its output as arrays in the chain's order of axes: their own memory, or copies.
    pub(super) arrays: Vec<View>,
}

impl Ready {
    /// A step of a plan with its packed weights; `None` if no kernel can run it.
    pub(super) fn new(plan: &Plan, step: &Step, clears: bool, params: &[&Param], level: Level) -> Option<Ready> {
        let mut inputs: Vec<View> = step.inputs.iter().map(|&value| plan.views[value]).collect::<Option<_>>()?;
        let mut output = plan.views[step.output]?;
        let job = match &step.work {
            Work::Import(port) => Job::Import(*port),
            Work::Export(port) => Job::Export(*port),
            Work::Copy(channel) => {
                output.channel += channel;
                output.channels = inputs[0].channels;
                Job::Each { scale: Vec::new(), shift: Vec::new(), epilogue: Epilogue::None }
            }
            work @ Work::Sum { .. } => sum(plan, work, params, level, inputs[0], output)?,
            Work::Each { norm, activation, by } => {
                let (mut scale, mut shift) = match norm {
                    Some(norm) => affine(plan, &plan.nodes[*norm], params)?,
                    None => (Vec::new(), Vec::new()),
                };
                if *by != 1.0 {
                    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
                    scale.resize(inputs[0].channels, *by as f32);
                    shift.resize(inputs[0].channels, 0.0);
                }
                Job::Each { scale, shift, epilogue: activation.map_or(Epilogue::None, Epilogue::of) }
            }
            Work::Slopes { node } => {
                let mut slopes = params[plan.nodes[*node].params[0]].as_slice().to_vec();
                // A single slope applies to all channels.
                slopes.resize(inputs[0].channels, slopes[0]);
                Job::Slopes(slopes)
            }
            Work::Pool { node, windows } => {
                let Op::Pool(pool) = plan.nodes[*node].op else { return None };
                let sizes = (inputs[0].buffer.size, output.buffer.size);
                let windows = Windows::new(pool.kind, windows, pool.count_include_pad, sizes.0, sizes.1);
                Job::Pool(Box::new(windows))
            }
            Work::Combine { by, activation } => {
                Job::Combine { by: *by, epilogue: activation.map_or(Epilogue::None, Epilogue::of) }
            }
            Work::Convert => Job::Convert,
            Work::Reshape => Job::Reshape,
            Work::Move { node, index, moves, .. } => {
                let node = &plan.nodes[*node];
                let [from, to] = [node.inputs[*index], node.outputs[0]].map(|value| &plan.shapes[value]);
                Job::Move(Box::new(Rearrangement::new(moves, [(&inputs[0], from), (&output, to)])?))
            }
            Work::Reduce { node } => {
                let node = &plan.nodes[*node];
                let [from, to] = [node.inputs[0], node.outputs[0]].map(|value| &plan.shapes[value]);
                Job::Reduce(Box::new(Reduce::new(&node.op, plan.order, [(&inputs[0], from), (&output, to)])?))
            }
            Work::Adaptive(kind) => {
                let sizes = (inputs[0].buffer.size, output.buffer.size);
                Job::Pool(Box::new(Windows::adaptive(*kind, sizes.0, sizes.1)))
            }
            Work::Resample { rows, .. } => Job::Resample(rows.clone()),
            Work::Groups { node, groups, eps, activation, room } => {
                let node = &plan.nodes[*node];
                let param = |at: usize| params[node.params[at]].as_slice().to_vec();
                let affine = !node.params.is_empty();
                let (weight, bias) = if affine { (param(0), param(1)) } else { Default::default() };
                let epilogue = activation.map_or(Epilogue::None, Epilogue::of);
                Job::Groups(Box::new(GroupNorm { groups: *groups, eps: *eps, weight, bias, epilogue }), *room)
            }
            Work::Along { node, size, activation } => {
                if *size != inputs[0].channels {
                    inputs[0] = inputs[0].in_rows(*size);
                    output = output.in_rows(*size);
                }
                Job::Along(
                    Box::new(along(&plan.nodes[*node], params)?),
                    activation.map_or(Epilogue::None, Epilogue::of),
                )
            }
            Work::Attention { layer, room } => Job::Attention(*layer, *room),
            Work::Constant { node } => Job::Constant(constant(plan, params, plan.nodes[*node].outputs[0])?),
            Work::Reference { node, room } => {
                let views = inputs.iter().copied().chain([output]);
                Job::Reference(Box::new(Reference::new(plan, &plan.nodes[*node], views.zip(room), params, level)?))
            }
        };
        Some(Ready { job, inputs, output, clears })
    }
}

impl Reference {
    /// A layer with the view of each input and output, and the room for a copy of it.
    fn new<'a>(
        plan: &Plan,
        node: &Node,
        views: impl Iterator<Item = (View, &'a usize)>,
        params: &[&Param],
        level: Level,
    ) -> Option<Reference> {
        let recurrent = match &node.op {
            Op::Recurrent(layer) => {
                let own: Vec<&[f32]> = node.params.iter().map(|&param| params[param].as_slice()).collect();
                let features = plan.shapes[node.inputs[0]].size(1).number()?;
                Some(Packed::new(level, layer, usize::try_from(features).ok()?, &own))
            }
            _ => None,
        };
        let array = |(view, room): (View, &usize)| match view.is_array() {
            true => view,
            false => View::room_for(&view, *room),
        };
        let kept = if recurrent.is_some() { &[] } else { &node.params[..] };
        Some(Reference {
            op: node.op,
            work: usize::try_from(node.macs).unwrap_or(usize::MAX),
            params: kept.iter().map(|&param| params[param].as_slice().to_vec()).collect(),
            recurrent,
            shapes: node.inputs.iter().chain(&node.outputs).map(|&value| plan.shapes[value]).collect(),
            arrays: views.map(array).collect(),
        })
    }
}

/// What a layer does along the channels; `None` if it does nothing along them.
fn along(node: &Node, params: &[&Param]) -> Option<Along> {
    let param = |at: usize| params[node.params[at]].as_slice().to_vec();
    Some(match node.op {
        Op::LayerNorm { eps, .. } => Along::Norm { eps, weight: param(0), bias: param(1) },
        Op::RmsNorm { eps, .. } => Along::Rms { eps, weight: param(0) },
        Op::ChannelShuffle { groups } => Along::Shuffle { groups: usize::try_from(groups).ok()? },
        Op::LocalResponseNorm { dialect, size, alpha, beta, k } => {
            Along::local(dialect.channel_window(size), size, [alpha, beta, k])?
        }
        Op::Softmax { log, .. } => Along::Softmax { log },
        _ => return None,
    })
}

/// The elements of a value that depends on parameters alone, in the chain's order of axes.
fn constant(plan: &Plan, params: &[&Param], value: usize) -> Option<Vec<f32>> {
    let mut constants = Constants::new(&plan.nodes, &plan.shapes, plan.order, |param| params[param].as_slice());
    constants.get(value).map(<[f32]>::to_vec)
}

/// The weight with its masked elements set to zero.
pub(super) fn masked<'a>(op: &Op, weight: &'a [f32]) -> Cow<'a, [f32]> {
    match op {
        Op::Conv(conv) if conv.mask.is_some() => {
            let mut masked = weight.to_vec();
            conv.mask_weight(&mut masked);
            masked.into()
        }
        _ => weight.into(),
    }
}

/// The job of a sum over taps and of the steps that are fused into it.
fn sum(plan: &Plan, work: &Work, params: &[&Param], level: Level, input: View, output: View) -> Option<Job> {
    let Work::Sum { node, branches, axes, norm, onto, activation, method } = work else { return None };
    let node = &plan.nodes[*node];
    let weight = match node.op {
        Op::Conv(ConvOp { weight: WeightFrom::Input, .. }) => &constant(plan, params, node.inputs[1])?,
        _ => params[node.params[0]].as_slice(),
    };
    let weight = masked(&node.op, weight);
    let first = match node.op {
        Op::Projection(part) => part.bias.map_or(Some(0), |(first, _)| usize::try_from(first).ok())?,
        _ => 0,
    };
    let channels = output.channels;
    let (groups, biased, rank) = match node.op {
        Op::Conv(conv) => (usize::try_from(conv.groups).ok()?, conv.bias, conv.rank),
        Op::Linear { bias, .. } => (1, bias, 0),
        Op::Projection(part) => (1, part.bias.is_some(), 0),
        _ => return None,
    };
    let bias = if biased { Some(&params[*node.params.last()?].as_slice()[first..first + channels]) } else { None };
    let (scale, mut shift) = scale_and_shift(plan, params, *norm, bias, channels)?;
    let map = WeightMap::of(&node.op)?.on_last_axes(rank);
    let epilogue = activation.map_or(Epilogue::None, Epilogue::of);
    let branches = branches.iter().map(|branch| BranchWeights::new(plan, params, branch, channels));
    let branches: Vec<BranchWeights<'_>> = branches.collect::<Option<_>>()?;
    let summed = |output: usize, input: usize, tap| branches.iter().map(|branch| branch.at(output, input, tap)).sum();
    let weights = if branches.is_empty() { Weights::Of(&weight, &map) } else { Weights::By(&summed) };
    if !branches.is_empty() {
        shift = (0..channels).map(|channel| branches.iter().map(|branch| branch.shift[channel]).sum()).collect();
    }
    let sum = TapSum { axes, groups, weights, scale: &scale, shift: &shift, onto: *onto, epilogue };
    Some(match method {
        Method::Direct { .. } => Job::Conv(Box::new(Conv::new(level, &sum, input, output))),
        Method::Winograd(tiling) => {
            let (mut winograd, taps) = Winograd::new(level, &sum, tiling, input, output)?;
            winograd.pack(&taps);
            Job::Winograd(Box::new(winograd))
        }
        Method::Planes => Job::Planes(Box::new(Planes::new(level, &sum, input, output))),
        Method::Slide => Job::Slide(Box::new(Slide::new(level, &sum, input, output)?)),
    })
}

/// A branch of a sum with its numbers.
struct BranchWeights<'a> {
    /// The weight, its layout and its taps along each axis; `None` for the value itself.
    weight: Option<(&'a [f32], WeightMap, PerAxis<usize>)>,
    /// The tap of the sum that its first tap is.
    first: PerAxis<usize>,
    /// The scale of each output channel, and what the branch adds to the shift.
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl<'a> BranchWeights<'a> {
    fn new(plan: &Plan, params: &[&'a Param], branch: &Branch, channels: usize) -> Option<BranchWeights<'a>> {
        let (mut weight, mut bias) = (None, None);
        if let Some(conv) = branch.conv {
            let node = &plan.nodes[conv];
            let Op::Conv(conv) = node.op else { return None };
            let mut taps = [1; 3];
            for axis in 0..conv.rank {
                taps[3 - conv.rank + axis] = usize::try_from(conv.kernel[axis]).ok()?;
            }
            let map = WeightMap::of(&node.op)?.on_last_axes(conv.rank);
            weight = Some((params[node.params[0]].as_slice(), map, taps));
            bias = if conv.bias { Some(params[*node.params.last()?].as_slice()) } else { None };
        }
        let (scale, shift) = scale_and_shift(plan, params, branch.norm, bias, channels)?;
        Some(BranchWeights { weight, first: branch.first, scale, shift })
    }

    /// What it adds to a weight of the sum.
    fn at(&self, output: usize, input: usize, tap: PerAxis<usize>) -> f32 {
        let own = [0, 1, 2].map(|axis| tap[axis].wrapping_sub(self.first[axis]));
        let is_tap = |taps: &PerAxis<usize>| (0..3).all(|axis| own[axis] < taps[axis]);
        let weight = match &self.weight {
            Some((weight, map, taps)) if is_tap(taps) => weight[map.at(output, input, own)],
            None if output == input && own == [0; 3] => 1.0,
            Some(_) | None => return 0.0,
        };
        weight * self.scale[output]
    }
}

/// The scale and the shift of each output channel, of a bias and the normalisation after it.
fn scale_and_shift(
    plan: &Plan,
    params: &[&Param],
    norm: Option<usize>,
    bias: Option<&[f32]>,
    channels: usize,
) -> Option<(Vec<f32>, Vec<f32>)> {
    let mut shift = bias.map_or_else(|| vec![0.0; channels], <[f32]>::to_vec);
    let Some(norm) = norm else { return Some((vec![1.0; channels], shift)) };
    let (scale, constant) = affine(plan, &plan.nodes[norm], params)?;
    for channel in 0..channels {
        shift[channel] = shift[channel] * scale[channel] + constant[channel];
    }
    Some((scale, shift))
}

/// The scale and the shift per channel of a normalisation with running statistics, or of arithmetic with a parameter.
fn affine(plan: &Plan, node: &Node, params: &[&Param]) -> Option<(Vec<f32>, Vec<f32>)> {
    let Op::BatchNorm { eps, affine, .. } = node.op else {
        let numbers = node.inputs.iter().find_map(|&value| constant(plan, params, value))?;
        let pairs = numbers.into_iter().map(|number| match node.op {
            Op::Add => Some((1.0, number)),
            Op::Sub => Some((1.0, -number)),
            Op::Mul => Some((number, 0.0)),
            Op::Div => Some((number.recip(), 0.0)),
            _ => None,
        });
        return pairs.collect::<Option<Vec<_>>>().map(|pairs| pairs.into_iter().unzip());
    };
    let param = |index: usize| params[node.params[index]].as_slice();
    let (mean, variance) = if affine { (param(2), param(3)) } else { (param(0), param(1)) };
    let pairs = (0..mean.len()).map(|channel| {
        let (weight, bias) = if affine { (param(0)[channel], param(1)[channel]) } else { (1.0, 0.0) };
        let factor = f64::from(weight) / (f64::from(variance[channel]) + eps).sqrt();
        let constant = f64::from(bias) - f64::from(mean[channel]) * factor;
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        (factor as f32, constant as f32)
    });
    Some(pairs.unzip())
}

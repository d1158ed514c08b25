//! The layers of a graph as operations of burn.
//!
//! Internally every value is a tensor with three axes: the batch, the channels, and all spatial positions in order.
//! Layers with spatial axes split the positions ([`Run::spatial`]); layers that depend on the order of the axes get the
//! elements in the chain's order ([`Run::natural`]).

mod activation;
mod along;
mod attention;
mod axes;
mod axis;
mod conv;
mod join;
mod norm;
mod pool;
mod recurrent;
mod resize;

use std::collections::HashMap;

use burn::tensor::{Distribution, Tensor, TensorData};
use convshape::Shape;
use convshape::graph::op::{Direction, DropTogether, PaddingMode, Source};
use convshape::graph::{AxisOrder, Graph, Node, Op, Size};

use crate::BurnError;
use crate::param::Parameter;

/// The most spatial axes that a layer has.
const SPATIAL: usize = 3;

/// Sizes of axes, with leading 1s if there are fewer than three.
type PerAxis<T> = [T; SPATIAL];

/// Whether burn has what a layer does.
pub(crate) fn check(node: &Node) -> Result<(), BurnError> {
    let Op::Conv(conv) = &node.op else { return Ok(()) };
    let is_spread = conv.input_dilation[..conv.rank] != [1; SPATIAL][..conv.rank];
    let what = match (conv.border(), conv.direction) {
        (PaddingMode::Zeros, _) | (PaddingMode::Circular, Direction::Transposed) => return Ok(()),
        (PaddingMode::Reflect | PaddingMode::Replicate, Direction::Transposed) => {
            "a transposed convolution with a border of copies"
        }
        (_, Direction::Forward) if is_spread => "a border of copies around a dilated input",
        (_, Direction::Forward) => return Ok(()),
    };
    Err(BurnError::Inexpressible { layer: node.name.clone(), what })
}

/// The sizes of a shape, which are numbers in a graph that runs.
pub(crate) fn sizes(shape: &Shape) -> Vec<usize> {
    shape.sizes().iter().map(|size| size.number().map_or(0, to_usize)).collect()
}

/// A size or factor from the checked shapes.
fn to_usize(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn to_i64(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A batch on its way through a graph.
pub(crate) struct Run<'a> {
    graph: &'a Graph,
    params: &'a [Parameter],
    training: bool,
    batch: usize,
    /// `[batch, channels, positions]`
    values: Vec<Option<Tensor<3>>>,
    /// The outputs of recurrent layers, by the value of the whole run.
    runs: HashMap<usize, recurrent::Outputs>,
    /// How many readers each value still has: the last one may overwrite it.
    readers: Vec<usize>,
    /// Whether each value is the same for all samples.
    constants: Vec<bool>,
}

impl<'a> Run<'a> {
    /// A run of a graph whose sizes are numbers and whose layers are split.
    pub(crate) fn new(graph: &'a Graph, params: &'a [Parameter], training: bool, batch: usize) -> Run<'a> {
        let values = vec![None; graph.values().len()];
        let (readers, constants) = (graph.readers(), graph.constants());
        Run { graph, params, training, batch, values, runs: HashMap::new(), readers, constants }
    }

    /// The elements of the outputs, given those of the inputs, in the chain's order of axes.
    pub(crate) fn outputs(mut self, inputs: Vec<Tensor<1>>) -> Result<Vec<Tensor<1>>, BurnError> {
        let graph = self.graph;
        for (port, input) in graph.inputs().iter().zip(inputs) {
            let shape = graph.shape(port.value);
            let flat = input.reshape([self.batch, elements(shape)]);
            self.values[port.value] = Some(self.channels_first(flat, shape));
        }
        for node in graph.nodes() {
            let output = self.layer(node)?;
            self.values[node.outputs[0]] = Some(output);
        }
        let ports = graph.outputs().iter();
        Ok(ports.map(|port| self.natural(port.value).reshape([-1])).collect())
    }

    /// A value, for one of its readers.
    fn take(&mut self, value: usize) -> Tensor<3> {
        let slot = &mut self.values[value];
        self.readers[value] = self.readers[value].saturating_sub(1);
        let tensor = if self.readers[value] == 0 { slot.take() } else { slot.clone() };
        tensor.expect("a node reads values of earlier ones, as often as they were counted")
    }

    /// A value as `[batch, elements]`, in the chain's order.
    fn natural(&mut self, value: usize) -> Tensor<2> {
        let x = self.take(value);
        let x = if self.is_reordered(self.graph.shape(value)) { x.swap_dims(1, 2) } else { x };
        x.reshape([to_i64(self.batch), -1])
    }

    /// The reverse of [`Run::natural`].
    fn channels_first(&self, flat: Tensor<2>, shape: &Shape) -> Tensor<3> {
        let channels = self.channels(shape);
        let positions = elements(shape) / channels;
        if self.is_reordered(shape) {
            flat.reshape([self.batch, positions, channels]).swap_dims(1, 2)
        } else {
            flat.reshape([self.batch, channels, positions])
        }
    }

    /// A value as `[batch, channels, depth, height, width]`.
    fn spatial(&mut self, value: usize) -> Tensor<5> {
        let shape = self.graph.shape(value);
        let [depth, height, width] = self.grid(shape);
        let channels = self.channels(shape);
        self.take(value).reshape([self.batch, channels, depth, height, width])
    }

    fn is_reordered(&self, shape: &Shape) -> bool {
        self.graph.order() == AxisOrder::ChannelsLast && shape.rank() > 1
    }

    fn channels(&self, shape: &Shape) -> usize {
        // A sample that is a single number has one channel.
        sizes(shape).get(self.graph.order().channel(shape.rank())).copied().unwrap_or(1)
    }

    /// The spatial sizes of a shape.
    fn grid(&self, shape: &Shape) -> PerAxis<usize> {
        let rank = shape.rank() - 1;
        let sizes = sizes(shape);
        per_axis(rank, 1, |axis| sizes[self.graph.order().spatial(axis)])
    }

    /// A parameter of a node, reshaped.
    fn param<const D: usize>(&self, node: &Node, index: usize, dims: [usize; D]) -> Tensor<D> {
        self.params[node.params[index]].reshaped(dims)
    }

    /// A parameter with an element per channel.
    fn per_channel(&self, node: &Node, index: usize, channels: usize) -> Tensor<3> {
        self.param(node, index, [1, channels, 1])
    }

    fn layer(&mut self, node: &Node) -> Result<Tensor<3>, BurnError> {
        let shape = *self.graph.shape(node.inputs[0]);
        let output = *self.graph.shape(node.outputs[0]);
        let value = node.inputs[0];
        Ok(match node.op {
            Op::Conv(conv) => self.conv(node, &conv)?,
            Op::SeparableConv(_) => {
                let what = "a separable convolution that was not split";
                return Err(BurnError::Inexpressible { layer: node.name.clone(), what });
            }
            Op::Pool(pool) => self.pool(node, &pool)?,
            Op::MaxUnpool(pool) => self.unpool(node, &pool)?,
            Op::AdaptivePool { kind, .. } => {
                let x = self.spatial(value);
                positions(pool::adaptive(x, kind, self.grid(&output)))
            }
            Op::GlobalPool { kind, .. } => pool::global(self.take(value), kind),
            Op::Upsample(upsample) => positions(self.upsample(value, &upsample, self.grid(&output))),
            Op::PixelShuffle { factor } => positions(resize::to_space(
                self.spatial(value),
                convshape::graph::op::DepthOrder::Crd,
                to_usize(factor),
            )),
            Op::PixelUnshuffle { factor } => positions(resize::to_depth(self.spatial(value), to_usize(factor))),
            Op::DepthToSpace { factor, order } => {
                positions(resize::to_space(self.spatial(value), order, to_usize(factor)))
            }
            Op::ChannelShuffle { groups } => {
                let x = self.take(value);
                let [batch, channels, positions] = x.dims();
                let size = channels / to_usize(groups);
                x.reshape([batch, to_usize(groups), size, positions])
                    .swap_dims(1, 2)
                    .reshape([batch, channels, positions])
            }
            Op::Pad { amount, mode, value: constant, axis: None } => {
                let rows = self.rows(amount, &shape, &output);
                positions(axis::bordered(self.spatial(value), rows, mode, constant))
            }
            Op::Pad { amount, mode, value: constant, axis: Some(axis) } => {
                let at = axis.index(shape.rank(), self.graph.order()).unwrap_or(0);
                let [from, to] = [&shape, &output].map(|shape| shape.size(at));
                let rows = [amount.rows(0, from, Some(to)), (0, 0), (0, 0)];
                let known = sizes(&shape);
                let view = [known[..at].iter().product(), known[at], known[at + 1..].iter().product(), 1];
                let [before, size, after, one] = view;
                let x = self.natural(value).reshape([self.batch, before, size, after, one]);
                let bordered = axis::bordered(x, rows, mode, constant);
                self.channels_first(bordered.reshape([to_i64(self.batch), -1]), &output)
            }
            Op::Crop { amount } => {
                let rows = self.rows(amount, &shape, &output).map(|(lo, hi)| (-lo, -hi));
                positions(axis::bordered(self.spatial(value), rows, PaddingMode::Zeros, 0.0))
            }
            Op::Slice { axis, start, end } => {
                self.slice(node, axis, to_usize(start), to_usize(end.unwrap_or(start).saturating_sub(start)))
            }
            Op::Split { .. } => {
                let (axis, start) = node.op.piece_start(&shape, self.graph.order()).unwrap_or((0, 0));
                let sizes: Vec<usize> = shape.sizes().iter().map(|size| to_usize(size.number().unwrap_or(0))).collect();
                let (before, after) = (sizes[..axis].iter().product::<usize>(), sizes[axis + 1..].iter().product());
                let flat = self.natural(value).reshape([self.batch * before, sizes[axis], after]);
                let piece = flat.narrow(1, to_usize(start), to_usize(output.size(axis).number().unwrap_or(0)));
                self.channels_first(piece.reshape([to_i64(self.batch), -1]), &output)
            }
            Op::Linear { bias, .. } => self.linear(node, bias, &output),
            Op::Flatten { .. } | Op::Unflatten { .. } | Op::Reshape { .. } => {
                let flat = self.natural(value);
                self.channels_first(flat, &output)
            }
            Op::ReshapeLike => {
                let flat = self.natural(value);
                self.take(node.inputs[1]);
                self.channels_first(flat, &output)
            }
            Op::Concat { axis } | Op::Stack { axis } => self.join(node, axis),
            Op::Glu { axis } => self.glu(node, axis),
            Op::Attention(layer) => self.attention(node, &layer),
            Op::Projection(part) => self.projection(node, &part),
            Op::MultiHead(_) => {
                let what = "attention that was not lowered";
                return Err(BurnError::Inexpressible { layer: node.name.clone(), what });
            }
            Op::MatMul { transpose_a, transpose_b } => self.product(node, [transpose_a, transpose_b]),
            Op::Add => self.broadcast(node, |a, b| a + b, |a, b| a + b),
            Op::Mul => self.broadcast(node, |a, b| a * b, |a, b| a * b),
            Op::Sub => self.broadcast(node, |a, b| a - b, |a, b| a - b),
            Op::Div => self.broadcast(node, |a, b| a / b, |a, b| a / b),
            Op::Maximum => self.broadcast(node, Tensor::max_pair, Tensor::max_pair),
            Op::Minimum => self.broadcast(node, Tensor::min_pair, Tensor::min_pair),
            Op::Recurrent(layer) => self.recurrent(node, &layer),
            Op::RecurrentOutput { layer, output } => self.recurrent_output(node, &layer, output),
            Op::Permute { .. } => self.permute(node)?,
            Op::Reduce { kind, .. } => self.reduce(node, kind)?,
            Op::Scale { by } => self.take(value).mul_scalar(by),
            Op::BatchNorm { dialect, eps, affine, momentum, .. } => {
                self.batch_norm(node, norm::BatchNorm { dialect, eps, affine, momentum })?
            }
            Op::GroupNorm { groups, eps, .. } => self.group_norm(node, to_usize(groups), eps, true),
            Op::InstanceNorm { eps, affine, .. } => self.group_norm(node, self.channels(&shape), eps, affine),
            Op::LayerNorm { eps, .. } => self.layer_norm(node, eps),
            Op::RmsNorm { eps, .. } => self.rms_norm(node, eps),
            Op::LocalResponseNorm { dialect, size, alpha, beta, k } => {
                norm::local_response(self.take(value), dialect.channel_window(size), [alpha / size as f64, beta, k])
            }
            Op::LpNorm { p, eps, .. } => self.lp_norm(node, p, eps)?,
            Op::Activation(function) => activation::activation(self.take(value), function),
            Op::Prelu { channels } => {
                let slope = self.per_channel(node, 0, to_usize(channels));
                activation::prelu(self.take(value), slope)
            }
            Op::Snake { .. } => {
                let weight = self.per_channel(node, 0, self.channels(&shape));
                activation::snake(self.take(value), weight)
            }
            Op::Softmax { axis, log } => self.softmax(node, axis, log),
            Op::Dropout { p, together } => {
                let x = self.take(value);
                if self.training { dropped(x, p, together) } else { x }
            }
            Op::Custom { .. } | Op::CustomOutput { .. } => {
                let what = "a layer of your own (`Custom`)";
                return Err(BurnError::Inexpressible { layer: node.name.clone(), what });
            }
            Op::Identity => self.take(value),
            Op::Source { of, .. } => {
                let count = elements(&output);
                let numbers: Tensor<2> = match of {
                    Source::Parameter { trained, .. } | Source::Shared { trained, .. } => {
                        let param = self.param(node, 0, [1, count]);
                        // Also after burn's `unfreeze`.
                        if trained { param } else { param.detach() }
                    }
                    Source::Arange | Source::Constant(_) | Source::OneHot(_) => {
                        let device = self.values.iter().flatten().next().map(Tensor::device).unwrap_or_default();
                        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
                        let numbers: Vec<f32> = (0..count).map(|index| of.element(index, &output) as f32).collect();
                        Tensor::from_data(TensorData::new(numbers, [1, count]), &device)
                    }
                };
                self.channels_first(numbers.expand([self.batch, count]), &output)
            }
        })
    }

    /// A matrix over the last axis in the chain's order.
    fn linear(&mut self, node: &Node, bias: bool, output: &Shape) -> Tensor<3> {
        let param = &self.graph.params()[node.params[0]];
        let stored = sizes(&param.shape);
        // The weights of heads have a third axis.
        let inputs = sizes(self.graph.shape(node.inputs[0])).last().copied().unwrap_or(1);
        let is_output_first = param.layout.is_some_and(|layout| layout.out_axis == 0);
        let rows = if is_output_first { stored[0] } else { inputs };
        let weight: Tensor<2> = self.param(node, 0, [rows, stored.iter().product::<usize>() / rows]);
        let weight = if is_output_first { weight.swap_dims(0, 1) } else { weight };
        let [inputs, outputs] = weight.dims();
        let x = self.natural(node.inputs[0]).reshape([-1, to_i64(inputs)]);
        let y = x.matmul(weight);
        let y = if bias { y + self.param(node, 1, [1, outputs]) } else { y };
        let flat = y.reshape([to_i64(self.batch), -1]);
        self.channels_first(flat, output)
    }
}

/// The last step of a layer with spatial axes.
fn positions(x: Tensor<5>) -> Tensor<3> {
    let [batch, channels, ..] = x.dims();
    x.reshape([to_i64(batch), to_i64(channels), -1])
}

/// Sets elements, channels or samples to zero with probability `p` and scales the others so that the mean stays.
fn dropped(x: Tensor<3>, p: f64, together: DropTogether) -> Tensor<3> {
    if p <= 0.0 {
        return x;
    }
    if p >= 1.0 {
        return x.mul_scalar(0.0);
    }
    let [batch, count, positions] = x.dims();
    let dims = match together {
        DropTogether::Element => [batch, count, positions],
        DropTogether::Channel => [batch, count, 1],
        DropTogether::Sample => [batch, 1, 1],
        DropTogether::Batch => [1, 1, 1],
    };
    let kept = Tensor::random(dims, Distribution::Bernoulli(1.0 - p), &x.device());
    x * kept.mul_scalar(1.0 / (1.0 - p))
}

fn elements(shape: &Shape) -> usize {
    shape.sizes().iter().map(|size: &Size| size.number().map_or(0, to_usize)).product()
}

/// The numbers of a layer's `rank` axes as the last of three.
fn per_axis<T: Copy>(rank: usize, missing: T, of: impl Fn(usize) -> T) -> PerAxis<T> {
    let mut all = [missing; SPATIAL];
    for axis in 0..rank.min(SPATIAL) {
        all[SPATIAL - rank + axis] = of(axis);
    }
    all
}

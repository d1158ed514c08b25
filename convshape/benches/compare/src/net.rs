//! A case of the suite as a list of layers with random weights, from which the other libraries build it.

use convshape::Model;
use convshape::graph::Graph;
use convshape::graph::op::{self, Direction, Op, Padding, PoolKind};
use convshape::ndarray::{ArrayD, IxDyn};
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::rand::{RngExt, SeedableRng};

use crate::Failure;

/// The operation of a layer. Shapes are channels first, kernels in PyTorch's layout.
#[derive(Debug)]
pub(crate) enum Layer {
    Conv(Window),
    ConvTranspose(Window),
    MaxPool(Window),
    BatchNorm { eps: f64 },
    Relu,
    LeakyRelu(f64),
    Elu(f64),
    Sigmoid,
    Tanh,
    Concat,
}

/// How a window moves, with one number per spatial axis.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) kernel: Vec<usize>,
    pub(crate) stride: Vec<usize>,
    pub(crate) padding: Vec<usize>,
    pub(crate) dilation: Vec<usize>,
    pub(crate) output_padding: Vec<usize>,
    pub(crate) groups: usize,
}

/// One step. Values are numbered: 0 is the input.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) layer: Layer,
    pub(crate) inputs: Vec<usize>,
    pub(crate) output: usize,
    /// Kernel and bias, or weight, bias, mean and variance.
    pub(crate) weights: Vec<ArrayD<f32>>,
}

/// A network with its input.
pub(crate) struct Net {
    pub(crate) steps: Vec<Step>,
    /// The batch axis first.
    pub(crate) x: ArrayD<f32>,
    pub(crate) output: usize,
    pub(crate) output_shape: Vec<usize>,
    /// Multiply-adds of one run.
    pub(crate) macs: f64,
}

impl Net {
    /// Draws a model's parameters and lists its layers.
    pub(crate) fn new<M: Model>(model: &mut M, batch: usize) -> Result<Net, Failure> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut weights = Vec::new();
        model.for_each_param_mut(|name, param| {
            let is_matrix = param.shape().len() > 1;
            for value in param.as_mut_slice() {
                let drawn = rng.random_range(-0.3..0.3);
                *value = match name.rsplit_once('.').map_or(name, |(_, field)| field) {
                    // Random weights alone would make values shrink from layer to layer.
                    "weight" if is_matrix => *value * 2.0,
                    "weight" | "running_var" => 1.0 + drawn,
                    _ => drawn,
                };
            }
            weights.push(param.view().to_owned());
        });
        let graph = Graph::of::<M>();
        let (&[ref input], &[ref output]) = (graph.inputs(), graph.outputs()) else {
            return Err("the suite's networks have one input and one output".into());
        };
        let mut steps = Vec::new();
        for node in graph.nodes() {
            steps.push(Step {
                layer: layer(&node.op).ok_or_else(|| format!("no translation for `{}`", node.name))?,
                inputs: node.inputs.clone(),
                output: node.outputs[0],
                weights: node.params.iter().map(|&param| weights[param].clone()).collect(),
            });
        }
        let dims = |value: usize| -> Vec<usize> {
            let sizes = graph.shape(value).sizes().iter().filter_map(|size| usize::try_from(size.number()?).ok());
            [batch].into_iter().chain(sizes).collect()
        };
        let x = ArrayD::from_shape_simple_fn(IxDyn(&dims(input.value)), || rng.random_range(-1.0..1.0));
        Ok(Net {
            steps,
            x,
            output: output.value,
            output_shape: dims(output.value),
            macs: graph.macs() as f64 * batch as f64,
        })
    }

    /// The input's elements in order.
    pub(crate) fn input(&self) -> Vec<f32> {
        self.x.iter().copied().collect()
    }
}

/// A layer of the suite; `None` for any other.
fn layer(op: &Op) -> Option<Layer> {
    Some(match op {
        Op::Conv(conv) => {
            let window = Window {
                kernel: axes(conv.kernel, conv.rank)?,
                stride: axes(conv.stride, conv.rank)?,
                padding: symmetric(conv.padding, conv.rank)?,
                dilation: axes(conv.dilation, conv.rank)?,
                output_padding: axes(conv.output_padding.unwrap_or_default(), conv.rank)?,
                groups: usize::try_from(conv.groups).ok()?,
            };
            match conv.direction {
                Direction::Forward => Layer::Conv(window),
                Direction::Transposed => Layer::ConvTranspose(window),
            }
        }
        Op::Pool(pool) if pool.kind == PoolKind::Max => Layer::MaxPool(Window {
            kernel: axes(pool.kernel, pool.rank)?,
            stride: axes(pool.stride, pool.rank)?,
            padding: symmetric(pool.padding, pool.rank)?,
            dilation: axes(pool.dilation, pool.rank)?,
            output_padding: vec![0; pool.rank],
            groups: 1,
        }),
        Op::BatchNorm { eps, affine: true, .. } => Layer::BatchNorm { eps: *eps },
        Op::Concat { axis: op::Axis::Channels } => Layer::Concat,
        Op::Activation(activation) => match *activation {
            op::Activation::Relu => Layer::Relu,
            op::Activation::LeakyRelu { slope } => Layer::LeakyRelu(slope),
            op::Activation::Elu { alpha } => Layer::Elu(alpha),
            op::Activation::Sigmoid => Layer::Sigmoid,
            op::Activation::Tanh => Layer::Tanh,
            _ => return None,
        },
        _ => return None,
    })
}

fn axes(values: op::PerAxis<i64>, rank: usize) -> Option<Vec<usize>> {
    values[..rank].iter().map(|&value| usize::try_from(value).ok()).collect()
}

fn symmetric(padding: Padding, rank: usize) -> Option<Vec<usize>> {
    match padding {
        Padding::Symmetric(padding) => axes(padding, rank),
        _ => None,
    }
}

//! burn, on its own processor device (`flex`).

use burn::tensor::module::{
    batch_norm, conv_transpose1d, conv_transpose2d, conv_transpose3d, conv1d, conv2d, conv3d, max_pool1d, max_pool2d,
};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions, MaxPoolOptions};
use burn::tensor::{Device, Gradients, Tensor, TensorData, activation};
use convshape::ndarray::ArrayD;

use super::steps::Steps;
use super::{LEARNING_RATE, Ready};
use crate::Failure;
use crate::net::{Layer, Net, Step, Window};

/// Builds a network.
pub(crate) fn load(net: &Net, is_training: bool) -> Result<Box<dyn Ready>, Failure> {
    fn load<const N: usize, const D: usize>(net: &Net, is_training: bool) -> Result<Box<dyn Ready>, Failure>
    where
        Axes: Windows<N, D>,
    {
        let device = Device::flex();
        Ok(if is_training {
            Box::new(Training::<N, D>::new(net, &device.autodiff())?)
        } else {
            Box::new(Inference::<N, D>::new(net, &device)?)
        })
    }
    match net.x.ndim() {
        3 => load::<1, 3>(net, is_training),
        4 => load::<2, 4>(net, is_training),
        5 => load::<3, 5>(net, is_training),
        rank => Err(format!("no convolutions of rank {rank}").into()),
    }
}

/// With `N` spatial axes, plus batch and channels.
struct Inference<const N: usize, const D: usize> {
    steps: Steps<Action<N, D>, Tensor<D>>,
    x: Tensor<D>,
    y: Option<Tensor<D>>,
}

struct Training<const N: usize, const D: usize> {
    steps: Steps<Action<N, D>, Tensor<D>>,
    x: Tensor<D>,
    losses: Vec<f32>,
}

/// A layer with its weights.
enum Action<const N: usize, const D: usize> {
    Conv(ConvOptions<N>, Tensor<D>, Option<Tensor<1>>),
    ConvTranspose(ConvTransposeOptions<N>, Tensor<D>, Option<Tensor<1>>),
    MaxPool(MaxPoolOptions<N>),
    BatchNorm(Box<[Tensor<1>; 4]>, f64),
    Relu,
    LeakyRelu(f64),
    Elu(f64),
    Sigmoid,
    Tanh,
    Concat,
}

impl<const N: usize, const D: usize> Inference<N, D> {
    fn new(net: &Net, device: &Device) -> Result<Inference<N, D>, Failure> {
        Ok(Inference { steps: Steps::new(net, |step| action(step, device))?, x: tensor(&net.x, device), y: None })
    }
}

impl<const N: usize, const D: usize> Ready for Inference<N, D>
where
    Axes: Windows<N, D>,
{
    fn run(&mut self) -> Result<(), Failure> {
        self.y = Some(self.steps.run(self.x.clone(), |action, inputs| action.run(inputs))?);
        Ok(())
    }

    fn output(&self) -> Result<Vec<f32>, Failure> {
        let data = self.y.as_ref().ok_or("not run")?.to_data();
        data.try_to_vec().map_err(|error| format!("{error:?}").into())
    }
}

impl<const N: usize, const D: usize> Training<N, D> {
    fn new(net: &Net, device: &Device) -> Result<Training<N, D>, Failure> {
        let mut steps = Steps::new(net, |step| action(step, device))?;
        steps.for_each(|action| action.for_each_weight(Require));
        Ok(Training { steps, x: tensor(&net.x, device), losses: Vec::new() })
    }
}

impl<const N: usize, const D: usize> Ready for Training<N, D>
where
    Axes: Windows<N, D>,
{
    fn run(&mut self) -> Result<(), Failure> {
        let y = self.steps.run(self.x.clone(), |action, inputs| action.run(inputs))?;
        let loss = (y - self.x.clone()).square().mean();
        let mut gradients = loss.backward();
        self.steps.for_each(|action| action.for_each_weight(Descend(&mut gradients)));
        self.losses.push(loss.into_scalar());
        Ok(())
    }

    fn output(&self) -> Result<Vec<f32>, Failure> {
        Ok(self.losses.clone())
    }
}

/// An operation on a weight of any rank.
trait Change {
    fn change<const D: usize>(&mut self, weight: Tensor<D>) -> Tensor<D>;
}

/// Turns it into a weight with gradients.
struct Require;

impl Change for Require {
    fn change<const D: usize>(&mut self, weight: Tensor<D>) -> Tensor<D> {
        weight.require_grad()
    }
}

/// Updates it with its gradient.
struct Descend<'a>(&'a mut Gradients);

impl Change for Descend<'_> {
    fn change<const D: usize>(&mut self, weight: Tensor<D>) -> Tensor<D> {
        match weight.grad_remove(self.0) {
            Some(gradient) => Tensor::from_inner(weight.inner() - gradient * LEARNING_RATE).require_grad(),
            None => weight,
        }
    }
}

impl<const N: usize, const D: usize> Action<N, D> {
    fn for_each_weight(&mut self, mut change: impl Change) {
        if let Action::Conv(_, kernel, bias) | Action::ConvTranspose(_, kernel, bias) = self {
            *kernel = change.change(kernel.clone());
            *bias = bias.take().map(|bias| change.change(bias));
        }
    }

    fn run(&self, mut inputs: Vec<Tensor<D>>) -> Result<Tensor<D>, Failure>
    where
        Axes: Windows<N, D>,
    {
        if let Action::Concat = self {
            return Ok(Tensor::cat(inputs, 1));
        }
        let x = inputs.pop().ok_or("no input")?;
        Ok(match self {
            Action::Conv(at, kernel, bias) => Axes::conv(x, kernel.clone(), bias.clone(), at.clone()),
            Action::ConvTranspose(at, kernel, bias) => {
                Axes::conv_transpose(x, kernel.clone(), bias.clone(), at.clone())
            }
            Action::MaxPool(at) => Axes::max_pool(x, at.clone())?,
            Action::BatchNorm(weights, eps) => {
                let [gamma, beta, mean, variance] = &**weights;
                batch_norm(x, gamma.clone(), beta.clone(), mean.clone(), variance.clone(), *eps)
            }
            Action::Relu => activation::relu(x),
            Action::LeakyRelu(slope) => activation::leaky_relu(x, *slope),
            Action::Elu(alpha) => activation::elu(x, *alpha),
            Action::Sigmoid => activation::sigmoid(x),
            Action::Tanh => x.tanh(),
            Action::Concat => unreachable!("runs above"),
        })
    }
}

fn action<const N: usize, const D: usize>(step: &Step, device: &Device) -> Result<Action<N, D>, Failure> {
    let kernel = || tensor(&step.weights[0], device);
    let bias = || step.weights.get(1).map(|bias| tensor(bias, device));
    Ok(match &step.layer {
        Layer::Conv(Window { stride, padding, dilation, groups, .. }) => {
            Action::Conv(ConvOptions::new(axes(stride)?, axes(padding)?, axes(dilation)?, *groups), kernel(), bias())
        }
        Layer::ConvTranspose(Window { stride, padding, dilation, output_padding, groups, .. }) => {
            let (stride, padding, more) = (axes(stride)?, axes(padding)?, axes(output_padding)?);
            Action::ConvTranspose(
                ConvTransposeOptions::new(stride, padding, more, axes(dilation)?, *groups),
                kernel(),
                bias(),
            )
        }
        Layer::MaxPool(at) => Action::MaxPool(MaxPoolOptions::new(axes(&at.kernel)?).with_stride(axes(&at.stride)?)),
        Layer::BatchNorm { eps } => {
            let weights: Vec<Tensor<1>> = step.weights.iter().map(|weight| tensor(weight, device)).collect();
            Action::BatchNorm(weights.try_into().map_err(|_| "four weights expected")?, *eps)
        }
        Layer::Relu => Action::Relu,
        Layer::LeakyRelu(slope) => Action::LeakyRelu(*slope),
        Layer::Elu(alpha) => Action::Elu(*alpha),
        Layer::Sigmoid => Action::Sigmoid,
        Layer::Tanh => Action::Tanh,
        Layer::Concat => Action::Concat,
    })
}

fn axes<const N: usize>(values: &[usize]) -> Result<[usize; N], Failure> {
    Ok(values.try_into()?)
}

fn tensor<const D: usize>(array: &ArrayD<f32>, device: &Device) -> Tensor<D> {
    let values: Vec<f32> = array.iter().copied().collect();
    Tensor::from_data(TensorData::new(values, array.shape().to_vec()), device)
}

/// The functions for windows, which burn names by the number of spatial axes.
struct Axes;

trait Windows<const N: usize, const D: usize> {
    fn conv(x: Tensor<D>, kernel: Tensor<D>, bias: Option<Tensor<1>>, at: ConvOptions<N>) -> Tensor<D>;
    fn conv_transpose(
        x: Tensor<D>,
        kernel: Tensor<D>,
        bias: Option<Tensor<1>>,
        at: ConvTransposeOptions<N>,
    ) -> Tensor<D>;
    fn max_pool(x: Tensor<D>, at: MaxPoolOptions<N>) -> Result<Tensor<D>, Failure>;
}

macro_rules! windows {
    ($n:literal, $d:literal, $conv:ident, $conv_transpose:ident, $max_pool:expr) => {
        impl Windows<$n, $d> for Axes {
            fn conv(x: Tensor<$d>, kernel: Tensor<$d>, bias: Option<Tensor<1>>, at: ConvOptions<$n>) -> Tensor<$d> {
                $conv(x, kernel, bias, at)
            }

            fn conv_transpose(
                x: Tensor<$d>,
                kernel: Tensor<$d>,
                bias: Option<Tensor<1>>,
                at: ConvTransposeOptions<$n>,
            ) -> Tensor<$d> {
                $conv_transpose(x, kernel, bias, at)
            }

            fn max_pool(x: Tensor<$d>, at: MaxPoolOptions<$n>) -> Result<Tensor<$d>, Failure> {
                $max_pool(x, at)
            }
        }
    };
}

windows!(1, 3, conv1d, conv_transpose1d, |x, at| Ok(max_pool1d(x, at)));
windows!(2, 4, conv2d, conv_transpose2d, |x, at| Ok(max_pool2d(x, at)));
windows!(3, 5, conv3d, conv_transpose3d, |_, _| Err("no pooling in three axes".into()));

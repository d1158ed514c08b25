//! candle. It has no convolutions in three axes.

use candle_core::{Device, Tensor, Var};
use convshape::ndarray::ArrayD;

use super::steps::Steps;
use super::{LEARNING_RATE, Ready};
use crate::Failure;
use crate::net::{Layer, Net, Step, Window};

pub(crate) struct Inference {
    steps: Steps<Action, Tensor>,
    x: Tensor,
    y: Option<Tensor>,
}

/// A layer with its weights.
enum Action {
    Conv(Window2, Tensor, Option<Tensor>),
    ConvTranspose(Window2, Tensor, Option<Tensor>),
    MaxPool(usize, usize),
    /// Scale and shift of each channel.
    Affine(Tensor, Tensor),
    Relu,
    LeakyRelu(f64),
    Elu(f64),
    Sigmoid,
    Tanh,
    Concat,
}

/// A window that is the same on all axes, as candle requires.
struct Window2 {
    stride: usize,
    padding: usize,
    dilation: usize,
    output_padding: usize,
    groups: usize,
}

impl Inference {
    pub(crate) fn new(net: &Net) -> Result<Inference, Failure> {
        let steps = Steps::new(net, |step| action(step, &mut |values, shape| tensor(values, shape)))?;
        Ok(Inference { steps, x: tensor(net.input(), net.x.shape())?, y: None })
    }
}

impl Ready for Inference {
    fn run(&mut self) -> Result<(), Failure> {
        self.y = Some(self.steps.run(self.x.clone(), |action, inputs| Ok(action.run(&inputs)?))?);
        Ok(())
    }

    fn output(&self) -> Result<Vec<f32>, Failure> {
        Ok(self.y.as_ref().ok_or("not run")?.flatten_all()?.to_vec1()?)
    }
}

pub(crate) struct Training {
    steps: Steps<Action, Tensor>,
    x: Tensor,
    /// The weights that the steps use.
    variables: Vec<Var>,
    losses: Vec<f32>,
}

impl Training {
    pub(crate) fn new(net: &Net) -> Result<Training, Failure> {
        let mut variables = Vec::new();
        let mut variable = |values, shape: &[usize]| {
            let variable = Var::from_vec(values, shape, &Device::Cpu)?;
            let tensor = variable.as_tensor().clone();
            variables.push(variable);
            Ok(tensor)
        };
        let steps = Steps::new(net, |step| action(step, &mut variable))?;
        Ok(Training { steps, x: tensor(net.input(), net.x.shape())?, variables, losses: Vec::new() })
    }
}

impl Ready for Training {
    fn run(&mut self) -> Result<(), Failure> {
        let y = self.steps.run(self.x.clone(), |action, inputs| Ok(action.run(&inputs)?))?;
        let loss = (y - &self.x)?.sqr()?.mean_all()?;
        let gradients = loss.backward()?;
        for variable in &self.variables {
            if let Some(gradient) = gradients.get(variable) {
                variable.set(&(variable.as_tensor() - (gradient * LEARNING_RATE)?)?)?;
            }
        }
        self.losses.push(loss.to_scalar()?);
        Ok(())
    }

    fn output(&self) -> Result<Vec<f32>, Failure> {
        Ok(self.losses.clone())
    }
}

impl Action {
    fn run(&self, inputs: &[Tensor]) -> candle_core::Result<Tensor> {
        let x = &inputs[0];
        Ok(match self {
            Action::Conv(at, kernel, bias) => {
                let Window2 { stride, padding, dilation, groups, .. } = *at;
                let y = match kernel.rank() {
                    3 => x.conv1d(kernel, padding, stride, dilation, groups)?,
                    _ => x.conv2d(kernel, padding, stride, dilation, groups)?,
                };
                with_bias(y, bias.as_ref())?
            }
            Action::ConvTranspose(at, kernel, bias) => {
                let Window2 { stride, padding, dilation, output_padding, groups } = *at;
                let y = match kernel.rank() {
                    3 => x.conv_transpose1d(kernel, padding, output_padding, stride, dilation, groups)?,
                    _ => x.conv_transpose2d(kernel, padding, output_padding, stride, dilation)?,
                };
                with_bias(y, bias.as_ref())?
            }
            Action::MaxPool(kernel, stride) => x.max_pool2d_with_stride(*kernel, *stride)?,
            Action::Affine(factor, term) => x.broadcast_mul(factor)?.broadcast_add(term)?,
            Action::Relu => x.relu()?,
            Action::LeakyRelu(slope) => x.maximum(&(x * *slope)?)?,
            Action::Elu(alpha) => x.elu(*alpha)?,
            // 1 / (1 + exp(-x)), as in candle-nn.
            Action::Sigmoid => (x.neg()?.exp()? + 1.0)?.recip()?,
            Action::Tanh => x.tanh()?,
            Action::Concat => Tensor::cat(inputs, 1)?,
        })
    }
}

fn with_bias(y: Tensor, bias: Option<&Tensor>) -> candle_core::Result<Tensor> {
    match bias {
        Some(bias) => y.broadcast_add(bias),
        None => Ok(y),
    }
}

/// Makes a tensor from a weight: its values and shape.
type Make<'a> = dyn FnMut(Vec<f32>, &[usize]) -> candle_core::Result<Tensor> + 'a;

fn action(step: &Step, make: &mut Make<'_>) -> Result<Action, Failure> {
    let values = |array: &ArrayD<f32>| -> Vec<f32> { array.iter().copied().collect() };
    Ok(match &step.layer {
        Layer::Conv(window) | Layer::ConvTranspose(window) => {
            let kernel = make(values(&step.weights[0]), step.weights[0].shape())?;
            let bias =
                step.weights.get(1).map(|bias| per_channel(values(bias), window.kernel.len(), make)).transpose()?;
            match step.layer {
                Layer::Conv(_) => Action::Conv(square(window)?, kernel, bias),
                _ => Action::ConvTranspose(square(window)?, kernel, bias),
            }
        }
        Layer::MaxPool(window) => Action::MaxPool(window.kernel[0], window.stride[0]),
        Layer::BatchNorm { eps } => {
            let [weight, bias, mean, variance] = &step.weights[..] else { return Err("four weights expected".into()) };
            let factor = weight / &variance.mapv(|variance| (f64::from(variance) + eps).sqrt() as f32);
            let term = bias - &(mean * &factor);
            Action::Affine(per_channel(values(&factor), 2, make)?, per_channel(values(&term), 2, make)?)
        }
        Layer::Relu => Action::Relu,
        Layer::LeakyRelu(slope) => Action::LeakyRelu(*slope),
        Layer::Elu(alpha) => Action::Elu(*alpha),
        Layer::Sigmoid => Action::Sigmoid,
        Layer::Tanh => Action::Tanh,
        Layer::Concat => Action::Concat,
    })
}

fn square(window: &Window) -> Result<Window2, Failure> {
    if window.kernel.len() > 2 {
        return Err("no convolutions in three axes".into());
    }
    Ok(Window2 {
        stride: window.stride[0],
        padding: window.padding[0],
        dilation: window.dilation[0],
        output_padding: window.output_padding[0],
        groups: window.groups,
    })
}

/// Along the second axis.
fn per_channel(values: Vec<f32>, spatial: usize, make: &mut Make<'_>) -> candle_core::Result<Tensor> {
    let mut shape = vec![1, values.len()];
    shape.resize(2 + spatial, 1);
    make(values, &shape)
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> candle_core::Result<Tensor> {
    Tensor::from_vec(values, shape, &Device::Cpu)
}

//! Functions of each element.

use burn::tensor::{Tensor, activation as functions};
use convshape::graph::op::{Activation, SELU_ALPHA, SELU_SCALE};

pub(super) fn activation(x: Tensor<3>, function: Activation) -> Tensor<3> {
    match function {
        Activation::Relu => functions::relu(x),
        Activation::Relu6 => bounded(x, 0.0, 6.0),
        Activation::LeakyRelu { slope } => functions::leaky_relu(x, slope),
        Activation::Elu { alpha } => functions::elu(x, alpha),
        Activation::Gelu { tanh: false } => functions::gelu(x),
        Activation::Gelu { tanh: true } => functions::gelu_approximate(x),
        Activation::Silu => functions::silu(x),
        Activation::Sigmoid => functions::sigmoid(x),
        Activation::Tanh => functions::tanh(x),
        Activation::Softplus => functions::softplus(x, 1.0),
        Activation::Hardswish => x.clone() * bounded(x.add_scalar(3.0), 0.0, 6.0).div_scalar(6.0),
        Activation::Hardsigmoid { alpha } => bounded(x.mul_scalar(alpha).add_scalar(0.5), 0.0, 1.0),
        Activation::Clamp { min, max } => x.clamp(min, max),
        Activation::Hardtanh { min, max } => bounded(x, min, max),
        Activation::Mish => x.clone() * functions::softplus(x, 1.0).tanh(),
        Activation::Selu => functions::elu(x, SELU_ALPHA).mul_scalar(SELU_SCALE),
        Activation::Celu { alpha } => functions::elu(x.div_scalar(alpha), 1.0).mul_scalar(alpha),
        Activation::Softsign => x.clone() / x.abs().add_scalar(1.0),
        Activation::LogSigmoid => functions::log_sigmoid(x),
        Activation::Sqrt => x.sqrt(),
        Activation::Rsqrt => x.sqrt().recip(),
        Activation::Square => x.square(),
        Activation::Abs => x.abs(),
        Activation::Log => x.log(),
        Activation::Sin => x.sin(),
        Activation::Cos => x.cos(),
        Activation::Pow { exponent } => x.powf_scalar(exponent),
        Activation::AddScalar { by } => x.add_scalar(by),
        Activation::Exp => x.exp(),
    }
}

/// `x` between two bounds. At a bound the gradient is 0 as in PyTorch; that of burn's `clamp` is 1.
fn bounded(x: Tensor<3>, min: f64, max: f64) -> Tensor<3> {
    let (low, high) = (x.clone().lower_equal_elem(min), x.clone().greater_equal_elem(max));
    x.mask_fill(low, min).mask_fill(high, max)
}

/// `x` above zero, `slope * x` below.
pub(super) fn prelu(x: Tensor<3>, slope: Tensor<3>) -> Tensor<3> {
    (x.clone() * slope).mask_where(x.clone().greater_elem(0.0), x)
}

/// `x + sin(w x)^2 / (w + 1e-9)`, as in the kernels.
pub(super) fn snake(x: Tensor<3>, weight: Tensor<3>) -> Tensor<3> {
    let sine = (x.clone() * weight.clone()).sin();
    x + sine.square() / (weight + 1e-9)
}

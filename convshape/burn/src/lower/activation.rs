//! Functions of each element.

use burn::tensor::{Tensor, activation as functions};
use convshape::graph::op::Activation;

pub(super) fn activation(x: Tensor<3>, function: Activation) -> Tensor<3> {
    match function {
        Activation::Relu => functions::relu(x),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::LeakyRelu { slope } => functions::leaky_relu(x, slope),
        Activation::Elu { alpha } => functions::elu(x, alpha),
        Activation::Gelu { tanh: false } => functions::gelu(x),
        Activation::Gelu { tanh: true } => functions::gelu_approximate(x),
        Activation::Silu => functions::silu(x),
        Activation::Sigmoid => functions::sigmoid(x),
        Activation::Tanh => functions::tanh(x),
        Activation::Softplus => functions::softplus(x, 1.0),
        Activation::Hardswish => functions::hard_swish(x),
        Activation::Hardsigmoid { alpha } => functions::hard_sigmoid(x, alpha, 0.5),
        Activation::Clamp { min, max } => x.clamp(min, max),
        Activation::Exp => x.exp(),
    }
}

/// `x` above zero, `slope * x` below.
pub(super) fn prelu(x: Tensor<3>, slope: Tensor<3>) -> Tensor<3> {
    (x.clone() * slope).mask_where(x.clone().greater_elem(0.0), x)
}

/// `x + sin(w x)^2 / (w + 1e-9)`, as the kernels have it.
pub(super) fn snake(x: Tensor<3>, weight: Tensor<3>) -> Tensor<3> {
    let sine = (x.clone() * weight.clone()).sin();
    x + sine.square() / (weight + 1e-9)
}

//! Layers without parameters that keep the shape.

use convshape_arith::op::{Activation, Op};

use super::dims::Dims;
use super::layer::{Layer, run_op};
use super::storage::Holds;
use super::tensor::Tensor;

/// Declares layers, each a function of its fields.
macro_rules! elementwise {
    ($($layer:ty, |$fields:pat_param| $op:expr;)+) => {$(
        impl<S: Dims, B: Holds<S::Elements>> Layer<Tensor<f32, S, B>> for $layer {
            type Output = Tensor<f32, S, B>;

            fn run(&self, x: &Tensor<f32, S, B>) -> Tensor<f32, S, B> {
                let $fields = self;
                run_op(&$op, x)
            }
        }
    )+};
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name;

        elementwise! { $name, |$name| Op::Activation(Activation::$name); }
    )+};
}

functions! {
    /// `max(x, 0)`
    Relu
    /// `min(max(x, 0), 6)`
    Relu6
    /// `x * sigmoid(x)`
    Silu
    /// `1 / (1 + exp(-x))`
    Sigmoid
    /// The hyperbolic tangent.
    Tanh
    /// `ln(1 + exp(x))`
    Softplus
    /// `x * clamp(x + 3, 0, 6) / 6`
    Hardswish
    /// The exponential.
    Exp
}

/// `clamp(x + 3, 0, 6) / 6`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hardsigmoid;

elementwise! { Hardsigmoid, |Hardsigmoid| Op::Activation(Activation::Hardsigmoid { alpha: 1.0 / 6.0 }); }

/// `x` above zero, `slope * x` below.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LeakyRelu {
    /// The slope below zero; PyTorch's default is 0.01.
    pub slope: f64,
}

/// `x * Phi(x)`, with the error function itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gelu;

/// Softmax over channels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Softmax;

elementwise! {
    LeakyRelu, |LeakyRelu { slope }| Op::Activation(Activation::LeakyRelu { slope: *slope });
    Gelu, |Gelu| Op::Activation(Activation::Gelu { tanh: false });
    Softmax, |Softmax| Op::SOFTMAX;
}

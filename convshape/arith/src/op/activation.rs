//! Element-wise functions.

use super::numbers::{finite, outside};
use super::plain::plain;
use crate::fault::{Fault, Reason};

/// An element-wise function without parameters.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x` above zero, `slope * x` below.
    LeakyRelu {
        /// The factor below zero.
        slope: f64,
    },
    /// `x` above zero, `alpha * (exp(x) - 1)` below.
    Elu {
        /// The factor below zero.
        alpha: f64,
    },
    /// `x * Phi(x)`
    Gelu {
        /// `approximate: tanh`
        tanh: bool,
    },
    /// `x * sigmoid(x)`
    Silu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// `ln(1 + exp(x))`, or `x` above 20 as in PyTorch.
    Softplus,
    /// `x * clamp(x + 3, 0, 6) / 6`
    Hardswish,
    /// `clamp(alpha * x + 1 / 2, 0, 1)`
    Hardsigmoid {
        /// The slope: 1/6 in PyTorch, 0.2 in ONNX.
        alpha: f64,
    },
    /// `min(max(x, min), max)`
    Clamp {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// Exponential.
    Exp,
    /// `min(max(x, min), max)`, with gradient 0 at the bounds.
    Hardtanh {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// `x * tanh(ln(1 + exp(x)))`
    Mish,
    /// [`SELU_SCALE`] times: `x` above zero, [`SELU_ALPHA`]` * (exp(x) - 1)` below.
    Selu,
    /// `x` above zero, `alpha * (exp(x / alpha) - 1)` below.
    Celu {
        /// The limit below zero.
        alpha: f64,
    },
    /// `x / (1 + |x|)`
    Softsign,
    /// `ln(sigmoid(x))`
    LogSigmoid,
    /// Square root.
    Sqrt,
    /// `1 / sqrt(x)`
    Rsqrt,
    /// `x * x`
    Square,
    /// Absolute value; its gradient is 0 at 0.
    Abs,
    /// Natural logarithm.
    Log,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// `x^exponent`
    Pow {
        /// The exponent.
        exponent: f64,
    },
    /// `x + by`
    AddScalar {
        /// The number added.
        by: f64,
    },
}

plain!(enum op::Activation {
    Relu,
    Relu6,
    LeakyRelu { slope },
    Elu { alpha },
    Gelu { tanh },
    Silu,
    Sigmoid,
    Tanh,
    Softplus,
    Hardswish,
    Hardsigmoid { alpha },
    Clamp { min, max },
    Exp,
    Hardtanh { min, max },
    Mish,
    Selu,
    Celu { alpha },
    Softsign,
    LogSigmoid,
    Sqrt,
    Rsqrt,
    Square,
    Abs,
    Log,
    Sin,
    Cos,
    Pow { exponent },
    AddScalar { by },
});

impl Activation {
    /// Checks that its numbers are in range.
    pub(crate) const fn check_numbers(self) -> Result<(), Fault> {
        match self {
            Activation::LeakyRelu { slope } => finite("slope", slope),
            Activation::Elu { alpha } | Activation::Hardsigmoid { alpha } => finite("alpha", alpha),
            Activation::Celu { alpha } if alpha == 0.0 => Err(outside("alpha", alpha, "another number")),
            Activation::Celu { alpha } => finite("alpha", alpha),
            Activation::Pow { exponent } => finite("exponent", exponent),
            Activation::AddScalar { by } => finite("by", by),
            // A missing bound is infinite.
            Activation::Clamp { min, max } | Activation::Hardtanh { min, max } if min < max => Ok(()),
            Activation::Clamp { min, max } | Activation::Hardtanh { min, max } => {
                Err(Fault::new(Reason::Bounds { min, max }))
            }
            Activation::Relu
            | Activation::Relu6
            | Activation::Gelu { .. }
            | Activation::Silu
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Softplus
            | Activation::Hardswish
            | Activation::Exp
            | Activation::Mish
            | Activation::Selu
            | Activation::Softsign
            | Activation::LogSigmoid
            | Activation::Sqrt
            | Activation::Rsqrt
            | Activation::Square
            | Activation::Abs
            | Activation::Log
            | Activation::Sin
            | Activation::Cos => Ok(()),
        }
    }

    /// Whether it is a non-linearity that separates the layers of a network. Bounds and exponentials, which limit a
    /// value's range, are none.
    pub const fn bends(self) -> bool {
        match self {
            Activation::Relu
            | Activation::Relu6
            | Activation::LeakyRelu { .. }
            | Activation::Elu { .. }
            | Activation::Gelu { .. }
            | Activation::Silu
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Hardswish
            | Activation::Hardsigmoid { .. }
            | Activation::Hardtanh { .. }
            | Activation::Mish
            | Activation::Selu
            | Activation::Celu { .. }
            | Activation::Softsign => true,
            Activation::Softplus
            | Activation::LogSigmoid
            | Activation::Clamp { .. }
            | Activation::Exp
            | Activation::Sqrt
            | Activation::Rsqrt
            | Activation::Square
            | Activation::Abs
            | Activation::Log
            | Activation::Sin
            | Activation::Cos
            | Activation::Pow { .. }
            | Activation::AddScalar { .. } => false,
        }
    }
}

/// The factor of `Selu` (Klambauer et al. 2017, <https://arxiv.org/abs/1706.02515>).
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// The limit of `Selu` below zero, before its factor.
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

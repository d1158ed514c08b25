//! Element-wise functions.

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
    /// `ln(1 + exp(x))`, `x` above 20 as in PyTorch.
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
}

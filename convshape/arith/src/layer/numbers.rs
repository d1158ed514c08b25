//! Checks that a layer's real numbers are in range.

use crate::fault::{Fault, Reason, tri};
use crate::op::{Activation, Attention, Dialect, MultiHead, Op, Recurrent, Source};
use crate::param::Init;

impl Op {
    /// Checks every real number of the layer. [`Op::output`] calls this first; an activation given as a field is
    /// checked by itself.
    ///
    /// # Errors
    /// [`Reason::Number`], [`Reason::Bounds`].
    pub const fn check_numbers(&self) -> Result<(), Fault> {
        match *self {
            Op::BatchNorm { dialect, eps, momentum, .. } => {
                tri!(positive("eps", eps));
                // Stored as the share of the new batch, which only PyTorch writes.
                let written = match dialect {
                    Dialect::Torch | Dialect::Jax => momentum,
                    Dialect::Onnx | Dialect::Flax | Dialect::Keras => 1.0 - momentum,
                };
                if momentum >= 0.0 && momentum <= 1.0 { Ok(()) } else { Err(outside("momentum", written, FRACTION)) }
            }
            Op::GroupNorm { eps, .. }
            | Op::InstanceNorm { eps, .. }
            | Op::LayerNorm { eps, .. }
            | Op::RmsNorm { eps, .. } => positive("eps", eps),
            Op::LocalResponseNorm { alpha, beta, k, .. } => {
                tri!(finite("alpha", alpha));
                tri!(finite("beta", beta));
                finite("k", k)
            }
            Op::LpNorm { p, eps, .. } => {
                tri!(positive("p", p));
                positive("eps", eps)
            }
            Op::Dropout { p, .. } if p >= 0.0 && p <= 1.0 => Ok(()),
            Op::Dropout { p, .. } => Err(outside("p", p, FRACTION)),
            Op::Recurrent(Recurrent { dropout, .. }) if !(dropout >= 0.0 && dropout <= 1.0) => {
                Err(outside("dropout", dropout, FRACTION))
            }
            Op::Attention(Attention { scale: Some(scale), dropout, .. }) => {
                tri!(finite("scale", scale));
                fraction("dropout", dropout)
            }
            Op::Attention(Attention { dropout, .. }) | Op::MultiHead(MultiHead { dropout, .. }) => {
                fraction("dropout", dropout)
            }
            Op::Scale { by } => finite("by", by),
            Op::Pad { value, .. } => finite("value", value),
            Op::Source { of: Source::Parameter { init, .. }, .. } => match init {
                Init::Constant(value) => finite("init", value),
                Init::Uniform { bound: scale }
                | Init::Normal { deviation: scale }
                | Init::TruncatedNormal { deviation: scale } => positive("init", scale),
                Init::Orthogonal | Init::ForgetBias { .. } => Ok(()),
            },
            Op::Activation(activation) => check_activation(activation),
            Op::Conv(_)
            | Op::SeparableConv(_)
            | Op::Custom { .. }
            | Op::CustomOutput { .. }
            | Op::Pool(_)
            | Op::MaxUnpool(_)
            | Op::AdaptivePool { .. }
            | Op::GlobalPool { .. }
            | Op::Upsample(_)
            | Op::PixelShuffle { .. }
            | Op::PixelUnshuffle { .. }
            | Op::DepthToSpace { .. }
            | Op::ChannelShuffle { .. }
            | Op::Crop { .. }
            | Op::Slice { .. }
            | Op::Split { .. }
            | Op::Linear { .. }
            | Op::Projection(_)
            | Op::Recurrent(_)
            | Op::RecurrentOutput { .. }
            | Op::Flatten { .. }
            | Op::Unflatten { .. }
            | Op::Reshape { .. }
            | Op::ReshapeLike
            | Op::Concat { .. }
            | Op::Stack { .. }
            | Op::Add
            | Op::Mul
            | Op::Sub
            | Op::Div
            | Op::Maximum
            | Op::Minimum
            | Op::Permute { .. }
            | Op::Reduce { .. }
            | Op::Prelu { .. }
            | Op::Snake { .. }
            | Op::MatMul { .. }
            | Op::Softmax { .. }
            | Op::Glu { .. }
            | Op::Identity
            | Op::Source { of: Source::Arange | Source::Constant(_) | Source::Shared { .. }, .. } => Ok(()),
        }
    }
}

const FRACTION: &str = "from 0 to 1";

const fn check_activation(activation: Activation) -> Result<(), Fault> {
    match activation {
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

const fn outside(field: &'static str, value: f64, wanted: &'static str) -> Fault {
    Fault::new(Reason::Number { field, value, wanted })
}

const fn fraction(field: &'static str, value: f64) -> Result<(), Fault> {
    if value >= 0.0 && value <= 1.0 { Ok(()) } else { Err(outside(field, value, FRACTION)) }
}

const fn positive(field: &'static str, value: f64) -> Result<(), Fault> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(outside(field, value, "above 0")) }
}

const fn finite(field: &'static str, value: f64) -> Result<(), Fault> {
    if value.is_finite() { Ok(()) } else { Err(outside(field, value, "finite")) }
}

//! The frameworks, and the orders of axes and layouts of weights that they use.

use super::plain::plain;
use crate::shape::Shape;
use crate::size::Size;

/// The framework whose rules apply to a layer's fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// PyTorch.
    Torch,
    /// ONNX, if its engines agree.
    Onnx,
    /// `jax.lax`.
    Jax,
    /// Flax (linen and nnx).
    Flax,
    /// Keras 3.
    Keras,
}

plain!(enum op::Dialect { Torch, Onnx, Jax, Flax, Keras });

/// The position of the channel axis in a chain's shapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AxisOrder {
    /// `[C, spatial...]`
    ChannelsFirst,
    /// `[spatial..., C]`
    ChannelsLast,
}

impl Dialect {
    /// The axis order of the dialect's shapes.
    pub const fn order(self) -> AxisOrder {
        match self {
            Dialect::Torch | Dialect::Onnx | Dialect::Jax => AxisOrder::ChannelsFirst,
            Dialect::Flax | Dialect::Keras => AxisOrder::ChannelsLast,
        }
    }

    /// Whether the running variance of a batch normalisation is computed with the count minus one, as in PyTorch. The
    /// others divide by the count (Flax `normalization.py`, Keras `batch_normalization.py`, ONNX's definition of the
    /// operator). The batch itself is always normalised with the variance divided by the count.
    pub const fn has_unbiased_statistics(self) -> bool {
        match self {
            Dialect::Torch | Dialect::Jax => true,
            Dialect::Onnx | Dialect::Flax | Dialect::Keras => false,
        }
    }

    /// The dialect's name in the language.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Torch => "torch",
            Dialect::Onnx => "onnx",
            Dialect::Jax => "jax",
            Dialect::Flax => "flax",
            Dialect::Keras => "keras",
        }
    }
}

impl AxisOrder {
    /// The position of the channel axis in a shape of `rank` axes.
    pub const fn channel(self, rank: usize) -> usize {
        match self {
            AxisOrder::ChannelsFirst => 0,
            AxisOrder::ChannelsLast => rank.saturating_sub(1),
        }
    }

    /// The position of a spatial axis, counted from 0.
    pub const fn spatial(self, axis: usize) -> usize {
        match self {
            AxisOrder::ChannelsFirst => axis + 1,
            AxisOrder::ChannelsLast => axis,
        }
    }
}

/// How the weight of a convolution or linear layer is stored: the meaning of each axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WeightLayout {
    /// The axis of the output channels (per group, for a transposed convolution in PyTorch; per
    /// input channel, for a depthwise one).
    pub out_axis: usize,
    /// The axis of the input channels (per group, for a convolution).
    pub in_axis: usize,
    /// The first spatial axis.
    pub first_tap_axis: usize,
    /// Whether the kernel is stored reversed along every axis.
    pub flipped: bool,
}

impl WeightLayout {
    /// The layout of a linear layer's weight: `[out, in]`, or `[in, out]` in flax and keras.
    pub const fn linear(dialect: Dialect) -> WeightLayout {
        let (out_axis, in_axis) = match dialect {
            Dialect::Torch | Dialect::Onnx | Dialect::Jax => (0, 1),
            Dialect::Flax | Dialect::Keras => (1, 0),
        };
        WeightLayout { out_axis, in_axis, first_tap_axis: 2, flipped: false }
    }

    /// The shape of a weight without spatial axes.
    pub const fn matrix(&self, inputs: Size, outputs: Size) -> Shape {
        Shape::unknown(2).with(self.out_axis, outputs).with(self.in_axis, inputs)
    }
}

//! Convolutions and their borders.

use super::{Dialect, MAX_SPATIAL, Mask, PerAxis};

/// `padding` as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Padding {
    /// `padding: 1` or `padding: (1, 2)`: the same on both sides.
    Symmetric(PerAxis<i64>),
    /// `padding: [(0, 1), (1, 1)]`: low and high side of each axis.
    Pairs(PerAxis<(i64, i64)>),
    /// `same`: as much as keeps `ceil(input / stride)`; the odd one at the end.
    Same,
    /// `same_lower`: the odd one at the start.
    SameLower,
    /// `valid`: none.
    Valid,
    /// `causal`: all at the start (one spatial axis).
    Causal,
    /// flax `CIRCULAR`: wraps around.
    Circular,
    /// flax `REFLECT`: mirrors at the edge.
    Reflect,
}

/// onnx `auto_pad`: padding that is worked out from the sizes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoPad {
    /// `notset`: `padding` says it.
    NotSet,
    /// `same_upper`: as [`Padding::Same`].
    SameUpper,
    /// `same_lower`: as [`Padding::SameLower`].
    SameLower,
    /// `valid`: none.
    Valid,
}

/// What the padded border contains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaddingMode {
    /// Zeros (`Pad`: a constant).
    Zeros,
    /// Mirrored at the edge, which is not repeated.
    Reflect,
    /// The edge repeated.
    Replicate,
    /// Wrapped around.
    Circular,
}

/// Which way a convolution runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// A convolution gathers.
    Forward,
    /// A transposed convolution scatters.
    Transposed,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn reversed(self) -> Direction {
        match self {
            Direction::Forward => Direction::Transposed,
            Direction::Transposed => Direction::Forward,
        }
    }
}

/// A convolution or transposed convolution.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Conv {
    /// The framework whose rules the fields follow.
    pub dialect: Dialect,
    /// Convolution or transposed convolution.
    pub direction: Direction,
    /// Spatial axes: 1, 2 or 3.
    pub rank: usize,
    /// Input channels; `None` takes what comes in.
    pub inputs: Option<i64>,
    /// Output channels.
    pub outputs: i64,
    /// Each input channel by itself, with this many outputs (keras `DepthwiseConv`).
    /// [`bind`](super::Op::bind) works out `outputs` and `groups` from it.
    pub depth_multiplier: Option<i64>,
    /// Taps per axis.
    pub kernel: PerAxis<i64>,
    /// Step per axis.
    pub stride: PerAxis<i64>,
    /// Distance of the taps per axis.
    pub dilation: PerAxis<i64>,
    /// Distance of the input's elements per axis (jax `lhs_dilation`, flax `input_dilation`).
    pub input_dilation: PerAxis<i64>,
    /// Groups of channels that do not see each other.
    pub groups: i64,
    /// Whether a bias is added.
    pub bias: bool,
    /// `padding` as written.
    pub padding: Padding,
    /// onnx: `auto_pad` as written.
    pub auto_pad: AutoPad,
    /// What the border contains.
    pub padding_mode: PaddingMode,
    /// Transposed: rows added at the end, as written; `None` is the dialect's default.
    pub output_padding: Option<PerAxis<i64>>,
    /// Transposed: the output's spatial sizes, if given.
    pub output_size: Option<PerAxis<i64>>,
    /// jax, flax: the kernel is that of the convolution this one transposes.
    pub transpose_kernel: bool,
    /// jax: explicit padding means what it means in PyTorch.
    pub consistent_padding: bool,
    /// Whether the weight is that of the layer which this one undoes, and none of its own.
    pub tied: bool,
    /// Which taps are zero.
    pub mask: Option<Mask>,
}

impl Conv {
    /// A convolution with the defaults of a dialect, a kernel of 1 and no output channels.
    pub const fn new(dialect: Dialect, direction: Direction, rank: usize) -> Conv {
        Conv {
            dialect,
            direction,
            rank,
            inputs: None,
            outputs: 0,
            depth_multiplier: None,
            kernel: [1; MAX_SPATIAL],
            stride: [1; MAX_SPATIAL],
            dilation: [1; MAX_SPATIAL],
            input_dilation: [1; MAX_SPATIAL],
            groups: 1,
            // The functions of `jax.lax` add none.
            bias: !matches!(dialect, Dialect::Jax),
            padding: match dialect {
                Dialect::Flax => Padding::Same,
                Dialect::Keras => Padding::Valid,
                Dialect::Torch | Dialect::Onnx | Dialect::Jax => Padding::Symmetric([0; MAX_SPATIAL]),
            },
            auto_pad: AutoPad::NotSet,
            padding_mode: PaddingMode::Zeros,
            output_padding: None,
            output_size: None,
            transpose_kernel: false,
            consistent_padding: false,
            tied: false,
            mask: None,
        }
    }
}

/// keras `SeparableConv`: a depthwise convolution, then one with kernel 1 over the channels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SeparableConv {
    /// The first, without bias. Kernel, stride, padding and dilation are its.
    pub depthwise: Conv,
    /// The second. Output channels and bias are its.
    pub pointwise: Conv,
}

impl SeparableConv {
    /// One with the defaults of keras, a kernel of 1 and no output channels.
    pub const fn new(rank: usize) -> SeparableConv {
        let conv = Conv::new(Dialect::Keras, Direction::Forward, rank);
        SeparableConv { depthwise: Conv { depth_multiplier: Some(1), bias: false, ..conv }, pointwise: conv }
    }
}

//! Convolutions and padding.

use super::plain::plain;
use super::{Dialect, MAX_SPATIAL, PerAxis};

/// The padding as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Padding {
    /// `padding: 1` or `padding: (1, 2)`: the same on both sides.
    Symmetric(PerAxis<i64>),
    /// `padding: [(0, 1), (1, 1)]`: the low and high side of each axis.
    Pairs(PerAxis<(i64, i64)>),
    /// `same`: as much as it takes to get `ceil(input / stride)`; the odd row at the end.
    Same,
    /// `same_lower`: like `same`, with the odd row at the start.
    SameLower,
    /// `valid`: no padding.
    Valid,
    /// `causal`: all padding at the start (one spatial axis).
    Causal,
    /// flax `CIRCULAR`: wraps around.
    Circular,
    /// flax `REFLECT`: mirrored at the edge.
    Reflect,
}

impl Padding {
    /// Its word in the language; `None` for numbers.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Padding::Symmetric(_) | Padding::Pairs(_) => None,
            Padding::Same => Some("same"),
            Padding::SameLower => Some("same_lower"),
            Padding::Valid => Some("valid"),
            Padding::Causal => Some("causal"),
            Padding::Circular => Some("circular"),
            Padding::Reflect => Some("reflect"),
        }
    }
}

plain!(enum op::Padding {
    Symmetric(inner),
    Pairs(inner),
    Same,
    SameLower,
    Valid,
    Causal,
    Circular,
    Reflect,
});

/// onnx `auto_pad`: padding computed from the sizes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoPad {
    /// `notset`: use `padding`.
    NotSet,
    /// `same_upper`: like [`Padding::Same`].
    SameUpper,
    /// `same_lower`: like [`Padding::SameLower`].
    SameLower,
    /// `valid`: no padding.
    Valid,
}

plain!(enum op::AutoPad { NotSet, SameUpper, SameLower, Valid });

/// The contents of the border.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaddingMode {
    /// Zeros (for `Pad`: a constant).
    Zeros,
    /// Mirrored at the edge, without repeating the edge.
    Reflect,
    /// The edge repeated.
    Replicate,
    /// Wrapped around.
    Circular,
}

plain!(enum op::PaddingMode { Zeros, Reflect, Replicate, Circular });

/// The direction of a convolution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// A convolution, which gathers its inputs.
    Forward,
    /// A transposed convolution, which scatters its inputs.
    Transposed,
}

plain!(enum op::Direction { Forward, Transposed });

impl Direction {
    /// The opposite direction.
    #[must_use]
    pub const fn reversed(self) -> Direction {
        match self {
            Direction::Forward => Direction::Transposed,
            Direction::Transposed => Direction::Forward,
        }
    }
}

/// Where a convolution's weight comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WeightFrom {
    /// A parameter of its own.
    Own,
    /// The layer that it undoes.
    Tied,
    /// Its second input, which has the shape and layout that its own parameter would have.
    Input,
}

plain!(enum op::WeightFrom { Own, Tied, Input });

/// Which elements of a kernel are zero, in row-major order: van den Oord et al., "Pixel Recurrent Neural Networks"
/// (2016).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mask {
    /// The middle element and all after it.
    A,
    /// All elements after the middle one.
    B,
}

plain!(enum op::Mask { A, B });

/// A convolution or transposed convolution.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Conv {
    /// The framework whose rules apply to the fields.
    pub dialect: Dialect,
    /// Convolution or transposed convolution.
    pub direction: Direction,
    /// Spatial axes: 1, 2 or 3.
    pub rank: usize,
    /// Input channels; `None` takes them from the input.
    pub inputs: Option<i64>,
    /// Output channels.
    pub outputs: i64,
    /// keras `DepthwiseConv`: this many outputs per input channel. [`bind`](super::Op::bind) computes `outputs` and
    /// `groups` from it.
    pub depth_multiplier: Option<i64>,
    /// Kernel size per axis.
    pub kernel: PerAxis<i64>,
    /// Stride per axis.
    pub stride: PerAxis<i64>,
    /// Dilation per axis.
    pub dilation: PerAxis<i64>,
    /// Input dilation per axis (jax `lhs_dilation`, flax `input_dilation`).
    pub input_dilation: PerAxis<i64>,
    /// Groups of channels that are convolved separately.
    pub groups: i64,
    /// Whether a bias is added.
    pub bias: bool,
    /// The padding as written.
    pub padding: Padding,
    /// onnx: `auto_pad` as written.
    pub auto_pad: AutoPad,
    /// The contents of the border.
    pub padding_mode: PaddingMode,
    /// Transposed: rows added at the end, as written; `None` means the dialect's default.
    pub output_padding: Option<PerAxis<i64>>,
    /// Transposed: the spatial sizes of the output, if given.
    pub output_size: Option<PerAxis<i64>>,
    /// jax, flax: the kernel is stored as that of the convolution which this one transposes.
    pub transpose_kernel: bool,
    /// jax: explicit padding has PyTorch's meaning.
    pub consistent_padding: bool,
    /// Where its weight comes from.
    pub weight: WeightFrom,
    /// Which kernel elements are masked to zero.
    pub mask: Option<Mask>,
}

plain!(struct op::Conv {
    dialect, direction, rank, inputs, outputs, depth_multiplier, kernel, stride, dilation, input_dilation, groups,
    bias, padding, auto_pad, padding_mode, output_padding, output_size, transpose_kernel, consistent_padding,
    weight, mask,
});

impl Conv {
    /// A convolution with a dialect's defaults, a kernel of 1 and no output channels.
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
            // The functions of `jax.lax` have no bias.
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
            weight: WeightFrom::Own,
            mask: None,
        }
    }
}

/// keras `SeparableConv`: a depthwise convolution, then one with kernel 1 over the channels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SeparableConv {
    /// The depthwise convolution, without bias. It has the layer's kernel, stride, padding and dilation.
    pub depthwise: Conv,
    /// The convolution over the channels. It has the layer's output channels and bias.
    pub pointwise: Conv,
}

plain!(struct op::SeparableConv { depthwise, pointwise });

impl SeparableConv {
    /// A separable convolution with keras' defaults, a kernel of 1 and no output channels.
    pub const fn new(rank: usize) -> SeparableConv {
        let conv = Conv::new(Dialect::Keras, Direction::Forward, rank);
        SeparableConv { depthwise: Conv { depth_multiplier: Some(1), bias: false, ..conv }, pointwise: conv }
    }
}

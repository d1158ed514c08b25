//! Layers as plain data: what a chain is made of, in every dialect.
//!
//! An [`Op`] holds the layer's words with the defaults filled in, one number per axis. What the
//! words mean in a framework is worked out in [`crate::dialect`], the shapes in [`crate::layer`].

use crate::shape::Shape;

/// The most spatial axes a layer has.
pub const MAX_SPATIAL: usize = 3;

/// One value per spatial axis; entries beyond the layer's rank mean nothing.
pub type PerAxis<T> = [T; MAX_SPATIAL];

/// The framework whose rules a layer's words follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// PyTorch.
    Torch,
    /// ONNX, where its engines agree.
    Onnx,
    /// `jax.lax`.
    Jax,
    /// Flax (linen and nnx).
    Flax,
    /// Keras 3.
    Keras,
}

/// Where the channel axis stands in a chain's shapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AxisOrder {
    /// `[C, spatial...]`
    ChannelsFirst,
    /// `[spatial..., C]`
    ChannelsLast,
}

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

/// What stands in the padded border.
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

/// A convolution or transposed convolution.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Conv {
    /// Whose rules its words follow.
    pub dialect: Dialect,
    /// Convolution or transposed convolution.
    pub direction: Direction,
    /// Spatial axes: 1, 2 or 3.
    pub rank: usize,
    /// Input channels; `None` takes what comes in.
    pub inputs: Option<i64>,
    /// Output channels.
    pub outputs: i64,
    /// Each input channel by itself, with this many outputs (keras `DepthwiseConv`). [`Op::bind`]
    /// works out `outputs` and `groups` from it.
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
    /// What stands in the border.
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

/// What a pooling window computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolKind {
    /// The largest value.
    Max,
    /// The mean.
    Avg,
}

/// A pooling layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pool {
    /// Whose rules its words follow.
    pub dialect: Dialect,
    /// Maximum or mean.
    pub kind: PoolKind,
    /// Spatial axes: 1, 2 or 3.
    pub rank: usize,
    /// Window per axis.
    pub kernel: PerAxis<i64>,
    /// Step per axis.
    pub stride: PerAxis<i64>,
    /// Distance of the window's elements per axis.
    pub dilation: PerAxis<i64>,
    /// `padding` as written.
    pub padding: Padding,
    /// onnx: `auto_pad` as written.
    pub auto_pad: AutoPad,
    /// Whether a last window that overhangs the end counts.
    pub ceil_mode: bool,
    /// Mean: whether padded elements count in the divisor.
    pub count_include_pad: bool,
}

impl Pool {
    /// A pooling layer with the defaults of a dialect and a window of 1.
    pub const fn new(dialect: Dialect, kind: PoolKind, rank: usize) -> Pool {
        Pool {
            dialect,
            kind,
            rank,
            kernel: [1; MAX_SPATIAL],
            stride: [1; MAX_SPATIAL],
            dilation: [1; MAX_SPATIAL],
            padding: match dialect {
                Dialect::Flax | Dialect::Keras => Padding::Valid,
                Dialect::Torch | Dialect::Onnx | Dialect::Jax => Padding::Symmetric([0; MAX_SPATIAL]),
            },
            auto_pad: AutoPad::NotSet,
            ceil_mode: false,
            count_include_pad: !matches!(dialect, Dialect::Onnx | Dialect::Keras),
        }
    }

    /// The layer with the step that its dialect takes where none is written: the window itself in
    /// PyTorch and keras, 1 elsewhere.
    #[must_use]
    pub const fn with_default_stride(self) -> Pool {
        match self.dialect {
            Dialect::Torch | Dialect::Keras => Pool { stride: self.kernel, ..self },
            Dialect::Onnx | Dialect::Jax | Dialect::Flax => Pool { stride: [1; MAX_SPATIAL], ..self },
        }
    }
}

/// How large a resized output is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ResizeTo {
    /// `scale: 2.0`: `floor(input * scale)` per axis.
    Scale(PerAxis<f64>),
    /// `size: (14, 14)`.
    Size(PerAxis<i64>),
    /// `like: name`: the spatial sizes of the second input.
    Like,
}

/// How a resized output is interpolated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interpolation {
    /// `floor(j * input / output)`.
    Nearest,
    /// The nearest centre.
    NearestExact,
    /// Linear in one axis.
    Linear,
    /// Linear in two axes.
    Bilinear,
    /// Linear in three axes.
    Trilinear,
    /// Cubic convolution with a = -0.75 in two axes.
    Bicubic,
}

/// `Upsample`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Upsample {
    /// Spatial axes that the value was written for; `None` where one value serves all.
    pub rank: Option<usize>,
    /// How large.
    pub to: ResizeTo,
    /// How.
    pub mode: Interpolation,
    /// Whether the corners of input and output coincide, where it was written (linear and cubic
    /// modes only).
    pub align_corners: Option<bool>,
}

/// How many rows `Pad` adds or `Crop` removes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// Low and high side of each axis. `rank` is `None` where one value serves all axes.
    Pairs {
        /// Spatial axes written.
        rank: Option<usize>,
        /// Low and high side of each axis.
        pairs: PerAxis<(i64, i64)>,
    },
    /// `like: name`: up or down to the spatial sizes of the second input.
    Like {
        /// `align: start` keeps the start; the default centres, the odd row at the end.
        start: bool,
    },
}

/// Order of the channels in `DepthToSpace`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DepthOrder {
    /// Block offsets are the slow part of the channel (ONNX default, TensorFlow).
    Dcr,
    /// Block offsets are the fast part of the channel (`PixelShuffle`).
    Crd,
}

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

/// One layer, its words as plain data.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Op {
    /// A convolution in either direction.
    Conv(Conv),
    /// A depthwise convolution and one over the channels.
    SeparableConv(SeparableConv),
    /// Max or average pooling.
    Pool(Pool),
    /// Pooling to a given output size.
    AdaptivePool {
        /// Maximum or mean.
        kind: PoolKind,
        /// Spatial axes.
        rank: usize,
        /// Output sizes.
        size: PerAxis<i64>,
    },
    /// The mean over space.
    GlobalAvgPool {
        /// Whether the spatial axes stay, with size 1 (onnx).
        keep_axes: bool,
    },
    /// Resizing by interpolation.
    Upsample(Upsample),
    /// `[C*r*r, H, W]` to `[C, H*r, W*r]`.
    PixelShuffle {
        /// The factor `r`.
        factor: i64,
    },
    /// `[C, H*r, W*r]` to `[C*r*r, H, W]`.
    PixelUnshuffle {
        /// The factor `r`.
        factor: i64,
    },
    /// As `PixelShuffle`, with the order of the channels as named.
    DepthToSpace {
        /// The factor.
        factor: i64,
        /// Order of the channels.
        order: DepthOrder,
    },
    /// Adds a border.
    Pad {
        /// How much.
        amount: Amount,
        /// What stands in it.
        mode: PaddingMode,
        /// The constant of mode `Zeros`.
        value: f64,
    },
    /// Removes a border.
    Crop {
        /// How much.
        amount: Amount,
    },
    /// Channels `start..end`.
    Slice {
        /// First channel.
        start: i64,
        /// One past the last channel.
        end: i64,
    },
    /// A matrix over the last axis.
    Linear {
        /// Whose names and layout its parameters have.
        dialect: Dialect,
        /// Input features; `None` takes what comes in.
        inputs: Option<i64>,
        /// Output features.
        outputs: i64,
        /// Whether a bias is added.
        bias: bool,
    },
    /// All axes into one.
    Flatten,
    /// The same elements in another shape.
    Reshape {
        /// The new shape.
        shape: Shape,
    },
    /// Joins on channels.
    Concat,
    /// Sums, broadcasting.
    Add,
    /// Multiplies, broadcasting.
    Mul,
    /// Multiplies by a constant.
    Scale {
        /// The constant.
        by: f64,
    },
    /// Normalises each channel by stored statistics.
    BatchNorm {
        /// Whose names and layout its parameters have.
        dialect: Dialect,
        /// Channels; `None` takes what comes in.
        channels: Option<i64>,
        /// Added to the variance.
        eps: f64,
        /// Whether weight and bias follow.
        affine: bool,
        /// Weight of the new batch in the running averages.
        momentum: f64,
    },
    /// Normalises groups of channels.
    GroupNorm {
        /// Whose names and layout its parameters have.
        dialect: Dialect,
        /// Channels; `None` takes what comes in.
        channels: Option<i64>,
        /// Number of groups.
        groups: i64,
        /// Added to the variance.
        eps: f64,
    },
    /// Normalises each channel by its own statistics.
    InstanceNorm {
        /// Whose names and layout its parameters have.
        dialect: Dialect,
        /// Channels; `None` takes what comes in.
        channels: Option<i64>,
        /// Added to the variance.
        eps: f64,
        /// Whether weight and bias follow.
        affine: bool,
    },
    /// Normalises over the last axes.
    LayerNorm {
        /// Whose names and layout its parameters have.
        dialect: Dialect,
        /// The last axes' sizes; `None` takes all axes.
        size: Option<Shape>,
        /// Added to the variance.
        eps: f64,
    },
    /// An element-wise function.
    Activation(Activation),
    /// `x` above zero, `weight * x` below; one weight or one per channel.
    Prelu {
        /// Number of weights.
        channels: i64,
    },
    /// `x + sin(weight * x)^2 / weight`, a weight per channel.
    Snake {
        /// Channels; `None` takes what comes in.
        channels: Option<i64>,
    },
    /// Softmax over channels.
    Softmax,
    /// The identity outside training.
    Dropout {
        /// Probability of a zero in training.
        p: f64,
    },
}

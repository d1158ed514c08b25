//! Layers as plain data: what a chain is made of, in every dialect.
//!
//! An [`Op`] holds the layer's words with the defaults filled in, one number per axis. What the
//! words mean in a framework is worked out in [`crate::dialect`], the shapes in [`crate::layer`].

mod activation;
mod attention;
mod axes;
mod class;
mod constant;
mod conv;
mod custom;
mod mask;
mod norm;
mod pool;
mod recurrent;
mod recurrent_weights;
mod resize;
mod source;
mod split;

use crate::shape::Shape;

pub use activation::{Activation, SELU_ALPHA, SELU_SCALE};
pub use attention::{Attention, MultiHead, Projection};
pub use axes::{Axes, Axis, Reduction};
pub use class::Class;
pub use constant::{Array, Constant, Elements};
pub use conv::{AutoPad, Conv, Direction, Padding, PaddingMode, SeparableConv};
pub use custom::{Backward, Custom, CustomParam, CustomType, Forward, MOST_CUSTOM};
pub use mask::Mask;
pub use norm::DropTogether;
pub use pool::{Pool, PoolKind};
pub use recurrent::{Cell, Recurrent, RecurrentOutput, Trace};
pub use recurrent_weights::RecurrentWeights;
pub use resize::{Amount, DepthOrder, Interpolation, ResizeTo, Upsample};
pub use source::Source;
pub use split::Pieces;

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

/// Where the channel axis is in a chain's shapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AxisOrder {
    /// `[C, spatial...]`
    ChannelsFirst,
    /// `[spatial..., C]`
    ChannelsLast,
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
    /// What undoes a max pooling: the elements of the first input where that layer found its largest ones in the
    /// second, zeros elsewhere. Where windows share an element, the last of them is kept.
    MaxUnpool(Pool),
    /// Pooling to a given output size.
    AdaptivePool {
        /// Maximum or mean.
        kind: PoolKind,
        /// Spatial axes.
        rank: usize,
        /// Output sizes.
        size: PerAxis<i64>,
    },
    /// The mean or maximum over space.
    GlobalPool {
        /// Maximum or mean.
        kind: PoolKind,
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
    /// The channels of `groups` equal parts, taken in turn: the first of each, then the second of each.
    ChannelShuffle {
        /// Number of parts.
        groups: i64,
    },
    /// Adds a border.
    Pad {
        /// How much.
        amount: Amount,
        /// What it contains.
        mode: PaddingMode,
        /// The constant of mode `Zeros`.
        value: f64,
    },
    /// Removes a border.
    Crop {
        /// How much.
        amount: Amount,
    },
    /// The elements `start..end` along an axis.
    Slice {
        /// The axis.
        axis: Axis,
        /// The first.
        start: i64,
        /// One past the last.
        end: i64,
    },
    /// One of the pieces into which an axis is split. A `Split` with several outputs is one such layer for each
    /// output that is read.
    Split {
        /// The axis.
        axis: Axis,
        /// Which piece, from 0.
        index: i64,
        /// The pieces.
        pieces: Pieces,
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
    /// A recurrent layer: a whole run, see [`Trace`]. Reads the input and perhaps the first states.
    Recurrent(Recurrent),
    /// An output of such a run.
    RecurrentOutput {
        /// The layer that ran.
        layer: Recurrent,
        /// What is read.
        output: RecurrentOutput,
    },
    /// Neighbouring axes into one.
    Flatten {
        /// The first of them.
        from: Axis,
        /// The last of them.
        to: Axis,
    },
    /// One axis into several.
    Unflatten {
        /// The axis.
        axis: Axis,
        /// The sizes that it is split into.
        sizes: Shape,
    },
    /// The same elements in another shape.
    Reshape {
        /// The new shape.
        shape: Shape,
    },
    /// The elements of the first input in the shape of the second.
    ReshapeLike,
    /// Joins along an axis.
    Concat {
        /// The axis.
        axis: Axis,
    },
    /// Joins values of one shape along a new axis.
    Stack {
        /// The new axis, as the output counts it.
        axis: Axis,
    },
    /// Sums, broadcasting.
    Add,
    /// Multiplies, broadcasting.
    Mul,
    /// The first less the second, broadcasting.
    Sub,
    /// The first over the second, broadcasting.
    Div,
    /// The larger of each, broadcasting.
    Maximum,
    /// The smaller of each, broadcasting.
    Minimum,
    /// The axes in another order.
    Permute {
        /// The input's axes in the order of the output's; with `swap` two that change places.
        axes: Axes,
        /// Whether two axes change places and the others stay.
        swap: bool,
    },
    /// One number of all elements along some axes.
    Reduce {
        /// What is computed.
        kind: Reduction,
        /// The axes; `None` for all.
        axes: Option<Axes>,
        /// Whether the axes stay, with size 1.
        keep: bool,
    },
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
    /// Divides by the root of the mean square over the last axes.
    RmsNorm {
        /// Whose names its parameter has.
        dialect: Dialect,
        /// The last axes' sizes; `None` takes those that a `LayerNorm` of the dialect takes.
        size: Option<Shape>,
        /// Added to the mean square.
        eps: f64,
    },
    /// Divides each value by `(k + alpha / size * s)^beta`, with `s` the sum of the squares of `size` neighbouring
    /// channels at the same position ([`Dialect::channel_window`]). Channels beyond the ends count as zero.
    LocalResponseNorm {
        /// Whose window an even `size` has.
        dialect: Dialect,
        /// Channels in a window.
        size: i64,
        /// The factor of the mean square.
        alpha: f64,
        /// The exponent.
        beta: f64,
        /// What is added to the mean square.
        k: f64,
    },
    /// Divides by the `p`-norm over some axes, but by `eps` at least.
    LpNorm {
        /// The exponent.
        p: f64,
        /// The axes of the norm.
        axes: Axes,
        /// The least divisor.
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
    /// The product of matrices, which are the last two axes; the axes before are broadcast.
    MatMul {
        /// Whether the first matrix is transposed.
        transpose_a: bool,
        /// Whether the second matrix is transposed.
        transpose_b: bool,
    },
    /// Scaled dot-product attention of queries, keys, values, and perhaps numbers that are added to the scores.
    Attention(Attention),
    /// Attention between linear layers, of one value or of three: queries, keys and values.
    MultiHead(MultiHead),
    /// Some of the outputs of a larger linear layer. No chain has it: a `MultiHead` is lowered to it.
    Projection(Projection),
    /// Softmax over an axis.
    Softmax {
        /// The axis.
        axis: Axis,
        /// Whether its logarithm is given.
        log: bool,
    },
    /// The first half of an axis times the sigmoid of the second half.
    Glu {
        /// The axis.
        axis: Axis,
    },
    /// The identity outside training.
    Dropout {
        /// Probability of a zero in training.
        p: f64,
        /// What is zeroed together.
        together: DropTogether,
    },
    /// What comes in.
    Identity,
    /// A user-defined layer.
    Custom {
        /// The layer.
        layer: Custom,
        /// How many outputs it gives.
        count: usize,
        /// The shape that it gives; of several outputs all elements in a row.
        shape: Shape,
    },
    /// One of several outputs of such a layer.
    CustomOutput {
        /// The layer.
        layer: Custom,
        /// Which output.
        index: usize,
        /// Its shape.
        shape: Shape,
    },
    /// Numbers that no sample changes: they are there for each alike. Of the one value that the layer names as its
    /// input, it takes the number of samples and reads no element.
    Source {
        /// Where the numbers are from.
        of: Source,
        /// Their shape.
        shape: Shape,
    },
}

impl Op {
    /// All axes into one.
    pub const FLATTEN: Op = Op::Flatten { from: Axis::At(0), to: Axis::At(-1) };
    /// Joins on channels.
    pub const CONCAT: Op = Op::Concat { axis: Axis::Channels };
    /// Softmax over channels.
    pub const SOFTMAX: Op = Op::Softmax { axis: Axis::Channels, log: false };

    /// The one axis that the layer works along.
    pub const fn axis(&self) -> Option<Axis> {
        match *self {
            Op::Slice { axis, .. }
            | Op::Unflatten { axis, .. }
            | Op::Concat { axis }
            | Op::Stack { axis }
            | Op::Softmax { axis, .. }
            | Op::Glu { axis } => Some(axis),
            _ => None,
        }
    }

    /// The least and the most values that the layer reads.
    pub const fn operands(&self) -> (usize, usize) {
        match self {
            Op::Concat { .. } | Op::Stack { .. } | Op::Add | Op::Mul | Op::Maximum | Op::Minimum => (1, usize::MAX),
            Op::Sub | Op::Div | Op::ReshapeLike | Op::MatMul { .. } | Op::MaxUnpool(_) => (2, 2),
            Op::Attention(_) => (3, 4),
            Op::MultiHead(_) => (1, 3),
            Op::Custom { layer, .. } => match layer.layer() {
                Some(layer) => (layer.inputs.len(), layer.inputs.len()),
                None => (1, MOST_CUSTOM),
            },
            Op::Recurrent(layer) => (1, if matches!(layer.cell, Cell::Lstm) { 3 } else { 2 }),
            Op::Upsample(Upsample { to: ResizeTo::Like, .. })
            | Op::Pad { amount: Amount::Like { .. }, .. }
            | Op::Crop { amount: Amount::Like { .. } } => (2, 2),
            Op::Conv(_)
            | Op::SeparableConv(_)
            | Op::Pool(_)
            | Op::AdaptivePool { .. }
            | Op::GlobalPool { .. }
            | Op::Upsample(_)
            | Op::PixelShuffle { .. }
            | Op::PixelUnshuffle { .. }
            | Op::DepthToSpace { .. }
            | Op::ChannelShuffle { .. }
            | Op::Pad { .. }
            | Op::Crop { .. }
            | Op::Slice { .. }
            | Op::Split { .. }
            | Op::Linear { .. }
            | Op::Projection(_)
            | Op::RecurrentOutput { .. }
            | Op::Flatten { .. }
            | Op::Unflatten { .. }
            | Op::Reshape { .. }
            | Op::Permute { .. }
            | Op::Reduce { .. }
            | Op::Scale { .. }
            | Op::BatchNorm { .. }
            | Op::GroupNorm { .. }
            | Op::InstanceNorm { .. }
            | Op::LayerNorm { .. }
            | Op::RmsNorm { .. }
            | Op::LocalResponseNorm { .. }
            | Op::LpNorm { .. }
            | Op::Activation(_)
            | Op::Prelu { .. }
            | Op::Snake { .. }
            | Op::Softmax { .. }
            | Op::Glu { .. }
            | Op::Dropout { .. }
            | Op::Identity
            | Op::CustomOutput { .. }
            | Op::Source { .. } => (1, 1),
        }
    }
}

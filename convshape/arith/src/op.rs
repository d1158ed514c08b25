//! Layers as plain data: what a chain is made of, in every dialect.
//!
//! An [`Op`] holds a layer's fields with the defaults filled in, one number per axis. [`crate::dialect`] says what the
//! fields mean in a framework, [`crate::layer`] computes the shapes.

mod activation;
mod attention;
mod axes;
mod class;
mod constant;
mod conv;
mod custom;
mod dialect;
pub(crate) mod init;
mod mask;
mod norm;
pub(crate) mod numbers;
pub(crate) mod plain;
mod pool;
mod recurrent;
mod recurrent_weights;
mod resize;
mod source;
mod split;
mod weights;

use self::numbers::{both, finite, fraction, positive};
use self::plain::plain;
use crate::fault::Fault;
use crate::shape::Shape;

pub use activation::{Activation, SELU_ALPHA, SELU_SCALE};
pub use attention::{Attention, MultiHead, Projection};
pub use axes::{Axes, Axis, Reduction};
pub use class::Class;
pub use constant::{Array, Constant, Elements};
pub use conv::{AutoPad, Conv, Direction, Mask, Padding, PaddingMode, SeparableConv, WeightFrom};
pub use custom::{Backward, Custom, CustomParam, CustomType, Forward, MOST_CUSTOM};
pub use dialect::{AxisOrder, Dialect, WeightLayout};
pub use init::Init;
pub use norm::DropTogether;
pub use plain::{Plain, TypeName, Visitor, each_real};
pub use pool::{Pool, PoolKind};
pub use recurrent::{Cell, Recurrent, RecurrentOutput, Trace};
pub use recurrent_weights::RecurrentWeights;
pub use resize::{Amount, DepthOrder, Interpolation, ResizeTo, Upsample};
pub use source::Source;
pub use split::Pieces;
pub use weights::Role;
pub(crate) use weights::{Weights, size, vector};

/// The most spatial axes a layer has.
pub const MAX_SPATIAL: usize = 3;

/// One value per spatial axis; entries beyond the layer's rank are unused.
pub type PerAxis<T> = [T; MAX_SPATIAL];

/// One layer with its fields, as plain data.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Op {
    /// A convolution in either direction.
    Conv(Conv),
    /// A depthwise convolution, then one with kernel 1 over the channels.
    SeparableConv(SeparableConv),
    /// Max or average pooling.
    Pool(Pool),
    /// Undoes a max pooling: puts the elements of the first input where that layer found its maxima in the second, with
    /// zeros elsewhere. If windows share an element, the last one wins.
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
    /// The mean or maximum over all spatial axes.
    GlobalPool {
        /// Maximum or mean.
        kind: PoolKind,
        /// Whether to keep the spatial axes with size 1 (onnx).
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
    /// Like `PixelShuffle`, with a choice of channel order.
    DepthToSpace {
        /// The factor.
        factor: i64,
        /// The channel order.
        order: DepthOrder,
    },
    /// Interleaves `groups` equal parts of the channels: the first channel of each part, then the second of each.
    ChannelShuffle {
        /// The number of parts.
        groups: i64,
    },
    /// Adds a border.
    Pad {
        /// How many rows. With an `axis`, the first pair.
        amount: Amount,
        /// What the border contains.
        mode: PaddingMode,
        /// The constant for mode `Zeros`.
        value: f64,
        /// The only axis that gets a border; `None` for all spatial axes.
        axis: Option<Axis>,
    },
    /// Removes a border.
    Crop {
        /// How many rows.
        amount: Amount,
    },
    /// The elements `start..end` along an axis. Negative numbers count from the end.
    Slice {
        /// The axis.
        axis: Axis,
        /// The start of the range.
        start: i64,
        /// One past its end; `None` takes all elements from `start` on.
        end: Option<i64>,
    },
    /// One piece of a split axis. A `Split` with several outputs becomes one such layer per output that is read.
    Split {
        /// The axis.
        axis: Axis,
        /// Which piece, from 0.
        index: i64,
        /// The pieces.
        pieces: Pieces,
    },
    /// Multiplies the last axis by a matrix.
    Linear {
        /// The framework whose names and layout its parameters have.
        dialect: Dialect,
        /// Input features; `None` takes them from the input.
        inputs: Option<i64>,
        /// Output features.
        outputs: i64,
        /// Whether a bias is added.
        bias: bool,
    },
    /// A whole run of a recurrent layer, see [`Trace`]. Reads the input and, optionally, the initial states.
    Recurrent(Recurrent),
    /// One output of such a run.
    RecurrentOutput {
        /// The layer that ran.
        layer: Recurrent,
        /// Which output.
        output: RecurrentOutput,
    },
    /// Merges neighbouring axes into one.
    Flatten {
        /// The first of them.
        from: Axis,
        /// The last of them.
        to: Axis,
    },
    /// Splits one axis into several.
    Unflatten {
        /// The axis.
        axis: Axis,
        /// The sizes of the new axes.
        sizes: Shape,
    },
    /// The same elements in a new shape.
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
    /// Joins values of equal shape along a new axis.
    Stack {
        /// The position of the new axis in the output.
        axis: Axis,
    },
    /// Adds its inputs, with broadcasting.
    Add,
    /// Multiplies its inputs, with broadcasting.
    Mul,
    /// Subtracts the second input from the first, with broadcasting.
    Sub,
    /// Divides the first input by the second, with broadcasting.
    Div,
    /// The element-wise maximum, with broadcasting.
    Maximum,
    /// The element-wise minimum, with broadcasting.
    Minimum,
    /// Reorders the axes.
    Permute {
        /// The input axes in the order of the output; with `swap`, two axes to exchange.
        axes: Axes,
        /// Whether to exchange two axes and keep the others.
        swap: bool,
    },
    /// Reduces the elements along some axes to one number.
    Reduce {
        /// The reduction.
        kind: Reduction,
        /// The axes; `None` for all.
        axes: Option<Axes>,
        /// Whether to keep the axes with size 1.
        keep: bool,
    },
    /// Multiplies by a constant.
    Scale {
        /// The constant.
        by: f64,
    },
    /// Normalises each channel by its running statistics.
    BatchNorm {
        /// The framework whose names and layout its parameters have.
        dialect: Dialect,
        /// Channels; `None` takes them from the input.
        channels: Option<i64>,
        /// Added to the variance.
        eps: f64,
        /// Whether it has a weight and a bias.
        affine: bool,
        /// The weight of a new batch in the running averages.
        momentum: f64,
    },
    /// Normalises groups of channels.
    GroupNorm {
        /// The framework whose names and layout its parameters have.
        dialect: Dialect,
        /// Channels; `None` takes them from the input.
        channels: Option<i64>,
        /// Number of groups.
        groups: i64,
        /// Added to the variance.
        eps: f64,
    },
    /// Normalises each channel by its own statistics.
    InstanceNorm {
        /// The framework whose names and layout its parameters have.
        dialect: Dialect,
        /// Channels; `None` takes them from the input.
        channels: Option<i64>,
        /// Added to the variance.
        eps: f64,
        /// Whether it has a weight and a bias.
        affine: bool,
    },
    /// Normalises over the last axes.
    LayerNorm {
        /// The framework whose names and layout its parameters have.
        dialect: Dialect,
        /// The last axes' sizes; `None` takes all axes.
        size: Option<Shape>,
        /// Added to the variance.
        eps: f64,
    },
    /// Divides by the root mean square over the last axes.
    RmsNorm {
        /// The framework whose names its parameter has.
        dialect: Dialect,
        /// The last axes' sizes; `None` takes the same as the dialect's `LayerNorm`.
        size: Option<Shape>,
        /// Added to the mean square.
        eps: f64,
    },
    /// Divides each value by `(k + alpha / size * s)^beta`, with `s` the sum of the squares of `size` neighbouring
    /// channels at the same position ([`Dialect::channel_window`]). Channels beyond the ends count as zero.
    LocalResponseNorm {
        /// The framework that decides where a window of even `size` is centred.
        dialect: Dialect,
        /// Channels per window.
        size: i64,
        /// The factor of the mean square.
        alpha: f64,
        /// The exponent.
        beta: f64,
        /// What is added to the mean square.
        k: f64,
    },
    /// Divides by the `p`-norm over some axes, or by `eps` if that is larger.
    LpNorm {
        /// The exponent.
        p: f64,
        /// The axes of the norm.
        axes: Axes,
        /// The smallest divisor.
        eps: f64,
    },
    /// An element-wise function.
    Activation(Activation),
    /// `x` above zero, `weight * x` below, with one weight in total or one per channel.
    Prelu {
        /// The number of weights.
        channels: i64,
    },
    /// `x + sin(weight * x)^2 / weight`, with one weight per channel.
    Snake {
        /// Channels; `None` takes them from the input.
        channels: Option<i64>,
    },
    /// The matrix product over the last two axes; leading axes broadcast.
    MatMul {
        /// Whether the first matrix is transposed.
        transpose_a: bool,
        /// Whether the second matrix is transposed.
        transpose_b: bool,
    },
    /// Scaled dot-product attention of queries, keys, values and, optionally, a value added to the scores.
    Attention(Attention),
    /// Multi-head attention: attention between linear layers, reading one value or three (queries, keys and values).
    MultiHead(MultiHead),
    /// Some outputs of a larger linear layer. Not written in chains: lowering a `MultiHead` creates it.
    Projection(Projection),
    /// Softmax over an axis.
    Softmax {
        /// The axis.
        axis: Axis,
        /// Whether to return its logarithm.
        log: bool,
    },
    /// The first half of an axis times the sigmoid of the second half.
    Glu {
        /// The axis.
        axis: Axis,
    },
    /// The identity outside training.
    Dropout {
        /// The probability of zeroing in training.
        p: f64,
        /// What is zeroed together.
        together: DropTogether,
    },
    /// Passes its input through.
    Identity,
    /// A user-defined layer.
    Custom {
        /// The layer.
        layer: Custom,
        /// Its number of outputs.
        count: usize,
        /// Its output shape; with several outputs, all elements in one row.
        shape: Shape,
    },
    /// One output of a user-defined layer with several.
    CustomOutput {
        /// The layer.
        layer: Custom,
        /// Which output.
        index: usize,
        /// Its shape.
        shape: Shape,
    },
    /// A value that does not depend on the input. Only the number of samples is taken from the value that it names as
    /// its input; no element is read.
    Source {
        /// Where the elements come from.
        of: Source,
        /// Its shape.
        shape: Shape,
    },
}

plain!(enum op::Op {
    Conv(inner),
    SeparableConv(inner),
    Pool(inner),
    MaxUnpool(inner),
    AdaptivePool { kind, rank, size },
    GlobalPool { kind, keep_axes },
    Upsample(inner),
    PixelShuffle { factor },
    PixelUnshuffle { factor },
    DepthToSpace { factor, order },
    ChannelShuffle { groups },
    Pad { amount, mode, value, axis },
    Crop { amount },
    Slice { axis, start, end },
    Split { axis, index, pieces },
    Linear { dialect, inputs, outputs, bias },
    Recurrent(inner),
    RecurrentOutput { layer, output },
    Flatten { from, to },
    Unflatten { axis, sizes },
    Reshape { shape },
    ReshapeLike,
    Concat { axis },
    Stack { axis },
    Add,
    Mul,
    Sub,
    Div,
    Maximum,
    Minimum,
    Permute { axes, swap },
    Reduce { kind, axes, keep },
    Scale { by },
    BatchNorm { dialect, channels, eps, affine, momentum },
    GroupNorm { dialect, channels, groups, eps },
    InstanceNorm { dialect, channels, eps, affine },
    LayerNorm { dialect, size, eps },
    RmsNorm { dialect, size, eps },
    LocalResponseNorm { dialect, size, alpha, beta, k },
    LpNorm { p, axes, eps },
    Activation(inner),
    Prelu { channels },
    Snake { channels },
    MatMul { transpose_a, transpose_b },
    Attention(inner),
    MultiHead(inner),
    Projection(inner),
    Softmax { axis, log },
    Glu { axis },
    Dropout { p, together },
    Identity,
    Custom { layer, count, shape },
    CustomOutput { layer, index, shape },
    Source { of, shape },
});

impl Op {
    /// Merges all axes into one.
    pub const FLATTEN: Op = Op::Flatten { from: Axis::At(0), to: Axis::At(-1) };
    /// Joins on channels.
    pub const CONCAT: Op = Op::Concat { axis: Axis::Channels };
    /// Softmax over channels.
    pub const SOFTMAX: Op = Op::Softmax { axis: Axis::Channels, log: false };

    /// The single axis that the layer works along.
    pub const fn axis(&self) -> Option<Axis> {
        match *self {
            Op::Slice { axis, .. }
            | Op::Unflatten { axis, .. }
            | Op::Concat { axis }
            | Op::Stack { axis }
            | Op::Softmax { axis, .. }
            | Op::Glu { axis }
            | Op::Pad { axis: Some(axis), .. } => Some(axis),
            _ => None,
        }
    }

    /// Whether the output depends on the elements of an input, and not only on its shape.
    pub const fn reads_elements(&self, input: usize) -> bool {
        let like = matches!(
            self,
            Op::ReshapeLike
                | Op::Upsample(Upsample { to: ResizeTo::Like, .. })
                | Op::Pad { amount: Amount::Like { .. }, .. }
                | Op::Crop { amount: Amount::Like { .. } }
        );
        input == 0 || !like
    }

    /// The smallest and largest number of inputs that the layer takes.
    pub const fn operands(&self) -> (usize, usize) {
        self.row().operands
    }

    /// What an output element of this layer depends on.
    pub const fn class(&self) -> Class {
        self.row().class
    }

    /// Checks every real number of the layer. [`Op::output`] calls this first; an activation given as a field is
    /// checked by itself.
    ///
    /// # Errors
    /// [`Reason::Number`](crate::fault::Reason::Number), [`Reason::Bounds`](crate::fault::Reason::Bounds).
    pub const fn check_numbers(&self) -> Result<(), Fault> {
        self.row().numbers
    }

    /// The table of layers.
    pub(crate) const fn row(&self) -> Row<'_> {
        match self {
            Op::Conv(conv) => {
                let inputs = if matches!(conv.weight, WeightFrom::Input) { 2 } else { 1 };
                Row::of(Class::Window).reads(inputs, inputs).with(Weights::Conv(conv))
            }
            Op::SeparableConv(layer) => Row::of(Class::Window).with(Weights::Separable(layer)),
            Op::Pool(_) => Row::of(Class::Window),
            Op::MaxUnpool(_) => Row::of(Class::Window).reads(2, 2),
            Op::AdaptivePool { .. } | Op::GlobalPool { .. } => Row::of(Class::Reduction),
            Op::Upsample(Upsample { to: ResizeTo::Like, .. }) => Row::of(Class::Window).reads(2, 2),
            Op::Upsample(_) => Row::of(Class::Window),
            Op::PixelShuffle { .. }
            | Op::PixelUnshuffle { .. }
            | Op::DepthToSpace { .. }
            | Op::ChannelShuffle { .. } => Row::of(Class::Window),
            Op::Pad { amount, value, .. } => {
                Row::of(Class::Window).reads(amount.operands(), amount.operands()).checked(finite("value", *value))
            }
            Op::Crop { amount } => Row::of(Class::Window).reads(amount.operands(), amount.operands()),
            Op::Slice { .. } | Op::Split { .. } => Row::of(Class::Window),
            Op::Linear { dialect, inputs, outputs, bias } => {
                let (dialect, inputs, outputs, bias) = (*dialect, *inputs, *outputs, *bias);
                Row::of(Class::Matrix).with(Weights::Linear { dialect, inputs, outputs, bias })
            }
            Op::Recurrent(layer) => Row::of(Class::Reduction)
                .reads(1, if matches!(layer.cell, Cell::Lstm) { 3 } else { 2 })
                .with(Weights::Recurrent(layer))
                .checked(fraction("dropout", layer.dropout)),
            Op::RecurrentOutput { .. } => Row::of(Class::Reduction),
            Op::Flatten { .. } | Op::Unflatten { .. } | Op::Reshape { .. } => Row::of(Class::View),
            Op::ReshapeLike => Row::of(Class::View).reads(2, 2),
            Op::Concat { .. } | Op::Stack { .. } | Op::Add | Op::Mul | Op::Maximum | Op::Minimum => {
                Row::of(Class::Join).reads(1, usize::MAX)
            }
            Op::Sub | Op::Div => Row::of(Class::Join).reads(2, 2),
            Op::Permute { .. } => Row::of(Class::Permutation),
            Op::Reduce { .. } => Row::of(Class::Reduction),
            Op::Scale { by } => Row::of(Class::Elementwise).checked(finite("by", *by)),
            Op::BatchNorm { dialect, channels, eps, affine, momentum } => {
                let weights = Weights::BatchNorm { dialect: *dialect, channels: *channels, affine: *affine };
                Row::of(Class::Elementwise).with(weights).checked(both(
                    positive("eps", *eps),
                    // Stored as the share of the new batch, which only PyTorch writes.
                    match dialect {
                        Dialect::Torch | Dialect::Jax => fraction("momentum", *momentum),
                        Dialect::Onnx | Dialect::Flax | Dialect::Keras => fraction("momentum", 1.0 - *momentum),
                    },
                ))
            }
            Op::GroupNorm { dialect, channels, eps, .. } => Row::of(Class::Normalisation)
                .with(Weights::Affine { dialect: *dialect, shape: Some(vector(*channels)) })
                .checked(positive("eps", *eps)),
            Op::InstanceNorm { dialect, channels, eps, affine } => Row::of(Class::Normalisation)
                .with(Weights::Affine {
                    dialect: *dialect,
                    shape: if *affine { Some(vector(*channels)) } else { None },
                })
                .checked(positive("eps", *eps)),
            Op::LayerNorm { dialect, size, eps } => Row::of(Class::Normalisation)
                .with(Weights::Affine { dialect: *dialect, shape: Some(sizes(size)) })
                .checked(positive("eps", *eps)),
            Op::RmsNorm { dialect, size, eps } => Row::of(Class::Normalisation)
                .with(Weights::One {
                    dialect: Some(*dialect),
                    role: Role::RmsScale,
                    shape: sizes(size),
                    init: Init::Constant(1.0),
                })
                .checked(positive("eps", *eps)),
            Op::LocalResponseNorm { alpha, beta, k, .. } => Row::of(Class::Channels)
                .checked(both(both(finite("alpha", *alpha), finite("beta", *beta)), finite("k", *k))),
            Op::LpNorm { p, axes, eps } => {
                let class = match axes {
                    Axes { list: [Axis::Channels, ..], count: 1 } => Class::Channels,
                    _ => Class::Normalisation,
                };
                Row::of(class).checked(both(positive("p", *p), positive("eps", *eps)))
            }
            Op::Activation(activation) => Row::of(Class::Elementwise).checked(activation.check_numbers()),
            // PyTorch starts a PReLU at 0.25; the snake of the audio codecs starts at 1.
            Op::Prelu { channels } => Row::of(Class::Elementwise).with(Weights::slope(Some(*channels), 0.25)),
            Op::Snake { channels } => Row::of(Class::Elementwise).with(Weights::slope(*channels, 1.0)),
            Op::MatMul { .. } => Row::of(Class::Matrix).reads(2, 2),
            Op::Attention(Attention { scale, dropout, .. }) => {
                let scale = match scale {
                    Some(scale) => finite("scale", *scale),
                    None => Ok(()),
                };
                Row::of(Class::Matrix).reads(3, 4).checked(both(scale, fraction("dropout", *dropout)))
            }
            Op::MultiHead(layer) => Row::of(Class::Matrix)
                .reads(1, 3)
                .with(Weights::MultiHead(layer))
                .checked(fraction("dropout", layer.dropout)),
            Op::Projection(layer) => Row::of(Class::Matrix).with(Weights::Projection(layer)),
            Op::Softmax { .. } => Row::of(Class::Channels),
            Op::Glu { .. } => Row::of(Class::Window),
            Op::Dropout { p, .. } => Row::of(Class::View).checked(fraction("p", *p)),
            Op::Identity => Row::of(Class::View),
            Op::Custom { layer, .. } => {
                let (least, most) = match layer.layer() {
                    Some(layer) => (layer.inputs.len(), layer.inputs.len()),
                    None => (1, MOST_CUSTOM),
                };
                Row::of(Class::Reduction).reads(least, most).with(Weights::Custom(layer))
            }
            Op::CustomOutput { .. } => Row::of(Class::Reduction),
            Op::Source { of: Source::Parameter { init, trained }, shape } => Row::of(Class::Source)
                .with(Weights::One {
                    dialect: None,
                    role: if *trained { Role::Free } else { Role::Fixed },
                    shape: *shape,
                    init: *init,
                })
                .checked(init.check_numbers()),
            Op::Source {
                of: Source::Arange | Source::Constant(_) | Source::OneHot(_) | Source::Shared { .. }, ..
            } => Row::of(Class::Source),
        }
    }
}

/// What is true of a layer whatever shapes it reads.
pub(crate) struct Row<'a> {
    operands: (usize, usize),
    class: Class,
    pub(crate) weights: Weights<'a>,
    numbers: Result<(), Fault>,
}

impl<'a> Row<'a> {
    /// A layer with one input, without parameters and without real numbers.
    const fn of(class: Class) -> Row<'a> {
        Row { operands: (1, 1), class, weights: Weights::None, numbers: Ok(()) }
    }

    const fn reads(mut self, least: usize, most: usize) -> Row<'a> {
        self.operands = (least, most);
        self
    }

    const fn with(mut self, weights: Weights<'a>) -> Row<'a> {
        self.weights = weights;
        self
    }

    const fn checked(mut self, numbers: Result<(), Fault>) -> Row<'a> {
        self.numbers = numbers;
        self
    }
}

/// The sizes of a norm; unknown if they are not written and not filled in.
const fn sizes(size: &Option<Shape>) -> Shape {
    match size {
        Some(size) => *size,
        None => vector(None),
    }
}

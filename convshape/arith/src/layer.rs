//! Whole layers: output shapes and multiply-adds.

mod attention;
mod axes;
mod conv;
mod custom;
mod dense;
mod join;
mod pool;
mod product;
mod recurrent;
mod resize;
mod source;
mod split;

use crate::axis::{Scatter, Window};
use crate::fault::{Fault, Reason, tri};
use crate::op::{AxisOrder, Dialect, Direction, MultiHead, Op, PoolKind, Recurrent, SeparableConv};
use crate::shape::Shape;
use crate::size::Size;

use self::axes::{flattened, halved, permuted, place, reduced, unflattened};
pub(crate) use self::conv::conv_output;
use self::conv::{bind_conv, conv_macs, or, slide, weight_fits, weight_is_kernel, with_sizes};
use self::dense::{fill, linear, reshaped};
use self::join::{bind_slice, broadcast, concatenated, sliced, stacked};
use self::pool::unpooled;
use self::product::{inner_axis, multiplied};
use self::resize::{cropped, padded, shuffled, unshuffled, upsampled};
pub(crate) use self::source::is_permuted;
use self::split::piece;

/// The map of one axis of a convolution or pooling, for the formulas in messages.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AxisMap {
    /// A sliding window.
    Window(Window),
    /// A transposed convolution.
    Scatter(Scatter),
}

/// More bytes than this do not fit the address space, for elements of up to 8 bytes (`f64`).
const MOST_ELEMENTS: i64 = i64::MAX / 8;

impl Op {
    /// The layer with omitted channel counts taken from its inputs, of which there is at least one.
    #[must_use]
    pub const fn bind(self, inputs: &[Shape], order: AxisOrder) -> Op {
        let input = &inputs[0];
        let found = input.size(order.channel(input.rank())).number();
        match self {
            Op::Conv(conv) => Op::Conv(bind_conv(conv, found)),
            Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
                let depthwise = bind_conv(depthwise, found);
                let middle = if depthwise.inputs.is_some() { Some(depthwise.outputs) } else { None };
                Op::SeparableConv(SeparableConv { depthwise, pointwise: bind_conv(pointwise, middle) })
            }
            Op::BatchNorm { dialect, channels, eps, affine, momentum } => {
                Op::BatchNorm { dialect, channels: or(channels, found), eps, affine, momentum }
            }
            Op::GroupNorm { dialect, channels, groups, eps } => {
                Op::GroupNorm { dialect, channels: or(channels, found), groups, eps }
            }
            Op::InstanceNorm { dialect, channels, eps, affine } => {
                Op::InstanceNorm { dialect, channels: or(channels, found), eps, affine }
            }
            Op::Snake { channels } => Op::Snake { channels: or(channels, found) },
            Op::Linear { dialect, inputs, outputs, bias } => {
                let last = input.size(input.rank().saturating_sub(1)).number();
                Op::Linear { dialect, inputs: or(inputs, last), outputs, bias }
            }
            Op::MultiHead(layer) => {
                let last = input.size(input.rank().saturating_sub(1)).number();
                Op::MultiHead(MultiHead {
                    features: or(layer.features, last),
                    ..attention::with_features(layer, inputs)
                })
            }
            Op::Recurrent(layer) => {
                let last = input.size(input.rank().saturating_sub(1)).number();
                Op::Recurrent(Recurrent { inputs: or(layer.inputs, last), ..layer })
            }
            Op::LayerNorm { dialect, size: None, eps } => {
                Op::LayerNorm { dialect, size: normalised(dialect, input, order), eps }
            }
            Op::RmsNorm { dialect, size: None, eps } => {
                Op::RmsNorm { dialect, size: normalised(dialect, input, order), eps }
            }
            Op::Reshape { shape } => Op::Reshape { shape: fill(shape, input) },
            Op::Unflatten { axis, sizes } => match axis.index(input.rank(), order) {
                Some(at) => Op::Unflatten { axis, sizes: fill(sizes, &Shape::new(&[input.size(at)], input.scope())) },
                None => self,
            },
            Op::Slice { axis, start, end } => bind_slice(axis, start, end, input, order),
            Op::Pool(_)
            | Op::MaxUnpool(_)
            | Op::AdaptivePool { .. }
            | Op::GlobalPool { .. }
            | Op::Upsample(_)
            | Op::PixelShuffle { .. }
            | Op::PixelUnshuffle { .. }
            | Op::DepthToSpace { .. }
            | Op::ChannelShuffle { .. }
            | Op::Pad { .. }
            | Op::Crop { .. }
            | Op::Split { .. }
            | Op::RecurrentOutput { .. }
            | Op::Flatten { .. }
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
            | Op::Scale { .. }
            | Op::LayerNorm { .. }
            | Op::RmsNorm { .. }
            | Op::LocalResponseNorm { .. }
            | Op::LpNorm { .. }
            | Op::Activation(_)
            | Op::Prelu { .. }
            | Op::MatMul { .. }
            | Op::Attention(_)
            | Op::Projection(_)
            | Op::Softmax { .. }
            | Op::Glu { .. }
            | Op::Dropout { .. }
            | Op::Identity
            | Op::Custom { .. }
            | Op::CustomOutput { .. }
            | Op::Source { .. } => self,
        }
    }

    /// The output shape.
    ///
    /// `inputs` are the layer's inputs, at least one. Unknown sizes are accepted and make the results unknown.
    ///
    /// # Errors
    /// Why the layer is rejected.
    pub const fn output(&self, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
        tri!(self.check_numbers());
        let input = &inputs[0];
        let output = match self.bind(inputs, order) {
            Op::Conv(conv) => {
                tri!(weight_is_kernel(&conv, inputs));
                let output = tri!(conv_output(&conv, input, order));
                tri!(weight_fits(&conv, inputs));
                output
            }
            Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
                let middle = tri!(conv_output(&depthwise, input, order));
                tri!(conv_output(&pointwise, &middle, order))
            }
            Op::Pool(pool) => {
                tri!(rank_is(input, pool.rank + 1));
                let windows = tri!(pool.windows(input, order));
                tri!(slide(&windows, pool.rank, input, order))
            }
            Op::MaxUnpool(pool) => tri!(unpooled(&pool, inputs, order)),
            Op::AdaptivePool { rank, size, .. } => {
                tri!(rank_is(input, rank + 1));
                tri!(with_sizes(input, order, &size, "size"))
            }
            Op::GlobalPool { keep_axes, .. } => {
                tri!(rank_at_least(input, 2));
                if keep_axes {
                    tri!(with_sizes(input, order, &[1; 3], "size"))
                } else {
                    Shape::new(&[input.size(order.channel(input.rank()))], input.scope())
                }
            }
            Op::Upsample(upsample) => tri!(upsampled(&upsample, inputs, order)),
            Op::PixelShuffle { factor } | Op::DepthToSpace { factor, .. } => tri!(shuffled(factor, input, order)),
            Op::PixelUnshuffle { factor } => tri!(unshuffled(factor, input, order)),
            Op::Pad { amount, mode, axis, .. } => tri!(padded(amount, mode, axis, inputs, order)),
            Op::Crop { amount } => tri!(cropped(amount, inputs, order)),
            Op::Split { axis, index, pieces } => tri!(piece(axis, index, pieces, input, order)),
            Op::Recurrent(layer) => tri!(recurrent::run(&layer, inputs)),
            Op::RecurrentOutput { layer, output } => tri!(recurrent::output(&layer, output, input)),
            Op::Slice { axis, start, end } => tri!(sliced(axis, start, end, input, order)),
            Op::Linear { inputs: features, outputs, .. } => tri!(linear(features, outputs, input)),
            Op::Flatten { from, to } => tri!(flattened(from, to, input, order)),
            Op::Unflatten { axis, sizes } => tri!(unflattened(axis, &sizes, input, order)),
            Op::Reshape { shape } => tri!(reshaped(&shape, input)),
            Op::ReshapeLike => {
                if inputs.len() < 2 {
                    return Ok(Shape::unknown(input.rank()));
                }
                tri!(reshaped(&inputs[1], input))
            }
            Op::Concat { axis } => tri!(concatenated(axis, inputs, order)),
            Op::Stack { axis } => tri!(stacked(axis, inputs, order)),
            Op::Attention(layer) => tri!(attention::attended(&layer, inputs)),
            Op::MultiHead(layer) => tri!(attention::multi_head(&layer, inputs)),
            Op::Projection(layer) => tri!(linear(Some(layer.inputs), layer.outputs, input)),
            Op::MatMul { transpose_a, transpose_b } => tri!(multiplied(inputs, transpose_a, transpose_b)),
            Op::Softmax { axis, .. } => {
                tri!(place(axis, input, order));
                *input
            }
            Op::Glu { axis } => tri!(halved(axis, input, order)),
            Op::Add | Op::Mul | Op::Sub | Op::Div | Op::Maximum | Op::Minimum => tri!(broadcast(inputs, order)),
            Op::Permute { .. } => tri!(permuted(self, input, order)),
            Op::Reduce { keep, .. } => tri!(reduced(self, keep, input, order)),
            Op::BatchNorm { channels, .. } | Op::Snake { channels } => {
                tri!(channels_are(channels, input, order));
                *input
            }
            Op::GroupNorm { channels, groups, .. } => {
                tri!(at_least_one("groups", groups));
                tri!(channels_are(channels, input, order));
                tri!(whole_groups(channels, groups));
                *input
            }
            Op::ChannelShuffle { groups } => {
                tri!(rank_at_least(input, 1));
                tri!(at_least_one("groups", groups));
                tri!(channels_are(None, input, order));
                tri!(whole_groups(input.size(order.channel(input.rank())).number(), groups));
                *input
            }
            Op::InstanceNorm { channels, .. } => {
                tri!(rank_at_least(input, 2));
                tri!(channels_are(channels, input, order));
                tri!(more_than_one_element(input, order));
                *input
            }
            Op::LayerNorm { dialect, size, .. } | Op::RmsNorm { dialect, size, .. } => {
                match size {
                    Some(size) => tri!(last_axes_are(&size, input)),
                    None => tri!(has_norm(dialect, input, order)),
                }
                *input
            }
            Op::LocalResponseNorm { size, .. } => {
                tri!(rank_at_least(input, 2));
                tri!(at_least_one("size", size));
                *input
            }
            Op::LpNorm { .. } => {
                tri!(rank_at_least(input, 1));
                tri!(self.reduced_axes(input, order));
                *input
            }
            Op::Prelu { channels } => {
                tri!(some("channels", channels));
                if channels != 1 {
                    tri!(channels_are(Some(channels), input, order));
                }
                *input
            }
            Op::Source { of, shape } => tri!(source::shape(&of, &shape)),
            Op::Custom { layer, count, shape } => tri!(custom::run(&layer, count, &shape, inputs)),
            Op::CustomOutput { layer, index, shape } => tri!(custom::output(&layer, index, &shape)),
            Op::Activation(_) | Op::Dropout { .. } | Op::Identity | Op::Scale { .. } => *input,
        };
        tri!(representable(&output));
        Ok(output)
    }

    /// The position of one output of a user-defined layer among the elements of all its outputs: start and length.
    pub const fn custom_part(&self) -> Option<(usize, usize)> {
        match self {
            Op::CustomOutput { layer, index, .. } => Some(custom::part(layer, *index)),
            _ => None,
        }
    }

    /// The map of one spatial axis, for layers that have one.
    ///
    /// # Errors
    /// Why the layer is rejected.
    pub const fn axis_map(&self, input: &Shape, order: AxisOrder, axis: usize) -> Result<Option<AxisMap>, Fault> {
        match self {
            Op::Conv(conv) | Op::SeparableConv(SeparableConv { depthwise: conv, .. })
                if axis < conv.rank && input.rank() == conv.rank + 1 =>
            {
                match conv.direction {
                    Direction::Forward => Ok(Some(AxisMap::Window(tri!(conv.windows(input, order))[axis]))),
                    Direction::Transposed => Ok(Some(AxisMap::Scatter(tri!(conv.scatters(input, order))[axis]))),
                }
            }
            Op::Pool(pool) if axis < pool.rank && input.rank() == pool.rank + 1 => {
                Ok(Some(AxisMap::Window(tri!(pool.windows(input, order))[axis])))
            }
            _ => Ok(None),
        }
    }

    /// Multiply-adds for one sample, counted as `torchinfo` does for convolutions and linear layers: including the
    /// border, without biases and element-wise operations. A transposed convolution multiplies each input element with
    /// each tap. Attention multiplies each query with each key and each weight with each value, whether causal or not.
    /// `inputs` are the layer's inputs.
    pub const fn macs(&self, inputs: &[Shape], output: &Shape, order: AxisOrder) -> u64 {
        if let Op::Custom { layer, .. } = self {
            return match layer.layer() {
                Some(layer) => layer.macs,
                None => 0,
            };
        }
        let input = &inputs[0];
        let product = match self.bind(inputs, order) {
            Op::Conv(conv) => conv_macs(&conv, input, output),
            Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
                // Both give the same rows.
                let middle = output.with(order.channel(output.rank()), Size::Number(depthwise.outputs));
                conv_macs(&depthwise, input, &middle).saturating_add(conv_macs(&pointwise, &middle, output))
            }
            Op::MatMul { transpose_a, .. } if input.rank() >= 2 => {
                let inner = input.size(inner_axis(input.rank(), transpose_a));
                match (output.elements(), inner) {
                    (Ok(Size::Number(product)), Size::Number(inner)) => product.saturating_mul(inner),
                    _ => 0,
                }
            }
            Op::Linear { inputs: Some(inputs), .. } => match output.elements() {
                Ok(Size::Number(product)) => product.saturating_mul(inputs),
                _ => 0,
            },
            Op::Projection(layer) => match output.elements() {
                Ok(Size::Number(product)) => product.saturating_mul(layer.inputs),
                _ => 0,
            },
            Op::Attention(_) => attention::macs(inputs, output),
            Op::MultiHead(layer) => attention::multi_head_macs(&layer, inputs),
            Op::Recurrent(layer) => recurrent::macs(&layer, input),
            // Custom layers are counted above. A product of vectors and a linear layer of unknown inputs do not fit. The
            // others are not counted.
            Op::Pool(_)
            | Op::MaxUnpool(_)
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
            | Op::MatMul { .. }
            | Op::Softmax { .. }
            | Op::Glu { .. }
            | Op::Dropout { .. }
            | Op::Identity
            | Op::Custom { .. }
            | Op::CustomOutput { .. }
            | Op::Source { .. } => 0,
        };
        if product < 0 { 0 } else { product.cast_unsigned() }
    }
}

/// The first axis of a layer norm without sizes: axis 0 in PyTorch, the last one elsewhere, which in flax and keras is
/// the channel axis.
const fn first_normalised(dialect: Dialect, input: &Shape) -> usize {
    match dialect {
        Dialect::Torch => 0,
        Dialect::Onnx | Dialect::Jax | Dialect::Flax | Dialect::Keras => input.rank().saturating_sub(1),
    }
}

/// The sizes of a layer norm that omits them, if they are numbers.
const fn normalised(dialect: Dialect, input: &Shape, order: AxisOrder) -> Option<Shape> {
    if has_norm(dialect, input, order).is_err() {
        return None;
    }
    let first = first_normalised(dialect, input);
    let mut size = Shape::unknown(input.rank() - first);
    let mut axis = first;
    while axis < input.rank() {
        let Size::Number(_) = input.size(axis) else { return None };
        size = size.with(axis - first, input.size(axis));
        axis += 1;
    }
    Some(size)
}

/// Whether a layer norm that omits its sizes can be given some here.
const fn has_norm(dialect: Dialect, input: &Shape, order: AxisOrder) -> Result<(), Fault> {
    let of_channels = matches!(dialect, Dialect::Flax | Dialect::Keras);
    if of_channels && matches!(order, AxisOrder::ChannelsFirst) && input.rank() > 1 {
        return Err(Fault::new(Reason::NormAxis { found: *input }));
    }
    let mut axis = first_normalised(dialect, input);
    while axis < input.rank() {
        if let found @ Size::Symbolic { .. } = input.size(axis) {
            return Err(Fault::new(Reason::NotFixed { what: "a size that is normalised over is", found }));
        }
        axis += 1;
    }
    Ok(())
}

/// The names of the spatial axes, for 1, 2 and 3 axes.
pub const fn axis_name(axis: usize, spatial_rank: usize) -> &'static str {
    match (spatial_rank, axis) {
        (1, _) => "length",
        (2, 0) | (3, 1) => "height",
        (2, _) | (3, 2) => "width",
        (3, 0) => "depth",
        _ => "size",
    }
}

/// Checks that every size is at least 1 and that the elements fit the address space.
///
/// # Errors
/// [`Reason::EmptyOutput`], [`Reason::TooManyElements`], [`Reason::Size`].
pub const fn representable(shape: &Shape) -> Result<(), Fault> {
    let mut product: i64 = 1;
    let mut index = 0;
    while index < shape.rank() {
        if let Some(smallest) = shape.size(index).smallest(shape.scope()) {
            if smallest < 1 {
                return Err(Fault::new(Reason::EmptyOutput { output: shape.size(index) }));
            }
            product = match product.checked_mul(smallest) {
                Some(product) if product <= MOST_ELEMENTS => product,
                _ => return Err(Fault::new(Reason::TooManyElements { shape: *shape })),
            };
        }
        index += 1;
    }
    Ok(())
}

const fn rank_is(input: &Shape, expected: usize) -> Result<(), Fault> {
    if input.rank() == expected { Ok(()) } else { Err(Fault::new(Reason::Rank { expected, found: *input })) }
}

const fn rank_at_least(input: &Shape, expected: usize) -> Result<(), Fault> {
    if input.rank() >= expected { Ok(()) } else { Err(Fault::new(Reason::Rank { expected, found: *input })) }
}

const fn at_least_one(field: &'static str, value: i64) -> Result<(), Fault> {
    if value >= 1 { Ok(()) } else { Err(Fault::new(Reason::NotPositive { field, value })) }
}

const fn some(what: &'static str, value: i64) -> Result<(), Fault> {
    if value >= 1 { Ok(()) } else { Err(Fault::new(Reason::TooFew { what, value })) }
}

const fn channels_are(expected: Option<i64>, input: &Shape, order: AxisOrder) -> Result<(), Fault> {
    let found = input.size(order.channel(input.rank()));
    let Some(expected) = expected else {
        // Omitted, with nothing to infer it from: the size is a symbol, or an earlier layer has an error.
        return match found {
            Size::Symbolic { .. } => Err(Fault::new(Reason::NotFixed { what: "the number of channels is", found })),
            _ => Ok(()),
        };
    };
    match found {
        // An earlier error left the count unknown and may have caused this one.
        Size::Unknown if expected < 1 => Ok(()),
        _ if !found.fits(Size::Number(expected)) => Err(Fault::new(Reason::Channels { expected, found })),
        _ => some("channels", expected),
    }
}

/// Whether the groups divide the channels, if their number is known.
const fn whole_groups(channels: Option<i64>, groups: i64) -> Result<(), Fault> {
    match channels {
        Some(channels) if channels % groups != 0 => {
            Err(Fault::new(Reason::Groups { side: "channel", channels, groups }))
        }
        _ => Ok(()),
    }
}

const fn field_rank(field: &'static str, written: Option<usize>, input: &Shape) -> Result<(), Fault> {
    let axes = input.rank().saturating_sub(1);
    match written {
        Some(written) if written != axes => Err(Fault::new(Reason::FieldRank { field, written, axes })),
        _ => Ok(()),
    }
}

const fn more_than_one_element(input: &Shape, order: AxisOrder) -> Result<(), Fault> {
    let mut axis = 0;
    while axis + 1 < input.rank() {
        if !matches!(input.size(order.spatial(axis)).smallest(input.scope()), Some(1)) {
            return Ok(());
        }
        axis += 1;
    }
    Err(Fault::new(Reason::SingleElement))
}

const fn last_axes_are(size: &Shape, input: &Shape) -> Result<(), Fault> {
    let fault = Fault::new(Reason::NormShape { expected: *size, found: *input });
    if size.rank() > input.rank() {
        return Err(fault);
    }
    let skip = input.rank() - size.rank();
    let mut axis = 0;
    while axis < size.rank() {
        if !size.size(axis).fits(input.size(skip + axis)) {
            return Err(fault);
        }
        tri!(representable(size));
        axis += 1;
    }
    Ok(())
}

impl PoolKind {
    /// The layer's name in the language, without its number of axes.
    pub const fn name(self) -> &'static str {
        match self {
            PoolKind::Max => "MaxPool",
            PoolKind::Avg => "AvgPool",
        }
    }
}

//! Whole layers: shapes in, shape out; multiply-adds.

use crate::axis::{Scatter, Window};
use crate::dialect::check_border;
use crate::fault::{Fault, Reason, tri};
use crate::op::{
    Amount, AxisOrder, Conv, Direction, Interpolation, Op, PaddingMode, PerAxis, PoolKind, ResizeTo, SeparableConv,
    Upsample,
};
use crate::shape::{MAX_RANK, Shape};
use crate::size::{Size, SizeError};

/// What one axis of a conv or pooling layer is, for the arithmetic that messages show.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AxisMap {
    /// A sliding window.
    Window(Window),
    /// A stamped kernel.
    Scatter(Scatter),
}

/// More bytes than this do not fit the address space: elements are `f64` at the largest.
const MOST_ELEMENTS: i64 = i64::MAX / 8;

impl Op {
    /// The layer with the channel counts that were left out taken from what comes in.
    #[must_use]
    pub const fn bind(self, input: &Shape, order: AxisOrder) -> Op {
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
            Op::LayerNorm { dialect, size: None, eps } if input.is_known() => {
                Op::LayerNorm { dialect, size: Some(*input), eps }
            }
            Op::Reshape { shape } => Op::Reshape { shape: fill(shape, input) },
            _ => self,
        }
    }

    /// The output shape.
    ///
    /// `inputs` are what the layer reads, at least one. Sizes that are not known are let pass and
    /// give sizes that are not known.
    ///
    /// # Errors
    /// Why the layer is refused.
    pub const fn output(&self, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
        let input = &inputs[0];
        let output = match self.bind(input, order) {
            Op::Conv(conv) => tri!(conv_output(&conv, input, order)),
            Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
                let middle = tri!(conv_output(&depthwise, input, order));
                tri!(conv_output(&pointwise, &middle, order))
            }
            Op::Pool(pool) => {
                tri!(rank_is(input, pool.rank + 1));
                let windows = tri!(pool.windows(input, order));
                tri!(slide(&windows, pool.rank, input, order))
            }
            Op::AdaptivePool { rank, size, .. } => {
                tri!(rank_is(input, rank + 1));
                tri!(with_sizes(input, order, &size, "size"))
            }
            Op::GlobalAvgPool { keep_axes } => {
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
            Op::Pad { amount, mode, .. } => tri!(padded(amount, mode, inputs, order)),
            Op::Crop { amount } => tri!(cropped(amount, inputs, order)),
            Op::Slice { start, end } => tri!(sliced(start, end, input, order)),
            Op::Linear { inputs: features, outputs, .. } => tri!(linear(features, outputs, input)),
            Op::Flatten => Shape::new(&[tri!(elements(input))], input.scope()),
            Op::Reshape { shape } => tri!(reshaped(&shape, input)),
            Op::Concat => tri!(concatenated(inputs, order)),
            Op::Add | Op::Mul => tri!(broadcast(inputs, order)),
            Op::BatchNorm { channels, .. } | Op::Snake { channels } => {
                tri!(channels_are(channels, input, order));
                *input
            }
            Op::GroupNorm { channels, groups, .. } => {
                tri!(at_least_one("groups", groups));
                tri!(channels_are(channels, input, order));
                if let Some(channels) = channels
                    && channels % groups != 0
                {
                    return Err(Fault::new(Reason::Groups { side: "channel", channels, groups }));
                }
                *input
            }
            Op::InstanceNorm { channels, .. } => {
                tri!(rank_at_least(input, 2));
                tri!(channels_are(channels, input, order));
                tri!(more_than_one_element(input, order));
                *input
            }
            Op::LayerNorm { size, .. } => {
                if let Some(size) = size {
                    tri!(last_axes_are(&size, input));
                }
                *input
            }
            Op::Prelu { channels } => {
                tri!(some("channels", channels));
                if channels != 1 {
                    tri!(channels_are(Some(channels), input, order));
                }
                *input
            }
            Op::Activation(_) | Op::Softmax | Op::Dropout { .. } | Op::Scale { .. } => *input,
        };
        tri!(representable(&output));
        Ok(output)
    }

    /// The arithmetic of one spatial axis, of layers that have one.
    ///
    /// # Errors
    /// Why the layer is refused.
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

    /// Multiply-adds of one sample, as `torchinfo` counts them for convolutions and linear layers:
    /// border included, biases and everything element-wise left out. A transposed convolution
    /// multiplies each input element once with each tap.
    pub const fn macs(&self, input: &Shape, output: &Shape, order: AxisOrder) -> u64 {
        let product = match self.bind(input, order) {
            Op::Conv(conv) => conv_macs(&conv, input, output),
            Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
                // The two give the same rows.
                let middle = output.with(order.channel(output.rank()), Size::Number(depthwise.outputs));
                conv_macs(&depthwise, input, &middle).saturating_add(conv_macs(&pointwise, &middle, output))
            }
            Op::Linear { inputs: Some(inputs), .. } => match output.elements() {
                Ok(Size::Number(product)) => product.saturating_mul(inputs),
                _ => 0,
            },
            _ => 0,
        };
        if product < 0 { 0 } else { product.cast_unsigned() }
    }
}

/// With the channels that come in, where they were left out.
const fn bind_conv(conv: Conv, found: Option<i64>) -> Conv {
    let inputs = or(conv.inputs, found);
    match (conv.depth_multiplier, inputs) {
        (Some(multiplier), Some(inputs)) => {
            Conv { inputs: Some(inputs), groups: inputs, outputs: inputs.saturating_mul(multiplier), ..conv }
        }
        _ => Conv { inputs, ..conv },
    }
}

const fn conv_macs(conv: &Conv, input: &Shape, output: &Shape) -> i64 {
    let (places, channels) = match conv.direction {
        Direction::Forward => (output, conv.inputs),
        Direction::Transposed => (input, Some(conv.outputs)),
    };
    let (Ok(Size::Number(mut product)), Some(channels)) = (places.elements(), channels) else { return 0 };
    let Some(group) = channels.checked_div(conv.groups) else { return 0 };
    product = product.saturating_mul(group);
    let mut axis = 0;
    while axis < conv.rank {
        product = product.saturating_mul(conv.kernel[axis]);
        axis += 1;
    }
    product
}

const fn or(written: Option<i64>, found: Option<i64>) -> Option<i64> {
    match written {
        Some(_) => written,
        None => found,
    }
}

/// The names of spatial axes, of 1, 2 and 3 of them.
pub const fn axis_name(axis: usize, spatial_rank: usize) -> &'static str {
    match (spatial_rank, axis) {
        (1, _) => "length",
        (2, 0) | (3, 1) => "height",
        (2, _) | (3, 2) => "width",
        (3, 0) => "depth",
        _ => "size",
    }
}

/// Every size at least 1, and all elements together within the address space.
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
        // Left out, and nothing to take it from: a symbol, or an error further up.
        return match found {
            Size::Symbolic { .. } => Err(Fault::new(Reason::NotFixed { what: "the number of channels", found })),
            _ => Ok(()),
        };
    };
    match found {
        // An error further up left the count open, and may be the cause of this one.
        Size::Unknown if expected < 1 => Ok(()),
        _ if !found.fits(Size::Number(expected)) => Err(Fault::new(Reason::Channels { expected, found })),
        _ => some("channels", expected),
    }
}

const fn conv_output(conv: &Conv, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_is(input, conv.rank + 1));
    tri!(channels_are(conv.inputs, input, order));
    if let Some(multiplier) = conv.depth_multiplier {
        tri!(at_least_one("depth_multiplier", multiplier));
    }
    // Those of a depthwise layer are not known before its inputs are.
    let open = conv.depth_multiplier.is_some() && conv.inputs.is_none();
    if !open {
        tri!(some("output channels", conv.outputs));
    }
    tri!(at_least_one("groups", conv.groups));
    if let Some(inputs) = conv.inputs
        && inputs % conv.groups != 0
    {
        return Err(Fault::new(Reason::Groups { side: "input channel", channels: inputs, groups: conv.groups }));
    }
    if conv.outputs % conv.groups != 0 {
        return Err(Fault::new(Reason::Groups { side: "output channel", channels: conv.outputs, groups: conv.groups }));
    }
    let output = match conv.direction {
        Direction::Forward => {
            let windows = tri!(conv.windows(input, order));
            tri!(slide(&windows, conv.rank, input, order))
        }
        Direction::Transposed => {
            let scatters = tri!(conv.scatters(input, order));
            let mut output = *input;
            let mut axis = 0;
            while axis < conv.rank {
                let place = order.spatial(axis);
                let size = match scatters[axis].output(input.size(place), input.scope()) {
                    Ok(size) => size,
                    Err(reason) => return Err(Fault::on(axis, reason)),
                };
                output = output.with(place, size);
                axis += 1;
            }
            output
        }
    };
    let outputs = if open { Size::Unknown } else { Size::Number(conv.outputs) };
    let output = output.with(order.channel(input.rank()), outputs);
    // The weight must fit as well.
    match weight_elements(conv) {
        Some(count) if count <= MOST_ELEMENTS => Ok(output),
        _ => Err(Fault::new(Reason::TooManyElements { shape: output })),
    }
}

const fn weight_elements(conv: &Conv) -> Option<i64> {
    let Some(inputs) = conv.inputs else { return Some(0) };
    let mut product = conv.outputs;
    let mut axis = 0;
    while axis <= conv.rank {
        product = match product.checked_mul(if axis == conv.rank { inputs } else { conv.kernel[axis] }) {
            Some(product) => product,
            None => return None,
        };
        axis += 1;
    }
    Some(product)
}

const fn slide(windows: &PerAxis<Window>, rank: usize, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    let mut output = *input;
    let mut axis = 0;
    while axis < rank {
        let place = order.spatial(axis);
        let size = match windows[axis].output(input.size(place), input.scope()) {
            Ok(size) => size,
            Err(reason) => return Err(Fault::on(axis, reason)),
        };
        if let Some(smallest) = size.smallest(input.scope())
            && smallest < 1
        {
            return Err(Fault::on(axis, Reason::EmptyOutput { output: size }));
        }
        output = output.with(place, size);
        axis += 1;
    }
    Ok(output)
}

/// The input with every spatial size replaced.
const fn with_sizes(
    input: &Shape,
    order: AxisOrder,
    sizes: &PerAxis<i64>,
    field: &'static str,
) -> Result<Shape, Fault> {
    let mut output = *input;
    let mut axis = 0;
    while axis + 1 < input.rank() {
        if axis >= sizes.len() {
            return Err(Fault::new(Reason::FieldRank { field, written: sizes.len(), axes: input.rank() - 1 }));
        }
        if sizes[axis] < 1 {
            return Err(Fault::on(axis, Reason::NotPositive { field, value: sizes[axis] }));
        }
        output = output.with(order.spatial(axis), Size::Number(sizes[axis]));
        axis += 1;
    }
    Ok(output)
}

const fn field_rank(field: &'static str, written: Option<usize>, input: &Shape) -> Result<(), Fault> {
    let axes = input.rank().saturating_sub(1);
    match written {
        Some(written) if written != axes => Err(Fault::new(Reason::FieldRank { field, written, axes })),
        _ => Ok(()),
    }
}

const fn upsampled(upsample: &Upsample, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    let input = &inputs[0];
    let expected = match upsample.mode {
        Interpolation::Linear => Some(1),
        Interpolation::Bilinear | Interpolation::Bicubic => Some(2),
        Interpolation::Trilinear => Some(3),
        Interpolation::Nearest | Interpolation::NearestExact => None,
    };
    tri!(rank_at_least(input, 2));
    let axes = input.rank() - 1;
    if axes > 3 {
        return Err(Fault::new(Reason::Rank { expected: 4, found: *input }));
    }
    match expected {
        Some(expected) if expected != axes => return Err(Fault::new(Reason::ModeRank { expected, axes })),
        None if upsample.align_corners.is_some() => return Err(Fault::new(Reason::AlignCorners)),
        _ => {}
    }
    match upsample.to {
        ResizeTo::Size(sizes) => {
            tri!(field_rank("size", upsample.rank, input));
            with_sizes(input, order, &sizes, "size")
        }
        ResizeTo::Like => with_space_of(input, &inputs[1], order),
        ResizeTo::Scale(scales) => {
            tri!(field_rank("scale", upsample.rank, input));
            let mut output = *input;
            let mut axis = 0;
            while axis < axes {
                let place = order.spatial(axis);
                let size = match scaled(input.size(place), scales[axis]) {
                    Ok(size) => size,
                    Err(reason) => return Err(Fault::on(axis, reason)),
                };
                output = output.with(place, size);
                axis += 1;
            }
            Ok(output)
        }
    }
}

/// `floor(size * scale)`, as PyTorch computes it: in `f64`.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked for range first")]
const fn scaled(size: Size, scale: f64) -> Result<Size, Reason> {
    // Written so that not-a-number is refused too.
    if !(scale > 0.0 && scale < 1e15) {
        return Err(Reason::ScaleFactor);
    }
    let whole = scale as i64;
    let output = if whole as f64 == scale {
        match size.times(whole) {
            Ok(output) => output,
            Err(error) => return Err(Reason::Size(error)),
        }
    } else {
        match size {
            Size::Number(n) => {
                let product = n as f64 * scale;
                if product >= MOST_ELEMENTS as f64 {
                    return Err(Reason::Size(SizeError::Overflow));
                }
                Size::Number(product as i64)
            }
            Size::Symbolic { .. } => return Err(Reason::Size(SizeError::NotLinear)),
            Size::Unknown => Size::Unknown,
        }
    };
    match output {
        Size::Number(n) if n < 1 => Err(Reason::EmptyOutput { output }),
        _ => Ok(output),
    }
}

/// The input with the spatial sizes of another shape.
const fn with_space_of(input: &Shape, like: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_is(like, input.rank()));
    Ok(like.with(order.channel(input.rank()), input.size(order.channel(input.rank()))))
}

const fn shuffled(factor: i64, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_is(input, 3));
    tri!(at_least_one("factor", factor));
    let channel = order.channel(3);
    let Some(square) = factor.checked_mul(factor) else {
        return Err(Fault::new(Reason::Size(SizeError::Overflow)));
    };
    let channels = input.size(channel);
    let fewer = match channels {
        Size::Number(n) if n % square != 0 => {
            return Err(Fault::new(Reason::Divisible { what: "channels", size: channels, by: square }));
        }
        _ => tri!(sized(channels.div_floor(square))),
    };
    let mut output = input.with(channel, fewer);
    let mut axis = 0;
    while axis < 2 {
        let place = order.spatial(axis);
        output = output.with(place, tri!(sized(input.size(place).times(factor))));
        axis += 1;
    }
    Ok(output)
}

const fn unshuffled(factor: i64, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_is(input, 3));
    tri!(at_least_one("factor", factor));
    let channel = order.channel(3);
    let Some(square) = factor.checked_mul(factor) else {
        return Err(Fault::new(Reason::Size(SizeError::Overflow)));
    };
    let mut output = input.with(channel, tri!(sized(input.size(channel).times(square))));
    let mut axis = 0;
    while axis < 2 {
        let place = order.spatial(axis);
        let size = input.size(place);
        let divisible = match size {
            Size::Number(n) => n % factor == 0,
            Size::Symbolic { scale, offset, .. } => scale % factor == 0 && offset % factor == 0,
            Size::Unknown => true,
        };
        if !divisible {
            return Err(Fault::on(axis, Reason::Divisible { what: axis_name(axis, 2), size, by: factor }));
        }
        output = output.with(place, tri!(sized(size.div_floor(factor))));
        axis += 1;
    }
    Ok(output)
}

const fn sized(result: Result<Size, SizeError>) -> Result<Size, Fault> {
    match result {
        Ok(size) => Ok(size),
        Err(error) => Err(Fault::new(Reason::Size(error))),
    }
}

/// Low and high side of every spatial axis; with one pair written, that one for all.
const fn padded(amount: Amount, mode: PaddingMode, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    let input = &inputs[0];
    tri!(rank_at_least(input, 2));
    let mut output = *input;
    let mut axis = 0;
    while axis + 1 < input.rank() {
        let place = order.spatial(axis);
        let size = input.size(place);
        let (lo, hi) = match amount {
            Amount::Pairs { rank, pairs } => {
                tri!(field_rank("amount", rank, input));
                if axis >= pairs.len() {
                    return Err(Fault::new(Reason::Rank { expected: 4, found: *input }));
                }
                pairs[axis]
            }
            Amount::Like { start } => {
                tri!(rank_is(&inputs[1], input.rank()));
                let target = inputs[1].size(place);
                match split(size, target, start) {
                    Some((lo, hi)) if lo >= 0 && hi >= 0 => (lo, hi),
                    _ if !size.is_known() || !target.is_known() => {
                        output = output.with(place, target);
                        axis += 1;
                        continue;
                    }
                    _ => return Err(Fault::on(axis, Reason::PadTooSmall { input: size, output: target })),
                }
            }
        };
        if let Err(reason) = check_border(mode, lo, size, input.scope()) {
            return Err(Fault::on(axis, reason));
        }
        if let Err(reason) = check_border(mode, hi, size, input.scope()) {
            return Err(Fault::on(axis, reason));
        }
        let Some(total) = lo.checked_add(hi) else { return Err(Fault::new(Reason::Size(SizeError::Overflow))) };
        let padded = tri!(sized(size.plus(total)));
        tri!(not_empty(axis, padded, input));
        output = output.with(place, padded);
        axis += 1;
    }
    Ok(output)
}

const fn cropped(amount: Amount, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    let input = &inputs[0];
    tri!(rank_at_least(input, 2));
    let mut output = *input;
    let mut axis = 0;
    while axis + 1 < input.rank() {
        let place = order.spatial(axis);
        let size = input.size(place);
        let kept = match amount {
            Amount::Pairs { rank, pairs } => {
                tri!(field_rank("amount", rank, input));
                if axis >= pairs.len() {
                    return Err(Fault::new(Reason::Rank { expected: 4, found: *input }));
                }
                let (lo, hi) = pairs[axis];
                if lo < 0 || hi < 0 {
                    let value = if lo < hi { lo } else { hi };
                    return Err(Fault::on(axis, Reason::Negative { field: "amount", value }));
                }
                match lo.checked_add(hi) {
                    Some(total) => tri!(sized(size.plus(-total))),
                    None => return Err(Fault::new(Reason::Size(SizeError::Overflow))),
                }
            }
            Amount::Like { start } => {
                tri!(rank_is(&inputs[1], input.rank()));
                let target = inputs[1].size(place);
                match split(size, target, start) {
                    Some((lo, hi)) if lo <= 0 && hi <= 0 => target,
                    _ if !size.is_known() || !target.is_known() => target,
                    _ => return Err(Fault::on(axis, Reason::CropTooLarge { input: size, output: target })),
                }
            }
        };
        if let Some(smallest) = kept.smallest(input.scope())
            && smallest < 1
        {
            return Err(Fault::on(axis, Reason::CropTooLarge { input: size, output: kept }));
        }
        output = output.with(place, kept);
        axis += 1;
    }
    Ok(output)
}

/// The rows that must be added on each side to get from one size to another (negative: taken
/// away), the odd one at the end; `None` if that is not a number.
const fn split(from: Size, to: Size, start: bool) -> Option<(i64, i64)> {
    let total = match (from, to) {
        (Size::Number(from), Size::Number(to)) => to.checked_sub(from),
        (
            Size::Symbolic { scale, symbol, offset },
            Size::Symbolic { scale: to_scale, symbol: to_symbol, offset: to_offset },
        ) if scale == to_scale && symbol == to_symbol => to_offset.checked_sub(offset),
        _ => None,
    };
    let Some(total) = total else { return None };
    let lo = if start { 0 } else { total / 2 };
    Some((lo, total - lo))
}

impl Amount {
    /// The rows on the low and high side of one axis, for plain numbers: positive adds (`Pad`) or
    /// takes away (`Crop`).
    pub const fn rows(&self, axis: usize, input: Size, like: Option<Size>) -> (i64, i64) {
        match (*self, like) {
            (Amount::Pairs { pairs, .. }, _) => pairs[axis],
            (Amount::Like { start }, Some(like)) => match split(input, like, start) {
                // `Crop` and `Pad` look at the distance alone.
                Some((lo, hi)) => (lo.saturating_abs(), hi.saturating_abs()),
                None => (0, 0),
            },
            (Amount::Like { .. }, None) => (0, 0),
        }
    }
}

const fn not_empty(axis: usize, size: Size, input: &Shape) -> Result<(), Fault> {
    match size.smallest(input.scope()) {
        Some(smallest) if smallest < 1 => Err(Fault::on(axis, Reason::EmptyOutput { output: size })),
        _ => Ok(()),
    }
}

const fn sliced(start: i64, end: i64, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_at_least(input, 1));
    let channel = order.channel(input.rank());
    let channels = match input.size(channel) {
        Size::Number(channels) => channels,
        Size::Unknown => i64::MAX,
        found @ Size::Symbolic { .. } => {
            return Err(Fault::new(Reason::NotFixed { what: "the number of channels", found }));
        }
    };
    if start < 0 || start >= end || end > channels {
        return Err(Fault::new(Reason::SliceRange { start, end, channels }));
    }
    Ok(input.with(channel, Size::Number(end - start)))
}

const fn linear(features: Option<i64>, outputs: i64, input: &Shape) -> Result<Shape, Fault> {
    tri!(rank_at_least(input, 1));
    let last = input.rank() - 1;
    let found = input.size(last);
    match features {
        Some(expected) => {
            if !found.fits(Size::Number(expected)) {
                return Err(Fault::new(Reason::Features { expected, found: *input }));
            }
            tri!(some("input features", expected));
            if expected.saturating_mul(outputs) > MOST_ELEMENTS {
                return Err(Fault::new(Reason::TooManyElements { shape: *input }));
            }
        }
        None => {
            if let Size::Symbolic { .. } = found {
                return Err(Fault::new(Reason::NotFixed { what: "the number of features", found }));
            }
        }
    }
    tri!(some("output features", outputs));
    Ok(input.with(last, Size::Number(outputs)))
}

const fn elements(shape: &Shape) -> Result<Size, Fault> {
    match shape.elements() {
        Ok(size) => Ok(size),
        Err(SizeError::NotLinear) => {
            Err(Fault::new(Reason::NotFixed { what: "the number of elements", found: first_symbol(shape) }))
        }
        Err(error) => Err(Fault::new(Reason::Size(error))),
    }
}

const fn first_symbol(shape: &Shape) -> Size {
    let mut axis = 0;
    while axis < shape.rank() {
        if let Size::Symbolic { .. } = shape.size(axis) {
            return shape.size(axis);
        }
        axis += 1;
    }
    Size::Unknown
}

/// The one size of a target shape that is not known, worked out from the number of elements.
const fn fill(shape: Shape, input: &Shape) -> Shape {
    let mut open = MAX_RANK;
    let mut product: i64 = 1;
    let mut axis = 0;
    while axis < shape.rank() {
        match shape.size(axis) {
            Size::Number(n) => product = product.saturating_mul(n),
            _ if open == MAX_RANK => open = axis,
            _ => return shape,
        }
        axis += 1;
    }
    if open == MAX_RANK || product < 1 {
        return shape;
    }
    match input.elements() {
        Ok(Size::Number(n)) if n % product == 0 => shape.with(open, Size::Number(n / product)),
        _ => shape,
    }
}

const fn reshaped(shape: &Shape, input: &Shape) -> Result<Shape, Fault> {
    let mut axis = 0;
    while axis < shape.rank() {
        if let Size::Number(n) = shape.size(axis)
            && n < 1
        {
            return Err(Fault::new(Reason::NotPositive { field: "shape", value: n }));
        }
        axis += 1;
    }
    let (from, to) = (tri!(elements(input)), tri!(elements(shape)));
    // An open size that could not be worked out does not divide.
    let open = input.is_known() && !shape.is_known();
    if open || !from.fits(to) {
        return Err(Fault::new(Reason::Elements { from: *input, to: *shape }));
    }
    Ok(*shape)
}

const fn concatenated(inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    let first = inputs[0];
    let channel = order.channel(first.rank());
    let mut output = first;
    let mut operand = 1;
    while operand < inputs.len() {
        let other = inputs[operand];
        if other.rank() != first.rank() {
            return Err(Fault::new(Reason::Join { operand, axis: None, first, other }));
        }
        let mut axis = 0;
        while axis < first.rank() {
            let merged = if axis == channel {
                tri!(sized(output.size(axis).add(other.size(axis))))
            } else if !output.size(axis).fits(other.size(axis)) {
                return Err(Fault::new(Reason::Join { operand, axis: Some(axis), first, other }));
            } else {
                known(output.size(axis), other.size(axis))
            };
            output = output.with(axis, merged);
            axis += 1;
        }
        operand += 1;
    }
    Ok(output)
}

const fn known(a: Size, b: Size) -> Size {
    if a.is_known() { a } else { b }
}

const fn broadcast(inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    // The operand with the most axes leads; one of a single axis counts per channel.
    let mut output = inputs[0];
    let mut operand = 1;
    while operand < inputs.len() {
        if inputs[operand].rank() > output.rank() {
            output = inputs[operand];
        }
        operand += 1;
    }
    let rank = output.rank();
    let mut operand = 0;
    while operand < inputs.len() {
        let other = inputs[operand];
        if other.rank() == 1 && rank > 1 {
            let channel = order.channel(rank);
            match merge(output.size(channel), other.size(0)) {
                Some(size) => output = output.with(channel, size),
                None => {
                    return Err(Fault::new(Reason::Join { operand, axis: Some(channel), first: output, other }));
                }
            }
        } else if other.rank() == rank {
            let mut axis = 0;
            while axis < rank {
                match merge(output.size(axis), other.size(axis)) {
                    Some(size) => output = output.with(axis, size),
                    None => return Err(Fault::new(Reason::Join { operand, axis: Some(axis), first: output, other })),
                }
                axis += 1;
            }
        } else {
            return Err(Fault::new(Reason::Join { operand, axis: None, first: output, other }));
        }
        operand += 1;
    }
    Ok(output)
}

/// Two sizes that meet in a sum: equal, or one of them 1.
const fn merge(a: Size, b: Size) -> Option<Size> {
    match (a, b) {
        (Size::Number(1), size) | (size, Size::Number(1)) => Some(size),
        _ if a.fits(b) => Some(known(a, b)),
        _ => None,
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
    /// The word of the language without its number of axes.
    pub const fn name(self) -> &'static str {
        match self {
            PoolKind::Max => "MaxPool",
            PoolKind::Avg => "AvgPool",
        }
    }
}

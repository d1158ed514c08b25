//! Layers that change the spatial sizes: resizing, shuffling, padding and cropping.

use super::{
    MOST_ELEMENTS, at_least_one, axes::place, axis_name, conv::with_sizes, field_rank, rank_at_least, rank_is,
};
use crate::dialect::check_border;
use crate::fault::{Fault, Reason, tri};
use crate::op::{Amount, Axis, AxisOrder, Interpolation, PaddingMode, PerAxis, ResizeTo, Upsample};
use crate::shape::Shape;
use crate::size::{Size, SizeError};

pub(super) const fn upsampled(upsample: &Upsample, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
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

/// `floor(size * scale)`, computed in `f64` as PyTorch does.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked for range first")]
pub(super) const fn scaled(size: Size, scale: f64) -> Result<Size, Reason> {
    // Written so that NaN is rejected too.
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

/// The input with its spatial sizes taken from another shape.
pub(super) const fn with_space_of(input: &Shape, like: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_is(like, input.rank()));
    Ok(like.with(order.channel(input.rank()), input.size(order.channel(input.rank()))))
}

pub(super) const fn shuffled(factor: i64, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
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

pub(super) const fn unshuffled(factor: i64, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
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

pub(super) const fn sized(result: Result<Size, SizeError>) -> Result<Size, Fault> {
    match result {
        Ok(size) => Ok(size),
        Err(error) => Err(Fault::new(Reason::Size(error))),
    }
}

/// The low and high side of every spatial axis; a single pair applies to all axes.
pub(super) const fn padded(
    amount: Amount,
    mode: PaddingMode,
    axis: Option<Axis>,
    inputs: &[Shape],
    order: AxisOrder,
) -> Result<Shape, Fault> {
    let input = &inputs[0];
    if let Some(axis) = axis {
        let at = tri!(place(axis, input, order));
        if let Amount::Pairs { rank: Some(written), .. } = amount
            && written != 1
        {
            return Err(Fault::new(Reason::FieldRank { field: "amount", written, axes: 1 }));
        }
        return Ok(input.with(at, tri!(bordered(amount, mode, (None, at), inputs))));
    }
    tri!(rank_at_least(input, 2));
    let mut output = *input;
    let mut axis = 0;
    while axis + 1 < input.rank() {
        if let Amount::Pairs { rank, pairs } = amount {
            tri!(written(rank, &pairs, axis, input));
        }
        let at = order.spatial(axis);
        output = output.with(at, tri!(bordered(amount, mode, (Some(axis), at), inputs)));
        axis += 1;
    }
    Ok(output)
}

/// One axis with its border: `at` is its position, `spatial` its number among the spatial axes.
const fn bordered(
    amount: Amount,
    mode: PaddingMode,
    (spatial, at): (Option<usize>, usize),
    inputs: &[Shape],
) -> Result<Size, Fault> {
    let input = &inputs[0];
    let size = input.size(at);
    let (lo, hi) = match amount {
        Amount::Pairs { pairs, .. } => {
            pairs[match spatial {
                Some(axis) => axis,
                None => 0,
            }]
        }
        Amount::Like { start } => {
            tri!(rank_is(&inputs[1], input.rank()));
            let target = inputs[1].size(at);
            match split(size, target, start) {
                Some((lo, hi)) if lo >= 0 && hi >= 0 => (lo, hi),
                _ if !size.is_known() || !target.is_known() => return Ok(target),
                _ => {
                    let reason = Reason::PadTooSmall { input: size, output: target };
                    return Err(Fault { axis: spatial, reason });
                }
            }
        }
    };
    let sides = [lo, hi];
    let mut side = 0;
    while side < sides.len() {
        if let Err(reason) = check_border(mode, sides[side], size, input.scope()) {
            return Err(Fault { axis: spatial, reason });
        }
        side += 1;
    }
    let Some(total) = lo.checked_add(hi) else { return Err(Fault::new(Reason::Size(SizeError::Overflow))) };
    let padded = tri!(sized(size.plus(total)));
    match padded.smallest(input.scope()) {
        Some(smallest) if smallest < 1 => Err(Fault { axis: spatial, reason: Reason::EmptyOutput { output: padded } }),
        _ => Ok(padded),
    }
}

pub(super) const fn cropped(amount: Amount, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    let input = &inputs[0];
    tri!(rank_at_least(input, 2));
    let mut output = *input;
    let mut axis = 0;
    while axis + 1 < input.rank() {
        let place = order.spatial(axis);
        let size = input.size(place);
        let kept = match amount {
            Amount::Pairs { rank, pairs } => {
                let (lo, hi) = tri!(written(rank, &pairs, axis, input));
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

/// The pair of one axis, if there is one.
const fn written(
    rank: Option<usize>,
    pairs: &PerAxis<(i64, i64)>,
    axis: usize,
    input: &Shape,
) -> Result<(i64, i64), Fault> {
    tri!(field_rank("amount", rank, input));
    if axis < pairs.len() { Ok(pairs[axis]) } else { Err(Fault::new(Reason::Rank { expected: 4, found: *input })) }
}

/// The rows to add on each side to get from one size to another (negative: to remove), the odd row at the end. `None`
/// if the difference is not a number.
pub(super) const fn split(from: Size, to: Size, start: bool) -> Option<(i64, i64)> {
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
    /// The rows on the low and high side of one axis, as plain numbers: added by `Pad`, removed by `Crop`.
    pub const fn rows(&self, axis: usize, input: Size, like: Option<Size>) -> (i64, i64) {
        match (*self, like) {
            (Amount::Pairs { pairs, .. }, _) => pairs[axis],
            (Amount::Like { start }, Some(like)) => match split(input, like, start) {
                // `Crop` and `Pad` both use the absolute difference.
                Some((lo, hi)) => (lo.saturating_abs(), hi.saturating_abs()),
                None => (0, 0),
            },
            (Amount::Like { .. }, None) => (0, 0),
        }
    }
}

//! The layer that undoes a convolution or a transposed convolution.

use crate::axis::{Scatter, Window};
use crate::fault::{Fault, Reason, tri};
use crate::op::{AutoPad, AxisOrder, Conv, Dialect, Direction, MAX_SPATIAL, Padding, PaddingMode, PerAxis, WeightFrom};
use crate::shape::Shape;
use crate::size::Size;

/// The exact reverse of `conv` at `input`: same kernel, stride, dilation, groups and bias, swapped channels, and the
/// offset that undoes its padding, written in the dialect's own fields.
///
/// A transposed convolution must restore the rows that rounding down dropped. Its full output has `(o - 1) * stride +
/// extent - lo - hi` rows, at most `stride - 1` fewer than `input`, so every dialect with `output_padding` accepts the
/// difference. jax and flax pad the dilated input instead.
///
/// # Errors
/// If `conv` itself is rejected or has no reverse: a depthwise convolution, or one with an input dilation.
pub const fn undo(conv: &Conv, input: &Shape, order: AxisOrder) -> Result<Conv, Fault> {
    if conv.depth_multiplier.is_some() {
        return Err(Fault::new(Reason::TransposedGroups));
    }
    let channels = input.size(order.channel(input.rank()));
    let inputs = match conv.inputs {
        Some(inputs) => inputs,
        None => match channels {
            Size::Number(channels) => channels,
            _ => 1,
        },
    };
    let undone = Conv {
        inputs: Some(conv.outputs),
        outputs: inputs,
        auto_pad: AutoPad::NotSet,
        output_padding: None,
        output_size: None,
        padding_mode: PaddingMode::Zeros,
        transpose_kernel: false,
        consistent_padding: false,
        weight: WeightFrom::Own,
        mask: None,
        ..*conv
    };
    match conv.direction {
        Direction::Forward => transposed(conv, undone, input, order),
        Direction::Transposed => forward(conv, undone, input, order),
    }
}

/// The layer that undoes a convolution.
const fn transposed(conv: &Conv, undone: Conv, input: &Shape, order: AxisOrder) -> Result<Conv, Fault> {
    let windows = tri!(conv.windows(input, order));
    let mut pairs = [(0, 0); MAX_SPATIAL];
    let mut output_padding = [0; MAX_SPATIAL];
    let mut padded = false;
    let mut axis = 0;
    while axis < conv.rank {
        let Window { kernel, stride, dilation, input_dilation, lo, hi, .. } = windows[axis];
        if input_dilation != 1 {
            let what = "an input dilation and a layer that undoes it";
            return Err(Fault::on(axis, Reason::Exclusive { field: "input_dilation", what }));
        }
        let size = input.size(order.spatial(axis));
        let output = match windows[axis].output(size, input.scope()) {
            Ok(output) => output,
            Err(reason) => return Err(Fault::on(axis, reason)),
        };
        let plain = Scatter { kernel, stride, dilation, lo, hi };
        let missing = match (plain.unchecked_output(output), size) {
            (Ok(Size::Number(short)), Size::Number(size)) => size - short,
            (Ok(Size::Symbolic { offset: short, .. }), Size::Symbolic { offset: size, .. }) => size - short,
            _ => 0,
        };
        output_padding[axis] = missing;
        padded |= missing != 0;
        pairs[axis] = match conv.dialect {
            // Rows of border around the dilated input.
            Dialect::Jax | Dialect::Flax => {
                let most = dilation.saturating_mul(kernel - 1);
                (most.saturating_sub(lo), most.saturating_sub(hi).saturating_add(missing))
            }
            Dialect::Torch | Dialect::Onnx | Dialect::Keras => (lo, hi),
        };
        axis += 1;
    }
    let output_padding = match conv.dialect {
        Dialect::Jax | Dialect::Flax => None,
        // If omitted, it is not zero there.
        Dialect::Keras => Some(output_padding),
        Dialect::Torch | Dialect::Onnx => {
            if padded {
                Some(output_padding)
            } else {
                None
            }
        }
    };
    let padding = as_written(&pairs, conv.rank, conv.dialect);
    Ok(Conv { direction: Direction::Transposed, padding, output_padding, ..undone })
}

/// The layer that undoes a transposed convolution.
const fn forward(conv: &Conv, undone: Conv, input: &Shape, order: AxisOrder) -> Result<Conv, Fault> {
    let scatters = tri!(conv.scatters(input, order));
    let mut pairs = [(0, 0); MAX_SPATIAL];
    let mut axis = 0;
    while axis < conv.rank {
        // Rounding down ignores up to `stride - 1` more rows at the end: use equal sides if that works, otherwise no
        // cropping if that works.
        let Scatter { lo, hi, stride, .. } = scatters[axis];
        let most = hi.saturating_add(stride - 1);
        let end = if hi <= lo && lo <= most {
            lo
        } else if hi < 0 && 0 <= most {
            0
        } else {
            hi
        };
        pairs[axis] = (lo, end);
        axis += 1;
    }
    let padding = as_written(&pairs, conv.rank, conv.dialect);
    Ok(Conv { direction: Direction::Forward, padding, ..undone })
}

/// `padding: 1` if both sides are equal on every axis and none is negative, otherwise pairs. keras takes no numbers:
/// `valid` if they are zero.
const fn as_written(pairs: &PerAxis<(i64, i64)>, rank: usize, dialect: Dialect) -> Padding {
    let mut values = [0; MAX_SPATIAL];
    let mut zero = true;
    let mut axis = 0;
    while axis < rank {
        if pairs[axis].0 != pairs[axis].1 || pairs[axis].0 < 0 {
            return Padding::Pairs(*pairs);
        }
        values[axis] = pairs[axis].0;
        zero &= values[axis] == 0;
        axis += 1;
    }
    match dialect {
        Dialect::Keras if zero => Padding::Valid,
        Dialect::Keras => Padding::Pairs(*pairs),
        Dialect::Torch | Dialect::Onnx | Dialect::Jax | Dialect::Flax => Padding::Symmetric(values),
    }
}

//! Keras 3: its layers, with the checks of `keras/src/layers/convolutional`, and `tf.nn.conv2d_transpose` if an output
//! size is given. If the backends disagree, the stricter one counts: TensorFlow.

use super::{checked, cropped, full_scatter, halves, not_cropping, not_in_dialect, not_negative, same_rows, written};
use crate::axis::{Scatter, Window, extent};
use crate::fault::{Fault, Reason, tri, tri_size};
use crate::op::{Conv, Dialect, Padding, Pool};
use crate::size::Size;

/// Checks that concern no single axis.
pub(super) const fn check(conv: &Conv) -> Result<(), Fault> {
    let (mut strided, mut dilated) = (false, false);
    let mut axis = 0;
    while axis < conv.rank {
        strided |= conv.stride[axis] > 1;
        dilated |= conv.dilation[axis] > 1;
        axis += 1;
    }
    // The depthwise layer and `tf.nn.conv2d_transpose` allow it.
    if strided && dilated && conv.depth_multiplier.is_none() && conv.output_size.is_none() {
        let what = "a stride above 1 and a dilation above 1";
        return Err(Fault::new(Reason::Exclusive { field: "dilation", what }));
    }
    if conv.output_size.is_some() && conv.output_padding.is_some() {
        let what = "output_size and output_padding";
        return Err(Fault::new(Reason::Exclusive { field: "output_padding", what }));
    }
    Ok(())
}

/// Padding as numbers: only pairs, as `ZeroPadding` before the layer or `Cropping` after a transposed one.
const fn pairs(padding: Padding, axis: usize) -> Result<(i64, i64), Reason> {
    match (padding, written(padding, axis)) {
        (Padding::Symmetric(_), Some((0, _))) => Ok((0, 0)),
        (Padding::Pairs(_), Some(sides)) => not_cropping(sides),
        (Padding::Symmetric(_), _) => Err(Reason::PaddingNumber),
        _ => Err(not_in_dialect(padding, Dialect::Keras)),
    }
}

/// `Conv` and `DepthwiseConv`.
pub(super) const fn window(conv: &Conv, axis: usize, input: Size) -> Result<Window, Reason> {
    let (kernel, stride, dilation) = (conv.kernel[axis], conv.stride[axis], conv.dilation[axis]);
    let reach = tri_size!(extent(kernel, dilation));
    let (lo, hi) = match conv.padding {
        Padding::Valid => (0, 0),
        Padding::Same => halves(tri!(same_rows(reach, stride, input))),
        Padding::Causal if conv.rank == 1 && conv.depth_multiplier.is_none() => (reach - 1, 0),
        other => tri!(pairs(other, axis)),
    };
    Ok(Window { kernel, stride, dilation, input_dilation: 1, lo, hi, ceil: false })
}

/// `ConvTranspose`. Without `output_padding` it gives `input * stride` rows with `same` and at least as many with
/// `valid`. This differs from `output_padding: 0`.
pub(super) const fn scatter(conv: &Conv, axis: usize, input: Size) -> Result<Scatter, Reason> {
    let full = full_scatter(conv, axis);
    let stride = full.stride;
    let reach = tri_size!(extent(full.kernel, full.dilation));
    if let Some(sizes) = conv.output_size {
        return with_output_size(conv, axis, sizes[axis], input);
    }
    let extra = match conv.output_padding {
        Some(output_padding) => {
            let value = output_padding[axis];
            tri!(not_negative("output_padding", value));
            if value >= stride {
                return Err(Reason::OutputPaddingStride { value, stride });
            }
            Some(value)
        }
        None => None,
    };
    if matches!(conv.padding, Padding::Same) {
        // `input * stride` rows, or `(input - 1) * stride + extent % 2 + output_padding`.
        let rows = match extra {
            None => reach - stride,
            Some(extra) => reach - reach % 2 - extra,
        };
        // TensorFlow computes it as the gradient of a forward convolution, which must give the input size again. With
        // `(input - 1) * stride` rows, that convolution gives one row too few.
        if rows == reach {
            let back = tri_size!(input.plus(-1));
            return Err(Reason::NotRestored { output: tri_size!(back.times(stride)), back, input });
        }
        return cropped(full, (if rows > 0 { rows } else { 0 }) / 2, rows);
    }
    let (lo, hi) = match conv.padding {
        Padding::Valid => (0, 0),
        other => tri!(pairs(other, axis)),
    };
    let extra = match extra {
        Some(extra) => extra,
        None if stride > reach => stride - reach,
        None => 0,
    };
    Ok(Scatter { lo, hi: tri!(checked(hi.checked_sub(extra))), ..full })
}

/// `tf.nn.conv_transpose` with `output_shape`.
const fn with_output_size(conv: &Conv, axis: usize, requested: i64, input: Size) -> Result<Scatter, Reason> {
    let full = full_scatter(conv, axis);
    let (lo, hi) = match conv.padding {
        Padding::Same | Padding::Valid => (0, 0),
        other => tri!(pairs(other, axis)),
    };
    let rows = match tri_size!(full.unchecked_output(input)) {
        Size::Number(rows) => rows,
        _ => 0,
    };
    // The size that the forward convolution makes of `input`.
    let most = match conv.padding {
        Padding::Same => tri_size!(input.times(full.stride)),
        _ => tri_size!(tri_size!(full.unchecked_output(input)).plus(full.stride - 1 - lo - hi)),
    };
    let least = tri_size!(most.plus(1 - full.stride));
    match (input, least, most) {
        (Size::Number(_), Size::Number(low), Size::Number(high)) if low <= requested && requested <= high => {
            let crop = rows - requested;
            let lo = match conv.padding {
                Padding::Same if crop > 0 => crop / 2,
                Padding::Same => 0,
                _ => lo,
            };
            cropped(full, lo, crop)
        }
        (Size::Unknown, ..) => Ok(full),
        _ => Err(Reason::OutputSize { requested, least, most }),
    }
}

/// `MaxPooling` and `AveragePooling`.
pub(super) const fn pool_window(pool: &Pool, axis: usize, input: Size) -> Result<Window, Reason> {
    let (kernel, stride) = (pool.kernel[axis], pool.stride[axis]);
    let (lo, hi) = match pool.padding {
        Padding::Valid => (0, 0),
        Padding::Same => halves(tri!(same_rows(kernel, stride, input))),
        other => match written(other, axis) {
            Some((0, 0)) => (0, 0),
            Some(_) => return Err(Reason::PaddingNumber),
            None => return Err(not_in_dialect(other, Dialect::Keras)),
        },
    };
    Ok(Window { stride, lo, hi, ..Window::new(kernel) })
}

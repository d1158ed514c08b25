//! `jax.lax`: `conv_general_dilated`, `conv_transpose` and `reduce_window`, as defined in `jax/_src/lax/convolution.py`
//! and `windowed_reductions.py`. JAX allows an empty output; we reject it.

use super::{cropped, full_scatter, halves, halves_lower, not_cropping, not_in_dialect, same_rows, written};
use crate::axis::{Scatter, Window, extent};
use crate::fault::{Fault, Reason, tri, tri_size};
use crate::op::{Conv, Dialect, Direction, Padding, Pool};
use crate::size::{Size, SizeError};

/// Checks that concern no single axis.
pub(super) const fn check(conv: &Conv) -> Result<(), Fault> {
    if conv.bias && matches!(conv.dialect, Dialect::Jax) {
        return Err(Fault::new(Reason::NotInDialect { field: "bias", value: "true", dialect: conv.dialect }));
    }
    let dilated = any_above_one(conv, &conv.input_dilation);
    if dilated && !matches!(conv.padding, Padding::Symmetric(_) | Padding::Pairs(_)) {
        let what = "padding by a word and an input dilation";
        return Err(Fault::new(Reason::Exclusive { field: "padding", what }));
    }
    // JAX passes `SAME_LOWER` on to a plain convolution. The result is the same only without a stride.
    if matches!((conv.direction, conv.padding), (Direction::Transposed, Padding::SameLower))
        && (any_above_one(conv, &conv.stride) || conv.consistent_padding)
    {
        return Err(Fault::new(not_in_dialect(conv.padding, conv.dialect)));
    }
    Ok(())
}

const fn any_above_one(conv: &Conv, values: &[i64]) -> bool {
    let mut axis = 0;
    while axis < conv.rank {
        if values[axis] > 1 {
            return true;
        }
        axis += 1;
    }
    false
}

/// `lax.conv_general_dilated`. Negative padding crops.
pub(super) const fn window(conv: &Conv, axis: usize, input: Size) -> Result<Window, Reason> {
    let (kernel, stride, dilation) = (conv.kernel[axis], conv.stride[axis], conv.dilation[axis]);
    let reach = tri_size!(extent(kernel, dilation));
    let (lo, hi) = match conv.padding {
        Padding::Symmetric(_) | Padding::Pairs(_) => match written(conv.padding, axis) {
            Some(sides) => sides,
            None => (0, 0),
        },
        Padding::Valid => (0, 0),
        Padding::Same => halves(tri!(same_rows(reach, stride, input))),
        Padding::SameLower => halves_lower(tri!(same_rows(reach, stride, input))),
        other => return Err(not_in_dialect(other, conv.dialect)),
    };
    Ok(Window { kernel, stride, dilation, input_dilation: conv.input_dilation[axis], lo, hi, ceil: false })
}

/// `lax.conv_transpose`: a plain convolution of the input dilated by the stride, with `(a, b)` border rows. Seen as a
/// scatter, it crops `extent - 1 - a` rows at the start.
pub(super) const fn scatter(conv: &Conv, axis: usize) -> Result<Scatter, Reason> {
    let full = full_scatter(conv, axis);
    let reach = tri_size!(extent(full.kernel, full.dilation));
    let (lo, hi) = match conv.padding {
        Padding::Symmetric(_) | Padding::Pairs(_) => match written(conv.padding, axis) {
            Some(sides) if conv.consistent_padding => sides,
            Some((a, b)) => match ((reach - 1).checked_sub(a), (reach - 1).checked_sub(b)) {
                (Some(lo), Some(hi)) => (lo, hi),
                _ => return Err(Reason::Size(SizeError::Overflow)),
            },
            None => (0, 0),
        },
        // `input * stride` rows. Rows that no kernel reaches are zero.
        Padding::Same => {
            return cropped(full, (if reach > full.stride { reach - full.stride } else { 0 }) / 2, reach - full.stride);
        }
        Padding::Valid => (0, if full.stride > reach { reach - full.stride } else { 0 }),
        Padding::SameLower => {
            let (a, b) = halves_lower(reach - 1);
            (reach - 1 - a, reach - 1 - b)
        }
        other => return Err(not_in_dialect(other, conv.dialect)),
    };
    Ok(Scatter { lo, hi, ..full })
}

/// `lax.reduce_window`, `flax.linen.pooling`.
pub(super) const fn pool_window(pool: &Pool, axis: usize, input: Size) -> Result<Window, Reason> {
    let (kernel, stride, dilation) = (pool.kernel[axis], pool.stride[axis], pool.dilation[axis]);
    let reach = tri_size!(extent(kernel, dilation));
    let (lo, hi) = match pool.padding {
        Padding::Symmetric(_) | Padding::Pairs(_) => match written(pool.padding, axis) {
            Some(sides) => tri!(not_cropping(sides)),
            None => (0, 0),
        },
        Padding::Valid => (0, 0),
        Padding::Same => halves(tri!(same_rows(reach, stride, input))),
        Padding::SameLower => halves_lower(tri!(same_rows(reach, stride, input))),
        other => return Err(not_in_dialect(other, pool.dialect)),
    };
    Ok(Window { kernel, stride, dilation, input_dilation: 1, lo, hi, ceil: false })
}

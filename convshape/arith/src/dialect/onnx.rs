//! ONNX, opset 22: what its operators mean if the engines agree (onnxruntime, the C++ shape inference, the reference
//! evaluator).

use super::{
    checked, cropped, full_scatter, halves, halves_lower, not_cropping, not_in_dialect, not_negative, same_rows,
    written,
};
use crate::axis::{Scatter, Window, extent};
use crate::fault::{Fault, Reason, tri, tri_size};
use crate::op::{AutoPad, Conv, Dialect, Padding, Pool};
use crate::size::Size;

/// Checks that concern no single axis: `pads` and `auto_pad` exclude each other.
pub(super) const fn check(conv: &Conv) -> Result<(), Fault> {
    if matches!(conv.auto_pad, AutoPad::NotSet) {
        return Ok(());
    }
    let mut axis = 0;
    while axis < conv.rank {
        if !matches!(written(conv.padding, axis), Some((0, 0))) {
            return Err(Fault::new(Reason::Exclusive { field: "auto_pad", what: "padding and auto_pad" }));
        }
        axis += 1;
    }
    Ok(())
}

/// The padding as one word or as numbers, combined from both attributes.
const fn padding(padding: Padding, auto_pad: AutoPad) -> Padding {
    match auto_pad {
        AutoPad::NotSet => padding,
        AutoPad::SameUpper => Padding::Same,
        AutoPad::SameLower => Padding::SameLower,
        AutoPad::Valid => Padding::Valid,
    }
}

/// Both sides of the border of a window that spans `reach` rows.
const fn sides(padding: Padding, axis: usize, reach: i64, stride: i64, input: Size) -> Result<(i64, i64), Reason> {
    match (padding, written(padding, axis)) {
        (_, Some(sides)) => not_cropping(sides),
        (Padding::Valid, _) => Ok((0, 0)),
        (Padding::Same, _) => Ok(halves(tri!(same_rows(reach, stride, input)))),
        (Padding::SameLower, _) => Ok(halves_lower(tri!(same_rows(reach, stride, input)))),
        _ => Err(not_in_dialect(padding, Dialect::Onnx)),
    }
}

/// `Conv`.
pub(super) const fn window(conv: &Conv, axis: usize, input: Size) -> Result<Window, Reason> {
    let (kernel, stride, dilation) = (conv.kernel[axis], conv.stride[axis], conv.dilation[axis]);
    let reach = tri_size!(extent(kernel, dilation));
    let (lo, hi) = tri!(sides(padding(conv.padding, conv.auto_pad), axis, reach, stride, input));
    Ok(Window { kernel, stride, dilation, input_dilation: 1, lo, hi, ceil: false })
}

/// `ConvTranspose`.
pub(super) const fn scatter(conv: &Conv, axis: usize, input: Size) -> Result<Scatter, Reason> {
    let full = full_scatter(conv, axis);
    let stride = full.stride;
    let extra = match conv.output_padding {
        Some(output_padding) => output_padding[axis],
        None => 0,
    };
    tri!(not_negative("output_padding", extra));
    if extra >= stride {
        return Err(Reason::OutputPaddingStride { value: extra, stride });
    }
    let padding = padding(conv.padding, conv.auto_pad);
    if let Some(sizes) = conv.output_size {
        return with_output_size(full, extra, padding, sizes[axis], input);
    }
    let (lo, hi) = match (padding, written(padding, axis)) {
        (_, Some(sides)) => tri!(not_cropping(sides)),
        (Padding::Valid, _) => (0, 0),
        // Rows beyond `input * stride` are cropped, but missing rows are not added.
        (Padding::Same | Padding::SameLower, _) => {
            let reach = tri_size!(extent(full.kernel, full.dilation));
            let more = tri!(checked(reach.checked_add(extra))) - stride;
            let more = if more > 0 { more } else { 0 };
            if matches!(padding, Padding::Same) { halves(more) } else { halves_lower(more) }
        }
        _ => return Err(not_in_dialect(padding, Dialect::Onnx)),
    };
    Ok(Scatter { lo, hi: tri!(checked(hi.checked_sub(extra))), ..full })
}

/// `output_shape`: the pads are computed and written ones are ignored. `auto_pad` says where the odd row goes; without
/// it, to the start.
const fn with_output_size(
    full: Scatter,
    extra: i64,
    padding: Padding,
    requested: i64,
    input: Size,
) -> Result<Scatter, Reason> {
    let rows = tri_size!(full.unchecked_output(input));
    let most = tri_size!(rows.plus(full.stride - 1));
    match (rows, most) {
        (Size::Number(rows), Size::Number(most)) if requested >= 1 && requested <= most => {
            let more = tri!(checked(rows.checked_add(extra))) - requested;
            let more = if more > 0 { more } else { 0 };
            let (lo, _) = if matches!(padding, Padding::Same) { halves(more) } else { halves_lower(more) };
            cropped(full, lo, rows - requested)
        }
        (Size::Unknown, _) => Ok(full),
        _ => Err(Reason::OutputSize { requested, least: Size::Number(1), most }),
    }
}

/// `MaxPool` and `AveragePool`. With `auto_pad`, pads are ignored.
pub(super) const fn pool_window(pool: &Pool, axis: usize, input: Size) -> Result<Window, Reason> {
    let (kernel, stride, dilation) = (pool.kernel[axis], pool.stride[axis], pool.dilation[axis]);
    // The dilation is ignored here: with a dilation, `same` gives fewer rows.
    let (lo, hi) = tri!(sides(padding(pool.padding, pool.auto_pad), axis, kernel, stride, input));
    let most = if lo > hi { lo } else { hi };
    if most >= kernel {
        return Err(Reason::PoolPadding { padding: most, kernel, most: kernel - 1 });
    }
    let window = Window { kernel, stride, dilation, input_dilation: 1, lo, hi, ceil: pool.ceil_mode };
    // onnxruntime divides towards zero: a window that is up to `stride - 1` rows too large counts as one, over the rows
    // that exist. Rounding up gives the same for such an input.
    let reach = tri_size!(extent(kernel, dilation));
    match tri_size!(window.padded(input)) {
        Size::Number(rows) if rows < reach && rows > reach - stride => Ok(Window { ceil: true, ..window }),
        _ => Ok(window),
    }
}

//! Flax: `Conv` and `ConvTranspose` of linen and nnx. They are the functions of `jax.lax` with paddings of their own.

use super::{cropped, full_scatter, jax, not_in_dialect};
use crate::axis::{Scatter, Window, extent};
use crate::fault::{Reason, tri, tri_size};
use crate::op::{Conv, Dialect, Padding};
use crate::size::Size;

/// `Conv`. `CIRCULAR`, `REFLECT` and `CAUSAL` pad first; `numpy.pad` repeats the input as often as needed.
pub(super) const fn window(conv: &Conv, axis: usize, input: Size) -> Result<Window, Reason> {
    let (kernel, stride, dilation) = (conv.kernel[axis], conv.stride[axis], conv.dilation[axis]);
    let reach = tri_size!(extent(kernel, dilation));
    let (lo, hi) = match conv.padding {
        Padding::Circular | Padding::Reflect => ((reach - 1) / 2, reach / 2),
        Padding::Causal if conv.rank == 1 => (reach - 1, 0),
        _ => return jax::window(conv, axis, input),
    };
    Ok(Window { kernel, stride, dilation, input_dilation: 1, lo, hi, ceil: false })
}

/// `ConvTranspose`. `CIRCULAR` gives `input * stride` rows and adds the surplus of the full output on the opposite
/// side.
pub(super) const fn scatter(conv: &Conv, axis: usize) -> Result<Scatter, Reason> {
    match conv.padding {
        Padding::Circular => {
            let full = full_scatter(conv, axis);
            let more = tri_size!(extent(full.kernel, full.dilation)) - full.stride;
            let over = if more > 0 { more } else { 0 };
            cropped(full, if conv.transposes_kernel() { over - over / 2 } else { over / 2 }, more)
        }
        Padding::Reflect | Padding::Causal => Err(not_in_dialect(conv.padding, Dialect::Flax)),
        _ => Ok(tri!(jax::scatter(conv, axis))),
    }
}

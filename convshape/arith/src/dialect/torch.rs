//! PyTorch: the modules of `torch.nn`, with the checks of their constructors and of `aten/src/ATen/native`.

use super::{check_border, halves, not_in_dialect, not_negative, written};
use crate::axis::{Scatter, Window, extent};
use crate::fault::{Reason, tri, tri_size};
use crate::op::{Conv, Dialect, Padding, PaddingMode, Pool, PoolKind};
use crate::size::{Scope, Size, SizeError};

/// `nn.ConvNd`. Padding by pairs is `F.pad` before the layer, which may crop.
pub(super) const fn window(conv: &Conv, axis: usize, input: Size, scope: Scope) -> Result<Window, Reason> {
    let (kernel, stride, dilation) = (conv.kernel[axis], conv.stride[axis], conv.dilation[axis]);
    let (lo, hi) = match conv.padding {
        Padding::Symmetric(padding) => {
            // In the other modes the module itself pads, and a negative number crops.
            if padding[axis] < 0 && matches!(conv.padding_mode, PaddingMode::Zeros) {
                return Err(Reason::Negative { field: "padding", value: padding[axis] });
            }
            (padding[axis], padding[axis])
        }
        Padding::Pairs(pairs) => pairs[axis],
        Padding::Valid => (0, 0),
        Padding::Same => {
            if stride != 1 {
                return Err(Reason::SameWithStride { stride });
            }
            halves(tri_size!(extent(kernel, dilation)) - 1)
        }
        other => return Err(not_in_dialect(other, Dialect::Torch)),
    };
    tri!(check_border(conv.padding_mode, lo, input, scope));
    tri!(check_border(conv.padding_mode, hi, input, scope));
    Ok(Window { kernel, stride, dilation, input_dilation: 1, lo, hi, ceil: false })
}

/// `nn.ConvTransposeNd`. Padding by pairs crops the full output.
pub(super) const fn scatter(conv: &Conv, axis: usize, input: Size) -> Result<Scatter, Reason> {
    let (kernel, stride, dilation) = (conv.kernel[axis], conv.stride[axis], conv.dilation[axis]);
    let (lo, hi) = match conv.padding {
        Padding::Symmetric(padding) => {
            tri!(not_negative("padding", padding[axis]));
            (padding[axis], padding[axis])
        }
        Padding::Pairs(pairs) => pairs[axis],
        // The constructor takes `same` and `valid`, but the forward pass raises a TypeError.
        other => return Err(not_in_dialect(other, Dialect::Torch)),
    };
    let plain = Scatter { kernel, stride, dilation, lo, hi };
    if let Some(sizes) = conv.output_size {
        return with_output_size(plain, sizes[axis], input);
    }
    let value = match conv.output_padding {
        Some(output_padding) => output_padding[axis],
        None => 0,
    };
    tri!(not_negative("output_padding", value));
    let limit = if stride > dilation { stride } else { dilation };
    if value >= limit {
        return Err(Reason::OutputPadding { value, limit, stride, dilation });
    }
    match hi.checked_sub(value) {
        Some(hi) => Ok(Scatter { hi, ..plain }),
        None => Err(Reason::Size(SizeError::Overflow)),
    }
}

/// `forward(x, output_size=..)` chooses the output padding, up to `stride - 1`, and ignores the constructor's.
const fn with_output_size(plain: Scatter, requested: i64, input: Size) -> Result<Scatter, Reason> {
    let least = tri_size!(plain.unchecked_output(input));
    let most = tri_size!(least.plus(plain.stride - 1));
    match least {
        Size::Number(smallest) if requested >= smallest && requested < smallest.saturating_add(plain.stride) => {
            match plain.hi.checked_sub(requested - smallest) {
                Some(hi) => Ok(Scatter { hi, ..plain }),
                None => Err(Reason::Size(SizeError::Overflow)),
            }
        }
        Size::Unknown => Ok(plain),
        _ => Err(Reason::OutputSize { requested, least, most }),
    }
}

/// `nn.MaxPoolNd`, `nn.AvgPoolNd`.
pub(super) const fn pool_window(pool: &Pool, axis: usize, input: Size, scope: Scope) -> Result<Window, Reason> {
    let (kernel, stride, dilation) = (pool.kernel[axis], pool.stride[axis], pool.dilation[axis]);
    let Some((lo, hi)) = written(pool.padding, axis) else { return Err(not_in_dialect(pool.padding, Dialect::Torch)) };
    let padding = if lo > hi { lo } else { hi };
    if lo < 0 || hi < 0 {
        return Err(Reason::Negative { field: "padding", value: if lo < hi { lo } else { hi } });
    }
    // The kernel counts without its dilation here, for every rank.
    if padding > kernel / 2 {
        return Err(Reason::PoolPadding { padding, kernel, most: kernel / 2 });
    }
    if matches!(pool.kind, PoolKind::Avg)
        && pool.rank == 3
        && let Some(rows) = input.smallest(scope)
        && rows < kernel
    {
        return Err(Reason::PoolInput { input, kernel });
    }
    Ok(Window { kernel, stride, dilation, input_dilation: 1, lo, hi, ceil: pool.ceil_mode })
}

//! Computes the padding that turns one size into another.
//!
//! The relations are those of Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (arXiv
//! 1603.07285). A convolution gives `floor((input + total - dilation * (kernel - 1) - 1) / stride) + 1` rows, so
//! `total` may be any of `stride` consecutive numbers. The smallest is `stride * (output - 1) - input + dilation *
//! (kernel - 1) + 1`. Half of it, rounded up, is the symmetric padding.
//!
//! ```
//! use convshape_arith::padding::{Sides, conv_padding, symmetric_padding, transposed_padding};
//!
//! // 64 rows to 20 with kernel 5, stride 3, dilation 2, and back.
//! assert_eq!(symmetric_padding(64, 20, 5, 3, 2), Some(1));
//! assert_eq!(conv_padding(64, 20, 5, 3, 2), Some(Sides { lo: 1, hi: 1 }));
//! assert_eq!(transposed_padding(20, 64, 5, 3, 2), Some(Sides { lo: 7, hi: 7 }));
//! ```

use crate::axis::extent;

/// Rows on the low and the high side of an axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sides {
    /// At the start.
    pub lo: i64,
    /// At the end: the odd row.
    pub hi: i64,
}

impl Sides {
    /// A total split in half, the odd row at the end.
    const fn split(total: i64) -> Sides {
        let lo = total.div_euclid(2);
        Sides { lo, hi: total - lo }
    }
}

/// The smallest total padding of a convolution that gives `output` rows from `input`. Negative if rows must be cropped.
/// Up to `stride - 1` more rows give the same output.
///
/// `None` if the kernel, stride, dilation or a size is below 1, or if a number overflows.
pub const fn total_padding(input: i64, output: i64, kernel: i64, stride: i64, dilation: i64) -> Option<i64> {
    if input < 1 || output < 1 || kernel < 1 || stride < 1 || dilation < 1 {
        return None;
    }
    let Ok(extent) = extent(kernel, dilation) else { return None };
    let Some(steps) = stride.checked_mul(output - 1) else { return None };
    match steps.checked_add(extent) {
        Some(rows) => rows.checked_sub(input),
        None => None,
    }
}

/// The padding per side of a convolution that gives `output` rows from `input`, split like `SAME` with the odd row at
/// the end. If rounding down leaves a choice and nothing needs to be cropped, it is the smallest one that is not
/// negative.
///
/// # Errors
/// `None` in the same cases as [`total_padding`].
pub const fn conv_padding(input: i64, output: i64, kernel: i64, stride: i64, dilation: i64) -> Option<Sides> {
    match total_padding(input, output, kernel, stride, dilation) {
        // Rounding down drops the rows that would have been cropped.
        Some(total) if total < 0 && total + stride > 0 => Some(Sides { lo: 0, hi: 0 }),
        Some(total) => Some(Sides::split(total)),
        None => None,
    }
}

/// The padding, equal on both sides, that gives `output` rows from `input`: `ceil((stride * (output - 1) - input +
/// dilation * (kernel - 1) + 1) / 2)`.
///
/// `None` if there is none: with stride 1 the total must be even.
pub const fn symmetric_padding(input: i64, output: i64, kernel: i64, stride: i64, dilation: i64) -> Option<i64> {
    let Some(total) = total_padding(input, output, kernel, stride, dilation) else { return None };
    let half = if total < 0 { 0 } else { total / 2 + total % 2 };
    if 2 * half >= total && 2 * half < total.saturating_add(stride) { Some(half) } else { None }
}

/// The padding per side of the dilated input of a transposed convolution (jax `lax.conv_transpose`, flax, and
/// `conv_general_dilated` with `lhs_dilation: stride`) that gives `output` rows from `input`. Exactly one total does:
/// `output - 1 + dilation * (kernel - 1) - stride * (input - 1)`.
///
/// PyTorch's `padding` crops instead: `dilation * (kernel - 1)` minus this number, per side; see [`transposed_crop`].
pub const fn transposed_padding(input: i64, output: i64, kernel: i64, stride: i64, dilation: i64) -> Option<Sides> {
    // Seen from the output this is a convolution, and `total` is what is cropped.
    let Some(crop) = total_padding(output, input, kernel, stride, dilation) else { return None };
    let Ok(extent) = extent(kernel, dilation) else { return None };
    match extent.checked_sub(1) {
        Some(reach) => match reach.checked_mul(2) {
            Some(both) => match both.checked_sub(crop) {
                Some(total) => Some(Sides::split(total)),
                None => None,
            },
            None => None,
        },
        None => None,
    }
}

/// The rows that a transposed convolution must crop per side (PyTorch `padding`, minus `output_padding` at the end;
/// onnx `pads`) to give `output` rows from `input`. A negative number adds rows.
pub const fn transposed_crop(input: i64, output: i64, kernel: i64, stride: i64, dilation: i64) -> Option<Sides> {
    match total_padding(output, input, kernel, stride, dilation) {
        Some(crop) => {
            // The odd row is cropped at the start, so that missing rows are added at the end.
            let hi = crop.div_euclid(2);
            Some(Sides { lo: crop - hi, hi })
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::{Scatter, Window};
    use crate::size::Size;

    #[test]
    fn the_numbers_give_what_was_asked_for() {
        for (input, output, kernel, stride, dilation) in cases() {
            let sides = conv_padding(input, output, kernel, stride, dilation).unwrap();
            let window =
                Window { kernel, stride, dilation, input_dilation: 1, lo: sides.lo, hi: sides.hi, ceil: false };
            assert_eq!(window.output(Size::Number(input), &[]), Ok(Size::Number(output)), "{input} {output}");
            if let Some(padding) = symmetric_padding(input, output, kernel, stride, dilation) {
                let window = Window { lo: padding, hi: padding, ..window };
                assert_eq!(window.output(Size::Number(input), &[]), Ok(Size::Number(output)));
            }
            let sides = transposed_padding(input, output, kernel, stride, dilation).unwrap();
            let window =
                Window { kernel, stride: 1, dilation, input_dilation: stride, lo: sides.lo, hi: sides.hi, ceil: false };
            assert_eq!(window.output(Size::Number(input), &[]), Ok(Size::Number(output)));
            let crop = transposed_crop(input, output, kernel, stride, dilation).unwrap();
            let scatter = Scatter { kernel, stride, dilation, lo: crop.lo, hi: crop.hi };
            assert_eq!(scatter.output(Size::Number(input), &[]), Ok(Size::Number(output)));
        }
    }

    #[test]
    fn no_symmetric_padding_is_missed() {
        for (input, output, kernel, stride, dilation) in cases() {
            let found = symmetric_padding(input, output, kernel, stride, dilation);
            let tried = (0..40).find(|padding| {
                let window =
                    Window { kernel, stride, dilation, input_dilation: 1, lo: *padding, hi: *padding, ceil: false };
                window.output(Size::Number(input), &[]) == Ok(Size::Number(output))
            });
            assert_eq!(found, tried, "{input} {output} {kernel} {stride} {dilation}");
        }
    }

    fn cases() -> impl Iterator<Item = (i64, i64, i64, i64, i64)> {
        (1..9).flat_map(|input| {
            (1..9).flat_map(move |output| {
                (1..5).flat_map(move |kernel| {
                    (1..4).flat_map(move |stride| (1..3).map(move |dilation| (input, output, kernel, stride, dilation)))
                })
            })
        })
    }

    #[test]
    fn hostile_numbers_are_refused() {
        for n in [i64::MIN, -1, 0, i64::MAX] {
            let _ = conv_padding(n, 3, 3, 1, 1);
            let _ = symmetric_padding(3, n, 3, n, 1);
            let _ = transposed_padding(3, n, n, 2, 1);
            let _ = transposed_crop(n, n, 3, 1, n);
        }
        assert_eq!(conv_padding(0, 3, 3, 1, 1), None);
    }
}

//! The arithmetic of one axis. Whatever a dialect's fields say ends up as one of these two maps.

use crate::fault::{Reason, tri_size};
use crate::size::{Scope, Size, SizeError, div_ceil, div_floor};

/// The rows that a kernel covers: `dilation * (kernel - 1) + 1`.
pub const fn extent(kernel: i64, dilation: i64) -> Result<i64, SizeError> {
    let Some(gaps) = kernel.checked_sub(1) else { return Err(SizeError::Overflow) };
    let Some(rows) = dilation.checked_mul(gaps) else { return Err(SizeError::Overflow) };
    match rows.checked_add(1) {
        Some(rows) => Ok(rows),
        None => Err(SizeError::Overflow),
    }
}

/// One axis of a convolution or pooling: a sliding window.
///
/// At output `j`, tap `t` reads input row `j * stride + t * dilation - lo`. Input rows are `input_dilation` apart;
/// everything between and around them is border.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Taps.
    pub kernel: i64,
    /// Step.
    pub stride: i64,
    /// Distance between taps.
    pub dilation: i64,
    /// Distance between input rows.
    pub input_dilation: i64,
    /// Border rows at the start; a negative number crops.
    pub lo: i64,
    /// Border rows at the end; a negative number crops.
    pub hi: i64,
    /// Whether a last window that extends past the end counts, provided it starts inside (pooling).
    pub ceil: bool,
}

impl Window {
    /// A window without padding, stride or dilation.
    pub const fn new(kernel: i64) -> Window {
        Window { kernel, stride: 1, dilation: 1, input_dilation: 1, lo: 0, hi: 0, ceil: false }
    }

    /// The size of the padded input: `(input - 1) * input_dilation + 1 + lo + hi`.
    pub const fn padded(&self, input: Size) -> Result<Size, SizeError> {
        let spread = if self.input_dilation == 1 {
            input
        } else {
            let Ok(gaps) = input.plus(-1) else { return Err(SizeError::Overflow) };
            match gaps.times(self.input_dilation) {
                Ok(rows) => match rows.plus(1) {
                    Ok(rows) => rows,
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error),
            }
        };
        match self.lo.checked_add(self.hi) {
            Some(border) => spread.plus(border),
            None => Err(SizeError::Overflow),
        }
    }

    /// How many more rows the padded input has than one window covers; negative if the window does not fit.
    const fn slack(&self, input: Size) -> Result<Size, SizeError> {
        match (extent(self.kernel, self.dilation), self.padded(input)) {
            (Ok(extent), Ok(padded)) => match extent.checked_neg() {
                Some(less) => padded.plus(less),
                None => Err(SizeError::Overflow),
            },
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// The number of windows: `floor((padded - extent) / stride) + 1`.
    ///
    /// With `ceil` it is `ceil(..) + 1`, minus one if that window would start in the border at the end (as in PyTorch's
    /// `pooling_output_shape`, and in ONNX).
    ///
    /// # Errors
    /// [`Reason::KernelTooLarge`] if not even one window fits for some value of a symbol; [`Reason::Size`] on overflow,
    /// or if the stride does not divide a symbol's factor.
    pub const fn output(&self, input: Size, scope: Scope) -> Result<Size, Reason> {
        let overhang = if self.ceil { self.stride.saturating_sub(1) } else { 0 };
        let slack = tri_size!(tri_size!(self.slack(input)).plus(overhang));
        // Symbolic sizes come first: if the stride does not divide the factor, no other error is worth reporting.
        let last = tri_size!(slack.div_floor(self.stride));
        if let Some(smallest) = slack.smallest(scope)
            && smallest < 0
        {
            let Window { kernel, dilation, lo, hi, .. } = *self;
            return Err(Reason::KernelTooLarge { input, lo, hi, kernel, dilation });
        }
        if self.ceil && self.starts_behind(last, input) {
            return Ok(last);
        }
        Ok(tri_size!(last.plus(1)))
    }

    /// The window that `ceil` would add if it did not start in the border at the end: its index and the row where it
    /// starts. `None` if there is no such window.
    pub const fn left_out(&self, input: Size) -> Option<(Size, Size)> {
        if !self.ceil {
            return None;
        }
        let Ok(slack) = self.slack(input) else { return None };
        let Ok(slack) = slack.plus(self.stride.saturating_sub(1)) else { return None };
        let Ok(last) = slack.div_floor(self.stride) else { return None };
        match last.times(self.stride) {
            Ok(start) if self.starts_behind(last, input) => Some((last, start)),
            _ => None,
        }
    }

    /// Whether window `last` would start beyond the input and the border at its start.
    const fn starts_behind(&self, last: Size, input: Size) -> bool {
        let (Ok(start), Ok(end)) = (last.times(self.stride), input.plus(self.lo)) else { return false };
        match (start, end) {
            (Size::Number(start), Size::Number(end)) => start >= end,
            // The stride divides the factor, so both grow at the same rate and only the offsets matter.
            (Size::Symbolic { offset: start, .. }, Size::Symbolic { offset: end, .. }) => start >= end,
            _ => false,
        }
    }

    /// Rows at the end of a known input that no window reads.
    pub const fn dropped(&self, input: i64) -> i64 {
        let (Ok(Size::Number(windows)), Ok(extent)) =
            (self.output(Size::Number(input), &[]), extent(self.kernel, self.dilation))
        else {
            return 0;
        };
        // Where the last window ends, in rows that are `input_dilation` apart.
        let start = windows.saturating_sub(1).saturating_mul(self.stride);
        let end = start.saturating_add(extent).saturating_sub(self.lo);
        match div_ceil(end, self.input_dilation) {
            Some(read) if read <= 0 => input,
            Some(read) if read < input => input - read,
            _ => 0,
        }
    }

    /// The smallest and largest input that give `output` windows; rounding down makes them all alike. `None` if there
    /// is no such input, or if a window may extend past the end.
    pub const fn inputs_for(&self, output: i64) -> Option<(i64, i64)> {
        if self.ceil || output < 1 || self.stride < 1 || self.input_dilation < 1 {
            return None;
        }
        let Ok(Size::Number(least)) = self.slack(Size::Number(1)) else { return None };
        // (output - 1) * stride <= least + (input - 1) * input_dilation < output * stride
        let Some(low) = (output - 1).checked_mul(self.stride) else { return None };
        let (Some(low), Some(high)) = (low.checked_sub(least), low.checked_add(self.stride - 1)) else { return None };
        let Some(high) = high.checked_sub(least) else { return None };
        match (div_ceil(low, self.input_dilation), div_floor(high, self.input_dilation)) {
            (Some(low), Some(high)) if low <= high && 0 <= high && high < i64::MAX => {
                Some((if low < 0 { 1 } else { low + 1 }, high + 1))
            }
            _ => None,
        }
    }
}

/// One axis of a transposed convolution, which adds a kernel at every input row.
///
/// Input `i`, tap `t` adds to output row `i * stride + t * dilation - lo`. Rows outside the output are cropped; a
/// negative `hi` adds rows at the end that hold only the bias.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scatter {
    /// Taps.
    pub kernel: i64,
    /// Step.
    pub stride: i64,
    /// Distance between taps.
    pub dilation: i64,
    /// Rows cropped at the start; a negative number adds rows.
    pub lo: i64,
    /// Rows cropped at the end; a negative number adds rows.
    pub hi: i64,
}

impl Scatter {
    /// `(input - 1) * stride + extent - lo - hi`.
    ///
    /// # Errors
    /// [`Reason::EmptyOutput`] if the result is below 1 for some value of a symbol; [`Reason::Size`] on overflow.
    pub const fn output(&self, input: Size, scope: Scope) -> Result<Size, Reason> {
        let output = tri_size!(self.unchecked_output(input));
        match output.smallest(scope) {
            Some(smallest) if smallest < 1 => Err(Reason::EmptyOutput { output }),
            _ => Ok(output),
        }
    }

    /// The same formula, without checking the result.
    pub const fn unchecked_output(&self, input: Size) -> Result<Size, SizeError> {
        let extent = match extent(self.kernel, self.dilation) {
            Ok(extent) => extent,
            Err(error) => return Err(error),
        };
        let Some(crop) = self.lo.checked_add(self.hi) else { return Err(SizeError::Overflow) };
        let Some(rest) = extent.checked_sub(crop) else { return Err(SizeError::Overflow) };
        match input.plus(-1) {
            Ok(steps) => match steps.times(self.stride) {
                Ok(rows) => rows.plus(rest),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

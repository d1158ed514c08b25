//! What a framework's fields mean. Each dialect translates a layer's fields into the maps of [`crate::axis`] and
//! rejects what the framework rejects. The formulas themselves are the same for all dialects.

mod flax;
mod jax;
mod keras;
mod onnx;
mod torch;

use crate::axis::{Scatter, Window, extent};
use crate::fault::{Fault, Reason, tri};
use crate::op::{
    AxisOrder, Conv, Dialect, Direction, MAX_SPATIAL, Padding, PaddingMode, PerAxis, Pool, WeightFrom, WeightLayout,
};
use crate::shape::Shape;
use crate::size::{Scope, Size, SizeError};

impl Conv {
    /// The padding and output padding in PyTorch's terms with which a transposed convolution gives input * stride.
    /// `None` if its kernel is too large to count.
    pub const fn crop_to_stride(&self) -> Option<(PerAxis<i64>, PerAxis<i64>)> {
        let mut padding = [0; MAX_SPATIAL];
        let mut output_padding = [0; MAX_SPATIAL];
        let mut axis = 0;
        while axis < self.rank {
            let Ok(reach) = extent(self.kernel[axis], self.dilation[axis]) else { return None };
            let Some(more) = reach.checked_sub(self.stride[axis]) else { return None };
            padding[axis] = if more > 0 { more / 2 + more % 2 } else { 0 };
            output_padding[axis] = if more > 0 { more % 2 } else { -more };
            axis += 1;
        }
        Some((padding, output_padding))
    }

    /// The windows of a convolution over `input`, one per axis.
    ///
    /// # Errors
    /// What the dialect rejects.
    pub const fn windows(&self, input: &Shape, order: AxisOrder) -> Result<PerAxis<Window>, Fault> {
        tri!(self.check_fields());
        let mut windows = [Window::new(1); 3];
        let mut axis = 0;
        while axis < self.rank {
            let (size, scope) = (input.size(order.spatial(axis)), input.scope());
            let window = match self.dialect {
                Dialect::Torch => torch::window(self, axis, size, scope),
                Dialect::Onnx => onnx::window(self, axis, size),
                Dialect::Jax => jax::window(self, axis, size),
                Dialect::Flax => flax::window(self, axis, size),
                Dialect::Keras => keras::window(self, axis, size),
            };
            windows[axis] = match window {
                Ok(window) => window,
                Err(reason) => return Err(Fault::on(axis, reason)),
            };
            axis += 1;
        }
        Ok(windows)
    }

    /// The scatter maps of a transposed convolution over `input`, one per axis.
    ///
    /// # Errors
    /// What the dialect rejects.
    pub const fn scatters(&self, input: &Shape, order: AxisOrder) -> Result<PerAxis<Scatter>, Fault> {
        tri!(self.check_fields());
        if !matches!(self.padding_mode, PaddingMode::Zeros) {
            return Err(Fault::new(Reason::TransposedPaddingMode));
        }
        if self.groups != 1 && !matches!(self.dialect, Dialect::Torch | Dialect::Onnx) {
            return Err(Fault::new(Reason::TransposedGroups));
        }
        let mut scatters = [Scatter { kernel: 1, stride: 1, dilation: 1, lo: 0, hi: 0 }; 3];
        let mut axis = 0;
        while axis < self.rank {
            let size = input.size(order.spatial(axis));
            let scatter = match self.dialect {
                Dialect::Torch => torch::scatter(self, axis, size),
                Dialect::Onnx => onnx::scatter(self, axis, size),
                Dialect::Jax => jax::scatter(self, axis),
                Dialect::Flax => flax::scatter(self, axis),
                Dialect::Keras => keras::scatter(self, axis, size),
            };
            scatters[axis] = match scatter {
                Ok(scatter) => scatter,
                Err(reason) => return Err(Fault::on(axis, reason)),
            };
            axis += 1;
        }
        Ok(scatters)
    }

    /// What a convolution reads in the border. For a transposed convolution, what happens to rows outside the output:
    /// [`PaddingMode::Circular`] adds them on the opposite side.
    pub const fn border(&self) -> PaddingMode {
        match self.padding {
            Padding::Circular => PaddingMode::Circular,
            Padding::Reflect => PaddingMode::Reflect,
            _ => self.padding_mode,
        }
    }

    /// The meaning of the weight's axes.
    ///
    /// `torch`, `onnx`: `[O, I/g, ..]` and, transposed, `[I, O/g, ..]`. `jax`: `[O, I, ..]` for both, the default of
    /// `lax.conv_general_dilated`. `flax`: `[.., I/g, O]`, and `[.., O, I]` with `transpose_kernel`. `keras`: `[..,
    /// I/g, O]`, transposed `[.., O, I]`, depthwise `[.., C, M]`. Without `transpose_kernel`, `lax.conv_transpose`
    /// flips the kernel. With it, it also swaps the channel axes of the array it is given, so that `jax` keeps the
    /// layout above. A tied layer has the layout of the layer whose weight it uses.
    pub const fn weight_layout(&self) -> WeightLayout {
        let transposed = matches!(self.direction, Direction::Transposed);
        let (out_axis, in_axis) = match (self.dialect, transposed) {
            (Dialect::Torch | Dialect::Onnx, true) => (1, 0),
            // The channels of the opposite direction.
            (Dialect::Jax, _) if self.is_tied() => (1, 0),
            (Dialect::Torch | Dialect::Onnx, false) | (Dialect::Jax, _) => (0, 1),
            (Dialect::Keras, true) => (self.rank, self.rank + 1),
            (Dialect::Flax, true) if self.transposes_kernel() => (self.rank, self.rank + 1),
            (Dialect::Flax | Dialect::Keras, _) => (self.rank + 1, self.rank),
        };
        let lax = matches!(self.dialect, Dialect::Jax | Dialect::Flax);
        WeightLayout {
            out_axis,
            in_axis,
            first_tap_axis: if in_axis < 2 && out_axis < 2 { 2 } else { 0 },
            flipped: lax && transposed && !self.transposes_kernel(),
        }
    }

    const fn is_tied(&self) -> bool {
        matches!(self.weight, WeightFrom::Tied)
    }

    /// Whether a transposed convolution of jax or flax stores its kernel as the convolution that it transposes would.
    /// This also holds if the kernel is its own.
    const fn transposes_kernel(&self) -> bool {
        self.transpose_kernel || self.is_tied()
    }

    /// Whether this layer and one of the opposite direction with swapped channels store their weights alike, so that
    /// they can share one.
    pub const fn keeps_weight_of(&self, other: &Conv) -> bool {
        let (own, others) = (self.weight_layout(), other.weight_layout());
        own.out_axis == others.in_axis
            && own.in_axis == others.out_axis
            && own.first_tap_axis == others.first_tap_axis
            && own.flipped == others.flipped
    }

    /// The checks that all dialects share, and those that concern no single axis.
    const fn check_fields(&self) -> Result<(), Fault> {
        tri!(positive("kernel", &self.kernel, self.rank));
        tri!(positive("stride", &self.stride, self.rank));
        tri!(positive("dilation", &self.dilation, self.rank));
        tri!(positive("input_dilation", &self.input_dilation, self.rank));
        match self.dialect {
            Dialect::Jax | Dialect::Flax => jax::check(self),
            Dialect::Keras => keras::check(self),
            Dialect::Onnx => onnx::check(self),
            Dialect::Torch => Ok(()),
        }
    }
}

impl Pool {
    /// The windows of a pooling layer over `input`, one per axis.
    ///
    /// # Errors
    /// What the dialect rejects.
    pub const fn windows(&self, input: &Shape, order: AxisOrder) -> Result<PerAxis<Window>, Fault> {
        tri!(positive("kernel", &self.kernel, self.rank));
        tri!(positive("stride", &self.stride, self.rank));
        tri!(positive("dilation", &self.dilation, self.rank));
        let mut windows = [Window::new(1); 3];
        let mut axis = 0;
        while axis < self.rank {
            let (size, scope) = (input.size(order.spatial(axis)), input.scope());
            let window = match self.dialect {
                Dialect::Torch => torch::pool_window(self, axis, size, scope),
                Dialect::Onnx => onnx::pool_window(self, axis, size),
                Dialect::Jax | Dialect::Flax => jax::pool_window(self, axis, size),
                Dialect::Keras => keras::pool_window(self, axis, size),
            };
            windows[axis] = match window {
                Ok(window) => window,
                Err(reason) => return Err(Fault::on(axis, reason)),
            };
            axis += 1;
        }
        Ok(windows)
    }
}

/// The total rows that `same` adds on both sides: `max((o - 1) * stride + extent - input, 0)` with `o = ceil(input /
/// stride)`. The total is constant over the range of a symbol whose factor the stride divides; an unknown input counts
/// as a multiple of the stride.
pub(crate) const fn same_rows(extent: i64, stride: i64, input: Size) -> Result<i64, Reason> {
    let rows = match input {
        _ if stride == 1 => 0,
        Size::Number(rows) => rows,
        Size::Symbolic { scale, .. } if scale % stride != 0 => {
            return Err(Reason::Size(SizeError::Indivisible { scale, by: stride }));
        }
        Size::Symbolic { offset, .. } => offset,
        Size::Unknown => 0,
    };
    // The last window starts `rest` rows before the end of the input.
    let rest = match rows.rem_euclid(stride) {
        0 => stride,
        rest => rest,
    };
    match extent.checked_sub(rest) {
        Some(rows) => Ok(if rows > 0 { rows } else { 0 }),
        None => Err(Reason::Size(SizeError::Overflow)),
    }
}

/// Splits a border between both sides, the odd row at the end.
const fn halves(rows: i64) -> (i64, i64) {
    (rows / 2, rows - rows / 2)
}

/// Splits a border between both sides, the odd row at the start.
const fn halves_lower(rows: i64) -> (i64, i64) {
    (rows - rows / 2, rows / 2)
}

/// Both sides of a border, if the padding is written as numbers.
const fn written(padding: Padding, axis: usize) -> Option<(i64, i64)> {
    match padding {
        Padding::Symmetric(padding) => Some((padding[axis], padding[axis])),
        Padding::Pairs(pairs) => Some(pairs[axis]),
        _ => None,
    }
}

const fn not_negative(field: &'static str, value: i64) -> Result<(), Reason> {
    if value < 0 { Err(Reason::Negative { field, value }) } else { Ok(()) }
}

/// Both sides of a border that is written as numbers, which must not be negative.
const fn not_cropping((lo, hi): (i64, i64)) -> Result<(i64, i64), Reason> {
    tri!(not_negative("padding", lo));
    tri!(not_negative("padding", hi));
    Ok((lo, hi))
}

/// A word for `padding` that this layer does not take in the dialect.
const fn not_in_dialect(padding: Padding, dialect: Dialect) -> Reason {
    let value = match padding.word() {
        Some(word) => word,
        None => "a number",
    };
    Reason::NotInDialect { field: "padding", value, dialect }
}

/// The map of one axis of a transposed convolution, without cropping.
const fn full_scatter(conv: &Conv, axis: usize) -> Scatter {
    Scatter { kernel: conv.kernel[axis], stride: conv.stride[axis], dilation: conv.dilation[axis], lo: 0, hi: 0 }
}

/// The map that crops `lo` rows at the start, and `rows` in total.
const fn cropped(full: Scatter, lo: i64, rows: i64) -> Result<Scatter, Reason> {
    match rows.checked_sub(lo) {
        Some(hi) => Ok(Scatter { lo, hi, ..full }),
        None => Err(Reason::Size(SizeError::Overflow)),
    }
}

/// Checked arithmetic on plain integers.
const fn checked(result: Option<i64>) -> Result<i64, Reason> {
    match result {
        Some(number) => Ok(number),
        None => Err(Reason::Size(SizeError::Overflow)),
    }
}

const fn positive(field: &'static str, values: &PerAxis<i64>, rank: usize) -> Result<(), Fault> {
    let mut axis = 0;
    while axis < rank {
        if values[axis] < 1 {
            return Err(Fault::on(axis, Reason::NotPositive { field, value: values[axis] }));
        }
        axis += 1;
    }
    Ok(())
}

/// A border of `rows` on one side of an axis of size `input`, in the modes that copy from the input.
pub(crate) const fn check_border(mode: PaddingMode, rows: i64, input: Size, scope: Scope) -> Result<(), Reason> {
    let Some(smallest) = input.smallest(scope) else { return Ok(()) };
    match mode {
        PaddingMode::Reflect if rows >= smallest => Err(Reason::ReflectPadding { padding: rows, input }),
        PaddingMode::Circular if rows > smallest => Err(Reason::CircularPadding { padding: rows, input }),
        _ => Ok(()),
    }
}

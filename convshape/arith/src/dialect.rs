//! What a framework's words mean: each dialect translates a layer's fields into the maps of
//! [`crate::axis`] and refuses what the framework refuses. The formulas of a layer know no dialect.

mod torch;

use crate::axis::{Scatter, Window};
use crate::fault::{Fault, Reason, tri};
use crate::op::{AxisOrder, Conv, Dialect, Direction, Padding, PaddingMode, PerAxis, Pool};
use crate::shape::Shape;
use crate::size::Size;

impl Dialect {
    /// The axis order of the dialect's shapes.
    pub const fn order(self) -> AxisOrder {
        match self {
            Dialect::Torch | Dialect::Onnx | Dialect::Jax => AxisOrder::ChannelsFirst,
            Dialect::Flax | Dialect::Keras => AxisOrder::ChannelsLast,
        }
    }

    /// The word of the language.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Torch => "torch",
            Dialect::Onnx => "onnx",
            Dialect::Jax => "jax",
            Dialect::Flax => "flax",
            Dialect::Keras => "keras",
        }
    }
}

impl AxisOrder {
    /// The place of the channel axis in a shape of `rank` axes.
    pub const fn channel(self, rank: usize) -> usize {
        match self {
            AxisOrder::ChannelsFirst => 0,
            AxisOrder::ChannelsLast => rank.saturating_sub(1),
        }
    }

    /// The place of a spatial axis, counted from 0.
    pub const fn spatial(self, axis: usize) -> usize {
        match self {
            AxisOrder::ChannelsFirst => axis + 1,
            AxisOrder::ChannelsLast => axis,
        }
    }
}

/// How a convolution's weight lies in memory: which axis is what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WeightLayout {
    /// The axis of the output channels (per group, for a transposed convolution in PyTorch).
    pub out_axis: usize,
    /// The axis of the input channels (per group, for a convolution).
    pub in_axis: usize,
    /// The first axis of the taps.
    pub first_tap_axis: usize,
    /// Whether the taps are read in reverse on every axis.
    pub flipped: bool,
}

impl Conv {
    /// The windows of a convolution over `input`, an axis each.
    ///
    /// # Errors
    /// What the dialect refuses.
    pub const fn windows(&self, input: &Shape, order: AxisOrder) -> Result<PerAxis<Window>, Fault> {
        tri!(self.check_fields());
        let mut windows = [Window::new(1); 3];
        let mut axis = 0;
        while axis < self.rank {
            windows[axis] = match torch::window(self, axis, input.size(order.spatial(axis)), input) {
                Ok(window) => window,
                Err(reason) => return Err(Fault::on(axis, reason)),
            };
            axis += 1;
        }
        Ok(windows)
    }

    /// The scatter maps of a transposed convolution over `input`, an axis each.
    ///
    /// # Errors
    /// What the dialect refuses.
    pub const fn scatters(&self, input: &Shape, order: AxisOrder) -> Result<PerAxis<Scatter>, Fault> {
        tri!(self.check_fields());
        if !matches!(self.padding_mode, PaddingMode::Zeros) {
            return Err(Fault::new(Reason::TransposedPaddingMode));
        }
        let mut scatters = [Scatter { kernel: 1, stride: 1, dilation: 1, lo: 0, hi: 0 }; 3];
        let mut axis = 0;
        while axis < self.rank {
            scatters[axis] = match torch::scatter(self, axis, input.size(order.spatial(axis))) {
                Ok(scatter) => scatter,
                Err(reason) => return Err(Fault::on(axis, reason)),
            };
            axis += 1;
        }
        Ok(scatters)
    }

    /// What stands in the border of a convolution.
    pub const fn border(&self) -> PaddingMode {
        match self.padding {
            Padding::Circular => PaddingMode::Circular,
            Padding::Reflect => PaddingMode::Reflect,
            _ => self.padding_mode,
        }
    }

    /// Which axis of the weight is what.
    pub const fn weight_layout(&self) -> WeightLayout {
        match self.direction {
            Direction::Forward => WeightLayout { out_axis: 0, in_axis: 1, first_tap_axis: 2, flipped: false },
            Direction::Transposed => WeightLayout { out_axis: 1, in_axis: 0, first_tap_axis: 2, flipped: false },
        }
    }

    /// Kernel, stride and dilation count something, whatever the dialect.
    const fn check_fields(&self) -> Result<(), Fault> {
        tri!(positive("kernel", &self.kernel, self.rank));
        tri!(positive("stride", &self.stride, self.rank));
        tri!(positive("dilation", &self.dilation, self.rank));
        positive("input_dilation", &self.input_dilation, self.rank)
    }
}

impl Pool {
    /// The windows of a pooling layer over `input`, an axis each.
    ///
    /// # Errors
    /// What the dialect refuses.
    pub const fn windows(&self, input: &Shape, order: AxisOrder) -> Result<PerAxis<Window>, Fault> {
        tri!(positive("kernel", &self.kernel, self.rank));
        tri!(positive("stride", &self.stride, self.rank));
        tri!(positive("dilation", &self.dilation, self.rank));
        let mut windows = [Window::new(1); 3];
        let mut axis = 0;
        while axis < self.rank {
            windows[axis] = match torch::pool_window(self, axis, input.size(order.spatial(axis)), input.scope()) {
                Ok(window) => window,
                Err(reason) => return Err(Fault::on(axis, reason)),
            };
            axis += 1;
        }
        Ok(windows)
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

/// A border of `rows` on one side of an axis of size `input`, in modes that copy from the input.
pub(crate) const fn check_border(
    mode: PaddingMode,
    rows: i64,
    input: Size,
    scope: crate::size::Scope,
) -> Result<(), Reason> {
    let Some(smallest) = input.smallest(scope) else { return Ok(()) };
    match mode {
        PaddingMode::Reflect if rows >= smallest => Err(Reason::ReflectPadding { padding: rows, input }),
        PaddingMode::Circular if rows > smallest => Err(Reason::CircularPadding { padding: rows, input }),
        _ => Ok(()),
    }
}

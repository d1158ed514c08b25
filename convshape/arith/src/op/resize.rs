//! Layers that change the spatial sizes: resizing, padding, shuffling.

use super::PerAxis;
use super::plain::plain;

/// The size of a resized output.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ResizeTo {
    /// `scale: 2.0`: `floor(input * scale)` per axis.
    Scale(PerAxis<f64>),
    /// `size: (14, 14)`.
    Size(PerAxis<i64>),
    /// `like: name`: the spatial sizes of the second input.
    Like,
}

plain!(enum op::ResizeTo { Scale(inner), Size(inner), Like });

/// The interpolation of a resized output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interpolation {
    /// `floor(j * input / output)`.
    Nearest,
    /// The nearest centre.
    NearestExact,
    /// Linear along one axis.
    Linear,
    /// Linear along two axes.
    Bilinear,
    /// Linear along three axes.
    Trilinear,
    /// Cubic convolution with a = -0.75 along two axes.
    Bicubic,
}

plain!(enum op::Interpolation { Nearest, NearestExact, Linear, Bilinear, Trilinear, Bicubic });

/// `Upsample`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Upsample {
    /// Spatial axes that the value was written for; `None` if one value applies to all.
    pub rank: Option<usize>,
    /// The output size.
    pub to: ResizeTo,
    /// The interpolation.
    pub mode: Interpolation,
    /// Whether the corners of input and output coincide, if written (linear and cubic modes only).
    pub align_corners: Option<bool>,
}

plain!(struct op::Upsample { rank, to, mode, align_corners });

/// How many rows `Pad` adds or `Crop` removes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// The low and high side of each axis. `rank` is `None` if one value applies to all axes.
    Pairs {
        /// Spatial axes written.
        rank: Option<usize>,
        /// The low and high side of each axis.
        pairs: PerAxis<(i64, i64)>,
    },
    /// `like: name`: to the spatial sizes of the second input.
    Like {
        /// `align: start` keeps the start; the default centres, with the odd row at the end.
        start: bool,
    },
}

plain!(enum op::Amount { Pairs { rank, pairs }, Like { start } });

impl Amount {
    /// The number of inputs of a layer with it.
    pub(super) const fn operands(&self) -> usize {
        match self {
            Amount::Like { .. } => 2,
            Amount::Pairs { .. } => 1,
        }
    }
}

/// The channel order of `DepthToSpace`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DepthOrder {
    /// The block offset varies slowest (ONNX's default, TensorFlow).
    Dcr,
    /// The block offset varies fastest (`PixelShuffle`).
    Crd,
}

plain!(enum op::DepthOrder { Dcr, Crd });

//! What changes the spatial sizes: resizing, borders, shuffling.

use super::PerAxis;

/// How large a resized output is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ResizeTo {
    /// `scale: 2.0`: `floor(input * scale)` per axis.
    Scale(PerAxis<f64>),
    /// `size: (14, 14)`.
    Size(PerAxis<i64>),
    /// `like: name`: the spatial sizes of the second input.
    Like,
}

/// How a resized output is interpolated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interpolation {
    /// `floor(j * input / output)`.
    Nearest,
    /// The nearest centre.
    NearestExact,
    /// Linear in one axis.
    Linear,
    /// Linear in two axes.
    Bilinear,
    /// Linear in three axes.
    Trilinear,
    /// Cubic convolution with a = -0.75 in two axes.
    Bicubic,
}

/// `Upsample`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Upsample {
    /// Spatial axes that the value was written for; `None` where one value serves all.
    pub rank: Option<usize>,
    /// How large.
    pub to: ResizeTo,
    /// How.
    pub mode: Interpolation,
    /// Whether the corners of input and output coincide, where it was written (linear and cubic
    /// modes only).
    pub align_corners: Option<bool>,
}

/// How many rows `Pad` adds or `Crop` removes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// Low and high side of each axis. `rank` is `None` where one value serves all axes.
    Pairs {
        /// Spatial axes written.
        rank: Option<usize>,
        /// Low and high side of each axis.
        pairs: PerAxis<(i64, i64)>,
    },
    /// `like: name`: up or down to the spatial sizes of the second input.
    Like {
        /// `align: start` keeps the start; the default centres, the odd row at the end.
        start: bool,
    },
}

/// Order of the channels in `DepthToSpace`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DepthOrder {
    /// Block offsets are the slow part of the channel (ONNX default, TensorFlow).
    Dcr,
    /// Block offsets are the fast part of the channel (`PixelShuffle`).
    Crd,
}

//! Facts about normalisation and dropout that several modules need.

use super::Dialect;
use super::plain::plain;

/// What a dropout zeroes together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DropTogether {
    /// Each element separately.
    Element,
    /// A whole channel of a sample.
    Channel,
    /// A whole sample: torchvision's stochastic depth with mode `row`.
    Sample,
    /// The whole batch: torchvision's stochastic depth with mode `batch`.
    Batch,
}

plain!(enum op::DropTogether { Element, Channel, Sample, Batch });

impl Dialect {
    /// How many channels before and after the middle one belong to a window of `size` channels in a local response
    /// norm. If `size` is even, the longer side comes before it in PyTorch and after it in ONNX.
    pub const fn channel_window(self, size: i64) -> (i64, i64) {
        let (less, more) = ((size - 1) / 2, size / 2);
        match self {
            Dialect::Onnx => (less, more),
            Dialect::Torch | Dialect::Jax | Dialect::Flax | Dialect::Keras => (more, less),
        }
    }
}

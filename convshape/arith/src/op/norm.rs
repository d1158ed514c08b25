//! Facts of normalisations and of dropout that several places need.

use super::Dialect;

/// What a dropout zeroes together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DropTogether {
    /// Each element by itself.
    Element,
    /// A whole channel of a sample.
    Channel,
    /// A whole sample: torchvision's stochastic depth with mode `row`.
    Sample,
    /// The whole batch: torchvision's stochastic depth with mode `batch`.
    Batch,
}

/// The channels below and above that are in a window of `size` channels, besides the channel itself. Of an even size
/// the greater part is below in PyTorch, above in ONNX.
pub const fn channel_window(dialect: Dialect, size: i64) -> (i64, i64) {
    let (less, more) = ((size - 1) / 2, size / 2);
    match dialect {
        Dialect::Onnx => (less, more),
        Dialect::Torch | Dialect::Jax | Dialect::Flax | Dialect::Keras => (more, less),
    }
}

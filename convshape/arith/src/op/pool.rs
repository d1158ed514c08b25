//! Pooling.

use super::plain::plain;
use super::{AutoPad, Dialect, MAX_SPATIAL, Padding, PerAxis};

/// What a pooling window computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolKind {
    /// The largest value.
    Max,
    /// The mean.
    Avg,
}

plain!(enum op::PoolKind { Max, Avg });

/// A pooling layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pool {
    /// The framework whose rules apply to the fields.
    pub dialect: Dialect,
    /// Maximum or mean.
    pub kind: PoolKind,
    /// Spatial axes: 1, 2 or 3.
    pub rank: usize,
    /// Window size per axis.
    pub kernel: PerAxis<i64>,
    /// Stride per axis.
    pub stride: PerAxis<i64>,
    /// Dilation per axis.
    pub dilation: PerAxis<i64>,
    /// The padding as written.
    pub padding: Padding,
    /// onnx: `auto_pad` as written.
    pub auto_pad: AutoPad,
    /// Whether a last window that extends past the end counts.
    pub ceil_mode: bool,
    /// For the mean: whether padding counts in the divisor.
    pub count_include_pad: bool,
}

plain!(struct op::Pool {
    dialect, kind, rank, kernel, stride, dilation, padding, auto_pad, ceil_mode, count_include_pad,
});

impl Pool {
    /// A pooling layer with a dialect's defaults and a window of 1.
    pub const fn new(dialect: Dialect, kind: PoolKind, rank: usize) -> Pool {
        Pool {
            dialect,
            kind,
            rank,
            kernel: [1; MAX_SPATIAL],
            stride: [1; MAX_SPATIAL],
            dilation: [1; MAX_SPATIAL],
            padding: match dialect {
                Dialect::Flax | Dialect::Keras => Padding::Valid,
                Dialect::Torch | Dialect::Onnx | Dialect::Jax => Padding::Symmetric([0; MAX_SPATIAL]),
            },
            auto_pad: AutoPad::NotSet,
            ceil_mode: false,
            count_include_pad: !matches!(dialect, Dialect::Onnx | Dialect::Keras),
        }
    }

    /// The layer with the dialect's default stride: the window size in PyTorch and keras, 1 elsewhere.
    #[must_use]
    pub const fn with_default_stride(self) -> Pool {
        match self.dialect {
            Dialect::Torch | Dialect::Keras => Pool { stride: self.kernel, ..self },
            Dialect::Onnx | Dialect::Jax | Dialect::Flax => Pool { stride: [1; MAX_SPATIAL], ..self },
        }
    }
}

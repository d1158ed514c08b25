//! Which orders of axes the kernels of a layer take.

use convshape_arith::op::Op;

/// Whether a layer only changes the shape, not the order of the elements.
pub(super) fn is_reshape(op: &Op) -> bool {
    matches!(op, Op::Flatten { .. } | Op::Unflatten { .. } | Op::Reshape { .. } | Op::ReshapeLike)
}

/// Whether a layer just moves elements, from any order to any.
#[cfg(feature = "train")]
pub(super) fn is_move(op: &Op) -> bool {
    is_reshape(op)
        || matches!(
            op,
            Op::Permute { .. }
                | Op::Slice { .. }
                | Op::Split { .. }
                | Op::Concat { .. }
                | Op::PixelShuffle { .. }
                | Op::PixelUnshuffle { .. }
        )
}

/// Whether inference and training have kernels for a layer that take the chain's order of channels.
pub(super) fn has_channels(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv(_)
            | Op::Pool(_)
            | Op::AdaptivePool { .. }
            | Op::GlobalPool { .. }
            | Op::Upsample(_)
            | Op::Pad { axis: None, .. }
            | Op::Crop { .. }
            | Op::BatchNorm { .. }
            | Op::GroupNorm { .. }
            | Op::InstanceNorm { .. }
    )
}

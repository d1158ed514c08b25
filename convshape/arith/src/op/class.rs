//! Classes of layers by what an output element depends on.

use super::{Axes, Axis, Op};

/// What an output element of a layer depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// One element: the output has the input's elements in the same order, perhaps in a different shape.
    View,
    /// The element at the same position, and perhaps parameters of its channel.
    Elementwise,
    /// The elements along one axis: the channel axis unless a field names another.
    Channels,
    /// The elements of a group of channels, or of all axes; the shape stays the same.
    Normalisation,
    /// A window of positions, or one element that was moved.
    Window,
    /// All positions, or a fixed number of parts.
    Reduction,
    /// One element from a different position.
    Permutation,
    /// The last axis, or the last two.
    Matrix,
    /// The same position in several inputs.
    Join,
    /// No input.
    Source,
}

impl Op {
    /// What an output element of this layer depends on.
    pub const fn class(&self) -> Class {
        match self {
            Op::Flatten { .. }
            | Op::Unflatten { .. }
            | Op::Reshape { .. }
            | Op::ReshapeLike
            | Op::Dropout { .. }
            | Op::Identity => Class::View,
            Op::Activation(_) | Op::Scale { .. } | Op::BatchNorm { .. } | Op::Prelu { .. } | Op::Snake { .. } => {
                Class::Elementwise
            }
            Op::Softmax { .. } | Op::LocalResponseNorm { .. } => Class::Channels,
            Op::LpNorm { axes: Axes { list: [Axis::Channels, ..], count: 1 }, .. } => Class::Channels,
            Op::GroupNorm { .. }
            | Op::InstanceNorm { .. }
            | Op::LayerNorm { .. }
            | Op::RmsNorm { .. }
            | Op::LpNorm { .. } => Class::Normalisation,
            Op::Conv(_)
            | Op::SeparableConv(_)
            | Op::Pool(_)
            | Op::MaxUnpool(_)
            | Op::Upsample(_)
            | Op::PixelShuffle { .. }
            | Op::PixelUnshuffle { .. }
            | Op::DepthToSpace { .. }
            | Op::ChannelShuffle { .. }
            | Op::Pad { .. }
            | Op::Crop { .. }
            | Op::Slice { .. }
            | Op::Glu { .. }
            | Op::Split { .. } => Class::Window,
            Op::AdaptivePool { .. }
            | Op::GlobalPool { .. }
            | Op::Reduce { .. }
            | Op::Recurrent(_)
            | Op::RecurrentOutput { .. }
            | Op::Custom { .. }
            | Op::CustomOutput { .. } => Class::Reduction,
            Op::Permute { .. } => Class::Permutation,
            Op::Source { .. } => Class::Source,
            Op::Linear { .. } | Op::Projection(_) | Op::MatMul { .. } | Op::Attention(_) | Op::MultiHead(_) => {
                Class::Matrix
            }
            Op::Concat { .. }
            | Op::Stack { .. }
            | Op::Add
            | Op::Mul
            | Op::Sub
            | Op::Div
            | Op::Maximum
            | Op::Minimum => Class::Join,
        }
    }

    /// Whether the output always has the input's shape.
    pub const fn keeps_shape(&self) -> bool {
        match self.class() {
            Class::Elementwise | Class::Channels | Class::Normalisation => true,
            Class::View => matches!(self, Op::Dropout { .. } | Op::Identity),
            Class::Window | Class::Reduction | Class::Permutation | Class::Matrix | Class::Join | Class::Source => {
                false
            }
        }
    }
}

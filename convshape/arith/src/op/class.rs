//! Kinds of layers, by what an element of the output depends on.

use super::{Axes, Axis, Op};

/// What an element of a layer's output depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// One element: the output has the elements of the input in their order, perhaps in another
    /// shape.
    View,
    /// The element at the same place, and perhaps parameters of its channel.
    Elementwise,
    /// The elements along one axis, which are the channels at the same position where no other is named.
    Channels,
    /// The elements of a group of channels, or of all axes; the shape stays.
    Normalisation,
    /// A window of positions, or the elements of one place that was moved there.
    Window,
    /// All positions, or parts of fixed number.
    Reduction,
    /// One element, which is in another place.
    Permutation,
    /// The last axis, or the last two.
    Matrix,
    /// The same place in several inputs.
    Join,
    /// Nothing that comes in.
    Source,
}

impl Op {
    /// What an element of the layer's output depends on.
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

    /// Whether the output has the shape of the input, whatever that is.
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

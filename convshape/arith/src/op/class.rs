//! Classes of layers by what an output element depends on.

use super::Op;

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

//! Numbers that are there without an input.

use super::Constant;
use crate::param::Init;

/// Where the numbers of an [`Op::Source`](super::Op::Source) are from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Source {
    /// A parameter of its own.
    Parameter {
        /// How a fresh model draws it.
        init: Init,
        /// Whether training changes it.
        trained: bool,
    },
    /// A parameter of the layer that this one is tied to.
    Shared {
        /// Which of that layer's own parameters.
        param: usize,
        /// Whether training changes it.
        trained: bool,
    },
    /// 0, 1, 2, .. in the order of the elements.
    Arange,
    /// The numbers of a `const` or `static` in the user's code.
    Constant(Constant),
}

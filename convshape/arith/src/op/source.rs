//! Values that need no input.

use super::Constant;
use super::plain::plain;
use crate::param::Init;

/// Where the elements of an [`Op::Source`](super::Op::Source) come from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Source {
    /// A parameter of its own.
    Parameter {
        /// How a new model initialises it.
        init: Init,
        /// Whether it is trained.
        trained: bool,
    },
    /// A parameter of the layer that this one is tied to.
    Shared {
        /// The index among that layer's own parameters.
        param: usize,
        /// Whether it is trained.
        trained: bool,
    },
    /// 0, 1, 2, .. in the order of the elements.
    Arange,
    /// A `const` or `static` array in the user's code.
    Constant(Constant),
}

plain!(enum op::Source { Parameter { init, trained }, Shared { param, trained }, Arange, Constant(inner) });

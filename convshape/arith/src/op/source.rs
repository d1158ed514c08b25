//! Values that need no input.

use super::plain::plain;
use super::{Constant, Init};
use crate::shape::Shape;

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
    /// A row for each position in such an array: 1 at the position, 0 elsewhere.
    OneHot(Constant),
}

plain!(enum op::Source {
    Parameter { init, trained },
    Shared { param, trained },
    Arange,
    Constant(inner),
    OneHot(inner),
});

plain!(enum op::Init {
    Uniform { bound },
    Normal { deviation },
    TruncatedNormal { deviation },
    Constant(inner),
    Orthogonal,
    ForgetBias { hidden },
});

impl Source {
    /// The element at `index` of a source of this shape, in row-major order; 0 for parameters.
    pub fn element(&self, index: usize, shape: &Shape) -> f64 {
        match self {
            Source::Parameter { .. } | Source::Shared { .. } => 0.0,
            #[expect(clippy::cast_precision_loss, reason = "a shape has fewer elements")]
            Source::Arange => index as f64,
            Source::Constant(constant) => constant.element(index),
            Source::OneHot(positions) => {
                let classes = shape.sizes().last().and_then(|size| usize::try_from(size.number()?).ok()).unwrap_or(1);
                #[expect(clippy::cast_precision_loss, reason = "a shape has fewer elements")]
                let is_here = positions.element(index / classes.max(1)) == (index % classes.max(1)) as f64;
                f64::from(u8::from(is_here))
            }
        }
    }
}

//! The answers of the real frameworks.

mod model;
mod recorded_op;
mod shapes;
mod value_layer;
mod values;

pub use model::{Model, Node, model};
pub use recorded_op::{dialect, expressible, recorded_op, shape};
pub use shapes::{Padding, ShapeCase, Sides, shapes};
pub use values::{FRAMEWORKS, ValueCase, values};

pub use crate::data::tensors;

use serde::Deserialize;

/// The framework that gave an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framework {
    /// PyTorch.
    Torch,
    /// `jax.lax`.
    Jax,
    /// Flax.
    Flax,
    /// Keras.
    Keras,
    /// TensorFlow (`tf.nn`).
    Tf,
    /// ONNX and its engines.
    Onnx,
}

impl Framework {
    /// The name in lower case, as the data spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Torch => "torch",
            Self::Jax => "jax",
            Self::Flax => "flax",
            Self::Keras => "keras",
            Self::Tf => "tf",
            Self::Onnx => "onnx",
        }
    }
}

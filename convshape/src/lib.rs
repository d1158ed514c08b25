//! Convolutional models whose shapes are checked while they compile.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod batch;
mod chain;
mod error;
#[cfg(feature = "train")]
mod gradient;
mod init;
#[doc(hidden)]
pub mod kernels;
mod model;
mod param;
mod parts;
mod program;
mod run;
mod shapes;
mod summary;
mod tensor;
#[cfg(test)]
mod test_model;
#[cfg(feature = "train")]
pub mod train;
#[cfg(feature = "safetensors")]
mod weights;

pub use convshape_arith::shape::Shape;
pub use {ndarray, rand};

pub use crate::chain::{Chain, LayerInfo};
pub use crate::error::ShapeError;
pub use crate::model::Model;
pub use crate::param::{Normalisation, Param, Statistics, Weight, WeightBias};
pub use crate::shapes::{C, Cdhw, Chw, Cl, Dhwc, Dims5, Dims6, Hwc, Lc, TensorShape};
pub use crate::summary::Summary;
pub use crate::tensor::{Element, Tensor};
#[cfg(feature = "safetensors")]
pub use crate::weights::{Hint, LoadError, SaveError, TensorProblem};

/// What generated code names. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::batch::{Inputs, Outputs};
    #[cfg(feature = "train")]
    pub use crate::gradient::{gradients, gradients_train, vjp};
    pub use crate::init::init;
    pub use crate::model::{forward, forward_batch, summary};
    pub use crate::param::ParamGroup;
    pub use crate::parts::{Linked, Parts};
    pub use crate::program::{Action, Port, Program, Step};
    #[cfg(feature = "safetensors")]
    pub use crate::weights::{load, load_bytes, load_with, save};
    pub use convshape_arith as arith;
    pub use convshape_macros::conv_chain;
    pub use core;
    pub use core::primitive::str;
    #[cfg(feature = "safetensors")]
    pub use {alloc::string::String, std::path::Path};
}

/// Declares a model whose shapes are checked while it compiles.
#[macro_export]
macro_rules! conv_chain {
    ($($chain:tt)*) => {
        // The macro names the library by this path, whatever the user's crate calls it.
        $crate::__private::conv_chain! { [$crate] $($chain)* }
    };
}

/// The methods that read and write files, where the library was built with them.
#[cfg(feature = "safetensors")]
#[doc(hidden)]
#[macro_export]
macro_rules! __weight_files {
    ($model:ident) => {
        impl $model {
            /// A model with the parameters of a safetensors file.
            ///
            /// # Errors
            /// If a tensor is missing or has another shape or type, or the file is damaged. Nothing is
            /// taken then.
            pub fn load(
                path: impl $crate::__private::core::convert::AsRef<$crate::__private::Path>,
            ) -> $crate::__private::core::result::Result<Self, $crate::LoadError> {
                $crate::__private::load(path)
            }

            /// As `load`, with `rename` giving the name in the file for each of the model's own.
            ///
            /// # Errors
            /// Those of `load`.
            pub fn load_with(
                path: impl $crate::__private::core::convert::AsRef<$crate::__private::Path>,
                rename: impl $crate::__private::core::ops::Fn(&$crate::__private::str) -> $crate::__private::String,
            ) -> $crate::__private::core::result::Result<Self, $crate::LoadError> {
                $crate::__private::load_with(path, rename)
            }

            /// As `load`, of a file's bytes.
            ///
            /// # Errors
            /// Those of `load`.
            pub fn load_bytes(bytes: &[u8]) -> $crate::__private::core::result::Result<Self, $crate::LoadError> {
                $crate::__private::load_bytes(bytes)
            }

            /// Writes the parameters to a safetensors file, whole or not at all.
            ///
            /// # Errors
            /// If the file cannot be written.
            pub fn save(
                &self,
                path: impl $crate::__private::core::convert::AsRef<$crate::__private::Path>,
            ) -> $crate::__private::core::result::Result<(), $crate::SaveError> {
                $crate::__private::save(self, path)
            }
        }
    };
}

/// The methods that read and write files: this build of the library has none.
#[cfg(not(feature = "safetensors"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __weight_files {
    ($model:ident) => {};
}

/// The methods that give gradients, where the library was built with them. They stand in the `impl`
/// of a model: `x` and `dy` are the types of its inputs and outputs, `dx` of its inputs' gradients.
#[cfg(feature = "train")]
#[doc(hidden)]
#[macro_export]
macro_rules! __training {
    (x: $x:ty, dy: $dy:ty, dx: $dx:ty) => {
        /// The loss of a batch, and the gradients of the parameters, shaped like the model. The batch
        /// axis is first. Normalisation layers use their stored statistics and nothing is dropped,
        /// as in PyTorch's `eval()`.
        ///
        /// # Errors
        /// If an input or target is not of the shape that the chain and the loss take.
        pub fn gradients<'t>(
            &self,
            x: $x,
            target: impl $crate::__private::Inputs<'t>,
            loss: impl $crate::train::Loss,
        ) -> $crate::__private::core::result::Result<(f32, Self), $crate::ShapeError> {
            $crate::__private::gradients(self, x, target, loss)
        }

        /// As `gradients`, in training: normalisation layers use the statistics of the batch and
        /// move their stored ones towards them, `Dropout` drops what `rng` says.
        ///
        /// # Errors
        /// Those of `gradients`; the model is as it was then.
        pub fn gradients_train<'t>(
            &mut self,
            x: $x,
            target: impl $crate::__private::Inputs<'t>,
            loss: impl $crate::train::Loss,
            rng: &mut impl $crate::rand::Rng,
        ) -> $crate::__private::core::result::Result<(f32, Self), $crate::ShapeError> {
            $crate::__private::gradients_train(self, x, target, loss, rng)
        }

        /// The gradients of the inputs and of the parameters, given those of the outputs: the product
        /// of a vector and the Jacobian, for any loss. Layers run as in `gradients`.
        ///
        /// # Errors
        /// If an input or cotangent is not of the shape of the chain's inputs and outputs.
        pub fn vjp(
            &self,
            x: $x,
            cotangent: $dy,
        ) -> $crate::__private::core::result::Result<($dx, Self), $crate::ShapeError> {
            $crate::__private::vjp(self, x, cotangent)
        }
    };
}

/// The methods that give gradients: this build of the library has none.
#[cfg(not(feature = "train"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __training {
    ($($types:tt)*) => {};
}

//! Convolutional models whose shapes are checked while they compile.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod batch;
mod chain;
mod error;
#[cfg(feature = "std")]
mod fast;
#[cfg(not(feature = "std"))]
mod fast {
    /// Without a standard library every chain runs by its layers' definitions: nothing is kept.
    #[derive(Clone, Default, PartialEq, Debug)]
    pub struct Cache;
}
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
#[cfg(feature = "safetensors")]
mod weights;
mod workspace;

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
pub use crate::workspace::Workspace;

/// What generated code names. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::batch::{InputSlices, Inputs, OutputSlices, Outputs};
    pub use crate::fast::Cache;
    #[cfg(feature = "std")]
    pub use crate::fast::peak_flops;
    pub use crate::init::init;
    pub use crate::model::{forward, forward_batch, forward_into, summary};
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

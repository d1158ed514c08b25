//! Items of generated models that depend on the library's features. `conv_chain!` cannot know which features are on, so
//! it emits calls of these macros.

/// Items that need a heap.
#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __alloc {
    ($($item:tt)*) => { $($item)* };
}

/// Items that need a heap: this build of the library has none.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __alloc {
    ($($item:tt)*) => {};
}

/// Items that take or give [`ndarray`] arrays.
#[cfg(feature = "ndarray")]
#[doc(hidden)]
#[macro_export]
macro_rules! __ndarray {
    ($($item:tt)*) => { $($item)* };
}

/// Items that take or give `ndarray` arrays: this build of the library has none.
#[cfg(not(feature = "ndarray"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __ndarray {
    ($($item:tt)*) => {};
}

/// The methods that read and write files, if the library was built with them.
#[cfg(feature = "safetensors")]
#[doc(hidden)]
#[macro_export]
macro_rules! __weight_files {
    ([$($generics:tt)*] $model:ty) => {
        impl $($generics)* $model {
            /// A model with the parameters of a safetensors file.
            ///
            /// # Errors
            /// If a tensor is missing or has the wrong shape or type, or the file is damaged. Nothing is loaded then.
            pub fn load(
                path: impl $crate::__private::core::convert::AsRef<$crate::__private::Path>,
            ) -> $crate::__private::core::result::Result<Self, $crate::LoadError> {
                $crate::__private::load(path)
            }

            /// Like `load`, with `rename` giving the name in the file for each of the model's own names.
            ///
            /// # Errors
            /// Those of `load`.
            pub fn load_with(
                path: impl $crate::__private::core::convert::AsRef<$crate::__private::Path>,
                rename: impl $crate::__private::core::ops::Fn(&$crate::__private::str) -> $crate::__private::String,
            ) -> $crate::__private::core::result::Result<Self, $crate::LoadError> {
                $crate::__private::load_with(path, rename)
            }

            /// Like `load`, from a file's bytes.
            ///
            /// # Errors
            /// Those of `load`.
            pub fn load_bytes(bytes: &[$crate::__private::core::primitive::u8]) -> $crate::__private::core::result::Result<Self, $crate::LoadError> {
                $crate::__private::load_bytes(bytes)
            }

            /// Writes the parameters to a safetensors file, completely or not at all.
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
    ([$($generics:tt)*] $model:ty) => {};
}

/// The methods for gradients, if the library was built with them, for the `impl` of a model. `x` and `dy` are the types
/// of its inputs and outputs, `dx` is the type of its inputs' gradients.
#[cfg(feature = "train")]
#[doc(hidden)]
#[macro_export]
macro_rules! __training {
    (x: $x:ty, dy: $dy:ty, dx: $dx:ty) => {
        /// The loss of a batch, and the gradients of the parameters, with the type of the model. The batch axis comes
        /// first. Normalisation layers use their running statistics and dropout is off, as in PyTorch's `eval()`.
        ///
        /// # Errors
        /// If an input or target does not have the shape that the chain and the loss take.
        pub fn gradients<'t>(
            &self,
            x: $x,
            target: impl $crate::__private::Inputs<'t>,
            loss: impl $crate::train::Loss,
        ) -> $crate::__private::core::result::Result<($crate::__private::core::primitive::f32, Self), $crate::ShapeError> {
            $crate::__private::gradients(self, x, target, loss)
        }

        /// Like `gradients`, in training mode: normalisation layers use the statistics of the batch and update their
        /// running ones, and `Dropout` draws from `rng`.
        ///
        /// # Errors
        /// Those of `gradients`; the model is then unchanged.
        pub fn gradients_train<'t>(
            &mut self,
            x: $x,
            target: impl $crate::__private::Inputs<'t>,
            loss: impl $crate::train::Loss,
            rng: &mut impl $crate::rand::Rng,
        ) -> $crate::__private::core::result::Result<($crate::__private::core::primitive::f32, Self), $crate::ShapeError> {
            $crate::__private::gradients_train(self, x, target, loss, rng)
        }

        /// The gradients of the inputs and of the parameters, given those of the outputs: the vector-Jacobian product,
        /// for any loss. Layers run as in `gradients`.
        ///
        /// # Errors
        /// If an input or cotangent does not have the shape of the chain's inputs and outputs.
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

/// The method that opens data, if the library was built with training.
#[cfg(feature = "train")]
#[doc(hidden)]
#[macro_export]
macro_rules! __training_data {
    ($($item:tt)*) => { $($item)* };
}

/// The method that opens data: this build of the library has none.
#[cfg(not(feature = "train"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __training_data {
    ($($item:tt)*) => {};
}

/// A literal chain as a layer of [`typed`].
#[cfg(feature = "typed")]
#[doc(hidden)]
#[macro_export]
macro_rules! __typed_layer {
    ($model:ident($input:ty) -> $output:ty, $($shapes:tt)*) => {
        impl $crate::typed::Layer<$input> for $model {
            type Output = $output;

            fn run(&self, x: &$input) -> $output {
                self.forward(x)
            }
        }

        $crate::__typed_layer! { @shapes $model $($shapes)* }
    };
    ($model:ident($($input:ty => $place:tt),+) -> $output:ty) => {
        impl $crate::typed::Layer<($($input),+)> for $model {
            type Output = $output;

            fn run(&self, x: &($($input),+)) -> $output {
                self.forward(($(&x.$place),+))
            }
        }
    };
    (@shapes $model:ident) => {};
    (@shapes $model:ident $from:ty => $to:ty) => {
        impl<__Shape, __Storage> $crate::typed::Layer<$crate::typed::Tensor<$crate::__private::core::primitive::f32, __Shape, __Storage>> for $model
        where
            __Shape: $crate::typed::Dims + $crate::typed::InputOf<$from, $model>,
            __Storage: $crate::typed::Holds<__Shape::Elements>
                + $crate::typed::Holds<<$to as $crate::typed::Dims>::Elements>,
        {
            type Output = $crate::typed::Tensor<$crate::__private::core::primitive::f32, $to, __Storage>;

            fn run(&self, x: &$crate::typed::Tensor<$crate::__private::core::primitive::f32, __Shape, __Storage>) -> Self::Output {
                $crate::typed::run_chain(self, x)
            }
        }
    };
}

/// A literal chain as a layer of `typed`: this build of the library has none.
#[cfg(not(feature = "typed"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __typed_layer {
    ($($chain:tt)*) => {};
}

//! The inputs and outputs of a chain as slices: a tensor or nested arrays, or a tuple of them in the order of the
//! ports.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::model::shapes::{C, Cdhw, Chw, Cl, Dhwc, Hwc, Lc, TensorShape};
use crate::model::tensor::Tensor;

/// Elements of a value of shape `S` to read: `&Tensor<f32, S>`, or `&[[[f32; W]; H]; C]` for `Chw<C, H, W>`.
#[diagnostic::on_unimplemented(message = "`{Self}` has no elements of the shape `{S}`")]
pub trait Reads<S> {
    /// The elements in row-major order.
    fn slice(&self) -> &[f32];
}

/// Elements of a value of shape `S` to write: `&mut Tensor<f32, S>`, or `&mut [[[f32; W]; H]; C]` for `Chw<C, H, W>`.
#[diagnostic::on_unimplemented(message = "`{Self}` has no room for the shape `{S}`")]
pub trait Writes<S> {
    /// The elements in row-major order, mutable.
    fn slice_mut(&mut self) -> &mut [f32];
}

impl<S: TensorShape> Reads<S> for &Tensor<f32, S> {
    fn slice(&self) -> &[f32] {
        self.as_slice()
    }
}

#[cfg(feature = "alloc")]
impl<S: TensorShape> Writes<S> for &mut Tensor<f32, S> {
    fn slice_mut(&mut self) -> &mut [f32] {
        self.as_mut_slice()
    }
}

macro_rules! nested {
    ($($name:ident<$($size:ident),+> $array:ty, $(($flat:ident $flat_mut:ident))*;)+) => {$(
        impl<$(const $size: usize),+> Reads<$name<$($size),+>> for &$array {
            fn slice(&self) -> &[f32] {
                let nested: &$array = self;
                nested$(.$flat())*
            }
        }

        impl<$(const $size: usize),+> Writes<$name<$($size),+>> for &mut $array {
            fn slice_mut(&mut self) -> &mut [f32] {
                let nested: &mut $array = self;
                nested$(.$flat_mut())*
            }
        }
    )+};
}

nested! {
    C<N> [f32; N],;
    Cl<N, L> [[f32; L]; N], (as_flattened as_flattened_mut);
    Lc<L, N> [[f32; N]; L], (as_flattened as_flattened_mut);
    Chw<N, H, W> [[[f32; W]; H]; N], (as_flattened as_flattened_mut) (as_flattened as_flattened_mut);
    Hwc<H, W, N> [[[f32; N]; W]; H], (as_flattened as_flattened_mut) (as_flattened as_flattened_mut);
    Cdhw<N, D, H, W> [[[[f32; W]; H]; D]; N],
        (as_flattened as_flattened_mut) (as_flattened as_flattened_mut) (as_flattened as_flattened_mut);
    Dhwc<D, H, W, N> [[[[f32; N]; W]; H]; D],
        (as_flattened as_flattened_mut) (as_flattened as_flattened_mut) (as_flattened as_flattened_mut);
}

/// All inputs, whose shape is `S`, or whose shapes are the tuple `S`.
#[diagnostic::on_unimplemented(message = "`{Self}` has no elements of the shape `{S}`")]
pub trait InputSlices<S> {
    /// Calls `f` with them, in the order of the ports.
    fn with_slices<R>(self, f: impl FnOnce(&[&[f32]]) -> R) -> R;
}

/// All outputs, whose shape is `S`, or whose shapes are the tuple `S`.
#[diagnostic::on_unimplemented(message = "`{Self}` has no room for the shape `{S}`")]
pub trait OutputSlices<S> {
    /// Calls `f` with them, in the order of the ports.
    fn with_slices<R>(self, f: impl FnOnce(&mut [&mut [f32]]) -> R) -> R;
}

impl<S, P: Reads<S>> InputSlices<S> for P {
    fn with_slices<R>(self, f: impl FnOnce(&[&[f32]]) -> R) -> R {
        f(&[self.slice()])
    }
}

impl<S, P: Writes<S>> OutputSlices<S> for P {
    fn with_slices<R>(mut self, f: impl FnOnce(&mut [&mut [f32]]) -> R) -> R {
        f(&mut [self.slice_mut()])
    }
}

/// All outputs of a chain as tensors.
#[cfg(feature = "alloc")]
pub trait OutputTensors {
    /// The outputs, each from its elements.
    fn from_elements(elements: &mut dyn Iterator<Item = Vec<f32>>) -> Self;
}

#[cfg(feature = "alloc")]
impl<S: TensorShape> OutputTensors for Tensor<f32, S> {
    fn from_elements(elements: &mut dyn Iterator<Item = Vec<f32>>) -> Self {
        let tensor = elements.next().and_then(|elements| Tensor::try_from(elements).ok());
        tensor.expect("the macro gives an output the type of its shape")
    }
}

macro_rules! tuples {
    ($(($($port:ident $shape:ident),+))+) => {$(
        impl<$($shape, $port: Reads<$shape>),+> InputSlices<($($shape,)+)> for ($($port,)+) {
            #[expect(non_snake_case, reason = "a port's type and value have one name")]
            fn with_slices<R>(self, f: impl FnOnce(&[&[f32]]) -> R) -> R {
                let ($($port,)+) = self;
                f(&[$($port.slice()),+])
            }
        }

        impl<$($shape, $port: Writes<$shape>),+> OutputSlices<($($shape,)+)> for ($($port,)+) {
            #[expect(non_snake_case, reason = "a port's type and value have one name")]
            fn with_slices<R>(self, f: impl FnOnce(&mut [&mut [f32]]) -> R) -> R {
                let ($(mut $port,)+) = self;
                f(&mut [$($port.slice_mut()),+])
            }
        }

        #[cfg(feature = "alloc")]
        impl<$($port: OutputTensors),+> OutputTensors for ($($port,)+) {
            fn from_elements(elements: &mut dyn Iterator<Item = Vec<f32>>) -> Self {
                ($($port::from_elements(elements),)+)
            }
        }
    )+};
}

tuples! {
    (A X0, B X1)
    (A X0, B X1, D X2)
    (A X0, B X1, D X2, E X3)
    (A X0, B X1, D X2, E X3, F X4)
    (A X0, B X1, D X2, E X3, F X4, G X5)
    (A X0, B X1, D X2, E X3, F X4, G X5, H X6)
    (A X0, B X1, D X2, E X3, F X4, G X5, H X6, I X7)
    (A X0, B X1, D X2, E X3, F X4, G X5, H X6, I X7, J X8)
    (A X0, B X1, D X2, E X3, F X4, G X5, H X6, I X7, J X8, K X9)
    (A X0, B X1, D X2, E X3, F X4, G X5, H X6, I X7, J X8, K X9, L X10)
    (A X0, B X1, D X2, E X3, F X4, G X5, H X6, I X7, J X8, K X9, L X10, M X11)
}

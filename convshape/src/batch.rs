//! What `forward` and `forward_batch` take and give: one tensor or array, or a tuple of them in the
//! order of the ports.

use alloc::vec::Vec;

use ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Axis, Dimension};

use crate::shapes::TensorShape;
use crate::tensor::Tensor;

/// One input.
pub trait Input<'a> {
    /// The input as a batch.
    fn batch(self) -> ArrayViewD<'a, f32>;
}

impl<'a, S: TensorShape> Input<'a> for &'a Tensor<f32, S> {
    /// A batch of one.
    fn batch(self) -> ArrayViewD<'a, f32> {
        self.view().into_dyn().insert_axis(Axis(0))
    }
}

impl<'a, D: Dimension> Input<'a> for ArrayView<'a, f32, D> {
    fn batch(self) -> ArrayViewD<'a, f32> {
        self.into_dyn()
    }
}

/// One output.
pub trait Output {
    /// The output, from a batch. A tensor is its first sample.
    fn from_batch(batch: ArrayD<f32>) -> Self;
}

const CHECKED: &str = "the macro gives an output the type of its shape";

impl<S: TensorShape> Output for Tensor<f32, S> {
    fn from_batch(batch: ArrayD<f32>) -> Self {
        let elements: Vec<f32> = batch.into_iter().collect();
        Tensor::try_from(elements).expect(CHECKED)
    }
}

impl<D: Dimension> Output for Array<f32, D> {
    fn from_batch(batch: ArrayD<f32>) -> Self {
        batch.into_dimensionality().expect(CHECKED)
    }
}

/// All inputs of a chain.
pub trait Inputs<'a> {
    /// The inputs in order.
    fn batches(self) -> Vec<ArrayViewD<'a, f32>>;
}

/// All outputs of a chain.
pub trait Outputs {
    /// The outputs, from as many batches as there are.
    fn from_batches(batches: &mut dyn Iterator<Item = ArrayD<f32>>) -> Self;
}

impl<'a, I: Input<'a>> Inputs<'a> for I {
    fn batches(self) -> Vec<ArrayViewD<'a, f32>> {
        [self.batch()].into()
    }
}

/// Nothing: the targets of a loss that has none.
impl<'a> Inputs<'a> for () {
    fn batches(self) -> Vec<ArrayViewD<'a, f32>> {
        Vec::new()
    }
}

impl<O: Output> Outputs for O {
    fn from_batches(batches: &mut dyn Iterator<Item = ArrayD<f32>>) -> Self {
        O::from_batch(batches.next().expect(CHECKED))
    }
}

/// The elements of all inputs, where they lie.
pub trait InputSlices {
    /// Calls `f` with them, in the order of the ports.
    fn with_slices<R>(self, f: impl FnOnce(&[&[f32]]) -> R) -> R;
}

impl<S: TensorShape> InputSlices for &Tensor<f32, S> {
    fn with_slices<R>(self, f: impl FnOnce(&[&[f32]]) -> R) -> R {
        f(&[self.as_slice()])
    }
}

/// The elements of all outputs, to write to.
pub trait OutputSlices {
    /// Calls `f` with them, in the order of the ports.
    fn with_slices<R>(self, f: impl FnOnce(&mut [&mut [f32]]) -> R) -> R;
}

impl<S: TensorShape> OutputSlices for &mut Tensor<f32, S> {
    fn with_slices<R>(self, f: impl FnOnce(&mut [&mut [f32]]) -> R) -> R {
        f(&mut [self.as_mut_slice()])
    }
}

macro_rules! tuples {
    ($(($($port:ident),+))+) => {$(
        impl<'a, $($port: Input<'a>),+> Inputs<'a> for ($($port,)+) {
            #[expect(non_snake_case, reason = "a port's type and value have one name")]
            fn batches(self) -> Vec<ArrayViewD<'a, f32>> {
                let ($($port,)+) = self;
                [$($port.batch()),+].into()
            }
        }

        impl<$($port: TensorShape),+> InputSlices for ($(&Tensor<f32, $port>,)+) {
            #[expect(non_snake_case, reason = "a port's type and value have one name")]
            fn with_slices<R>(self, f: impl FnOnce(&[&[f32]]) -> R) -> R {
                let ($($port,)+) = self;
                f(&[$($port.as_slice()),+])
            }
        }

        impl<$($port: TensorShape),+> OutputSlices for ($(&mut Tensor<f32, $port>,)+) {
            #[expect(non_snake_case, reason = "a port's type and value have one name")]
            fn with_slices<R>(self, f: impl FnOnce(&mut [&mut [f32]]) -> R) -> R {
                let ($($port,)+) = self;
                f(&mut [$($port.as_mut_slice()),+])
            }
        }

        impl<$($port: Output),+> Outputs for ($($port,)+) {
            fn from_batches(batches: &mut dyn Iterator<Item = ArrayD<f32>>) -> Self {
                ($($port::from_batches(batches),)+)
            }
        }
    )+};
}

tuples! {
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
}

//! A tensor whose shape is part of its type.

#[cfg(feature = "alloc")]
use alloc::vec;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use convshape_arith::shape::Shape;
#[cfg(feature = "ndarray")]
use ndarray::{ArrayView, ArrayViewMut};

use crate::model::elements::Elements;
use crate::model::error::ShapeError;
#[cfg(feature = "ndarray")]
use crate::model::shapes::{DimOf, Index};
use crate::model::shapes::{TensorShape, sealed};

/// The element type of a tensor: `f32`, or `f64` for accuracy tests.
pub trait Element: sealed::Sealed + Copy + Default + PartialEq + fmt::Debug + Send + Sync + 'static {}

impl Element for f32 {}
impl Element for f64 {}

impl sealed::Sealed for f32 {}
impl sealed::Sealed for f64 {}

/// One value with its shape in the type: `Tensor<f32, Chw<1, 28, 28>>`.
///
/// The elements are in row-major order, the last axis fastest, on the heap or in borrowed `&'static` data, so that even
/// a large tensor needs only a few words of stack.
///
/// ```
/// use convshape::{Chw, Tensor};
///
/// let ramp: Tensor<f32, Chw<1, 2, 3>> = Tensor::from_fn(|[_, y, x]| (3 * y + x) as f32);
/// assert_eq!(ramp.as_slice(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
/// assert_eq!(ramp.view()[[0, 1, 2]], 5.0);
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor<T: Element, S: TensorShape> {
    data: Elements<T>,
    shape: PhantomData<S>,
}

impl<T: Element, S: TensorShape> Tensor<T, S> {
    /// The shape, without the batch axis.
    pub const SHAPE: Shape = S::SHAPE;

    /// A tensor of zeros.
    #[cfg(feature = "alloc")]
    pub fn zeros() -> Self {
        Self::new(vec![T::default(); S::ELEMENTS])
    }

    /// A tensor with `f(index)` at each index, which has one number per axis: `|[c, y, x]| ..`.
    #[cfg(feature = "alloc")]
    pub fn from_fn<const N: usize>(mut f: impl FnMut([usize; N]) -> T) -> Self
    where
        S: TensorShape<Index = [usize; N]>,
    {
        let mut index = [0; N];
        let element = |_| {
            let value = f(index);
            advance(&mut index, &S::DIMS);
            value
        };
        Self::new((0..S::ELEMENTS).map(element).collect())
    }

    /// A copy of `elements`, which are in row-major order.
    ///
    /// # Errors
    /// If the number of elements is not that of the shape.
    #[cfg(feature = "alloc")]
    pub fn from_slice(elements: &[T]) -> Result<Self, ShapeError> {
        check::<S>(elements.len())?;
        Ok(Self::new(elements.to_vec()))
    }

    /// A tensor of `elements`, which are in row-major order, without a copy.
    ///
    /// # Errors
    /// If the number of elements is not that of the shape.
    #[cfg(feature = "alloc")]
    pub fn from_vec(elements: Vec<T>) -> Result<Self, ShapeError> {
        check::<S>(elements.len())?;
        Ok(Self::new(elements))
    }

    /// A tensor that borrows its elements.
    ///
    /// # Errors
    /// If the number of elements is not that of the shape.
    pub fn from_static(elements: &'static [T]) -> Result<Self, ShapeError> {
        check::<S>(elements.len())?;
        Ok(Self { data: elements.into(), shape: PhantomData })
    }

    /// A copy of an array view with any strides.
    ///
    /// # Errors
    /// If the view has a different shape.
    #[cfg(feature = "ndarray")]
    pub fn from_view(view: ArrayView<'_, T, DimOf<S>>) -> Result<Self, ShapeError> {
        if view.shape() != S::DIMS.as_ref() {
            return Err(ShapeError::View { found: view.shape().to_vec(), expected: S::SHAPE });
        }
        Ok(Self::new(view.iter().copied().collect()))
    }

    /// The elements in row-major order.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// The elements in row-major order, mutable. Borrowed data is copied first.
    #[cfg(feature = "alloc")]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.data.to_mut()
    }

    /// The elements as an array.
    #[cfg(feature = "ndarray")]
    pub fn view(&self) -> ArrayView<'_, T, DimOf<S>> {
        ArrayView::from_shape(S::DIMS.into_dim(), &self.data).expect(HOLDS)
    }

    /// The elements as a mutable array. Borrowed data is copied first.
    #[cfg(feature = "ndarray")]
    pub fn view_mut(&mut self) -> ArrayViewMut<'_, T, DimOf<S>> {
        ArrayViewMut::from_shape(S::DIMS.into_dim(), self.data.to_mut().as_mut_slice()).expect(HOLDS)
    }

    /// The elements in row-major order, without a copy if they are owned.
    #[cfg(feature = "alloc")]
    pub fn into_vec(self) -> Vec<T> {
        self.data.into_owned()
    }

    #[cfg(feature = "alloc")]
    fn new(elements: Vec<T>) -> Self {
        debug_assert_eq!(elements.len(), S::ELEMENTS);
        Self { data: elements.into(), shape: PhantomData }
    }
}

#[cfg(feature = "ndarray")]
const HOLDS: &str = "a tensor holds as many elements as its shape says";

fn check<S: TensorShape>(found: usize) -> Result<(), ShapeError> {
    if found == S::ELEMENTS { Ok(()) } else { Err(ShapeError::Elements { found, expected: S::SHAPE }) }
}

/// Moves to the next index in row-major order.
#[cfg(feature = "alloc")]
fn advance(index: &mut [usize], dims: &[usize]) {
    for (place, &size) in index.iter_mut().zip(dims).rev() {
        *place += 1;
        if *place < size {
            return;
        }
        *place = 0;
    }
}

#[cfg(feature = "alloc")]
impl<T: Element, S: TensorShape> TryFrom<Vec<T>> for Tensor<T, S> {
    type Error = ShapeError;

    fn try_from(elements: Vec<T>) -> Result<Self, ShapeError> {
        check::<S>(elements.len())?;
        Ok(Self::new(elements))
    }
}

#[cfg(feature = "ndarray")]
impl<T: Element, S: TensorShape> TryFrom<ArrayView<'_, T, DimOf<S>>> for Tensor<T, S> {
    type Error = ShapeError;

    fn try_from(view: ArrayView<'_, T, DimOf<S>>) -> Result<Self, ShapeError> {
        Self::from_view(view)
    }
}

#[cfg(feature = "alloc")]
impl<T: Element, S: TensorShape> From<Tensor<T, S>> for Vec<T> {
    fn from(tensor: Tensor<T, S>) -> Vec<T> {
        tensor.into_vec()
    }
}

impl<T: Element, S: TensorShape> fmt::Debug for Tensor<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&S::SHAPE, &self.data, f)
    }
}

/// Writes a shape and the first few elements.
pub(crate) fn debug<T: Element>(shape: &Shape, elements: &[T], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const SHOWN: usize = 4;
    write!(f, "Tensor {shape} [")?;
    for (place, element) in elements.iter().take(SHOWN).enumerate() {
        write!(f, "{}{element:?}", if place == 0 { "" } else { ", " })?;
    }
    f.write_str(if elements.len() > SHOWN { ", ..]" } else { "]" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::shapes::{C, Chw, Cl};
    use alloc::format;
    use alloc::string::ToString;
    use ndarray::{Array2, s};

    #[test]
    fn counts_are_checked() {
        let error = Tensor::<f32, Chw<1, 2, 3>>::try_from(vec![0.0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "found 5 elements, expected 6 for [1, 2, 3]");
        assert!(Tensor::<f32, Chw<1, 2, 3>>::from_slice(&[0.0; 6]).is_ok());
    }

    #[test]
    fn indices_run_in_row_major_order() {
        let tensor = Tensor::<f64, Chw<2, 3, 4>>::from_fn(|[c, y, x]| (100 * c + 10 * y + x) as f64);
        assert_eq!(tensor.view()[[1, 2, 3]], 123.0);
        assert_eq!(tensor.as_slice()[4], 10.0);
        assert_eq!(Tensor::<f32, C<3>>::from_fn(|[c]| c as f32).into_vec(), [0.0, 1.0, 2.0]);
        assert_eq!(Tensor::<f32, C<3>>::from_vec(vec![0.0, 1.0, 2.0]).unwrap().as_slice(), [0.0, 1.0, 2.0]);
        assert!(Tensor::<f32, C<3>>::from_vec(vec![0.0; 4]).is_err());
    }

    #[test]
    fn views_of_any_stride_are_copied() {
        let array = Array2::from_shape_fn((2, 3), |(y, x)| (10 * y + x) as f32);
        let tensor = Tensor::<f32, Cl<3, 2>>::from_view(array.t()).unwrap();
        assert_eq!(tensor.as_slice(), [0.0, 10.0, 1.0, 11.0, 2.0, 12.0]);
        let back = Tensor::<f32, Cl<2, 3>>::try_from(array.slice(s![.., ..;-1])).unwrap();
        assert_eq!(back.as_slice(), [2.0, 1.0, 0.0, 12.0, 11.0, 10.0]);
        let error = Tensor::<f32, Cl<2, 3>>::from_view(array.t()).unwrap_err();
        assert_eq!(error.to_string(), "found an array of shape [3, 2], expected [2, 3]");
    }

    #[test]
    fn static_data_is_copied_on_write() {
        static DATA: [f32; 2] = [1.0, 2.0];
        let mut tensor = Tensor::<f32, C<2>>::from_static(&DATA).unwrap();
        assert!(core::ptr::eq(tensor.as_slice(), &DATA));
        tensor.as_mut_slice()[0] = 3.0;
        assert_eq!(tensor.as_slice(), [3.0, 2.0]);
        assert_eq!(DATA, [1.0, 2.0]);
        tensor.view_mut()[0] = 5.0;
        assert_eq!(tensor.as_slice(), [5.0, 2.0]);
    }

    #[test]
    fn debug_is_short() {
        let tensor = Tensor::<f32, Chw<3, 100, 100>>::zeros();
        assert_eq!(format!("{tensor:?}"), "Tensor [3, 100, 100] [0.0, 0.0, 0.0, 0.0, ..]");
    }
}

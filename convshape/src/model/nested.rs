//! Conversions between tensors, nested arrays and [`ndarray`] arrays.

#[cfg(feature = "ndarray")]
use alloc::vec::Vec;

#[cfg(feature = "ndarray")]
use ndarray::Array;

#[cfg(feature = "ndarray")]
use crate::model::error::ShapeError;
use crate::model::shapes::{C, Cdhw, Chw, Cl, Dhwc, Hwc, Lc};
#[cfg(feature = "ndarray")]
use crate::model::shapes::{DimOf, Index, TensorShape};
use crate::model::tensor::{Element, Tensor};

const HOLDS: &str = "a tensor holds as many elements as its shape says";

macro_rules! nested {
    ($($name:ident<$($size:ident),+> $array:ty, $($inner:ident)*;)+) => {$(
        impl<T: Element, $(const $size: usize),+> Tensor<T, $name<$($size),+>> {
            /// The elements as nested arrays, without a copy.
            pub fn as_nested(&self) -> &$array {
                let nested = self.as_slice();
                $(let (nested, _) = nested.as_chunks::<$inner>();)*
                nested.try_into().expect(HOLDS)
            }

            /// The elements as nested arrays, mutable. Borrowed data is copied first.
            #[cfg(feature = "alloc")]
            pub fn as_mut_nested(&mut self) -> &mut $array {
                let nested = self.as_mut_slice();
                $(let (nested, _) = nested.as_chunks_mut::<$inner>();)*
                nested.try_into().expect(HOLDS)
            }
        }

        #[cfg(feature = "alloc")]
        impl<T: Element, $(const $size: usize),+> From<&$array> for Tensor<T, $name<$($size),+>> {
            fn from(nested: &$array) -> Self {
                let mut tensor = Self::zeros();
                *tensor.as_mut_nested() = *nested;
                tensor
            }
        }

        #[cfg(feature = "alloc")]
        impl<T: Element, $(const $size: usize),+> From<$array> for Tensor<T, $name<$($size),+>> {
            fn from(nested: $array) -> Self {
                Self::from(&nested)
            }
        }
    )+};
}

nested! {
    C<N> [T; N],;
    Cl<N, L> [[T; L]; N], L;
    Lc<L, N> [[T; N]; L], N;
    Chw<N, H, W> [[[T; W]; H]; N], W H;
    Hwc<H, W, N> [[[T; N]; W]; H], N W;
    Cdhw<N, D, H, W> [[[[T; W]; H]; D]; N], W H D;
    Dhwc<D, H, W, N> [[[[T; N]; W]; H]; D], N W H;
}

#[cfg(feature = "ndarray")]
impl<T: Element, S: TensorShape> From<Tensor<T, S>> for Array<T, DimOf<S>> {
    /// Takes over the elements; owned ones are not copied.
    fn from(tensor: Tensor<T, S>) -> Self {
        Array::from_shape_vec(S::DIMS.into_dim(), tensor.into_vec()).expect(HOLDS)
    }
}

#[cfg(feature = "ndarray")]
impl<T: Element, S: TensorShape> TryFrom<Array<T, DimOf<S>>> for Tensor<T, S> {
    type Error = ShapeError;

    /// Takes over the elements. They are copied only if they are not in row-major order.
    fn try_from(array: Array<T, DimOf<S>>) -> Result<Self, ShapeError> {
        if array.shape() != S::DIMS.as_ref() {
            return Err(ShapeError::View { found: array.shape().to_vec(), expected: S::SHAPE });
        }
        if !array.is_standard_layout() {
            return Self::from_view(array.view());
        }
        let (elements, start): (Vec<T>, Option<usize>) = array.into_raw_vec_and_offset();
        let start = start.unwrap_or(0);
        if start == 0 && elements.len() == S::ELEMENTS {
            Self::try_from(elements)
        } else {
            Self::from_slice(&elements[start..start + S::ELEMENTS])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use ndarray::{Array3, s};

    type Small = Tensor<f32, Chw<1, 2, 3>>;

    #[test]
    fn nested_arrays_go_both_ways() {
        let nested = [[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]];
        let mut tensor = Small::from(nested);
        assert_eq!(tensor.as_slice(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!(core::ptr::eq(tensor.as_nested().as_ptr().cast(), tensor.as_slice().as_ptr()));
        tensor.as_mut_nested()[0][1][2] = 7.0;
        assert_eq!(tensor.as_nested(), &[[[0.0, 1.0, 2.0], [3.0, 4.0, 7.0]]]);
    }

    #[test]
    fn arrays_are_taken_over() {
        let array = Array3::from_shape_vec((1, 2, 3), vec![1.0; 6]).unwrap();
        let place = array.as_ptr();
        let tensor = Small::try_from(array).unwrap();
        assert_eq!(tensor.as_slice().as_ptr(), place);
        let array: Array3<f32> = tensor.into();
        assert_eq!(array.as_ptr(), place);
        assert!(Small::try_from(array.permuted_axes([0, 2, 1])).is_err());
    }

    #[test]
    fn arrays_of_any_layout_are_taken() {
        let array = Array3::from_shape_fn((1, 3, 2), |(_, y, x)| (10 * y + x) as f32);
        let turned = Small::try_from(array.permuted_axes([0, 2, 1])).unwrap();
        assert_eq!(turned.as_slice(), [0.0, 10.0, 20.0, 1.0, 11.0, 21.0]);
        let rows = Array3::from_shape_fn((1, 4, 3), |(_, y, x)| (10 * y + x) as f32);
        let part = Small::try_from(rows.slice_move(s![.., 1..3, ..])).unwrap();
        assert_eq!(part.as_slice(), [10.0, 11.0, 12.0, 20.0, 21.0, 22.0]);
    }
}

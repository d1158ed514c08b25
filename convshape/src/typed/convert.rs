//! Conversions to and from the crate's other tensors and nested arrays.

use typenum::{Const, ToUInt};

use super::dims::{C, Cdhw, Chw, Cl, Dhwc, Dims, Hwc, Lc};
use super::storage::Holds;
use super::tensor::Tensor;
use crate::model::tensor::Element;

const SAME: &str = "the sizes are the same in types and in numbers";

macro_rules! converts {
    ($($name:ident<$($size:ident $number:ident),+>;)+) => {$(
        /// Takes over the elements; those of a `Boxed` tensor are not copied.
        impl<T: Element, $($size,)+ B, $(const $number: usize),+> From<Tensor<T, $name<$($size),+>, B>>
            for crate::Tensor<T, crate::$name<$($number),+>>
        where
            $(Const<$number>: ToUInt<Output = $size>,)+
            $name<$($size),+>: Dims,
            B: Holds<<$name<$($size),+> as Dims>::Elements>,
        {
            fn from(tensor: Tensor<T, $name<$($size),+>, B>) -> Self {
                Self::try_from(B::into_vec(tensor.into_data())).expect(SAME)
            }
        }

        /// Takes over the elements; owned ones are not copied into a `Boxed` tensor.
        impl<T: Element, $($size,)+ B, $(const $number: usize),+> From<crate::Tensor<T, crate::$name<$($number),+>>>
            for Tensor<T, $name<$($size),+>, B>
        where
            $(Const<$number>: ToUInt<Output = $size>,)+
            $name<$($size),+>: Dims,
            B: Holds<<$name<$($size),+> as Dims>::Elements>,
        {
            fn from(tensor: crate::Tensor<T, crate::$name<$($number),+>>) -> Self {
                Self::from_data(B::from_vec(tensor.into_vec()))
            }
        }
    )+};
}

converts! {
    C<N CHANNELS>;
    Cl<N CHANNELS, L LENGTH>;
    Lc<L LENGTH, N CHANNELS>;
    Chw<N CHANNELS, H HEIGHT, W WIDTH>;
    Hwc<H HEIGHT, W WIDTH, N CHANNELS>;
    Cdhw<N CHANNELS, D DEPTH, H HEIGHT, W WIDTH>;
    Dhwc<D DEPTH, H HEIGHT, W WIDTH, N CHANNELS>;
}

//! Shapes as types: rustc prints types such as `Tensor<f32, Chw<1, 28, 28>>` when two do not match.

use core::fmt::{self, Debug};
use core::marker::PhantomData;

use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
#[cfg(feature = "ndarray")]
use ndarray::{Dimension, IntoDimension, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn};

use crate::model::chain::Chain;

/// What keeps users from implementing the traits of shapes and elements.
pub(crate) mod sealed {
    pub trait Sealed {}
}

/// An index of one element, one number per axis: `[usize; 3]` for [`Chw`].
pub trait Index: Copy + AsRef<[usize]> {
    /// The dimension type of an [`ndarray`](crate::ndarray) array with that many axes.
    #[cfg(feature = "ndarray")]
    type Dim: Dimension;
    /// The dimension type of an array with one more axis in front, the batch.
    #[cfg(feature = "ndarray")]
    type Batch: Dimension;

    /// The numbers as the sizes of an [`ndarray`](crate::ndarray) array.
    #[cfg(feature = "ndarray")]
    fn into_dim(self) -> Self::Dim;
}

macro_rules! indices {
    ($($rank:literal $dim:ident $batch:ident;)+) => {$(
        impl Index for [usize; $rank] {
            #[cfg(feature = "ndarray")]
            type Dim = $dim;
            #[cfg(feature = "ndarray")]
            type Batch = $batch;

            #[cfg(feature = "ndarray")]
            fn into_dim(self) -> $dim {
                self.into_dimension()
            }
        }
    )+};
}

indices! {
    1 Ix1 Ix2;
    2 Ix2 Ix3;
    3 Ix3 Ix4;
    4 Ix4 Ix5;
    5 Ix5 Ix6;
    6 Ix6 IxDyn;
}

/// The dimension type of an [`ndarray`](crate::ndarray) array with this shape.
#[cfg(feature = "ndarray")]
pub(crate) type DimOf<S> = <<S as TensorShape>::Index as Index>::Dim;

/// A shape as a type, without the batch axis. The types of this module implement it.
pub trait TensorShape: sealed::Sealed + Copy + PartialEq + Debug + Send + Sync + 'static {
    /// An index of one element.
    type Index: Index;
    /// The sizes in order.
    const DIMS: Self::Index;
    /// The shape.
    const SHAPE: Shape;
    /// The number of elements.
    const ELEMENTS: usize;
}

macro_rules! shape_types {
    ($($(#[$doc:meta])* $name:ident<$($axis:ident),+> $rank:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name<$(const $axis: usize),+>;

        impl<$(const $axis: usize),+> sealed::Sealed for $name<$($axis),+> {}

        impl<$(const $axis: usize),+> TensorShape for $name<$($axis),+> {
            type Index = [usize; $rank];
            const DIMS: Self::Index = [$($axis),+];
            const SHAPE: Shape = Shape::of(&[$($axis.cast_signed() as i64),+]);
            const ELEMENTS: usize = elements(&[$($axis),+]);
        }
    )+};
}

shape_types! {
    /// `[channels]`, or any single axis.
    C<CHANNELS> 1;
    /// `[channels, length]`
    Cl<CHANNELS, LENGTH> 2;
    /// `[length, channels]`
    Lc<LENGTH, CHANNELS> 2;
    /// `[channels, height, width]`
    Chw<CHANNELS, HEIGHT, WIDTH> 3;
    /// `[height, width, channels]`
    Hwc<HEIGHT, WIDTH, CHANNELS> 3;
    /// `[channels, depth, height, width]`
    Cdhw<CHANNELS, DEPTH, HEIGHT, WIDTH> 4;
    /// `[depth, height, width, channels]`
    Dhwc<DEPTH, HEIGHT, WIDTH, CHANNELS> 4;
    /// Five axes; only a `Reshape` gives this shape.
    Dims5<D0, D1, D2, D3, D4> 5;
    /// Six axes; only a `Reshape` gives this shape.
    Dims6<D0, D1, D2, D3, D4, D5> 6;
}

/// The shape of a chain's first input, if its type cannot be written otherwise because the sizes come from const
/// generics.
pub struct Input<M>(PhantomData<fn() -> M>);

/// The shape of a chain's first output, if its type cannot be written otherwise because the sizes come from const
/// generics.
pub struct Output<M>(PhantomData<fn() -> M>);

/// The numbers of axes of a chain's first input and output. `conv_chain!` implements it.
pub trait Ends: Chain + 'static {
    /// The input's.
    type InputRank: Rank;
    /// The output's.
    type OutputRank: Rank;
}

/// A number of axes.
pub trait Rank: 'static {
    /// The index of a port.
    type Index: Index;
}

/// The sizes of a shape with a given number of axes.
pub trait Sizes<M>: Rank {
    /// The sizes of the first input.
    const INPUT: Self::Index;
    /// The sizes of the first output.
    const OUTPUT: Self::Index;
}

macro_rules! ranks {
    ($($name:ident $rank:literal)+) => {$(
        #[doc = concat!("As many axes: ", stringify!($rank))]
        pub struct $name;

        impl Rank for $name {
            type Index = [usize; $rank];
        }

        impl<M: Chain> Sizes<M> for $name {
            const INPUT: [usize; $rank] = dims(&M::INPUT);
            const OUTPUT: [usize; $rank] = dims(&M::OUTPUT);
        }
    )+};
}

ranks! {
    Rank1 1
    Rank2 2
    Rank3 3
    Rank4 4
    Rank5 5
    Rank6 6
}

macro_rules! port_shapes {
    ($($name:ident $rank:ident $sizes:ident)+) => {$(
        impl<M> Clone for $name<M> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<M> Copy for $name<M> {}

        impl<M> PartialEq for $name<M> {
            fn eq(&self, _: &Self) -> bool {
                true
            }
        }

        impl<M> Debug for $name<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl<M> sealed::Sealed for $name<M> {}

        impl<M: Ends> TensorShape for $name<M>
        where
            M::$rank: Sizes<M>,
        {
            type Index = <M::$rank as Rank>::Index;
            const DIMS: Self::Index = <M::$rank as Sizes<M>>::$sizes;
            const SHAPE: Shape = M::$sizes;
            const ELEMENTS: usize = shape_elements(&M::$sizes);
        }
    )+};
}

port_shapes! {
    Input InputRank INPUT
    Output OutputRank OUTPUT
}

#[expect(clippy::cast_possible_truncation, reason = "a count that was checked to fit memory")]
const fn shape_elements(shape: &Shape) -> usize {
    match shape.elements() {
        Ok(Size::Number(elements)) => elements.cast_unsigned() as usize,
        _ => panic!("the sizes of a tensor are numbers"),
    }
}

const fn elements(dims: &[usize]) -> usize {
    let mut product: usize = 1;
    let mut axis = 0;
    while axis < dims.len() {
        product = product.checked_mul(dims[axis]).expect("the number of elements does not fit usize");
        axis += 1;
    }
    product
}

/// The sizes of a shape as an array.
const fn dims<const N: usize>(shape: &Shape) -> [usize; N] {
    let mut dims = [1; N];
    let mut axis = 0;
    while axis < N {
        if let Size::Number(n) = shape.size(axis) {
            #[expect(clippy::cast_possible_truncation, reason = "a size that was checked to fit memory")]
            let size = n.cast_unsigned() as usize;
            dims[axis] = size;
        }
        axis += 1;
    }
    dims
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn constants() {
        assert_eq!(Chw::<1, 28, 28>::SHAPE.to_string(), "[1, 28, 28]");
        assert_eq!(Chw::<2, 3, 4>::ELEMENTS, 24);
        assert_eq!(Dims6::<1, 2, 1, 2, 1, 2>::DIMS, [1, 2, 1, 2, 1, 2]);
        #[cfg(feature = "ndarray")]
        assert_eq!(Cl::<2, 3>::DIMS.into_dim(), Ix2(2, 3));
    }
}

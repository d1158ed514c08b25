//! Shapes whose sizes are types.

use core::marker::PhantomData;
use core::ops::Mul;

use convshape_arith::shape::Shape;
use generic_array::ArrayLength;
use typenum::{Prod, Unsigned};

use super::arithmetic::{SameAs, word};

/// A shape, without batch, whose sizes are types. The types of this module implement it.
///
/// A generic function that has a tensor of some shape asks for it: `where Chw<U16, H, W>: Dims`.
pub trait Dims: 'static {
    /// The number of elements.
    type Elements: ArrayLength;
    /// The number of channels: the first axis.
    type Channels: Unsigned;
    /// The shape as a value.
    const SHAPE: Shape;
}

/// A shape that is the same as `S`, size by size: what a decoder gives, and what its encoder took.
pub trait RestoresShape<S> {}

/// A shape with as many elements as `S`.
pub trait Reshapes<S> {}

impl<A: Dims, S: Dims> Reshapes<S> for A where A::Elements: SameAs<S::Elements, word::Elements> {}

macro_rules! dims {
    ($($(#[$doc:meta])* $name:ident<$first:ident: $first_word:ident $(, $axis:ident $other:ident: $word:ident)*>;)+) => {$(
        $(#[$doc])*
        pub struct $name<$first $(, $axis)*>(PhantomData<fn() -> ($first, $($axis),*)>);

        impl<$first: Unsigned + 'static $(, $axis: Unsigned + 'static)*> Dims for $name<$first $(, $axis)*>
        where
            $name<$first $(, $axis)*>: Count,
        {
            type Elements = <Self as Count>::Elements;
            type Channels = $first;
            const SHAPE: Shape = Shape::of(&[$first::I64 $(, $axis::I64)*]);
        }

        impl<$first $(, $axis)*, Other $(, $other)*> RestoresShape<$name<Other $(, $other)*>> for $name<$first $(, $axis)*>
        where
            $first: SameAs<Other, word::$first_word>,
            $($axis: SameAs<$other, word::$word>,)*
        {
        }
    )+};
}

/// The number of elements of a shape.
#[doc(hidden)]
pub trait Count {
    type Elements: ArrayLength;
}

impl<N: ArrayLength> Count for C<N> {
    type Elements = N;
}

impl<N: Mul<L>, L> Count for Cl<N, L>
where
    Prod<N, L>: ArrayLength,
{
    type Elements = Prod<N, L>;
}

impl<N: Mul<H>, H, W> Count for Chw<N, H, W>
where
    Prod<N, H>: Mul<W>,
    Prod<Prod<N, H>, W>: ArrayLength,
{
    type Elements = Prod<Prod<N, H>, W>;
}

impl<N: Mul<D>, D, H, W> Count for Cdhw<N, D, H, W>
where
    Prod<N, D>: Mul<H>,
    Prod<Prod<N, D>, H>: Mul<W>,
    Prod<Prod<Prod<N, D>, H>, W>: ArrayLength,
{
    type Elements = Prod<Prod<Prod<N, D>, H>, W>;
}

dims! {
    /// `[channels]`, or any one axis.
    C<N: Channels>;
    /// `[channels, length]`
    Cl<N: Channels, L L2: Length>;
    /// `[channels, height, width]`
    Chw<N: Channels, H H2: Height, W W2: Width>;
    /// `[channels, depth, height, width]`
    Cdhw<N: Channels, D D2: Depth, H H2: Height, W W2: Width>;
}

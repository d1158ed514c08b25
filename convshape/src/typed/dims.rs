//! Shapes whose sizes are types.

use core::marker::PhantomData;
use core::ops::{BitAnd, Mul};

use convshape_arith::shape::Shape;
use generic_array::ArrayLength;
use typenum::{And, B1, Eq, IsEqual, Prod, Unsigned};

use super::arithmetic::Same;
use super::number::{Shown, Text};

/// A shape, without the batch axis, whose sizes are types. The types of this module implement it.
///
/// A generic function with a tensor of some shape requires it: `where Chw<U16, H, W>: Dims`.
pub trait Dims: 'static {
    /// The number of elements.
    type Elements: ArrayLength;
    /// The number of channels.
    type Channels: Unsigned;
    /// The shape as a value.
    const SHAPE: Shape;
}

/// A shape that equals `S` size by size, such as the output of a decoder and the input of its encoder.
pub trait RestoresShape<S> {}

impl<A, S> RestoresShape<S> for A
where
    A: Shown + Compared<S>,
    S: Shown,
    A::Equal: Same<Text<A>, Text<S>>,
{
}

/// A shape with as many elements as `S`.
pub trait Reshapes<S> {}

impl<A: Dims, S: Dims> Reshapes<S> for A
where
    A::Elements: IsEqual<S::Elements> + Shown,
    S::Elements: Shown,
    Eq<A::Elements, S::Elements>: Fills<Text<A::Elements>, Text<S::Elements>>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Found}` elements do not fill a shape of `{Wanted}` elements",
    label = "the input has `{Found}` elements, `{Wanted}` are wanted"
)]
pub trait Fills<Found, Wanted> {}

#[diagnostic::do_not_recommend]
impl<Found, Wanted> Fills<Found, Wanted> for B1 {}

macro_rules! dims {
    ($($(#[$doc:meta])* $name:ident<$first:ident $other_first:ident $(, $axis:ident $other:ident)*> of $channels:ident;)+) => {$(
        $(#[$doc])*
        pub struct $name<$first $(, $axis)*>(PhantomData<fn() -> ($first, $($axis),*)>);

        impl<$first: Unsigned + 'static $(, $axis: Unsigned + 'static)*> Dims for $name<$first $(, $axis)*>
        where
            $name<$first $(, $axis)*>: Count,
        {
            type Elements = <Self as Count>::Elements;
            type Channels = $channels;
            const SHAPE: Shape = Shape::of(&[$first::I64 $(, $axis::I64)*]);
        }

        impl<$first: Shown $(, $axis: Shown)*> Shown for $name<$first $(, $axis)*> {
            type As = $name<Text<$first> $(, Text<$axis>)*>;
        }

        impl<$first, $other_first $(, $axis, $other)*> Compared<$name<$other_first $(, $other)*>>
            for $name<$first $(, $axis)*>
        where
            $first: IsEqual<$other_first>,
            $($axis: IsEqual<$other>,)*
            (Eq<$first, $other_first>, $(Eq<$axis, $other>,)*): All,
        {
            type Equal = <(Eq<$first, $other_first>, $(Eq<$axis, $other>,)*) as All>::Of;
        }
    )+};
}

/// Whether two shapes with the same number of axes are equal.
#[doc(hidden)]
pub trait Compared<S> {
    type Equal;
}

/// Whether all comparisons hold, so that a shape causes a single error.
#[doc(hidden)]
pub trait All {
    type Of;
}

impl<A> All for (A,) {
    type Of = A;
}

impl<A: BitAnd<B>, B> All for (A, B) {
    type Of = And<A, B>;
}

impl<A: BitAnd<B>, B, C> All for (A, B, C)
where
    And<A, B>: BitAnd<C>,
{
    type Of = And<And<A, B>, C>;
}

impl<A: BitAnd<B>, B, C, D> All for (A, B, C, D)
where
    And<A, B>: BitAnd<C>,
    And<And<A, B>, C>: BitAnd<D>,
{
    type Of = And<And<And<A, B>, C>, D>;
}

/// The number of elements of a shape.
#[doc(hidden)]
pub trait Count {
    type Elements: ArrayLength;
}

impl<N: ArrayLength> Count for C<N> {
    type Elements = N;
}

macro_rules! count {
    ($($name:ident)+ = 2) => {$(
        impl<A: Mul<B>, B> Count for $name<A, B>
        where
            Prod<A, B>: ArrayLength,
        {
            type Elements = Prod<A, B>;
        }
    )+};
    ($($name:ident)+ = 3) => {$(
        impl<A: Mul<B>, B, C> Count for $name<A, B, C>
        where
            Prod<A, B>: Mul<C>,
            Prod<Prod<A, B>, C>: ArrayLength,
        {
            type Elements = Prod<Prod<A, B>, C>;
        }
    )+};
    ($($name:ident)+ = 4) => {$(
        impl<A: Mul<B>, B, C, D> Count for $name<A, B, C, D>
        where
            Prod<A, B>: Mul<C>,
            Prod<Prod<A, B>, C>: Mul<D>,
            Prod<Prod<Prod<A, B>, C>, D>: ArrayLength,
        {
            type Elements = Prod<Prod<Prod<A, B>, C>, D>;
        }
    )+};
}

count! { Cl Lc = 2 }
count! { Chw Hwc = 3 }
count! { Cdhw Dhwc = 4 }

dims! {
    /// `[channels]`, or any single axis.
    C<N N2> of N;
    /// `[channels, length]`
    Cl<N N2, L L2> of N;
    /// `[length, channels]`
    Lc<L L2, N N2> of N;
    /// `[channels, height, width]`
    Chw<N N2, H H2, W W2> of N;
    /// `[height, width, channels]`
    Hwc<H H2, W W2, N N2> of N;
    /// `[channels, depth, height, width]`
    Cdhw<N N2, D D2, H H2, W W2> of N;
    /// `[depth, height, width, channels]`
    Dhwc<D D2, H H2, W W2, N N2> of N;
}

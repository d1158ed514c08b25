//! Sizes as types, in a form that rustc prints in decimal.

use core::marker::PhantomData;
use core::ops::{Div, Rem};

use typenum::{B0, B1, IsLess, Le, Mod, Quot, U1000, U1024, UInt, UTerm};

/// A size as messages show it: `Decimal<28>` reads better than the binary digits that typenum has.
#[derive(Debug)]
pub enum Decimal<const N: usize> {}

/// A size of 1024 or more in messages: the thousands, then the rest.
#[derive(Debug)]
pub struct Thousands<Above, Below>(PhantomData<(Above, Below)>);

/// The types that messages show instead of sizes and of types with sizes.
pub trait Shown {
    /// The form that messages show: [`Decimal`], [`Thousands`], or a type that contains them.
    type As;
}

/// One of the two, depending on whether the size is below 1024.
#[doc(hidden)]
pub trait ShownIf<Small> {
    type As;
}

impl Shown for UTerm {
    type As = Decimal<0>;
}

impl<U, B> Shown for UInt<U, B>
where
    Self: IsLess<U1024> + ShownIf<Le<Self, U1024>>,
{
    type As = <Self as ShownIf<Le<Self, U1024>>>::As;
}

impl<U, B> ShownIf<B0> for UInt<U, B>
where
    Self: Div<U1000> + Rem<U1000>,
    Quot<Self, U1000>: Shown,
    Mod<Self, U1000>: Shown,
{
    type As = Thousands<<Quot<Self, U1000> as Shown>::As, <Mod<Self, U1000> as Shown>::As>;
}

impl<A: Shown> Shown for (A,) {
    type As = (A::As,);
}

impl<A: Shown, B: Shown> Shown for (A, B) {
    type As = (A::As, B::As);
}

impl<A: Shown, B: Shown, C: Shown> Shown for (A, B, C) {
    type As = (A::As, B::As, C::As);
}

/// The type that messages show instead of `N`.
pub(super) type Text<N> = <N as Shown>::As;

/// The sizes below 1024: each number with another binary digit appended, up to ten digits.
macro_rules! small_sizes {
    ($number:ty, $value:expr;) => {};
    ($number:ty, $value:expr; $digit:tt $($digits:tt)*) => {
        small_sizes! { = UInt<$number, B0>, 2 * $value; $($digits)* }
        small_sizes! { = UInt<$number, B1>, 2 * $value + 1; $($digits)* }
    };
    (= $number:ty, $value:expr; $($digits:tt)*) => {
        impl ShownIf<B1> for $number {
            type As = Decimal<{ $value }>;
        }
        small_sizes! { $number, $value; $($digits)* }
    };
}

small_sizes! { = UInt<UTerm, B1>, 1; * * * * * * * * * }

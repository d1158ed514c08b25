//! A layer's field per axis: one size for all axes, or a tuple.

use convshape_arith::op::{MAX_SPATIAL, PerAxis};
use typenum::{UInt, UTerm, Unsigned};

use super::arithmetic::word::{Depth, Height, Length, Width};

/// The value of a layer's field, such as its kernel, on one axis. A single size is the value on every axis; `(U3, U5)`
/// is `U3` on the height and `U5` on the width.
pub trait On<Axis> {
    /// The number.
    type Number: Unsigned;
}

/// The value of `K` on an axis.
pub(super) type At<K, Axis> = <K as On<Axis>>::Number;

impl<Axis> On<Axis> for UTerm {
    type Number = UTerm;
}

impl<U, B, Axis> On<Axis> for UInt<U, B>
where
    Self: Unsigned,
{
    type Number = Self;
}

impl<A: Unsigned> On<Length> for (A,) {
    type Number = A;
}

impl<A: Unsigned, B> On<Height> for (A, B) {
    type Number = A;
}

impl<A, B: Unsigned> On<Width> for (A, B) {
    type Number = B;
}

impl<A: Unsigned, B, C> On<Depth> for (A, B, C) {
    type Number = A;
}

impl<A, B: Unsigned, C> On<Height> for (A, B, C) {
    type Number = B;
}

impl<A, B, C: Unsigned> On<Width> for (A, B, C) {
    type Number = C;
}

/// The values of a field on all axes of a layer.
#[doc(hidden)]
pub trait Numbers<const RANK: usize> {
    const EACH: PerAxis<i64>;
}

impl<K: On<Length>> Numbers<1> for K {
    const EACH: PerAxis<i64> = per_axis(&[At::<K, Length>::I64]);
}

impl<K: On<Height> + On<Width>> Numbers<2> for K {
    const EACH: PerAxis<i64> = per_axis(&[At::<K, Height>::I64, At::<K, Width>::I64]);
}

impl<K: On<Depth> + On<Height> + On<Width>> Numbers<3> for K {
    const EACH: PerAxis<i64> = per_axis(&[At::<K, Depth>::I64, At::<K, Height>::I64, At::<K, Width>::I64]);
}

/// The value of a field on each axis of a layer.
const fn per_axis(numbers: &[i64]) -> PerAxis<i64> {
    let mut all = [1; MAX_SPATIAL];
    let mut axis = 0;
    while axis < numbers.len() {
        all[axis] = numbers[axis];
        axis += 1;
    }
    all
}

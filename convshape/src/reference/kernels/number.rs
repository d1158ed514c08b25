//! The numbers a kernel reads and writes.

use crate::model::tensor::Element;

/// An element as a number. Kernels read it as `f64`, compute in `f64` and round once at the end.
pub trait Number: Element {
    /// The value, exactly.
    fn get(self) -> f64;

    /// The nearest element to a value.
    fn of(value: f64) -> Self;

    /// Calls `f` with parameters, inputs and an output as `f32`, in which user-defined layers compute. Elements of
    /// another type are copied there and back, for which a heap is needed: without one nothing is called.
    fn with_f32(lists: [&[&[Self]]; 2], y: &mut [Self], f: impl FnOnce(&[&[f32]], &[&[f32]], &mut [f32]));
}

impl Number for f32 {
    #[inline]
    fn get(self) -> f64 {
        self.into()
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    fn of(value: f64) -> f32 {
        value as f32
    }

    fn with_f32([params, inputs]: [&[&[f32]]; 2], y: &mut [f32], f: impl FnOnce(&[&[f32]], &[&[f32]], &mut [f32])) {
        f(params, inputs, y);
    }
}

impl Number for f64 {
    #[inline]
    fn get(self) -> f64 {
        self
    }

    fn of(value: f64) -> f64 {
        value
    }

    #[cfg(feature = "alloc")]
    #[expect(clippy::cast_possible_truncation, reason = "a user's layer computes in f32")]
    fn with_f32(lists: [&[&[f64]]; 2], y: &mut [f64], f: impl FnOnce(&[&[f32]], &[&[f32]], &mut [f32])) {
        use alloc::vec::Vec;
        let narrowed = |numbers: &&[f64]| numbers.iter().map(|number| *number as f32).collect::<Vec<f32>>();
        let lists = lists.map(|list| list.iter().map(narrowed).collect::<Vec<_>>());
        let [params, inputs] = lists.each_ref().map(|list| list.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let mut narrow = alloc::vec![0.0; y.len()];
        f(&params, &inputs, &mut narrow);
        y.iter_mut().zip(narrow).for_each(|(y, narrow)| *y = f64::from(narrow));
    }

    #[cfg(not(feature = "alloc"))]
    fn with_f32(_: [&[&[f64]]; 2], _: &mut [f64], _: impl FnOnce(&[&[f32]], &[&[f32]], &mut [f32])) {}
}

/// A number in which gradients are computed.
#[cfg(feature = "train")]
pub trait Real: Number + PartialOrd + core::ops::AddAssign {}

#[cfg(feature = "train")]
impl<T: Number + PartialOrd + core::ops::AddAssign> Real for T {}

/// Adds sums that were computed in `f64`.
#[cfg(feature = "train")]
pub(super) fn add<T: Real>(sums: &[f64], to: &mut [T]) {
    to.iter_mut().zip(sums).for_each(|(to, sum)| *to += T::of(*sum));
}

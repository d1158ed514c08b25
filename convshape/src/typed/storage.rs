//! The storage of a tensor's elements: on the heap, or in the tensor itself.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::borrow::{Borrow, BorrowMut};

use generic_array::{ArrayLength, GenericArray};
use typenum::{B1, IsLessOrEqual, LeEq, U4096};

use super::number::{Shown, Text};
use crate::model::tensor::Element;

/// A kind of storage: [`Boxed`] or [`Inline`].
pub trait Storage: 'static {
    /// `N` elements.
    type Data<T: Element, N: ArrayLength>: Borrow<GenericArray<T, N>> + BorrowMut<GenericArray<T, N>>;

    /// The elements `f(0)`, `f(1)`, ..
    fn from_fn<T: Element, N: ArrayLength>(f: impl FnMut(usize) -> T) -> Self::Data<T, N>;

    /// The elements under another type of the same length.
    ///
    /// # Panics
    /// If the lengths differ.
    fn renamed<T: Element, N: ArrayLength, M: ArrayLength>(data: Self::Data<T, N>) -> Self::Data<T, M>;

    /// The elements on the heap.
    fn into_vec<T: Element, N: ArrayLength>(data: Self::Data<T, N>) -> Vec<T>;

    /// The elements from the heap.
    ///
    /// # Panics
    /// If the number is wrong.
    fn from_vec<T: Element, N: ArrayLength>(elements: Vec<T>) -> Self::Data<T, N>;
}

/// A kind of storage that can hold `N` elements.
pub trait Holds<N>: Storage {}

/// On the heap, for tensors of any size. This is the default.
#[derive(Clone, Copy, Debug)]
pub enum Boxed {}

/// In the tensor itself, without a heap: at most 4096 elements, so that no tensor overflows a thread's stack.
#[derive(Clone, Copy, Debug)]
pub enum Inline {}

const SAME: &str = "these lengths were compared, in types or by the macro";

impl Storage for Boxed {
    type Data<T: Element, N: ArrayLength> = Box<GenericArray<T, N>>;

    fn from_fn<T: Element, N: ArrayLength>(f: impl FnMut(usize) -> T) -> Box<GenericArray<T, N>> {
        (0..N::USIZE).map(f).collect()
    }

    fn renamed<T: Element, N: ArrayLength, M: ArrayLength>(data: Box<GenericArray<T, N>>) -> Box<GenericArray<T, M>> {
        GenericArray::try_from_boxed_slice(data.into_boxed_slice()).expect(SAME)
    }

    fn into_vec<T: Element, N: ArrayLength>(data: Box<GenericArray<T, N>>) -> Vec<T> {
        data.into_vec()
    }

    fn from_vec<T: Element, N: ArrayLength>(elements: Vec<T>) -> Box<GenericArray<T, N>> {
        GenericArray::try_from_vec(elements).expect(SAME)
    }
}

impl<N> Holds<N> for Boxed {}

impl Storage for Inline {
    type Data<T: Element, N: ArrayLength> = GenericArray<T, N>;

    fn from_fn<T: Element, N: ArrayLength>(f: impl FnMut(usize) -> T) -> GenericArray<T, N> {
        (0..N::USIZE).map(f).collect()
    }

    fn renamed<T: Element, N: ArrayLength, M: ArrayLength>(data: GenericArray<T, N>) -> GenericArray<T, M> {
        GenericArray::try_from_iter(data).expect(SAME)
    }

    fn into_vec<T: Element, N: ArrayLength>(data: GenericArray<T, N>) -> Vec<T> {
        data.to_vec()
    }

    fn from_vec<T: Element, N: ArrayLength>(elements: Vec<T>) -> GenericArray<T, N> {
        GenericArray::try_from_iter(elements).expect(SAME)
    }
}

impl<N: FitsInline> Holds<N> for Inline {}

/// A number of elements that [`Inline`] holds.
pub trait FitsInline {}

impl<N> FitsInline for N
where
    N: IsLessOrEqual<U4096> + Shown,
    LeEq<N, U4096>: LiesInline<Text<N>>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Elements}` elements are too many for the stack: `Inline` holds up to 4096",
    label = "this tensor is too large for `Inline`",
    note = "`Boxed` is the default and holds any number"
)]
pub trait LiesInline<Elements> {}

#[diagnostic::do_not_recommend]
impl<Elements> LiesInline<Elements> for B1 {}

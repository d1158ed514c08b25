//! A tensor whose sizes are types.

use core::borrow::{Borrow, BorrowMut};
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Add, Sub};

use convshape_arith::shape::Shape;
use typenum::{Diff, Sum, Unsigned};

use super::dims::{C, Dims, Reshapes, RestoresShape};
use super::join::{Channels, ChannelsReplaced, WithChannels};
use super::storage::{Boxed, Holds};
use crate::model::error::ShapeError;
use crate::model::tensor::Element;

/// One value with its sizes as types: `Tensor<f32, Chw<U1, U28, U28>>`.
///
/// The elements are in row-major order, the last axis fastest, in a [`GenericArray`](generic_array::GenericArray)
/// stored as `B` says: [`Boxed`] or [`Inline`](super::Inline).
///
/// ```
/// use convshape::typed::typenum::{U1, U2, U3, U6};
/// use convshape::typed::{C, Chw, Tensor};
///
/// let ramp: Tensor<f32, Chw<U1, U2, U3>> = Tensor::from_fn(|i| i as f32);
/// let flat: Tensor<f32, C<U6>> = ramp.flatten();
/// assert_eq!(flat.as_slice(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
/// ```
pub struct Tensor<T: Element, S: Dims, B: Holds<S::Elements> = Boxed> {
    data: B::Data<T, S::Elements>,
    shape: PhantomData<fn() -> S>,
}

/// A tensor's first `N` channels, and the rest.
pub type Split<T, S, N, B> = (Tensor<T, WithChannels<S, N>, B>, Tensor<T, WithChannels<S, Diff<Channels<S>, N>>, B>);

/// A tensor with `N` more channels.
pub type Joined<T, S, N, B> = Tensor<T, WithChannels<S, Sum<Channels<S>, N>>, B>;

impl<T: Element, S: Dims, B: Holds<S::Elements>> Tensor<T, S, B> {
    /// The shape, without the batch axis.
    pub const SHAPE: Shape = S::SHAPE;

    /// A tensor of zeros.
    #[must_use]
    pub fn zeros() -> Self {
        Self::from_fn(|_| T::default())
    }

    /// The elements `f(0)`, `f(1)`, .. in row-major order.
    pub fn from_fn(f: impl FnMut(usize) -> T) -> Self {
        Self { data: B::from_fn(f), shape: PhantomData }
    }

    /// A copy of `elements`, which are in row-major order.
    ///
    /// # Errors
    /// If the number of elements is not that of the shape.
    pub fn from_slice(elements: &[T]) -> Result<Self, ShapeError> {
        if elements.len() == S::Elements::USIZE {
            Ok(Self::from_fn(|i| elements[i]))
        } else {
            Err(ShapeError::Elements { found: elements.len(), expected: S::SHAPE })
        }
    }

    /// A tensor with these elements.
    pub fn from_data(data: B::Data<T, S::Elements>) -> Self {
        Self { data, shape: PhantomData }
    }

    /// The elements, as they are stored.
    pub fn into_data(self) -> B::Data<T, S::Elements> {
        self.data
    }

    /// The elements in row-major order.
    pub fn as_slice(&self) -> &[T] {
        self.data.borrow()
    }

    /// The elements in row-major order, mutable.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.data.borrow_mut()
    }

    /// The same elements with a single axis.
    #[must_use]
    pub fn flatten(self) -> Tensor<T, C<S::Elements>, B>
    where
        S::Elements: Unsigned,
    {
        Tensor::from_data(self.data)
    }

    /// The same elements in another shape.
    #[must_use]
    pub fn reshape<To: Dims>(self) -> Tensor<T, To, B>
    where
        S: Reshapes<To>,
        B: Holds<To::Elements>,
    {
        self.renamed()
    }

    /// The same tensor with the equal shape that [`RestoresShape`] has proved.
    #[must_use]
    pub fn restored<To: Dims>(self) -> Tensor<T, To, B>
    where
        S: RestoresShape<To>,
        B: Holds<To::Elements>,
    {
        self.renamed()
    }

    fn renamed<To: Dims>(self) -> Tensor<T, To, B>
    where
        B: Holds<To::Elements>,
    {
        Tensor::from_data(B::renamed(self.data))
    }

    /// The first `N` channels, and the rest.
    #[must_use]
    pub fn split<N>(&self) -> Split<T, S, N, B>
    where
        S: ChannelsReplaced<N> + ChannelsReplaced<Diff<Channels<S>, N>>,
        Channels<S>: Sub<N>,
        B: Holds<<WithChannels<S, N> as Dims>::Elements>
            + Holds<<WithChannels<S, Diff<Channels<S>, N>> as Dims>::Elements>,
    {
        let (first, rest) = self.as_slice().split_at(<WithChannels<S, N> as Dims>::Elements::USIZE);
        (Tensor::from_fn(|i| first[i]), Tensor::from_fn(|i| rest[i]))
    }

    /// The channels of this tensor, then those of another with the same other axes.
    #[must_use]
    pub fn concat<N>(&self, other: &Tensor<T, WithChannels<S, N>, B>) -> Joined<T, S, N, B>
    where
        S: ChannelsReplaced<N> + ChannelsReplaced<Sum<Channels<S>, N>>,
        Channels<S>: Add<N>,
        B: Holds<<WithChannels<S, N> as Dims>::Elements>
            + Holds<<WithChannels<S, Sum<Channels<S>, N>> as Dims>::Elements>,
    {
        let (first, second) = (self.as_slice(), other.as_slice());
        Tensor::from_fn(|i| first.get(i).copied().unwrap_or_else(|| second[i - first.len()]))
    }
}

/// A type that is `To` under another name. A generic function requires it if it returns the shape that it took; if the
/// shapes are known, use [`Tensor::restored`].
pub trait Restored<To> {
    /// The same value as a `To`.
    fn restored(self) -> To;
}

impl<T: Element, S, To, B> Restored<Tensor<T, To, B>> for Tensor<T, S, B>
where
    S: Dims + RestoresShape<To>,
    To: Dims,
    B: Holds<S::Elements> + Holds<To::Elements>,
{
    fn restored(self) -> Tensor<T, To, B> {
        self.renamed()
    }
}

impl<T: Element, S: Dims, B: Holds<S::Elements>> Clone for Tensor<T, S, B> {
    fn clone(&self) -> Self {
        // Element by element, because cloning the whole array would build it on the stack.
        let elements = self.as_slice();
        Self::from_fn(|i| elements[i])
    }
}

impl<T: Element, S: Dims, B: Holds<S::Elements>> PartialEq for Tensor<T, S, B> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<T: Element, S: Dims, B: Holds<S::Elements>> fmt::Debug for Tensor<T, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::model::tensor::debug(&S::SHAPE, self.as_slice(), f)
    }
}

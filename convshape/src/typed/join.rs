//! Shapes that differ only in their channels: the results of split and concat.

use super::dims::{C, Cdhw, Chw, Cl, Dims};

/// A shape with `N` channels instead of its own.
pub trait ChannelsReplaced<N>: Dims {
    /// That shape.
    type Shape: Dims;
}

/// The shape `S` with `N` channels.
pub type WithChannels<S, N> = <S as ChannelsReplaced<N>>::Shape;

/// The number of channels of the shape `S`.
pub type Channels<S> = <S as Dims>::Channels;

macro_rules! replaced {
    ($($name:ident<$($axis:ident),*>)+) => {$(
        impl<Old, New $(, $axis)*> ChannelsReplaced<New> for $name<Old $(, $axis)*>
        where
            $name<Old $(, $axis)*>: Dims,
            $name<New $(, $axis)*>: Dims,
        {
            type Shape = $name<New $(, $axis)*>;
        }
    )+};
}

replaced! {
    C<>
    Cl<L>
    Chw<H, W>
    Cdhw<D, H, W>
}

//! The elements of parameters and tensors: on the heap, or in static data.

/// Elements that are owned, or borrowed from static data.
#[cfg(feature = "alloc")]
pub(crate) type Elements<T> = alloc::borrow::Cow<'static, [T]>;

/// Elements borrowed from static data. Without a heap nothing can be owned.
#[cfg(not(feature = "alloc"))]
pub(crate) type Elements<T> = &'static [T];

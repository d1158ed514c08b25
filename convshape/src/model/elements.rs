//! Where the numbers of parameters and tensors are: on the heap, or in the program itself.

/// Numbers that are owned, or borrowed from data that is always there.
#[cfg(feature = "alloc")]
pub(crate) type Elements<T> = alloc::borrow::Cow<'static, [T]>;

/// Numbers that are borrowed from data that is always there: without a heap nothing can be owned.
#[cfg(not(feature = "alloc"))]
pub(crate) type Elements<T> = &'static [T];

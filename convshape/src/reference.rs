//! The reference implementation: every layer in plain loops, and the interpreter that runs a chain with them. The fast
//! path is tested against it, and it is used if there is no heap.

#[cfg(feature = "alloc")]
pub(crate) mod constants;
pub mod kernels;
pub(crate) mod layout;
pub(crate) mod run;

//! What models can do: one file per method that `conv_chain!` writes, or per group of them, and one for graphs without a
//! type.

#[cfg(feature = "ndarray")]
pub(crate) mod batch;
pub mod check;
pub(crate) mod columns;
pub(crate) mod forward;
mod generated;
#[cfg(feature = "train")]
pub(crate) mod gradient;
#[cfg(all(feature = "std", feature = "ndarray"))]
pub(crate) mod graph_model;
#[cfg(feature = "alloc")]
pub(crate) mod init;
#[cfg(feature = "train")]
mod last_layer;
#[cfg(feature = "train")]
pub(crate) mod loss;
pub(crate) mod model;
pub(crate) mod pretrained;
#[cfg(all(feature = "std", feature = "ndarray"))]
pub(crate) mod profile;
#[cfg(feature = "alloc")]
pub(crate) mod summary;

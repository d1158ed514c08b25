//! The parts of a model: parameters, tensors, shapes as types, its program, errors, memory.

pub(crate) mod cache;
pub(crate) mod chain;
#[cfg(feature = "alloc")]
pub(crate) mod custom;
pub(crate) mod elements;
pub(crate) mod error;
pub(crate) mod float;
#[cfg(feature = "alloc")]
pub(crate) mod fold;
mod nested;
pub(crate) mod param;
pub(crate) mod parts;
pub(crate) mod ports;
pub(crate) mod shapes;
pub(crate) mod slot;
pub(crate) mod tensor;
#[cfg(test)]
pub(crate) mod test_model;
pub(crate) mod workspace;

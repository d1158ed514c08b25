//! The reference: pages without code that runs.

pub mod dialects;
pub mod errors;
pub mod layers;

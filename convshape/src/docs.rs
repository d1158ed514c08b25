//! The reference pages. They contain no code that runs.

pub mod dialects;
pub mod errors;
pub mod layers;

//! Training: a chain as a plan over a whole batch, forward and back.
//!
//! [`plan`] is made once, of a [`draft`], for a model, a batch and its shapes, and kept: every
//! activation and every gradient of one has memory of its own, and every table is worked out. A
//! [`step`] then packs the weights and runs straight through. [`sum`] has convolutions and matrices, [`outer`] the gradients
//! of their weights, [`rows`] what takes each element by itself, [`norm`] normalisation;
//! [`definition`] runs any other layer as it is defined.

mod attention;
mod combine;
mod definition;
mod depthwise;
mod draft;
mod layer_norm;
mod moves;
mod norm;
mod outer;
mod plan;
mod plans;
mod recurrent;
mod rows;
mod step;
mod sum;
#[cfg(test)]
pub(super) mod tests;

use super::simd::Level;
use super::threads::Threads;

/// What a step runs on.
#[derive(Clone, Copy)]
struct Machine {
    level: Level,
    threads: Threads,
}

pub(crate) use self::norm::Update;
pub(crate) use self::plan::{Key, Plan};
pub(crate) use self::plans::Plans;

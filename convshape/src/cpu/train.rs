//! Training: a plan for a whole batch, forward and backward.
//!
//! A [`plan`] is made once from a [`draft`] for a model, a batch size and the input shapes, and kept. Every activation
//! and its gradient have their own memory, and all tables are ready, so that each run packs the weights and goes
//! straight through its [`step`]s. [`sum`] has convolutions and matrices, [`weight_gradient`] the gradients of their
//! weights, [`dense`] and [`thin`] those with many weights, [`elements`] elementwise steps, [`norm`] normalisation.
//! [`row_major`] runs all other layers.

mod attention;
mod backward;
mod combine;
mod dense;
mod depthwise;
mod draft;
mod elements;
mod layer_norm;
mod matmul;
mod norm;
mod permutation;
mod plan;
mod plans;
mod recurrent;
mod row_major;
mod softmax;
mod step;
mod sum;
#[cfg(test)]
pub(super) mod tests;
mod thin;
mod weight_gradient;

use super::buffer::View;
use super::simd::Level;
use super::threads::Threads;

/// The instruction set and the threads that a step runs on.
#[derive(Clone, Copy)]
struct Machine {
    level: Level,
    threads: Threads,
}

/// The views that a sum reads and writes.
#[derive(Clone, Copy)]
struct SumViews {
    x: View,
    y: View,
    dx: View,
    dy: View,
}

pub(crate) use self::draft::Key;
pub(crate) use self::norm::Update;
pub(crate) use self::plan::TrainPlan;
pub(crate) use self::plans::Plans;

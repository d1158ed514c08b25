//! Training: losses, optimisers, data, and the loop that ties them together.
//!
//! The pieces work alone: [`Train`] gives gradients, an [`Optimizer`] moves parameters by them, a
//! [`Loader`] gives batches. [`Fit`] is a loop over the three, with validation, early stopping and
//! checkpoints. The same seed, data and model give the same bits.

#[cfg(feature = "safetensors")]
mod checkpoint;
mod clip;
mod data;
mod fit;
mod history;
mod idx;
mod loss;
mod model;
mod optimizer;
#[cfg(feature = "progress")]
mod progress;
mod schedule;

#[cfg(feature = "safetensors")]
pub use self::checkpoint::Checkpoint;
pub use self::clip::{clip_norm, clip_value};
pub use self::data::{Batch, Data, Loader};
pub use self::fit::{Fit, FitError, evaluate};
pub use self::history::{Epoch, History};
pub use self::idx::read_idx;
pub(crate) use self::loss::checked;
pub use self::loss::{
    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, CrossEntropy, Custom, Evaluation, Huber, KlDivergence, L1, Loss,
    Mse, Weighted,
};
pub use self::model::Train;
pub use self::optimizer::{Adam, AdamW, Optimizer, OptimizerState, RmsProp, Sgd};
pub use self::schedule::{Constant, Cosine, Exponential, Schedule, StepDecay, Warmup};

/// The nearest number of the type that parameters have.
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
const fn single(value: f64) -> f32 {
    value as f32
}

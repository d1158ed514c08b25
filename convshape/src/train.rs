//! Training: losses, optimisers, data, and the loop that ties them together.
//!
//! Each part can be used alone: [`Train`] computes gradients, an [`Optimizer`] updates parameters with them, a
//! [`Loader`] makes batches of a [`Dataset`] (see [`data`]). [`Fit`] is a loop over the three, with validation, early
//! stopping and checkpoints. The same seed, data and model give the same bits.
//!
//! Other updates of parameters take a few lines with [`Model`] and [`Train`], for any chain: an average of the weights,
//! frozen layers, your own optimiser.
//!
//! ```
//! use convshape::train::{Mse, Optimizer, Sgd, Train};
//! use convshape::{Model, conv_chain};
//! # use convshape::ndarray::ArrayD;
//! # use convshape::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
//!
//! /// Moves an average of the weights towards those of a model.
//! fn average<M: Train>(average: &mut M, model: &M, share: f32) {
//!     average.for_each_trained(model, |_, average, weight| {
//!         for (average, weight) in average.as_mut_slice().iter_mut().zip(weight.as_slice()) {
//!             *average += share * (weight - *average);
//!         }
//!     });
//! }
//!
//! /// Takes the gradients of some layers away. Weight decay would still move them.
//! fn freeze(gradients: &mut impl Model, layers: &[&str]) {
//!     gradients.for_each_param_mut(|name, gradient| {
//!         if layers.iter().any(|layer| name.strip_prefix(layer).is_some_and(|rest| rest.starts_with('.'))) {
//!             gradient.as_mut_slice().fill(0.0);
//!         }
//!     });
//! }
//!
//! /// Descent by the signs of the gradients.
//! fn sign_step<M: Train>(model: &mut M, gradients: &M, rate: f32) {
//!     model.for_each_trained(gradients, |_, weight, gradient| {
//!         for (weight, gradient) in weight.as_mut_slice().iter_mut().zip(gradient.as_slice()) {
//!             // The sign of zero would be one.
//!             *weight -= if *gradient == 0.0 { 0.0 } else { rate * gradient.signum() };
//!         }
//!     });
//! }
//!
//! conv_chain! {
//!     struct Ae {
//!         input: [1, 8, 8];
//!         enc: Conv2d(1 -> 4, kernel: 3, stride: 2, padding: 1, activation: Relu);
//!         dec: ConvTranspose2d(undo enc, activation: Sigmoid);
//!         output: [1, 8, 8];
//!     }
//! }
//!
//! # fn main() -> Result<(), convshape::ShapeError> {
//! let mut model = Ae::init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
//! let (mut averaged, start) = (model.clone(), model.clone());
//! # let x = ArrayD::from_elem(&[4, 1, 8, 8][..], 0.5_f32);
//! let mut optimizer = Sgd::new(0.1);
//! for step in 0..10 {
//!     let (_, mut gradients) = model.loss_gradients(&[x.view()], &[x.view()], &mut Mse)?;
//!     freeze(&mut gradients, &["enc"]);
//!     if step < 5 { optimizer.step(&mut model, &gradients)? } else { sign_step(&mut model, &gradients, 1e-3) }
//!     average(&mut averaged, &model, 0.1);
//! }
//! assert_eq!(model.enc.weight, start.enc.weight);
//! assert_ne!(model.dec.weight, start.dec.weight);
//! assert_ne!(averaged.dec.weight, model.dec.weight);
//! # Ok(())
//! # }
//! ```
//!
//! [`Model`]: crate::Model

mod bytes;
#[cfg(feature = "safetensors")]
mod checkpoint;
mod clip;
pub mod data;
mod fit;
#[cfg(feature = "image")]
mod grid;
mod history;
mod idx;
mod loss;
mod metric;
mod model;
mod optimizer;
mod processes;
mod progress;
mod schedule;

#[cfg(feature = "safetensors")]
pub use self::checkpoint::Checkpoint;
pub use self::clip::{clip_norm, clip_value};
#[doc(hidden)]
pub use self::data::dataset;
pub use self::data::{Batch, Data, DataError, Dataset, Loader, Sample};
pub use self::fit::{Fit, FitError, Quantity, evaluate};
#[cfg(feature = "image")]
pub use self::grid::{feature_maps, write_grid};
#[cfg(feature = "plot")]
pub use self::history::Theme;
pub use self::history::{Epoch, History};
pub use self::idx::read_idx;
pub use self::loss::{
    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, CrossEntropy, CrossEntropyWith, Custom, CustomWithTarget, Huber,
    KlDivergence, L1, Mean, Mse, On, Sum, Weighted,
};
pub use self::metric::{Accuracy, Dice, F1, Iou, MeanAbsoluteError, Metric, MetricOn, Psnr, Ssim, TopK};
pub use self::model::Train;
pub use self::optimizer::{
    Adam, AdamW, Groups, Lamb, Lion, Optimizer, OptimizerState, Parameter, RmsProp, Sgd, StateError,
};
pub use self::processes::{ProcessError, Processes, Share};
pub use self::schedule::{Constant, Cosine, Exponential, Schedule, StepDecay, Warmup};
pub use crate::methods::loss::{Context, Evaluation, LastLayer, Loss};
pub use crate::model::error::{Of, TargetProblem};

/// Rounds to the type of parameters.
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
const fn single(value: f64) -> f32 {
    value as f32
}

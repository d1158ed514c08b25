//! Training: losses, optimisers, data, and the loop that ties them together.

mod loss;
mod model;
mod optimizer;

pub use self::loss::{
    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, Custom, Evaluation, Huber, L1, Loss, Mse, Weighted,
};
pub use self::model::Train;
pub use self::optimizer::{Adam, AdamW, Optimizer, OptimizerState, RmsProp, Sgd};

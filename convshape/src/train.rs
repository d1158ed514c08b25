//! Training: losses, optimisers, data, and the loop that ties them together.

mod loss;

pub use self::loss::{
    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, Custom, Evaluation, Huber, L1, Loss, Mse, Weighted,
};

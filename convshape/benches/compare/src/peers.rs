//! The libraries: each builds a case's network with its own layers.

mod burn;
mod candle;
mod convshape;
mod rten;
mod steps;
mod tract;

use ::convshape::__private::Parts;
use ::convshape::Model;

use crate::Failure;
use crate::net::Net;

/// A network that is ready to run on its input, or to be trained to reproduce it.
pub(crate) trait Ready {
    /// Runs once and keeps the output, or makes one training step and keeps its loss.
    fn run(&mut self) -> Result<(), Failure>;

    /// The elements of the last run's output; or the losses of all steps.
    fn output(&self) -> Result<Vec<f32>, Failure>;
}

/// The names of all, as on the command line.
pub(crate) const PEERS: [&str; 4] = ["candle", "burn", "tract", "rten"];

/// For training: plain gradient descent on the mean squared error.
pub(crate) const LEARNING_RATE: f64 = 5.0;

/// Builds the network in a library, for a number of threads.
///
/// # Errors
/// If the library has no such layer, or no training.
pub(crate) fn load(peer: &str, net: &Net, is_training: bool, threads: usize) -> Result<Box<dyn Ready>, Failure> {
    Ok(match (peer, is_training) {
        ("candle", false) => Box::new(candle::Inference::new(net)?),
        ("candle", true) => Box::new(candle::Training::new(net)?),
        ("burn", _) => burn::load(net, is_training)?,
        ("tract", false) => Box::new(tract::Tract::new(net, threads)?),
        ("rten", false) => Box::new(rten::Rten::new(net, threads)?),
        ("tract" | "rten", true) => return Err("no training".into()),
        _ => return Err(format!("no library `{peer}`").into()),
    })
}

/// The network in convshape, from the existing model.
pub(crate) fn load_convshape<M: Model + Parts>(model: M, net: &Net, is_training: bool) -> Box<dyn Ready> {
    if is_training {
        Box::new(convshape::Training::new(model, net))
    } else {
        Box::new(convshape::Inference::new(model, net))
    }
}

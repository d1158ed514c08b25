//! Learning rate schedules.

use alloc::boxed::Box;
use core::f64::consts::PI;
use core::fmt::Debug;

/// The factor of the learning rate as a function of time. It has no state, so training can be resumed at any time.
pub trait Schedule: Debug + Send + Sync {
    /// The factor after `epochs` epochs, which is fractional within an epoch.
    fn factor(&self, epochs: f64) -> f64;
}

/// Always the same rate.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Constant;

impl Schedule for Constant {
    fn factor(&self, _: f64) -> f64 {
        1.0
    }
}

/// `factor` to the power of the number of whole periods of `every` epochs that have passed
/// (`torch.optim.lr_scheduler.StepLR`).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StepDecay {
    /// Epochs per period.
    pub every: f64,
    /// The factor of each period.
    pub factor: f64,
}

impl Schedule for StepDecay {
    fn factor(&self, epochs: f64) -> f64 {
        self.factor.powf((epochs / self.every).floor())
    }
}

/// `factor` to the power of the number of epochs (like `ExponentialLR`, which changes only once per epoch).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Exponential {
    /// The factor of each epoch.
    pub factor: f64,
}

impl Schedule for Exponential {
    fn factor(&self, epochs: f64) -> f64 {
        self.factor.powf(epochs)
    }
}

/// Half a wave of the cosine, from 1 down to `floor` after `epochs`, and `floor` from there
/// (`CosineAnnealingLR`).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cosine {
    /// The epochs until the floor is reached.
    pub epochs: f64,
    /// The last factor.
    pub floor: f64,
}

impl Schedule for Cosine {
    fn factor(&self, epochs: f64) -> f64 {
        // Zero epochs have no quotient.
        let part = if epochs < self.epochs { epochs / self.epochs } else { 1.0 };
        self.floor + (1.0 - self.floor) * (1.0 + (PI * part).cos()) / 2.0
    }
}

/// A linear rise from zero to the full rate over `epochs`, then another schedule, whose time starts there.
#[derive(Debug)]
pub struct Warmup {
    epochs: f64,
    then: Box<dyn Schedule>,
}

impl Warmup {
    /// Rises for `epochs`, then follows `then`.
    #[must_use]
    pub fn new(epochs: f64, then: impl Schedule + 'static) -> Warmup {
        Warmup { epochs, then: Box::new(then) }
    }
}

impl Schedule for Warmup {
    fn factor(&self, epochs: f64) -> f64 {
        if epochs < self.epochs { epochs / self.epochs } else { self.then.factor(epochs - self.epochs) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a}, {b}");
        let step = StepDecay { every: 10.0, factor: 0.5 };
        close(step.factor(9.9), 1.0);
        close(step.factor(20.0), 0.25);
        close(Exponential { factor: 0.9 }.factor(2.0), 0.81);
        let cosine = Cosine { epochs: 4.0, floor: 0.2 };
        close(cosine.factor(0.0), 1.0);
        close(cosine.factor(2.0), 0.6);
        close(cosine.factor(9.0), 0.2);
        close(Cosine { epochs: 0.0, floor: 0.2 }.factor(0.0), 0.2);
        let warmup = Warmup::new(2.0, cosine);
        close(warmup.factor(0.5), 0.25);
        close(warmup.factor(4.0), 0.6);
    }
}

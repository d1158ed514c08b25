//! A bar that shows how far a training is.

use alloc::format;

use indicatif::{ProgressBar, ProgressStyle};

use super::Epoch;

/// The bar of one training.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar of so many steps, the first of which were made before.
    pub(super) fn new(steps: u64, done: u64) -> Progress {
        let bar = ProgressBar::new(steps);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {eta} left; {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_position(done);
        Progress(bar)
    }

    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    pub(super) fn epoch(&self, Epoch { epoch, loss, validation, .. }: &Epoch) {
        let validation = validation.map(|loss| format!(", validation {loss:.6}")).unwrap_or_default();
        self.0.set_message(format!("epoch {epoch}: loss {loss:.6}{validation}"));
    }

    pub(super) fn finish(&self) {
        self.0.finish();
    }
}

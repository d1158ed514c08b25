//! Progress output on standard error: a bar on a terminal with the feature `progress`, else a line per epoch.

use alloc::format;
use alloc::string::String;

use super::Epoch;

/// The progress output of one training run.
pub(super) struct Progress {
    epochs: u64,
    #[cfg(feature = "progress")]
    bar: Option<indicatif::ProgressBar>,
}

impl Progress {
    /// For `epochs` epochs with `steps` steps in total, of which `done` were made before.
    #[cfg_attr(not(feature = "progress"), expect(unused_variables, reason = "for the bar"))]
    pub(super) fn new(epochs: u64, steps: u64, done: u64) -> Progress {
        Progress {
            epochs,
            #[cfg(feature = "progress")]
            bar: std::io::IsTerminal::is_terminal(&std::io::stderr()).then(|| bar(steps, done)),
        }
    }

    /// A step was made.
    pub(super) fn step(&self) {
        #[cfg(feature = "progress")]
        self.bar.iter().for_each(|bar| bar.inc(1));
    }

    /// An epoch is over.
    pub(super) fn epoch(&self, epoch: &Epoch) {
        let line = line(epoch, self.epochs);
        #[cfg(feature = "progress")]
        if let Some(bar) = &self.bar {
            bar.set_message(line);
            return;
        }
        std::eprintln!("{line}");
    }

    /// The training is over.
    pub(super) fn finish(&self) {
        #[cfg(feature = "progress")]
        self.bar.iter().for_each(indicatif::ProgressBar::finish);
    }
}

#[cfg(feature = "progress")]
fn bar(steps: u64, done: u64) -> indicatif::ProgressBar {
    use indicatif::{ProgressBar, ProgressStyle};
    let bar = ProgressBar::new(steps);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {eta} left; {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_position(done);
    bar
}

/// `epoch 3/20: loss 0.012345, validation 0.023456, accuracy 0.9500 (1.2 s)`
fn line(Epoch { epoch, loss, validation, metrics, seconds, .. }: &Epoch, epochs: u64) -> String {
    let validation = validation.map(|loss| format!(", validation {loss:.6}")).unwrap_or_default();
    let metrics: String = metrics.iter().map(|(name, value)| format!(", {name} {value:.4}")).collect();
    format!("epoch {epoch}/{epochs}: loss {loss:.6}{validation}{metrics} ({seconds:.1} s)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_line_has_all_numbers_of_an_epoch() {
        let epoch = Epoch {
            epoch: 3,
            loss: 0.012_345,
            validation: Some(0.5),
            learning_rate: 0.1,
            seconds: 1.25,
            metrics: vec![("accuracy".into(), 0.95)],
        };
        assert_eq!(line(&epoch, 20), "epoch 3/20: loss 0.012345, validation 0.500000, accuracy 0.9500 (1.2 s)");
    }
}

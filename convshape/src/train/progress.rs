//! Progress output on standard error: a line per epoch, and on a terminal a bar below them.

use alloc::format;
use alloc::string::String;
use core::time::Duration;
use std::io::{self, IsTerminal, Write};
#[cfg(feature = "safetensors")]
use std::path::Path;

use super::{Epoch, History};
use crate::cpu::Clock;

/// The progress output of one training run.
pub(super) struct Progress {
    epochs: u64,
    bar: Option<Bar>,
}

/// A line that is drawn over itself. It has no control sequences but the carriage return, which every terminal knows.
struct Bar {
    steps: u64,
    done: u64,
    /// The steps of earlier runs.
    before: u64,
    clock: Clock,
    /// When it is drawn next.
    next: Duration,
    /// The letters on the terminal.
    width: usize,
}

impl Progress {
    /// For `epochs` epochs with `steps` steps in total, of which `done` were made before.
    pub(super) fn new(epochs: u64, steps: u64, done: u64) -> Progress {
        Progress { epochs, bar: io::stderr().is_terminal().then(|| Bar::new(steps, done)) }
    }

    /// A checkpoint has `done` epochs.
    #[cfg(feature = "safetensors")]
    pub(super) fn resumed(&self, file: &Path, done: u64) {
        let _ = writeln!(io::stderr(), "{}", resumed(file, done, self.epochs));
    }

    /// A step was made.
    pub(super) fn step(&mut self) {
        if let Some(bar) = &mut self.bar {
            bar.step(&mut io::stderr());
        }
    }

    /// An epoch is over.
    pub(super) fn epoch(&mut self, epoch: &Epoch) {
        if let Some(bar) = &mut self.bar {
            bar.erase(&mut io::stderr());
        }
        // Training continues even if standard error is closed.
        let _ = writeln!(io::stderr(), "{}", line(epoch, self.epochs));
    }

    /// Early stopping ended the training.
    pub(super) fn stopped(&mut self, history: &History) {
        let best =
            history.best().map(|best| format!(", the model is that of epoch {}", best.epoch)).unwrap_or_default();
        let _ = writeln!(io::stderr(), "stopped early{best}");
    }
}

/// Also when training ends early.
impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &mut self.bar {
            bar.erase(&mut io::stderr());
        }
    }
}

impl Bar {
    /// Between two drawings.
    const PAUSE: Duration = Duration::from_millis(100);

    fn new(steps: u64, done: u64) -> Bar {
        Bar { steps, done, before: done, clock: Clock::start(), next: Bar::PAUSE, width: 0 }
    }

    fn step(&mut self, to: &mut impl Write) {
        self.done += 1;
        let time = self.clock.elapsed();
        if time >= self.next {
            self.next = time + Bar::PAUSE;
            let text = self.text(time);
            // Spaces cover the end of a longer text.
            let _ = write!(to, "\r{text:<width$}", width = self.width);
            let _ = to.flush();
            self.width = text.len();
        }
    }

    fn erase(&mut self, to: &mut impl Write) {
        if self.width > 0 {
            let _ = write!(to, "\r{:width$}\r", "", width = self.width);
            self.width = 0;
        }
    }

    /// `[=========                     ] 130/400 steps, 12 s left`
    fn text(&self, time: Duration) -> String {
        const LENGTH: u8 = 30;
        let Bar { steps, done, before, .. } = *self;
        let part = done as f64 / steps.max(1) as f64 * f64::from(LENGTH);
        let bar: String = (1..=LENGTH).map(|end| if f64::from(end) <= part { '=' } else { ' ' }).collect();
        let left = time.as_secs_f64() / (done - before) as f64 * steps.saturating_sub(done) as f64;
        let left = match left {
            0.0..120.0 => format!("{left:.0} s"),
            120.0..7200.0 => format!("{:.0} min", left / 60.0),
            _ => format!("{:.0} h", left / 3600.0),
        };
        format!("[{bar}] {done}/{steps} steps, {left} left")
    }
}

/// `epoch 3/20: loss 0.012345, validation 0.023456, accuracy 0.9500 (1.2 s)`
fn line(Epoch { epoch, loss, validation, metrics, seconds, .. }: &Epoch, epochs: u64) -> String {
    let validation = validation.map(|loss| format!(", validation {loss:.6}")).unwrap_or_default();
    let metrics: String = metrics.iter().map(|(name, value)| format!(", {name} {value:.4}")).collect();
    format!("epoch {epoch}/{epochs}: loss {loss:.6}{validation}{metrics} ({seconds:.1} s)")
}

/// `digits.ckpt: continuing after epoch 3 of 20`
#[cfg(feature = "safetensors")]
fn resumed(file: &Path, done: u64, epochs: u64) -> String {
    let file = file.display();
    match done < epochs {
        true => format!("{file}: continuing after epoch {done} of {epochs}"),
        false => format!("{file}: nothing is left to train, {done} epochs are done and {epochs} were asked for"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

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

    #[cfg(feature = "safetensors")]
    #[test]
    fn a_finished_checkpoint_says_so() {
        let file = Path::new("a.ckpt");
        assert_eq!(resumed(file, 3, 20), "a.ckpt: continuing after epoch 3 of 20");
        assert_eq!(resumed(file, 10, 5), "a.ckpt: nothing is left to train, 10 epochs are done and 5 were asked for");
    }

    #[test]
    fn a_bar_is_drawn_over_itself() {
        let mut bar = Bar { next: Duration::ZERO, ..Bar::new(400, 100) };
        assert_eq!(
            Bar { done: 130, ..bar }.text(Duration::from_secs(3)),
            "[=========                     ] 130/400 steps, 27 s left"
        );
        assert!(Bar { done: 101, ..bar }.text(Duration::from_secs(60)).ends_with(" 101/400 steps, 5 h left"));
        let mut shown = Vec::new();
        bar.width = 80;
        bar.step(&mut shown);
        assert!(shown.starts_with(b"\r[") && shown.len() == 81 && shown.ends_with(b" "), "{shown:?}");
        // Not yet again.
        let before = shown.len();
        bar.next = Duration::MAX;
        bar.step(&mut shown);
        assert_eq!(shown.len(), before);
        let width = bar.width;
        bar.erase(&mut shown);
        bar.erase(&mut shown);
        assert_eq!(shown[before..], [b"\r".as_slice(), &vec![b' '; width], b"\r"].concat());
    }
}

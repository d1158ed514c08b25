//! The history of a training run: losses and metrics of each epoch, as CSV, JSON lines, event files and, with the
//! feature `plot`, a picture.

#[cfg(feature = "plot")]
mod plot;
mod tensorboard;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;
use std::io;
use std::path::Path;

#[cfg(feature = "plot")]
pub use self::plot::Theme;
use crate::weights::files::{self, ReplaceError};

/// One epoch of a training run.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Epoch {
    /// Its number, counted from 1.
    pub epoch: u64,
    /// The mean of the training loss over its samples, while the model changed.
    pub loss: f64,
    /// The validation loss at its end.
    pub validation: Option<f64>,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// How long it took; 0 on targets without a clock, such as `wasm32-unknown-unknown`.
    pub seconds: f64,
    /// The metrics at its end, by name, in the order in which they were added.
    pub metrics: Vec<(String, f64)>,
}

/// All epochs of a training run.
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct History {
    /// The epochs in order.
    pub epochs: Vec<Epoch>,
}

impl Epoch {
    /// The loss that early stopping looks at.
    pub(super) fn watched(&self) -> f64 {
        self.validation.unwrap_or(self.loss)
    }
}

impl History {
    /// The epoch with the lowest validation loss, or the lowest loss without validation data. If several epochs have it,
    /// the first one counts. Its model is the one that [`Fit::patience`](super::Fit::patience) leaves.
    #[must_use]
    pub fn best(&self) -> Option<&Epoch> {
        // NaN and infinity are never the best.
        let epochs = self.epochs.iter().filter(|epoch| epoch.watched() < f64::INFINITY);
        epochs.reduce(|best, next| if next.watched() < best.watched() { next } else { best })
    }

    /// One line per epoch, after a line of column names; metrics are the last columns. Numbers keep all their digits.
    #[must_use]
    pub fn csv(&self) -> String {
        let names = self.metric_names();
        let mut csv = String::from("epoch,loss,validation,learning_rate,seconds");
        for name in &names {
            csv.push(',');
            csv.push_str(&name.replace([',', '"', '\n', '\r'], "_"));
        }
        csv.push('\n');
        for entry in &self.epochs {
            let Epoch { epoch, loss, validation, learning_rate, seconds, .. } = entry;
            let validation = validation.map_or(String::new(), |loss| loss.to_string());
            // Writing to a string never fails.
            let _ = write!(csv, "{epoch},{loss},{validation},{learning_rate},{seconds}");
            for name in &names {
                let value = entry.metrics.iter().find(|(metric, _)| metric == name);
                csv.push(',');
                csv.push_str(&value.map_or(String::new(), |(_, value)| value.to_string()));
            }
            csv.push('\n');
        }
        csv
    }

    /// The names of all metrics, in the order in which they first occur.
    fn metric_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in self.epochs.iter().flat_map(|epoch| &epoch.metrics) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// One JSON object per epoch, each on its own line, with the names of [`History::csv`]. Values that are not finite
    /// or were not measured are `null`.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let number = |value: f64| if value.is_finite() { value.to_string() } else { "null".into() };
        let mut lines = String::new();
        for Epoch { epoch, loss, validation, learning_rate, seconds, metrics } in &self.epochs {
            let validation = number(validation.unwrap_or(f64::NAN));
            let (loss, learning_rate, seconds) = (number(*loss), number(*learning_rate), number(*seconds));
            // Writing to a string never fails.
            let _ = write!(
                lines,
                "{{\"epoch\":{epoch},\"loss\":{loss},\"validation\":{validation},\
                 \"learning_rate\":{learning_rate},\"seconds\":{seconds}"
            );
            for (name, value) in metrics {
                // Characters that would end the name are left out.
                let name: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
                let _ = write!(lines, ",\"{name}\":{}", number(*value));
            }
            lines.push_str("}\n");
        }
        lines
    }

    /// Writes [`History::json_lines`] to a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_json_lines(&self, path: impl AsRef<Path>) -> io::Result<()> {
        write(path.as_ref(), self.json_lines().as_bytes())
    }

    /// The reverse of [`History::csv`].
    #[cfg(any(feature = "safetensors", test))]
    pub(super) fn from_csv(csv: &str) -> Option<History> {
        let names: Vec<&str> = csv.lines().next()?.split(',').skip(5).collect();
        let epochs = csv.lines().skip(1).map(|line| {
            let mut fields = line.split(',');
            let mut next = || fields.next();
            Some(Epoch {
                epoch: next()?.parse().ok()?,
                loss: next()?.parse().ok()?,
                validation: match next()? {
                    "" => None,
                    loss => Some(loss.parse().ok()?),
                },
                learning_rate: next()?.parse().ok()?,
                seconds: next()?.parse().ok()?,
                metrics: names
                    .iter()
                    .filter_map(|name| match next() {
                        None => Some(None),
                        Some("") => None,
                        Some(value) => Some(value.parse().ok().map(|value| ((*name).to_string(), value))),
                    })
                    .collect::<Option<_>>()?,
            })
        });
        Some(History { epochs: epochs.collect::<Option<_>>()? })
    }

    /// Writes [`History::csv`] to a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> io::Result<()> {
        write(path.as_ref(), self.csv().as_bytes())
    }
}

/// Replaces a file.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    files::replace(path, bytes).map_err(|error| match error {
        ReplaceError::Kept(error) | ReplaceError::NotSynced(error) => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn history() -> History {
        let metrics = |epoch| if epoch == 2 { vec![("accuracy".into(), 0.1)] } else { vec![] };
        let epoch = |epoch, loss, validation| {
            let (learning_rate, seconds, metrics) = (1e-3, 0.5, metrics(epoch));
            Epoch { epoch, loss, validation, learning_rate, seconds, metrics }
        };
        History { epochs: vec![epoch(1, 0.1 + 0.2, Some(0.5)), epoch(2, 1.0 / 3.0, None)] }
    }

    #[test]
    fn csv_keeps_every_digit() {
        let csv = history().csv();
        assert!(csv.starts_with(
            "epoch,loss,validation,learning_rate,seconds,accuracy\n1,0.30000000000000004,0.5,0.001,0.5,\n"
        ));
        assert_eq!(History::from_csv(&csv), Some(history()));
        assert_eq!(History::from_csv("epoch\n1,x"), None);
    }

    #[test]
    fn json_has_a_line_for_each_epoch() {
        let line =
            "{\"epoch\":1,\"loss\":0.30000000000000004,\"validation\":0.5,\"learning_rate\":0.001,\"seconds\":0.5}";
        let lines = history().json_lines();
        assert_eq!(lines.lines().next(), Some(line));
        assert!(lines.ends_with("\"validation\":null,\"learning_rate\":0.001,\"seconds\":0.5,\"accuracy\":0.1}\n"));
    }
}

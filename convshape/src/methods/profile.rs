//! How long each layer of a model takes.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use convshape_arith::shape::Shape;
use ndarray::ArrayViewD;

use crate::cpu::{Clock, Engine, Engines, HAS_CLOCK, peak_flops};
use crate::methods::batch::{check_inputs, elements_of};
use crate::model::chain::{Chain, LayerInfo};
use crate::model::error::ShapeError;
use crate::model::parts::Parts;

/// The time of a run by groups of fused layers. `Display` writes a table.
///
/// Made by [`Model::profile`](crate::Model::profile) and [`GraphModel::profile`](crate::GraphModel::profile).
#[derive(Clone, Debug)]
pub struct Profile {
    name: String,
    batch: usize,
    rows: Vec<ProfileRow>,
    peak: f64,
}

/// Layers that are fused into one step, such as a convolution with its normalisation and activation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProfileRow {
    /// Their names, joined by ` + `; empty for a step that only converts a layout.
    pub layers: String,
    /// The kind of the first one: `Conv2d`. In a [`GraphModel`](crate::GraphModel) its operation: `Conv`.
    pub op: String,
    /// Their output shape, without the batch axis.
    pub output: Option<Shape>,
    /// The shortest time measured, for the whole batch.
    pub time: Duration,
    /// Their multiply-adds for the batch.
    pub macs: u64,
}

impl ProfileRow {
    /// Billions of floating-point operations per second, counting two for each multiply-add of the layer's definition.
    pub fn gflops(&self) -> f64 {
        2.0 * self.macs as f64 / self.time.as_secs_f64().max(1e-12) / 1e9
    }
}

impl Profile {
    /// The rows, in the order in which they run.
    pub fn rows(&self) -> &[ProfileRow] {
        &self.rows
    }

    /// The sum of all times.
    pub fn time(&self) -> Duration {
        self.rows.iter().map(|row| row.time).sum()
    }

    /// The measured peak of one core of this processor, in the unit of [`ProfileRow::gflops`], with multiply-adds in
    /// registers.
    pub fn peak_gflops(&self) -> f64 {
        self.peak / 1e9
    }
}

/// The shortest total time of all runs, and the smallest number of runs.
const LEAST_TIME: Duration = Duration::from_millis(300);
const LEAST_RUNS: usize = 5;

/// Times a model on a batch.
pub(crate) fn profile<M: Parts + Chain>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
) -> Result<Option<Profile>, ShapeError> {
    let program = M::PROGRAM;
    let (batch, symbols) = check_inputs(program, inputs)?;
    let shapes: Vec<Shape> = program.inputs.iter().map(|port| symbols.fix(&port.shape)).collect();
    let Some(cache) = model.cache() else { return Ok(None) };
    let engine = cache.get::<Engines>().engine(model, shapes.iter().copied())?;
    let inputs: Vec<_> = inputs.iter().map(elements_of).collect();
    let kind = |name: &str| {
        let layer: Option<&LayerInfo> = M::LAYERS.iter().find(|layer| layer.name == name);
        layer.map(|layer| (layer.op.to_string(), layer.output))
    };
    Ok(of_engine(program.name, &engine, batch, &inputs, &kind))
}

/// Times an engine on a batch. `kind` gives a layer's operation and the shape of its output. `None` where there is no
/// clock.
pub(crate) fn of_engine(
    name: &str,
    engine: &Engine,
    batch: usize,
    inputs: &[Cow<'_, [f32]>],
    kind: &dyn Fn(&str) -> Option<(String, Shape)>,
) -> Option<Profile> {
    if !HAS_CLOCK {
        return None;
    }
    let inputs: Vec<&[f32]> = inputs.iter().map(|elements| &elements[..]).collect();
    let count = |shape: &Shape| shape.numbers().map_or(0, |sizes| sizes.iter().product::<usize>());
    let mut outputs: Vec<Vec<f32>> = engine.outputs().iter().map(|shape| vec![0.0; batch * count(shape)]).collect();
    let mut best = vec![Duration::MAX; engine.layers().count()];
    let (clock, mut runs) = (Clock::start(), 0);
    while runs < LEAST_RUNS || clock.elapsed() < LEAST_TIME {
        let mut times = vec![Duration::ZERO; best.len()];
        let mut rooms: Vec<&mut [f32]> = outputs.iter_mut().map(|y| &mut y[..]).collect();
        let mut last = clock.elapsed();
        engine.run_observed(batch, &inputs, &mut rooms, &mut |step| {
            let now = clock.elapsed();
            times[step] += now - last;
            last = now;
        });
        best.iter_mut().zip(times).for_each(|(best, time)| *best = time.min(*best));
        runs += 1;
    }
    let rows = engine.layers().zip(best).map(|((mut names, macs), time)| {
        // An activation written as a field of a layer has the layer's name.
        names.dedup();
        let op = names.first().and_then(|name| kind(name)).map_or_else(String::new, |(op, _)| op);
        let output = names.last().and_then(|name| kind(name)).map(|(_, output)| output);
        ProfileRow { layers: names.join(" + "), op, output, time, macs: macs * batch as u64 }
    });
    Some(Profile { name: name.to_string(), batch, rows: rows.collect(), peak: peak_flops() })
}

const COLUMNS: usize = 7;
const HEADER: [&str; COLUMNS] = ["layers", "kind", "output", "us", "of total", "GFLOP/s", "of one core's peak"];

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.time().as_secs_f64().max(1e-12);
        let cells = |row: &ProfileRow| {
            let share = |value: f64, digits: usize| format!("{:.digits$} %", 100.0 * value);
            let work = row.macs > 0;
            [
                if row.layers.is_empty() { "(order of elements)".into() } else { row.layers.clone() },
                row.op.clone(),
                row.output.map_or_else(String::new, |shape| shape.to_string()),
                format!("{:.1}", row.time.as_secs_f64() * 1e6),
                share(row.time.as_secs_f64() / total, 1),
                if work { format!("{:.1}", row.gflops()) } else { "-".into() },
                if work { share(row.gflops() * 1e9 / self.peak, 0) } else { "-".into() },
            ]
        };
        let rows: Vec<[String; COLUMNS]> = self.rows.iter().map(cells).collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEADER[column].len()]).max().unwrap_or(0)
        };
        let widths: [usize; COLUMNS] = core::array::from_fn(width);
        let mut line = |cells: &[String; COLUMNS]| {
            let mut text = String::new();
            for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
                text += &if column < 3 { format!("{cell:<width$}  ") } else { format!("{cell:>width$}  ") };
            }
            writeln!(f, "{}", text.trim_end())
        };
        line(&HEADER.map(ToString::to_string))?;
        for row in &rows {
            line(row)?;
        }
        let macs: u64 = self.rows.iter().map(|row| row.macs).sum();
        let speed = 2.0 * macs as f64 / total / 1e9;
        write!(
            f,
            "{}, a batch of {}: {:.3} ms, {speed:.1} GFLOP/s; one core's peak is {:.1}",
            self.name,
            self.batch,
            1e3 * total,
            self.peak_gflops(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_what_is_done_together() {
        let row = |layers: &str, op: &str, micros, macs| ProfileRow {
            layers: layers.into(),
            op: op.into(),
            output: Some(Shape::of(&[16, 14, 14])),
            time: Duration::from_micros(micros),
            macs,
        };
        let rows = vec![row("c + n + r", "Conv2d", 75, 3_000_000), row("", "", 25, 0)];
        let profile = Profile { name: "Small".into(), batch: 2, rows, peak: 1e11 };
        assert_eq!(
            profile.to_string(),
            "\
layers               kind    output          us  of total  GFLOP/s  of one core's peak
c + n + r            Conv2d  [16, 14, 14]  75.0    75.0 %     80.0                80 %
(order of elements)          [16, 14, 14]  25.0    25.0 %        -                   -
Small, a batch of 2: 0.100 ms, 60.0 GFLOP/s; one core's peak is 100.0"
        );
    }
}

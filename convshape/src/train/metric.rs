//! Metrics: quality measures for people, in addition to the loss.

mod classes;
mod images;

use alloc::format;
use alloc::string::String;

use ndarray::ArrayViewD;

pub use self::classes::{Accuracy, Dice, F1, Iou, TopK};
pub use self::images::{MeanAbsoluteError, Psnr, Ssim};
use super::Context;
use crate::model::error::ShapeError;

/// A measure over data, batch by batch: [`Accuracy`], [`Psnr`], or your own.
///
/// Metrics read the first output and the first target, or others with [`Metric::on`].
pub trait Metric: Send {
    /// Its name in the history.
    fn name(&self) -> String;

    /// Forgets all batches.
    fn reset(&mut self);

    /// Reads one batch, the batch axis first.
    ///
    /// # Errors
    /// If the target does not have the shape that the metric takes for this output.
    fn update(
        &mut self,
        context: &Context,
        output: &ArrayViewD<'_, f32>,
        target: &ArrayViewD<'_, f32>,
    ) -> Result<(), ShapeError>;

    /// Its value over all batches since it was reset; NaN without any.
    fn value(&self) -> f64;

    /// The output and the target that it reads, counted from 0.
    fn reads(&self) -> (usize, usize) {
        (0, 0)
    }

    /// The same metric of another output and target, counted from 0: `Accuracy::default().on(1, 1)`.
    fn on(self, output: usize, target: usize) -> MetricOn<Self>
    where
        Self: Sized,
    {
        MetricOn { metric: self, output, target }
    }
}

/// A metric of one of several outputs ([`Metric::on`]). Its name ends with the output.
#[derive(Clone, PartialEq, Debug)]
pub struct MetricOn<M> {
    metric: M,
    output: usize,
    target: usize,
}

impl<M: Metric> Metric for MetricOn<M> {
    fn name(&self) -> String {
        format!("{}_{}", self.metric.name(), self.output)
    }

    fn reset(&mut self) {
        self.metric.reset();
    }

    fn update(
        &mut self,
        context: &Context,
        output: &ArrayViewD<'_, f32>,
        target: &ArrayViewD<'_, f32>,
    ) -> Result<(), ShapeError> {
        self.metric.update(context, output, target)
    }

    fn value(&self) -> f64 {
        self.metric.value()
    }

    fn reads(&self) -> (usize, usize) {
        (self.output, self.target)
    }
}

//! Metrics: quality measures for people, in addition to the loss.

mod classes;
mod images;

use alloc::string::String;

use ndarray::ArrayViewD;

pub use self::classes::{Accuracy, Dice, F1, Iou, TopK};
pub use self::images::{MeanAbsoluteError, Psnr, Ssim};
use super::Context;
use crate::model::error::ShapeError;

/// A measure over data, batch by batch: [`Accuracy`], [`Psnr`], or your own.
///
/// Metrics read the first output and the first target.
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
}

//! Losses: how wrong the outputs of a model are, as one number, and its gradient.

mod combined;
mod cross_entropy;
mod elementwise;
mod kl_divergence;
mod mean;

use alloc::vec;

use ndarray::{ArrayD, ArrayViewD};

pub use self::combined::{On, Sum, Weighted};
pub use self::cross_entropy::{CrossEntropy, CrossEntropyWith};
pub use self::elementwise::{BinaryCrossEntropy, BinaryCrossEntropyWithLogits, Huber, L1, Mse};
pub use self::kl_divergence::KlDivergence;
pub use self::mean::Mean;
use super::{Train, single};
use crate::methods::loss::{Context, Evaluation, LastLayer, Loss, miscounted};
use crate::model::error::{ShapeError, TargetProblem};

impl Context {
    /// The context of a model.
    #[must_use]
    pub fn of<M: Train>() -> Context {
        M::CONTEXT
    }
}

/// A custom loss: a closure that reads the first output. [`CustomWithTarget`] also reads a target.
///
/// The closure may call the `vjp` of another model, which is how perceptual and adversarial losses
/// are made.
#[derive(Clone, Copy, Debug)]
pub struct Custom<F>(
    /// Returns the loss of a batch and its gradient with respect to the output.
    pub F,
);

impl<F: FnMut(&ArrayViewD<'_, f32>) -> Result<(f64, ArrayD<f32>), ShapeError>> Loss for Custom<F> {
    fn targets(&self) -> usize {
        0
    }

    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        _: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let output = outputs.first().ok_or_else(|| miscounted(self, outputs, &[]))?;
        let (value, gradient) = (self.0)(output)?;
        Ok(Evaluation { value, gradients: vec![gradient] })
    }
}

/// A custom loss: a closure that reads the first output and the first target.
///
/// Both have the batch axis first. The closure checks the shape of the target, if it needs to.
///
/// ```
/// use convshape::ndarray::{ArrayD, ArrayViewD, array};
/// use convshape::train::{CustomWithTarget, Loss};
///
/// // The mean of `sqrt(d * d + 1e-6)` over the differences.
/// let mut charbonnier = CustomWithTarget(|output: &ArrayViewD<'_, f32>, target: &ArrayViewD<'_, f32>| {
///     let difference: ArrayD<f32> = output - target;
///     let root = difference.mapv(|d| (d * d + 1e-6).sqrt());
///     let count = root.len() as f32;
///     Ok((f64::from(root.sum() / count), difference / root / count))
/// });
/// let (output, target) = (array![[0.0_f32, 3.0]].into_dyn(), array![[0.0_f32, 1.0]].into_dyn());
/// let loss = charbonnier.evaluate(&[output.view()], &[target.view()])?;
/// assert!((loss.value - 1.0005).abs() < 1e-5);
/// # Ok::<(), convshape::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CustomWithTarget<F>(
    /// Returns the loss of a batch and its gradient with respect to the output.
    pub F,
);

impl<F> Loss for CustomWithTarget<F>
where
    F: FnMut(&ArrayViewD<'_, f32>, &ArrayViewD<'_, f32>) -> Result<(f64, ArrayD<f32>), ShapeError>,
{
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let (output, target) = pair(self, outputs, targets)?;
        let (value, gradient) = (self.0)(output, target)?;
        Ok(Evaluation { value, gradients: vec![gradient] })
    }
}

/// The output and the target of a loss that reads one of each.
fn pair<'r, 'a, 'b>(
    loss: &impl Loss,
    outputs: &'r [ArrayViewD<'a, f32>],
    targets: &'r [ArrayViewD<'b, f32>],
) -> Result<(&'r ArrayViewD<'a, f32>, &'r ArrayViewD<'b, f32>), ShapeError> {
    match (outputs, targets) {
        ([output, ..], [target, ..]) => Ok((output, target)),
        _ => Err(miscounted(loss, outputs, targets)),
    }
}

/// A target shaped like the output.
pub(super) fn same_shape(
    loss: &'static str,
    output: &ArrayViewD<'_, f32>,
    target: &ArrayViewD<'_, f32>,
) -> Result<(), ShapeError> {
    if output.shape() == target.shape() {
        return Ok(());
    }
    let (found, expected) = (target.shape().to_vec(), output.shape().to_vec());
    let problem = TargetProblem::of(&found, &expected);
    Err(ShapeError::Target { loss, found, expected, problem })
}

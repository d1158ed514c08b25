//! Losses: how wrong the outputs of a model are, as one number, and its gradient.

mod cross_entropy;
mod elementwise;
mod kl_divergence;

use alloc::vec;
use alloc::vec::Vec;

use ndarray::{ArrayD, ArrayViewD};

pub use self::cross_entropy::CrossEntropy;
pub use self::elementwise::{BinaryCrossEntropy, BinaryCrossEntropyWithLogits, Huber, L1, Mse};
pub use self::kl_divergence::KlDivergence;
use super::single;
use crate::error::ShapeError;

/// What a loss says of a batch.
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation {
    /// The loss.
    pub value: f64,
    /// Its gradient with respect to each output it reads.
    pub gradients: Vec<ArrayD<f32>>,
}

/// A loss: it reads the first outputs of a model and the targets, batch axis first.
pub trait Loss {
    /// How many outputs it reads.
    fn outputs(&self) -> usize {
        1
    }

    /// How many targets it reads.
    fn targets(&self) -> usize {
        1
    }

    /// The loss of a batch, and its gradient with respect to the outputs.
    ///
    /// # Errors
    /// If a target has another shape than its output needs.
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError>;
}

impl<L: Loss + ?Sized> Loss for &mut L {
    fn outputs(&self) -> usize {
        (**self).outputs()
    }

    fn targets(&self) -> usize {
        (**self).targets()
    }

    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        (**self).evaluate(outputs, targets)
    }
}

/// Two losses side by side: the first reads the first outputs and targets, the second those that
/// follow. The loss is their sum.
impl<A: Loss, B: Loss> Loss for (A, B) {
    fn outputs(&self) -> usize {
        self.0.outputs() + self.1.outputs()
    }

    fn targets(&self) -> usize {
        self.0.targets() + self.1.targets()
    }

    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let (first_outputs, outputs) = outputs.split_at(self.0.outputs());
        let (first_targets, targets) = targets.split_at(self.0.targets());
        let mut sum = self.0.evaluate(first_outputs, first_targets)?;
        let second = self.1.evaluate(outputs, targets)?;
        sum.value += second.value;
        sum.gradients.extend(second.gradients);
        Ok(sum)
    }
}

/// A loss times a constant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Weighted<L>(
    /// The constant.
    pub f64,
    /// The loss.
    pub L,
);

impl<L: Loss> Loss for Weighted<L> {
    fn outputs(&self) -> usize {
        self.1.outputs()
    }

    fn targets(&self) -> usize {
        self.1.targets()
    }

    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let mut evaluation = self.1.evaluate(outputs, targets)?;
        evaluation.value *= self.0;
        for gradient in &mut evaluation.gradients {
            gradient.mapv_inplace(|element| single(f64::from(element) * self.0));
        }
        Ok(evaluation)
    }
}

/// A loss written by hand: what a closure says of the first output.
///
/// The closure may call the `vjp` of another model, which is how perceptual and adversarial losses
/// are made.
#[derive(Clone, Copy, Debug)]
pub struct Custom<F>(
    /// Gives the loss of a batch and its gradient with respect to the output.
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
        let (value, gradient) = (self.0)(&outputs[0])?;
        Ok(Evaluation { value, gradients: vec![gradient] })
    }
}

/// What a loss says of the first outputs of a model.
///
/// # Errors
/// If it reads other outputs or targets than there are, and those of [`Loss::evaluate`].
pub(crate) fn checked(
    loss: &mut impl Loss,
    outputs: &[ArrayViewD<'_, f32>],
    targets: &[ArrayViewD<'_, f32>],
) -> Result<Evaluation, ShapeError> {
    if outputs.len() < loss.outputs() || targets.len() != loss.targets() {
        return Err(ShapeError::Loss {
            outputs: outputs.len(),
            targets: targets.len(),
            expected_outputs: loss.outputs(),
            expected_targets: loss.targets(),
        });
    }
    loss.evaluate(&outputs[..loss.outputs()], targets)
}

/// A target shaped like the output.
fn same_shape(output: &ArrayViewD<'_, f32>, target: &ArrayViewD<'_, f32>) -> Result<(), ShapeError> {
    if output.shape() == target.shape() {
        Ok(())
    } else {
        Err(ShapeError::Target { found: target.shape().to_vec(), expected: output.shape().to_vec() })
    }
}

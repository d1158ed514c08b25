//! The trait of losses: a loss says how wrong the outputs of a model are, as one number, and returns its gradient.

use alloc::vec::Vec;

use convshape_arith::op::{Activation, AxisOrder, Op};
use convshape_arith::program::Program;
use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::model::error::ShapeError;

/// A loss: it reads the first outputs of a model and the targets, batch axis first.
///
/// Losses are made from others: [`Weighted`] multiplies by a constant, [`Sum`] adds two that read the
/// same outputs, [`On`] reads another output than the first, and a tuple reads one output after the
/// other.
///
/// [`Weighted`]: crate::train::Weighted
/// [`Sum`]: crate::train::Sum
/// [`On`]: crate::train::On
pub trait Loss {
    /// How many outputs it reads.
    fn outputs(&self) -> usize {
        1
    }

    /// How many targets it reads.
    fn targets(&self) -> usize {
        1
    }

    /// The loss of a batch, and its gradient with respect to the outputs. Where an output has an axis
    /// of channels, it is the second, as in PyTorch.
    ///
    /// # Errors
    /// If a target has another shape than its output needs, or a value that the loss has no meaning for.
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError>;

    /// As [`Loss::evaluate`], with facts about the chain, for losses that need the axis of the channels.
    ///
    /// # Errors
    /// Those of [`Loss::evaluate`].
    fn evaluate_in(
        &mut self,
        context: &Context,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let _ = context;
        self.evaluate(outputs, targets)
    }

    /// The layer that the loss itself applies to one of the outputs that it reads; `output` is the index.
    fn applies(&self, output: usize) -> Option<LastLayer> {
        let _ = output;
        None
    }
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

    fn evaluate_in(
        &mut self,
        context: &Context,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        (**self).evaluate_in(context, outputs, targets)
    }

    fn applies(&self, output: usize) -> Option<LastLayer> {
        (**self).applies(output)
    }
}

/// The result of a loss for a batch.
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation {
    /// The loss.
    pub value: f64,
    /// Its gradient with respect to each output it reads.
    pub gradients: Vec<ArrayD<f32>>,
}

/// Facts about the chain whose outputs a loss reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// The chain's name.
    pub chain: &'static str,
    /// Whether its shapes have the channels last (the dialects `flax` and `keras`).
    pub channels_last: bool,
}

impl Context {
    pub(crate) const fn of_program(program: &'static Program) -> Context {
        Context { chain: program.name, channels_last: matches!(program.order, AxisOrder::ChannelsLast) }
    }

    /// The axis of the channels, which is that of the classes, in a batch with `axes` axes.
    #[must_use]
    pub fn channel_axis(&self, axes: usize) -> Axis {
        Axis(if self.channels_last { axes.saturating_sub(1) } else { 1 })
    }
}

/// A last layer that some losses apply themselves, so that the chain should not end with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LastLayer {
    /// `Softmax`.
    Softmax,
    /// `Sigmoid`.
    Sigmoid,
}

impl LastLayer {
    /// Whether a layer is this one.
    pub(crate) fn is(self, op: &Op) -> bool {
        match self {
            LastLayer::Softmax => matches!(op, Op::Softmax { log: false, .. }),
            LastLayer::Sigmoid => matches!(op, Op::Activation(Activation::Sigmoid)),
        }
    }
}

/// Evaluates a loss on the first outputs of a model.
///
/// # Errors
/// If it reads other outputs or targets than there are, gives another number of gradients than it
/// reads outputs, there are no samples, and those of [`Loss::evaluate`].
pub(crate) fn checked(
    loss: &mut impl Loss,
    context: &Context,
    outputs: &[ArrayViewD<'_, f32>],
    targets: &[ArrayViewD<'_, f32>],
) -> Result<Evaluation, ShapeError> {
    if outputs.len() < loss.outputs() || targets.len() != loss.targets() {
        return Err(miscounted(loss, outputs, targets));
    }
    if outputs.first().is_some_and(|output| output.shape().first() == Some(&0)) {
        return Err(ShapeError::NoSamples { chain: context.chain });
    }
    let evaluation = loss.evaluate_in(context, &outputs[..loss.outputs()], targets)?;
    if evaluation.gradients.len() != loss.outputs() {
        return Err(ShapeError::LossGradients { found: evaluation.gradients.len(), expected: loss.outputs() });
    }
    Ok(evaluation)
}

/// The error for too few outputs, or another number of targets than a loss reads.
pub(crate) fn miscounted(
    loss: &impl Loss,
    outputs: &[ArrayViewD<'_, f32>],
    targets: &[ArrayViewD<'_, f32>],
) -> ShapeError {
    ShapeError::Loss {
        outputs: outputs.len(),
        targets: targets.len(),
        expected_outputs: loss.outputs(),
        expected_targets: loss.targets(),
    }
}

//! The trait of losses. A loss measures how wrong the outputs of a model are as one number, and returns its gradient.

use alloc::vec::Vec;

use convshape_arith::op::{Activation, AxisOrder, Op};
use convshape_arith::program::Program;
use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::model::error::ShapeError;

/// A loss: it reads the first outputs of a model and the targets, batch axis first.
///
/// Losses can be combined: [`Weighted`] multiplies by a constant, [`Sum`] adds two that read the same outputs, [`On`]
/// reads a later output than the first, and a tuple adds losses that read consecutive outputs. For your own loss of an
/// output and a target, [`CustomWithTarget`] takes a closure.
///
/// [`CustomWithTarget`]: crate::train::CustomWithTarget
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

    /// The loss of a batch, and its gradient with respect to the outputs. The channel axis, if an output has one, is
    /// the second, as in PyTorch.
    ///
    /// # Errors
    /// If a target has the wrong shape for its output, or a value that is invalid for the loss.
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError>;

    /// Like [`Loss::evaluate`], with facts about the chain, for losses that need the channel axis.
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

/// Facts about the chain that a loss or metric may need.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// The chain's name.
    pub chain: &'static str,
    /// Whether its shapes have the channels last (the dialects `flax` and `keras`).
    pub channels_last: bool,
    /// For metrics: whether the loss applies `Sigmoid` to the output itself, so that 0 is the middle between two
    /// classes, and not 0.5.
    pub logits: bool,
}

impl Context {
    pub(crate) const fn of_program(program: &'static Program) -> Context {
        let channels_last = matches!(program.order, AxisOrder::ChannelsLast);
        Context { chain: program.name, channels_last, logits: false }
    }

    /// The channel axis, which is also the class axis, in a batch with `axes` axes.
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
/// If the number of outputs or targets is wrong, it returns the wrong number of gradients, or there are no samples; and
/// the errors of [`Loss::evaluate`].
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

/// The error for too few outputs, or the wrong number of targets.
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

//! The trait of models that can be trained, for generic code.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ndarray::{ArrayD, ArrayViewD};
use rand::Rng;

use super::{Context, Loss};
use crate::methods::gradient::{self, Mode};
use crate::methods::model::Model;
use crate::model::chain::Chain;
use crate::model::error::ShapeError;
use crate::model::param::Param;
use crate::model::parts::{Parts, checked_params, specs};

/// A model that can be trained. Every generated struct is one.
///
/// Batches are arrays with the batch axis first, one for each input or output of the chain. Gradients have the type of
/// the model; running statistics have gradient zero.
pub trait Train: Model {
    /// The facts about the chain that losses may read.
    const CONTEXT: Context;

    /// The loss of a batch and the gradients of the parameters in inference mode: with running statistics and without
    /// dropout.
    ///
    /// # Errors
    /// If an input or target does not have the shape that the chain and the loss take.
    fn loss_gradients(
        &self,
        inputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
        loss: &mut impl Loss,
    ) -> Result<(f32, Self), ShapeError>;

    /// Like [`Train::loss_gradients`], but in training mode: with the statistics of the batch, which update the running
    /// ones, and with dropout drawn from `rng`.
    ///
    /// # Errors
    /// Those of [`Train::loss_gradients`]; the model is then unchanged.
    fn loss_gradients_train(
        &mut self,
        inputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
        loss: &mut impl Loss,
        rng: &mut dyn Rng,
    ) -> Result<(f32, Self), ShapeError>;

    /// The gradients of the inputs and of the parameters, given those of the outputs, in inference mode.
    ///
    /// # Errors
    /// If an input or cotangent does not have the shape of the chain's inputs and outputs.
    fn vjp_batch(
        &self,
        inputs: &[ArrayViewD<'_, f32>],
        cotangents: Vec<ArrayD<f32>>,
    ) -> Result<(Vec<ArrayD<f32>>, Self), ShapeError>;

    /// Like [`Train::vjp_batch`], but in training mode: with the statistics of the batch, which update the running
    /// ones, and with dropout drawn from `rng`.
    ///
    /// # Errors
    /// Those of [`Train::vjp_batch`]; the model is then unchanged.
    fn vjp_batch_train(
        &mut self,
        inputs: &[ArrayViewD<'_, f32>],
        cotangents: Vec<ArrayD<f32>>,
        rng: &mut dyn Rng,
    ) -> Result<(Vec<ArrayD<f32>>, Self), ShapeError>;

    /// Calls `f` with each trained parameter and the corresponding one of `other`, such as gradients or an average.
    /// Running statistics are left out.
    fn for_each_trained(&mut self, other: &Self, f: impl FnMut(&str, &mut Param, &Param));

    /// Whether every parameter has the shape that its layer needs.
    ///
    /// # Errors
    /// The first that was replaced by one of a different shape.
    fn check_params(&self) -> Result<(), ShapeError>;

    /// Calls `f` with a mutable reference to each running statistic and with its name in files.
    fn for_each_statistic_mut(&mut self, f: impl FnMut(&str, &mut Param));

    /// The outputs of all layers for a batch in inference mode, by name, in the order in which they run: feature maps to
    /// look at (`train::feature_maps` with the feature `image`), or activations to measure.
    ///
    /// # Errors
    /// If an input does not have the shape that the chain takes.
    fn layer_outputs(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<(String, ArrayD<f32>)>, ShapeError>;

    /// The first layer with a parameter or an output that is infinite or NaN.
    ///
    /// # Errors
    /// If an input does not have the shape that the chain takes.
    fn first_not_finite(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Option<String>, ShapeError>;
}

impl<M: Parts + Chain + Clone + Send + Sync + 'static> Train for M {
    const CONTEXT: Context = Context::of_program(M::PROGRAM);

    fn loss_gradients(
        &self,
        inputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
        loss: &mut impl Loss,
    ) -> Result<(f32, M), ShapeError> {
        let (loss, gradients) = gradient::of_loss(self, inputs, targets, loss, Mode::Stored)?;
        Ok((loss, gradients.params))
    }

    fn loss_gradients_train(
        &mut self,
        inputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
        loss: &mut impl Loss,
        rng: &mut dyn Rng,
    ) -> Result<(f32, M), ShapeError> {
        let (loss, gradients) = gradient::of_loss(self, inputs, targets, loss, Mode::Training(rng))?;
        gradients.update_statistics(self);
        Ok((loss, gradients.params))
    }

    fn vjp_batch(
        &self,
        inputs: &[ArrayViewD<'_, f32>],
        cotangents: Vec<ArrayD<f32>>,
    ) -> Result<(Vec<ArrayD<f32>>, M), ShapeError> {
        gradient::vjp_of(self, inputs, cotangents, Mode::Stored).map(|gradients| (gradients.inputs, gradients.params))
    }

    fn vjp_batch_train(
        &mut self,
        inputs: &[ArrayViewD<'_, f32>],
        cotangents: Vec<ArrayD<f32>>,
        rng: &mut dyn Rng,
    ) -> Result<(Vec<ArrayD<f32>>, M), ShapeError> {
        let gradients = gradient::vjp_of(self, inputs, cotangents, Mode::Training(rng))?;
        gradients.update_statistics(self);
        Ok((gradients.inputs, gradients.params))
    }

    fn for_each_trained(&mut self, other: &M, mut f: impl FnMut(&str, &mut Param, &Param)) {
        let mut others = Vec::new();
        other.visit(&mut |param| others.push(param));
        let mut all = specs::<M>().zip(others);
        self.visit_mut(&mut |param| {
            if let Some((spec, other)) = all.next()
                && !spec.role.is_statistic()
            {
                f(&spec.name.to_string(), param, other);
            }
        });
    }

    fn check_params(&self) -> Result<(), ShapeError> {
        checked_params(self).map(|_| ())
    }

    fn for_each_statistic_mut(&mut self, mut f: impl FnMut(&str, &mut Param)) {
        let mut specs = specs::<M>();
        self.visit_mut(&mut |param| {
            if let Some(spec) = specs.next()
                && spec.role.is_running()
            {
                f(&spec.name.to_string(), param);
            }
        });
    }

    fn layer_outputs(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<(String, ArrayD<f32>)>, ShapeError> {
        gradient::layer_outputs(self, inputs)
    }

    fn first_not_finite(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Option<String>, ShapeError> {
        gradient::first_not_finite(self, inputs)
    }
}

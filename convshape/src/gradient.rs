//! Gradients of a model: a batch forward, every value kept, then the steps in reverse.

mod tape;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::shape::Shape;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use rand::Rng;

use self::tape::{Piece, Tape, Update};
use crate::batch::{Inputs, Outputs, check_inputs};
use crate::error::ShapeError;
use crate::param::Param;
use crate::parts::{Linked, Parts, assemble, checked_params};
use crate::program::{Port, Program};
use crate::train::{Evaluation, Loss, checked};

/// How layers run that are different in training.
pub(crate) enum Mode<'a> {
    /// Stored statistics, nothing dropped: PyTorch's `eval()`.
    Stored,
    /// Statistics of the batch, elements dropped by a generator: PyTorch's `train()`.
    Training(&'a mut dyn Rng),
}

/// What went into a run and what its gradients are.
pub(crate) struct Gradients<M> {
    /// A gradient for each input, if they were asked for.
    pub(crate) inputs: Vec<ArrayD<f32>>,
    /// The gradients of the parameters, shaped like the model. Running statistics have none: zeros.
    pub(crate) params: M,
    /// What training does to the running statistics.
    updates: Vec<Update>,
}

impl<M: Parts> Gradients<M> {
    /// Brings a model's running statistics up to date.
    pub(crate) fn update_statistics(&self, model: &mut M) {
        let mut index = 0;
        model.visit_mut(&mut |param| {
            for update in &self.updates {
                update.apply(index, param);
            }
            index += 1;
        });
    }
}

/// Gives the gradients of the outputs, once those are known.
type Cotangents<'a> = dyn FnMut(&[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError> + 'a;

/// Runs a batch, asks `cotangents` for the gradients of the outputs, and goes back.
pub(crate) fn differentiate<M: Parts>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
    mode: Mode<'_>,
    inputs_too: bool,
    cotangents: &mut Cotangents<'_>,
) -> Result<Gradients<M>, ShapeError> {
    let program = M::PROGRAM;
    let mut updates = Vec::new();
    let params: Vec<&[f32]> = checked_params(model)?.into_iter().map(Param::as_slice).collect();
    let piece = Piece { linked: Linked::of::<M>(), params: &params, first: 0 };
    let (batch, tape) = record(program, &piece, inputs, mode, &mut updates)?;

    let outputs: Vec<ArrayViewD<'_, f32>> =
        program.outputs.iter().map(|port| view(batch, tape.value(port.value))).collect();
    let cotangents = cotangents(&outputs)?;
    check_cotangents(program, batch, &outputs, &cotangents)?;
    let cotangents = cotangents.into_iter().map(|cotangent| cotangent.as_standard_layout().iter().copied().collect());

    let mut dparams: Vec<Vec<f32>> = params.iter().map(|param| vec![0.0; param.len()]).collect();
    let dinputs = piece
        .backward(&tape, cotangents.collect(), inputs_too, &mut dparams)
        .map_err(|error| error.of(program.name))?;
    let dinputs = inputs.iter().zip(dinputs).map(|(input, gradient)| {
        ArrayD::from_shape_vec(IxDyn(input.shape()), gradient).expect("an input's gradient is shaped like the input")
    });
    let shapes = Linked::of::<M>().specs().map(|spec| spec.shape);
    let dparams = shapes.zip(dparams).map(|(shape, gradient)| Param::new(shape, gradient));
    Ok(Gradients { inputs: dinputs.collect(), params: assemble(dparams), updates })
}

/// The first layer whose output, or parameter, is infinite or no number.
pub(crate) fn first_not_finite<M: Parts>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
) -> Result<Option<String>, ShapeError> {
    let params: Vec<&[f32]> = checked_params(model)?.into_iter().map(Param::as_slice).collect();
    let piece = Piece { linked: Linked::of::<M>(), params: &params, first: 0 };
    let (_, tape) = record(M::PROGRAM, &piece, inputs, Mode::Stored, &mut Vec::new())?;
    Ok(piece.first_not_finite(&tape))
}

/// Runs a batch and keeps everything. Returns the batch's size too.
fn record(
    program: &'static Program,
    piece: &Piece<'_>,
    inputs: &[ArrayViewD<'_, f32>],
    mut mode: Mode<'_>,
    updates: &mut Vec<Update>,
) -> Result<(usize, Tape), ShapeError> {
    let (batch, _) = check_inputs(program, inputs)?;
    let values = inputs.iter().map(|input| (sample_shape(input), input.iter().copied().collect())).collect();
    let tape = piece.forward(values, batch, &mut mode, updates).map_err(|error| error.of(program.name))?;
    Ok((batch, tape))
}

/// The shape of one sample of a batch.
fn sample_shape(batch: &ArrayViewD<'_, f32>) -> Shape {
    let sizes: Vec<i64> = batch.shape()[1..].iter().map(|&size| i64::try_from(size).unwrap_or(i64::MAX)).collect();
    Shape::of(&sizes)
}

fn view<'a>(batch: usize, (shape, elements): (&Shape, &'a [f32])) -> ArrayViewD<'a, f32> {
    let sizes = shape.sizes().iter().filter_map(|size| usize::try_from(size.number()?).ok());
    let dims: Vec<usize> = [batch].into_iter().chain(sizes).collect();
    ArrayViewD::from_shape(IxDyn(&dims), elements).expect("a run gives the shapes that were checked")
}

/// Cotangents are shaped like the outputs.
fn check_cotangents(
    program: &'static Program,
    batch: usize,
    outputs: &[ArrayViewD<'_, f32>],
    cotangents: &[ArrayD<f32>],
) -> Result<(), ShapeError> {
    let chain = program.name;
    if outputs.len() != cotangents.len() {
        return Err(ShapeError::Cotangents { chain, found: cotangents.len(), expected: outputs.len() });
    }
    for ((port, output), cotangent) in program.outputs.iter().zip(outputs).zip(cotangents) {
        if cotangent.shape().get(1..) != output.shape().get(1..) {
            return Err(ShapeError::Input {
                chain,
                input: port.name,
                found: cotangent.shape().to_vec(),
                expected: sample_shape(output),
                order: program.order,
            });
        }
        let found = cotangent.len_of(Axis(0));
        if found != batch {
            let first = program.inputs.first().map_or("", |Port { name, .. }| name);
            return Err(ShapeError::Batch { chain, input: port.name, found, first, expected: batch });
        }
    }
    Ok(())
}

/// The gradients of a loss.
pub(crate) fn of_loss<M: Parts>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
    targets: &[ArrayViewD<'_, f32>],
    loss: &mut impl Loss,
    mode: Mode<'_>,
) -> Result<(f32, Gradients<M>), ShapeError> {
    let mut value = 0.0;
    let gradients = differentiate(model, inputs, mode, false, &mut |outputs| {
        let Evaluation { value: found, mut gradients } = checked(loss, outputs, targets)?;
        value = found;
        // Outputs that the loss does not read have no gradient.
        gradients.extend(outputs[gradients.len()..].iter().map(|output| ArrayD::zeros(output.raw_dim())));
        Ok(gradients)
    })?;
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    Ok((value as f32, gradients))
}

/// The gradients of whatever the outputs have the gradients `cotangents` in.
pub(crate) fn vjp_of<M: Parts>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
    cotangents: Vec<ArrayD<f32>>,
    mode: Mode<'_>,
) -> Result<Gradients<M>, ShapeError> {
    let mut cotangents = Some(cotangents);
    differentiate(model, inputs, mode, true, &mut |_| Ok(cotangents.take().unwrap_or_default()))
}

/// The generated `gradients`.
///
/// # Errors
/// If an input or target has another shape than the chain and the loss take.
pub fn gradients<'a, 'b, M: Parts>(
    model: &M,
    inputs: impl Inputs<'a>,
    targets: impl Inputs<'b>,
    mut loss: impl Loss,
) -> Result<(f32, M), ShapeError> {
    let (loss, gradients) = of_loss(model, &inputs.batches(), &targets.batches(), &mut loss, Mode::Stored)?;
    Ok((loss, gradients.params))
}

/// The generated `gradients_train`.
///
/// # Errors
/// Those of [`gradients`]; the model is as it was then.
pub fn gradients_train<'a, 'b, M: Parts>(
    model: &mut M,
    inputs: impl Inputs<'a>,
    targets: impl Inputs<'b>,
    mut loss: impl Loss,
    rng: &mut impl Rng,
) -> Result<(f32, M), ShapeError> {
    let (loss, gradients) = of_loss(model, &inputs.batches(), &targets.batches(), &mut loss, Mode::Training(rng))?;
    gradients.update_statistics(model);
    Ok((loss, gradients.params))
}

/// The generated `vjp`.
///
/// # Errors
/// If an input or cotangent has another shape than the chain takes and gives.
pub fn vjp<'a, 'b, M: Parts, D: Outputs>(
    model: &M,
    inputs: impl Inputs<'a>,
    cotangents: impl Inputs<'b>,
) -> Result<(D, M), ShapeError> {
    let cotangents = cotangents.batches().iter().map(ArrayViewD::to_owned).collect();
    let gradients = vjp_of(model, &inputs.batches(), cotangents, Mode::Stored)?;
    Ok((D::from_batches(&mut gradients.inputs.into_iter()), gradients.params))
}

//! Gradients of a model: runs a batch forward, keeps what is needed, and runs the steps in reverse.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use convshape_arith::graph::Graph;
use convshape_arith::shape::Shape;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use rand::Rng;

use crate::cpu::Engines;
use crate::cpu::train::{Key, Plans, TrainPlan, Update};
use crate::methods::batch::{Inputs, Outputs, check_inputs, dims, row_major};
use crate::methods::last_layer;
use crate::methods::loss::{Context, Evaluation, Loss, checked};
use crate::model::error::ShapeError;
use crate::model::param::Param;
use crate::model::parts::{Parts, assemble, checked_params, specs};
use convshape_arith::program::{Program, ProgramPort};

/// The mode of layers that behave differently in training.
pub(crate) enum Mode<'a> {
    /// Running statistics, no dropout: PyTorch's `eval()`.
    Stored,
    /// Statistics of the batch, dropout from a generator: PyTorch's `train()`.
    Training(&'a mut dyn Rng),
}

/// The gradients of a run.
pub(crate) struct Gradients<M> {
    /// A gradient for each input, if requested.
    pub(crate) inputs: Vec<ArrayD<f32>>,
    /// The gradients of the parameters, with the type of the model. Running statistics have gradient zero.
    pub(crate) params: M,
    /// The updates of the running statistics in training.
    updates: Vec<Update>,
}

impl<M: Parts> Gradients<M> {
    /// Updates a model's running statistics.
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

/// Returns the gradients of a graph's outputs, given the outputs.
type Cotangents<'a> = dyn FnMut(&Graph, &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError> + 'a;

/// Runs a batch forward, asks `cotangents` for the gradients of the outputs, and runs it backward.
pub(crate) fn differentiate<M: Parts>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
    mode: Mode<'_>,
    inputs_too: bool,
    cotangents: &mut Cotangents<'_>,
) -> Result<Gradients<M>, ShapeError> {
    let program = M::PROGRAM;
    let params = checked_params(model)?;
    let training = matches!(mode, Mode::Training(_));
    let mut run = RunningPlan::new(model, inputs, |key| Key { training, inputs_too, ..key })?;
    let updates = run.forward(&params, inputs, mode)?;

    let outputs: Vec<ArrayViewD<'_, f32>> = run.plan.outputs().map(|output| view(run.batch, output)).collect();
    let cotangents = cotangents(run.plan.graph(), &outputs)?;
    check_cotangents(program, run.batch, &outputs, &cotangents)?;
    let cotangents: Vec<ArrayD<f32>> = cotangents
        .into_iter()
        .map(|array| if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() })
        .collect();
    let cotangents: Vec<&[f32]> =
        cotangents.iter().map(|array| array.as_slice().expect("an array in the standard layout")).collect();

    let mut dparams: Vec<Vec<f32>> = params.iter().map(|_| Vec::new()).collect();
    let elements: Vec<&[f32]> = params.iter().map(|param| param.as_slice()).collect();
    let dinputs = run
        .plan
        .backward(&elements, &cotangents, &mut dparams)
        .map_err(|error| ShapeError::of_graph(program.name, error))?;
    let dinputs = inputs.iter().zip(dinputs).map(|(input, gradient)| {
        ArrayD::from_shape_vec(IxDyn(input.shape()), gradient).expect("an input's gradient is shaped like the input")
    });
    let inputs = dinputs.collect();
    let dparams = specs::<M>().zip(dparams).map(|(spec, mut gradient)| {
        // Empty if no output depends on it, as for running statistics.
        gradient.resize(spec.count(), 0.0);
        Param::new(spec.shape, gradient)
    });
    run.keep(model);
    Ok(Gradients { inputs, params: assemble(dparams), updates })
}

/// The output of every layer, by name, in the order in which they run.
pub(crate) fn layer_outputs<M: Parts>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
) -> Result<Vec<(String, ArrayD<f32>)>, ShapeError> {
    let (run, _) = RunningPlan::of_every_layer(model, inputs)?;
    let mut layers: Vec<(String, ArrayD<f32>)> = Vec::new();
    for (name, shape, elements) in run.plan.layers() {
        let output = view(run.batch, (shape, &elements)).to_owned();
        // A layer of several steps, such as a convolution and its activation, gives what the last of them does.
        match layers.last_mut().filter(|(last, _)| last == name) {
            Some((_, last)) => *last = output,
            None => layers.push((name.to_string(), output)),
        }
    }
    Ok(layers)
}

/// The first layer with an output or a parameter that is infinite or NaN.
pub(crate) fn first_not_finite<M: Parts>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
) -> Result<Option<String>, ShapeError> {
    let (run, params) = RunningPlan::of_every_layer(model, inputs)?;
    let params: Vec<&[f32]> = params.iter().map(|param| param.as_slice()).collect();
    Ok(run.plan.first_not_finite(&params).map(ToString::to_string))
}

/// A plan while it runs.
struct RunningPlan {
    program: &'static Program,
    plan: TrainPlan,
    batch: usize,
}

impl RunningPlan {
    /// The plan for a batch; `of` changes the other fields of its key.
    fn new<M: Parts>(
        model: &M,
        inputs: &[ArrayViewD<'_, f32>],
        of: impl FnOnce(Key) -> Key,
    ) -> Result<RunningPlan, ShapeError> {
        let program = M::PROGRAM;
        let (batch, _) = check_inputs(program, inputs)?;
        let inputs = inputs.iter().map(sample_shape).collect();
        let key = of(Key { inputs, batch, training: false, inputs_too: false, every_layer: false });
        let none = Plans::default();
        let plans = model.cache().map_or(&none, |cache| &cache.get::<Engines>().plans);
        let plan = plans.take(key, Graph::of::<M>).map_err(|error| error.of(program.name, batch))?;
        Ok(RunningPlan { program, plan, batch })
    }

    /// After a run in inference mode that keeps the output of every layer, and the parameters.
    fn of_every_layer<'m, M: Parts>(
        model: &'m M,
        inputs: &[ArrayViewD<'_, f32>],
    ) -> Result<(RunningPlan, Vec<&'m Param>), ShapeError> {
        let params = checked_params(model)?;
        let mut run = RunningPlan::new(model, inputs, |key| Key { every_layer: true, ..key })?;
        run.forward(&params, inputs, Mode::Stored)?;
        Ok((run, params))
    }

    fn forward(
        &mut self,
        params: &[&Param],
        inputs: &[ArrayViewD<'_, f32>],
        mode: Mode<'_>,
    ) -> Result<Vec<Update>, ShapeError> {
        let elements: Vec<&[f32]> = params.iter().map(|param| param.as_slice()).collect();
        let stamps: Vec<u64> = params.iter().map(|param| param.stamp()).collect();
        let inputs = row_major(self.program, inputs)?;
        let inputs: Vec<&[f32]> = inputs.iter().map(|elements| &elements[..]).collect();
        let rng = match mode {
            Mode::Training(rng) => Some(rng),
            Mode::Stored => None,
        };
        let updates = self.plan.forward(&elements, &stamps, &inputs, rng);
        updates.map_err(|error| ShapeError::of_graph(self.program.name, error))
    }

    /// Keeps the plan for the next step.
    fn keep(self, model: &impl Parts) {
        if let Some(cache) = model.cache() {
            cache.get::<Engines>().plans.put(self.plan);
        }
    }
}

/// The shape of one sample of a batch.
fn sample_shape(batch: &ArrayViewD<'_, f32>) -> Shape {
    let sizes: Vec<i64> = batch.shape()[1..].iter().map(|&size| i64::try_from(size).unwrap_or(i64::MAX)).collect();
    Shape::of(&sizes)
}

fn view<'a>(batch: usize, (shape, elements): (&Shape, &'a [f32])) -> ArrayViewD<'a, f32> {
    ArrayViewD::from_shape(IxDyn(&dims(batch, shape)), elements).expect("a run gives the shapes that were checked")
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
            let first = program.inputs.first().map_or("", |ProgramPort { name, .. }| name);
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
    let context = Context::of_program(M::PROGRAM);
    let gradients = differentiate(model, inputs, mode, false, &mut |graph, outputs| {
        last_layer::check(graph, loss);
        let Evaluation { value: found, mut gradients } = checked(loss, &context, outputs, targets)?;
        value = found;
        // Outputs that the loss does not read have no gradient.
        gradients.extend(outputs[gradients.len()..].iter().map(|output| ArrayD::zeros(output.raw_dim())));
        Ok(gradients)
    })?;
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    Ok((value as f32, gradients))
}

/// The gradients, given the gradients `cotangents` of the outputs.
pub(crate) fn vjp_of<M: Parts>(
    model: &M,
    inputs: &[ArrayViewD<'_, f32>],
    cotangents: Vec<ArrayD<f32>>,
    mode: Mode<'_>,
) -> Result<Gradients<M>, ShapeError> {
    let mut cotangents = Some(cotangents);
    differentiate(model, inputs, mode, true, &mut |_, _| Ok(cotangents.take().unwrap_or_default()))
}

/// The generated `gradients`.
///
/// # Errors
/// If an input or target does not have the shape that the chain and the loss take.
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
/// Those of [`gradients`]; the model is then unchanged.
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
/// If an input or cotangent does not have the shape of the chain's inputs and outputs.
pub fn vjp<'a, 'b, M: Parts, D: Outputs>(
    model: &M,
    inputs: impl Inputs<'a>,
    cotangents: impl Inputs<'b>,
) -> Result<(D, M), ShapeError> {
    let cotangents = cotangents.batches().iter().map(ArrayViewD::to_owned).collect();
    let gradients = vjp_of(model, &inputs.batches(), cotangents, Mode::Stored)?;
    Ok((D::from_batches(&mut gradients.inputs.into_iter()), gradients.params))
}

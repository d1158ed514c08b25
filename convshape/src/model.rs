//! Running a model, and what generic code can do with any of them.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use convshape_arith::shape::Shape;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use crate::batch::{InputSlices, Inputs, OutputSlices, Outputs};
use crate::chain::Chain;
use crate::error::ShapeError;
use crate::param::Param;
use crate::parts::{Linked, Parts, checked_params};
use crate::program::{Action, Program};
use crate::run::{self, Run, RunError, Value};
use crate::summary::Summary;
use crate::symbols::Symbols;
use crate::workspace::{Workspace, workspace_bytes};

/// A chain with parameters: what generic code needs of it. Every generated struct is one.
pub trait Model: Chain + Clone + Send + Sync + 'static {
    /// The bytes of a [`Workspace`] for one sample: enough for all activations with their borders at
    /// once, though those that do not live at the same time share memory. Zero where sizes are known
    /// at run time only; then a workspace grows in its first run.
    ///
    /// [`Workspace`]: crate::Workspace
    const WORKSPACE_BYTES: usize;

    /// Calls `f` with each parameter and its name in files (`enc1.weight`), in the order of the
    /// layers.
    fn for_each_param(&self, f: impl FnMut(&str, &Param));

    /// Calls `f` with each parameter and its name in files, to change it.
    fn for_each_param_mut(&mut self, f: impl FnMut(&str, &mut Param));

    /// Runs a batch: one array for each of [`Chain::INPUTS`], the batch axis first, with any
    /// strides; gives one array for each of [`Chain::OUTPUTS`].
    ///
    /// # Errors
    /// If an input is not of the shape that the chain was checked for, or the batches differ in
    /// size; also if a parameter was replaced by one of another shape.
    fn run_batch(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError>;
}

impl<M: Parts + Chain + Clone + Send + Sync + 'static> Model for M {
    const WORKSPACE_BYTES: usize = workspace_bytes(Linked::of::<M>());

    fn for_each_param(&self, mut f: impl FnMut(&str, &Param)) {
        let mut specs = Linked::of::<M>().specs().into_iter();
        self.visit(&mut |param| {
            if let Some(spec) = specs.next() {
                f(&spec.name, param);
            }
        });
    }

    fn for_each_param_mut(&mut self, mut f: impl FnMut(&str, &mut Param)) {
        let mut specs = Linked::of::<M>().specs().into_iter();
        self.visit_mut(&mut |param| {
            if let Some(spec) = specs.next() {
                f(&spec.name, param);
            }
        });
    }

    fn run_batch(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError> {
        run_batch(self, inputs)
    }
}

/// The generated `forward`: one sample, its shape known to be right.
///
/// # Panics
/// If a parameter was replaced by one of another shape.
pub fn forward<'a, O: Outputs>(model: &impl Parts, inputs: impl Inputs<'a>) -> O {
    match forward_batch(model, inputs) {
        Ok(output) => output,
        Err(error) => panic!("{error}"),
    }
}

/// The generated `forward_into`. Allocates nothing but in its first run, and in the first after a
/// parameter changed, which packs the weights.
///
/// # Panics
/// If a parameter was replaced by one of another shape.
pub fn forward_into<M: Parts>(
    model: &M,
    inputs: impl InputSlices,
    outputs: impl OutputSlices,
    workspace: &mut Workspace,
) {
    inputs.with_slices(|inputs| outputs.with_slices(|outputs| run_into(model, inputs, outputs, workspace)));
}

fn run_into<M: Parts>(model: &M, inputs: &[&[f32]], outputs: &mut [&mut [f32]], workspace: &mut Workspace) {
    let program = M::PROGRAM;
    let shapes = program.inputs.iter().map(|port| port.shape);
    #[cfg(feature = "std")]
    if let Some(engine) = model.cache().and_then(|cache| cache.engine(model, shapes.clone())) {
        if workspace.get().len() < engine.elements(1) {
            *workspace = Workspace::with_elements(engine.elements(1));
        }
        if engine.run_in(1, inputs, outputs, workspace.get_mut()).is_some() {
            return;
        }
    }
    let _ = workspace;
    let views: Vec<ArrayViewD<'_, f32>> = inputs
        .iter()
        .zip(shapes)
        .map(|(elements, shape)| {
            let view = ArrayViewD::from_shape(IxDyn(&dims(1, &shape)), elements);
            view.expect("a tensor has as many elements as its shape says")
        })
        .collect();
    match run_batch(model, &views) {
        Ok(results) => {
            for (output, result) in outputs.iter_mut().zip(results) {
                output.iter_mut().zip(result).for_each(|(to, from)| *to = from);
            }
        }
        Err(error) => panic!("{error}"),
    }
}

/// The generated `forward_batch`.
///
/// # Errors
/// Those of [`Model::run_batch`].
pub fn forward_batch<'a, O: Outputs>(model: &impl Parts, inputs: impl Inputs<'a>) -> Result<O, ShapeError> {
    let outputs = run_batch(model, &inputs.batches())?;
    Ok(O::from_batches(&mut outputs.into_iter()))
}

/// The generated `summary`.
pub fn summary<M: Parts + Chain>() -> Summary {
    Summary::of::<M>(M::PROGRAM.name, M::PROGRAM.order)
}

fn run_batch<M: Parts>(model: &M, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError> {
    let program = M::PROGRAM;
    let (batch, symbols) = check_inputs(program, inputs)?;
    #[cfg(feature = "std")]
    if let Some(outputs) = fast_batch(model, batch, inputs) {
        return Ok(outputs);
    }
    let params: Vec<&[f32]> = checked_params(model)?.into_iter().map(Param::as_slice).collect();
    let ready = Ready::new(Linked::of::<M>(), &mut params.as_slice());

    // Rows of the outputs are appended sample by sample.
    let mut outputs: Vec<Vec<f32>> = program.outputs.iter().map(|_| Vec::new()).collect();
    for sample in 0..batch {
        let elements: Vec<Cow<'_, [f32]>> = inputs.iter().map(|input| contiguous(input, sample)).collect();
        let values: Vec<(Shape, &[f32])> = program
            .inputs
            .iter()
            .zip(&elements)
            .map(|(port, elements)| (symbols.fix(&port.shape), &elements[..]))
            .collect();
        let results = ready.run(&values).map_err(|RunError { layer, fault }| ShapeError::Layer {
            chain: program.name,
            layer,
            reason: Box::new(fault.reason),
        })?;
        for (output, (_, elements)) in outputs.iter_mut().zip(results) {
            output.extend(elements);
        }
    }
    let arrays = program.outputs.iter().zip(outputs);
    Ok(arrays.map(|(port, elements)| array(batch, &symbols.fix(&port.shape), elements)).collect())
}

/// [`run_batch`] the fast way, where there is one.
#[cfg(feature = "std")]
fn fast_batch<M: Parts>(model: &M, batch: usize, inputs: &[ArrayViewD<'_, f32>]) -> Option<Vec<ArrayD<f32>>> {
    let shapes: Vec<Shape> = inputs
        .iter()
        .map(|input| {
            let sizes: Option<Vec<i64>> = input.shape()[1..].iter().map(|&size| i64::try_from(size).ok()).collect();
            Some(Shape::of(&sizes?))
        })
        .collect::<Option<_>>()?;
    let engine = model.cache()?.engine(model, shapes.iter().copied())?;
    let elements: Vec<Cow<'_, [f32]>> = inputs
        .iter()
        .map(|input| match input.to_slice() {
            Some(elements) => Cow::Borrowed(elements),
            None => Cow::Owned(input.iter().copied().collect()),
        })
        .collect();
    let elements: Vec<&[f32]> = elements.iter().map(|elements| &elements[..]).collect();
    let mut outputs: Vec<ArrayD<f32>> = engine
        .outputs()
        .iter()
        .map(|shape| array(batch, shape, alloc::vec![0.0; batch * shape.numbers()?.iter().product::<usize>()]).into())
        .collect::<Option<_>>()?;
    let mut rooms: Vec<&mut [f32]> = outputs.iter_mut().filter_map(|output| output.as_slice_mut()).collect();
    engine.run(batch, &elements, &mut rooms)?;
    Some(outputs)
}

/// The size of the batch and the values of the symbols, if the inputs are those the program takes.
pub(crate) fn check_inputs(
    program: &'static Program,
    inputs: &[ArrayViewD<'_, f32>],
) -> Result<(usize, Symbols), ShapeError> {
    let chain = program.name;
    if inputs.len() != program.inputs.len() {
        return Err(ShapeError::Inputs { chain, found: inputs.len(), expected: program.inputs.len() });
    }
    let mut symbols = Symbols::NONE;
    for (port, input) in program.inputs.iter().zip(inputs) {
        if !input.shape().get(1..).is_some_and(|sizes| symbols.learn(sizes, &port.shape)) {
            return Err(ShapeError::Input {
                chain,
                input: port.name,
                found: input.shape().to_vec(),
                expected: Box::new(port.shape),
                order: program.order,
            });
        }
    }
    let batch = inputs.first().map_or(0, |input| input.len_of(Axis(0)));
    for (port, input) in program.inputs.iter().zip(inputs) {
        let found = input.len_of(Axis(0));
        if found != batch {
            let first = program.inputs[0].name;
            return Err(ShapeError::Batch { chain, input: port.name, found, first, expected: batch });
        }
    }
    Ok((batch, symbols))
}

/// One sample of a batch in row-major order, borrowed where it lies so already.
fn contiguous<'a>(batch: &'a ArrayViewD<'_, f32>, sample: usize) -> Cow<'a, [f32]> {
    let view = batch.index_axis(Axis(0), sample);
    match view.to_slice() {
        Some(elements) => Cow::Borrowed(elements),
        None => Cow::Owned(view.iter().copied().collect()),
    }
}

/// A batch of one output.
fn array(batch: usize, shape: &Shape, elements: Vec<f32>) -> ArrayD<f32> {
    ArrayD::from_shape_vec(IxDyn(&dims(batch, shape)), elements).expect("a run gives the shapes that were checked")
}

/// The sizes of a shape, behind that of the batch.
fn dims(batch: usize, shape: &Shape) -> Vec<usize> {
    let sizes = shape.sizes().iter().filter_map(|size| usize::try_from(size.number()?).ok());
    [batch].into_iter().chain(sizes).collect()
}

/// A program with its parameters at hand.
struct Ready<'a> {
    program: &'static Program,
    /// What its layers read, without the parameters of sub-chains.
    params: Vec<&'a [f32]>,
    chains: Vec<Ready<'a>>,
}

impl<'a> Ready<'a> {
    /// Takes the parameters of a program from the front of `params`.
    fn new(linked: Linked, params: &mut &[&'a [f32]]) -> Ready<'a> {
        let mut ready = Ready { program: linked.program, params: Vec::new(), chains: Vec::new() };
        // The place of each step's first parameter.
        let mut first = Vec::new();
        for step in linked.program.steps {
            first.push(ready.params.len());
            match step.action {
                Action::Layer(op) => {
                    if let Some(of) = step.tied {
                        ready.params.push(ready.params[first[of]]);
                    }
                    let (own, rest) = params.split_at(op.params().len());
                    ready.params.extend(own);
                    *params = rest;
                }
                // Sub-chains are counted in the order of their steps.
                Action::Chain { index } => ready.chains.push(Ready::new(linked.chains[index], params)),
            }
        }
        ready
    }
}

impl Run for Ready<'_> {
    fn run(&self, inputs: &[(Shape, &[f32])]) -> Result<Vec<Value>, RunError> {
        let chains: Vec<&dyn Run> = self.chains.iter().map(|chain| chain as &dyn Run).collect();
        run::run(self.program, &self.params, &chains, inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::param::ParamGroup;
    use crate::shapes::Cl;
    use crate::tensor::Tensor;
    use crate::test_model::{Outer, Small};
    use alloc::string::{String, ToString};
    use ndarray::{Array3, ArrayView3, s};
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    type Sample = Tensor<f32, Cl<2, 4>>;

    fn model<M: Parts>() -> M {
        crate::init::init(&mut Xoshiro256PlusPlus::seed_from_u64(1))
    }

    fn ramp(batch: usize) -> Array3<f32> {
        Array3::from_shape_fn((batch, 2, 4), |(n, c, x)| (8 * n + 4 * c + x) as f32 / 8.0)
    }

    fn run(model: &Small, x: ArrayView3<'_, f32>) -> Result<Array3<f32>, ShapeError> {
        forward_batch(model, x)
    }

    #[test]
    fn parameters_have_the_names_of_files() {
        let mut model = model::<Outer>();
        let mut names: Vec<String> = Vec::new();
        model.for_each_param(|name, param| names.push(alloc::format!("{name} {:?}", param.shape())));
        let expected = [
            "norm.running_mean [2]",
            "norm.running_var [2]",
            "sub.enc.weight [3, 2, 2]",
            "sub.enc.bias [3]",
            "sub.dec.weight [3, 2, 2]",
            "head.weight [3, 2, 2]",
        ];
        assert_eq!(names, expected);
        model.for_each_param_mut(|name, param| {
            if name == "sub.enc.bias" {
                param.as_mut_slice().fill(7.0);
            }
        });
        assert_eq!(model.sub.enc.bias.as_slice(), [7.0; 3]);
    }

    #[test]
    fn initialisation_is_that_of_pytorch() {
        let model = model::<Outer>();
        assert_eq!(model.norm.running_mean.as_slice(), [0.0; 2]);
        assert_eq!(model.norm.running_var.as_slice(), [1.0; 2]);
        // fan_in is 2 * 2 in either direction.
        for param in [&model.sub.enc.weight, &model.sub.enc.bias, &model.sub.dec.weight] {
            assert!(param.as_slice().iter().all(|w| w.abs() <= 0.5));
            assert!(param.as_slice().iter().any(|w| w.abs() > 0.1));
        }
        assert_eq!(model, self::model::<Outer>());
    }

    #[test]
    fn packed_weights_are_never_stale() {
        let mut model = model::<Outer>();
        let (x, y) = (ramp(2), ramp(2));
        let run = |model: &Outer| model.run_batch(&[x.view().into_dyn(), y.view().into_dyn()]).unwrap();
        let before = run(&model);
        let kept = model.clone();
        model.sub.dec.weight.as_mut_slice()[0] += 1.0;
        let after = run(&model);
        assert_ne!(before, after);
        assert_eq!(run(&kept), before);
        // A model of the same parameters that was never run.
        let fresh: Outer = crate::parts::assemble({
            let mut params = Vec::new();
            model.visit(&mut |param: &Param| {
                params.push(Param::new(param.shape().to_vec(), param.as_slice().to_vec()));
            });
            params
        });
        assert_eq!(run(&fresh), after);
        model.sub.dec.weight = kept.sub.dec.weight.clone();
        assert_eq!(run(&model), before);
    }

    #[test]
    fn a_batch_is_its_samples() {
        let model = model::<Small>();
        let batch = ramp(3);
        let outputs = run(&model, batch.view()).unwrap();
        for (x, y) in batch.outer_iter().zip(outputs.outer_iter()) {
            let sample: Sample = forward(&model, &Sample::from_view(x).unwrap());
            assert_eq!(sample.view(), y);
        }
        assert_eq!(run(&model, ramp(0).view()).unwrap().shape(), [0, 2, 4]);
    }

    #[test]
    fn strides_do_not_matter() {
        let model = model::<Small>();
        let batch = ramp(4);
        let expected = run(&model, batch.slice(s![1..;2, .., ..;-1]).to_owned().view()).unwrap();
        assert_eq!(run(&model, batch.slice(s![1..;2, .., ..;-1])).unwrap(), expected);
        let channels_last = batch.view().permuted_axes([0, 2, 1]).as_standard_layout().into_owned();
        let expected = run(&model, batch.view()).unwrap();
        assert_eq!(run(&model, channels_last.view().permuted_axes([0, 2, 1])).unwrap(), expected);
    }

    #[test]
    fn several_ports_are_tuples() {
        let model = model::<Outer>();
        let (x, y) = (Sample::from_fn(|[c, x]| (c + x) as f32), Sample::zeros());
        let (out, sub): (Tensor<f32, Cl<3, 2>>, Sample) = forward(&model, (&x, &y));
        assert!(out.as_slice().iter().all(|&value| value >= 0.0));
        // The norm's statistics are those of a fresh model: all but the identity.
        let alone: Sample = forward(&model.sub, &x);
        assert!(sub.as_slice().iter().zip(alone.as_slice()).all(|(a, b)| (a - b).abs() < 1e-4));

        let (x, y) = (ramp(2), ramp(2));
        let (out, sub): (Array3<f32>, Array3<f32>) = forward_batch(&model, (x.view(), y.view())).unwrap();
        assert_eq!((out.dim(), sub.dim()), ((2, 3, 2), (2, 2, 4)));
        let dynamic = model.run_batch(&[x.view().into_dyn(), y.view().into_dyn()]).unwrap();
        assert_eq!(dynamic, [out.into_dyn(), sub.into_dyn()]);
    }

    #[test]
    fn wrong_inputs_are_named() {
        let model = model::<Outer>();
        let run = |inputs: &[ArrayViewD<'_, f32>]| model.run_batch(inputs).unwrap_err().to_string();
        let (two, three) = (ramp(2).into_dyn(), ramp(3).into_dyn());
        let wide = Array3::<f32>::zeros((2, 2, 5)).into_dyn();
        assert_eq!(run(&[two.view()]), "`Outer` takes 2 inputs, found 1");
        assert_eq!(
            run(&[two.view(), wide.view()]),
            "`Outer`: `y` has length 5, expected 4 (found [2, 2, 5], expected a batch of [2, 4])"
        );
        assert_eq!(
            run(&[two.view(), three.view()]),
            "`Outer`: the batch axis of `y` has size 3, that of `x` has size 2"
        );
        let scalar = ArrayD::<f32>::zeros(IxDyn(&[]));
        assert!(run(&[scalar.view(), two.view()]).contains("`x` has 0 axes, expected 3"));
    }

    #[test]
    fn replaced_parameters_are_named() {
        let mut model = model::<Outer>();
        model.sub.dec.weight = model.norm.running_mean.clone();
        let error = model.run_batch(&[ramp(1).view().into_dyn(), ramp(1).view().into_dyn()]).unwrap_err();
        assert_eq!(error.to_string(), "`Outer`: the parameter `sub.dec.weight` has shape [2], expected [3, 2, 2]");
    }
}

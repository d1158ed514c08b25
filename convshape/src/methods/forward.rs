//! Runs samples from slices to slices, all at once or one after the other.

#[cfg(feature = "alloc")]
use alloc::vec;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
#[cfg(feature = "std")]
use std::sync::Arc;

use convshape_arith::shape::Shape;

#[cfg(feature = "std")]
use crate::cpu::{Engine, Engines};
#[cfg(feature = "alloc")]
use crate::model::error::ShapeError;
#[cfg(feature = "alloc")]
use crate::model::param::Param;
#[cfg(feature = "alloc")]
use crate::model::parts::checked_params;
use crate::model::parts::{Parts, assert_params};
#[cfg(feature = "alloc")]
use crate::model::ports::OutputTensors;
use crate::model::ports::{InputSlices, OutputSlices};
use crate::model::slot::elements;
use crate::model::workspace::{self, Memory};
use crate::reference::kernels::Operands;
#[cfg(feature = "alloc")]
use crate::reference::layout::slots_for;
use crate::reference::run;
use convshape_arith::program::Program;
#[cfg(feature = "alloc")]
use convshape_arith::program::ProgramPort;

/// The generated `forward`: one sample, whose shape the types guarantee.
///
/// # Panics
/// If a parameter was replaced by one of a different shape.
#[cfg(feature = "alloc")]
pub fn forward<S, O: OutputTensors>(model: &impl Parts, inputs: impl InputSlices<S>) -> O {
    fn run<M: Parts>(model: &M, inputs: &[&[f32]]) -> Vec<Vec<f32>> {
        let shapes: Vec<Shape> = M::PROGRAM.inputs.iter().map(|port| port.shape).collect();
        match run_samples(model, 1, &shapes, inputs) {
            Ok(outputs) => outputs.into_iter().map(|(_, elements)| elements).collect(),
            Err(error) => panic!("{error}"),
        }
    }
    O::from_elements(&mut inputs.with_slices(|inputs| run(model, inputs)).into_iter())
}

/// The generated `forward_into`. It allocates only in its first run and in the first run after a parameter has changed,
/// when it packs the weights.
///
/// # Panics
/// If a parameter was replaced by one of a different shape.
pub fn forward_into<M: Parts, S, T, R: Memory>(
    model: &M,
    inputs: impl InputSlices<S>,
    outputs: impl OutputSlices<T>,
    memory: &mut R,
) {
    const { workspace::check::<M, R>() };
    inputs.with_slices(|inputs| outputs.with_slices(|outputs| run_into(model, inputs, outputs, memory)));
}

fn run_into<M: Parts>(model: &M, inputs: &[&[f32]], outputs: &mut [&mut [f32]], memory: &mut impl Memory) {
    let program = M::PROGRAM;
    #[cfg(feature = "std")]
    if let Some(engine) = engine_of_one(model) {
        if let Some(memory) = memory.elements(engine.elements(1)) {
            return engine.run_in(1, inputs, outputs, memory);
        }
        debug_assert!(false, "`WORKSPACE_BYTES` has room for every plan");
    }
    if !M::SLOTS.is_empty()
        && let Some(memory) = memory.elements(const { elements(M::SLOTS) })
    {
        assert_params(model);
        let inputs = SliceInputs { program, inputs };
        run::run(program, M::SLOTS, &|index| nth(model, index), &inputs, memory);
        for (port, output) in outputs.iter_mut().enumerate() {
            output.copy_from_slice(run::output(program, M::SLOTS, port, &inputs, memory));
        }
        return;
    }
    #[cfg(feature = "alloc")]
    step_through_into(model, inputs, outputs);
    #[cfg(not(feature = "alloc"))]
    unreachable!("without a heap only chains with a layout compile, in memory that is large enough");
}

/// The engine for one sample; `None` for a model without a cache.
///
/// # Panics
/// If a parameter was replaced by one of a different shape.
#[cfg(feature = "std")]
fn engine_of_one<M: Parts>(model: &M) -> Option<Arc<Engine>> {
    let shapes = M::PROGRAM.inputs.iter().map(|port| port.shape);
    let engine = model.cache()?.get::<Engines>().engine(model, shapes);
    Some(engine.unwrap_or_else(|error| panic!("{error}")))
}

/// Runs one sample, from slices to slices.
///
/// # Panics
/// Those of [`step_through_into`].
#[cfg(feature = "typed")]
pub(crate) fn forward_slices<M: Parts>(model: &M, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
    #[cfg(feature = "std")]
    if let Some(engine) = engine_of_one(model) {
        return engine.run(1, inputs, outputs);
    }
    step_through_into(model, inputs, outputs);
}

/// Runs one sample by the reference implementation, from slices to slices.
///
/// # Panics
/// If a parameter was replaced by one of a different shape, or a slice does not have as many elements as its port.
#[cfg(feature = "alloc")]
fn step_through_into<M: Parts>(model: &M, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
    let shapes: Vec<Shape> = M::PROGRAM.inputs.iter().map(|port| port.shape).collect();
    match step_through(model, 1, &shapes, inputs) {
        Ok(results) => {
            outputs.iter_mut().zip(results).for_each(|(output, (_, result))| output.copy_from_slice(&result));
        }
        Err(error) => panic!("{error}"),
    }
}

/// The elements of one parameter. It visits the parameters from the first on: without a heap there can be no list of
/// them.
fn nth<M: Parts>(model: &M, index: usize) -> &[f32] {
    let (mut at, mut found) = (0, None);
    model.visit(&mut |param| {
        if at == index {
            found = Some(param);
        }
        at += 1;
    });
    found.map_or(&[], |param| param.as_slice())
}

/// The inputs of a program whose shapes have no symbols.
struct SliceInputs<'a> {
    program: &'static Program,
    inputs: &'a [&'a [f32]],
}

impl Operands<f32> for SliceInputs<'_> {
    fn count(&self) -> usize {
        self.inputs.len()
    }

    fn get(&self, index: usize) -> (&Shape, &[f32]) {
        (&self.program.inputs[index].shape, self.inputs[index])
    }
}

/// Runs `batch` samples on inputs of these shapes. Returns the outputs with the shape of one sample.
///
/// # Errors
/// If a layer rejects its input, or a parameter was replaced by one of a different shape.
#[cfg(feature = "alloc")]
pub(crate) fn run_samples<M: Parts>(
    model: &M,
    batch: usize,
    shapes: &[Shape],
    inputs: &[&[f32]],
) -> Result<Vec<(Shape, Vec<f32>)>, ShapeError> {
    #[cfg(feature = "std")]
    if let Some(cache) = model.cache() {
        let engine = cache.get::<Engines>().engine(model, shapes.iter().copied())?;
        #[cfg(feature = "ndarray")]
        check_memory(M::PROGRAM, batch, engine.outputs())?;
        let mut outputs: Vec<(Shape, Vec<f32>)> =
            engine.outputs().iter().map(|shape| (*shape, vec![0.0; batch * count(shape)])).collect();
        let mut rooms: Vec<&mut [f32]> = outputs.iter_mut().map(|(_, elements)| &mut elements[..]).collect();
        engine.run(batch, inputs, &mut rooms);
        return Ok(outputs);
    }
    step_through(model, batch, shapes, inputs)
}

/// Like [`run_samples`], with the reference implementation, sample by sample.
#[cfg(feature = "alloc")]
fn step_through<M: Parts>(
    model: &M,
    batch: usize,
    shapes: &[Shape],
    inputs: &[&[f32]],
) -> Result<Vec<(Shape, Vec<f32>)>, ShapeError> {
    let params: Vec<&[f32]> = checked_params(model)?.into_iter().map(Param::as_slice).collect();
    let program = M::PROGRAM;
    let slots = slots_for(program, shapes).map_err(|error| ShapeError::of_graph(program.name, error))?;
    let mut memory = vec![0.0; elements(&slots)];
    let output = |port: &ProgramPort| slots[port.value].shape;
    let mut outputs: Vec<(Shape, Vec<f32>)> =
        program.outputs.iter().map(output).map(|shape| (shape, Vec::with_capacity(batch * count(&shape)))).collect();
    for sample in 0..batch {
        let inputs: Vec<(&Shape, &[f32])> = shapes
            .iter()
            .zip(inputs)
            .map(|(shape, elements)| (shape, &elements[sample * count(shape)..][..count(shape)]))
            .collect();
        let inputs = inputs.as_slice();
        run::run(program, &slots, &|index| params[index], &inputs, &mut memory);
        for (port, (_, output)) in outputs.iter_mut().enumerate() {
            output.extend_from_slice(run::output(program, &slots, port, &inputs, &memory));
        }
    }
    Ok(outputs)
}

/// Checks that there is memory for the outputs of a batch.
///
/// # Errors
/// If there is not.
#[cfg(all(feature = "std", feature = "ndarray"))]
fn check_memory(program: &'static Program, batch: usize, outputs: &[Shape]) -> Result<(), ShapeError> {
    let mut counts = outputs.iter().map(|shape| batch.checked_mul(count(shape)));
    let elements = counts.try_fold(0_usize, |sum, count| sum.checked_add(count?));
    if workspace::is_allocatable(elements) {
        Ok(())
    } else {
        Err(ShapeError::Memory { chain: program.name, batch, elements })
    }
}

/// How many elements a shape without symbols has.
#[cfg(feature = "alloc")]
fn count(shape: &Shape) -> usize {
    shape.numbers().map_or(0, |sizes| sizes.iter().product())
}

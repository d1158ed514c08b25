//! Batches as [`ndarray`] arrays: one, or a tuple of them in the order of the ports.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use convshape_arith::shape::Shape;
use ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Axis, Dimension, IxDyn};

use crate::methods::forward::run_samples;
use crate::model::error::ShapeError;
use crate::model::parts::Parts;
use crate::model::shapes::TensorShape;
use crate::model::tensor::Tensor;
use crate::model::workspace::is_allocatable;
use convshape_arith::program::Program;
use convshape_arith::symbols::Symbols;

/// A single input.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view of `f32`",
    label = "expected a view of an array of `f32`, or a tuple of views",
    note = "an array gives one by `.view()`; labels become numbers by `labels.mapv(|label| label as f32)`"
)]
pub trait BatchInput<'a> {
    /// The input as a batch.
    fn batch(self) -> ArrayViewD<'a, f32>;
}

impl<'a, S: TensorShape> BatchInput<'a> for &'a Tensor<f32, S> {
    /// A batch of one.
    fn batch(self) -> ArrayViewD<'a, f32> {
        self.view().into_dyn().insert_axis(Axis(0))
    }
}

impl<'a, D: Dimension> BatchInput<'a> for ArrayView<'a, f32, D> {
    fn batch(self) -> ArrayViewD<'a, f32> {
        self.into_dyn()
    }
}

/// A single output.
pub trait BatchOutput {
    /// The output, from a batch.
    fn from_batch(batch: ArrayD<f32>) -> Self;
}

const CHECKED: &str = "the macro gives an output the type of its shape";

impl<D: Dimension> BatchOutput for Array<f32, D> {
    fn from_batch(batch: ArrayD<f32>) -> Self {
        batch.into_dimensionality().expect(CHECKED)
    }
}

/// All inputs of a chain.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view of `f32`",
    label = "expected a view of an array of `f32`, or a tuple of views",
    note = "an array gives one by `.view()`; labels become numbers by `labels.mapv(|label| label as f32)`"
)]
pub trait Inputs<'a> {
    /// The inputs in order.
    fn batches(self) -> Vec<ArrayViewD<'a, f32>>;
}

/// All outputs of a chain.
pub trait Outputs {
    /// The outputs, from their batches.
    fn from_batches(batches: &mut dyn Iterator<Item = ArrayD<f32>>) -> Self;
}

impl<'a, I: BatchInput<'a>> Inputs<'a> for I {
    fn batches(self) -> Vec<ArrayViewD<'a, f32>> {
        [self.batch()].into()
    }
}

/// No arrays: the targets of a loss without targets.
impl<'a> Inputs<'a> for () {
    fn batches(self) -> Vec<ArrayViewD<'a, f32>> {
        Vec::new()
    }
}

impl<O: BatchOutput> Outputs for O {
    fn from_batches(batches: &mut dyn Iterator<Item = ArrayD<f32>>) -> Self {
        O::from_batch(batches.next().expect(CHECKED))
    }
}

macro_rules! tuples {
    ($(($($port:ident),+))+) => {$(
        impl<'a, $($port: BatchInput<'a>),+> Inputs<'a> for ($($port,)+) {
            #[expect(non_snake_case, reason = "a port's type and value have one name")]
            fn batches(self) -> Vec<ArrayViewD<'a, f32>> {
                let ($($port,)+) = self;
                [$($port.batch()),+].into()
            }
        }

        impl<$($port: BatchOutput),+> Outputs for ($($port,)+) {
            fn from_batches(batches: &mut dyn Iterator<Item = ArrayD<f32>>) -> Self {
                ($($port::from_batches(batches),)+)
            }
        }
    )+};
}

tuples! {
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
    (A, B, C, D, E, F, G, H, I)
    (A, B, C, D, E, F, G, H, I, J)
    (A, B, C, D, E, F, G, H, I, J, K)
    (A, B, C, D, E, F, G, H, I, J, K, L)
}

/// The generated `forward_batch`.
///
/// # Errors
/// Those of [`crate::Model::run_batch`].
pub fn forward_batch<'a, O: Outputs>(model: &impl Parts, inputs: impl Inputs<'a>) -> Result<O, ShapeError> {
    let outputs = run_batch(model, &inputs.batches())?;
    Ok(O::from_batches(&mut outputs.into_iter()))
}

pub(crate) fn run_batch<M: Parts>(model: &M, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError> {
    let program = M::PROGRAM;
    let (batch, symbols) = check_inputs(program, inputs)?;
    let shapes: Vec<Shape> = program.inputs.iter().map(|port| symbols.fix(&port.shape)).collect();
    let elements = row_major(program, inputs)?;
    let elements: Vec<&[f32]> = elements.iter().map(|elements| &elements[..]).collect();
    let outputs = run_samples(model, batch, &shapes, &elements)?;
    Ok(outputs.into_iter().map(|(shape, elements)| array(batch, &shape, elements)).collect())
}

/// The elements of checked inputs in row-major order; only inputs in another order are copied.
///
/// # Errors
/// If the copies need more memory than there is. A view may repeat one sample any number of times.
pub(crate) fn row_major<'a>(
    program: &'static Program,
    inputs: &'a [ArrayViewD<'_, f32>],
) -> Result<Vec<Cow<'a, [f32]>>, ShapeError> {
    let elements = copied_elements(inputs);
    if !is_allocatable(elements) {
        let batch = inputs.first().map_or(0, |input| input.len_of(Axis(0)));
        return Err(ShapeError::Memory { chain: program.name, batch, elements });
    }
    Ok(inputs.iter().map(elements_of).collect())
}

/// How many elements [`elements_of`] copies of all inputs; `None` if the number overflows.
pub(crate) fn copied_elements(inputs: &[ArrayViewD<'_, f32>]) -> Option<usize> {
    let mut copied = inputs.iter().filter(|input| !input.is_standard_layout());
    copied.try_fold(0_usize, |sum, input| sum.checked_add(input.len()))
}

/// The elements of a batch in order.
pub(crate) fn elements_of<'a>(input: &ArrayViewD<'a, f32>) -> Cow<'a, [f32]> {
    match input.to_slice() {
        Some(elements) => Cow::Borrowed(elements),
        None => Cow::Owned(input.iter().copied().collect()),
    }
}

/// The batch size and the values of the symbols, if the inputs are those that the program takes.
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
                expected: port.shape,
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

/// A batch of one output.
fn array(batch: usize, shape: &Shape, elements: Vec<f32>) -> ArrayD<f32> {
    ArrayD::from_shape_vec(IxDyn(&dims(batch, shape)), elements).expect("a run gives the shapes that were checked")
}

/// The size of the batch, followed by the sizes of a shape.
pub(crate) fn dims(batch: usize, shape: &Shape) -> Vec<usize> {
    let sizes = shape.sizes().iter().filter_map(|size| usize::try_from(size.number()?).ok());
    [batch].into_iter().chain(sizes).collect()
}

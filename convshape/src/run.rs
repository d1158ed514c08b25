//! Runs a program: step by step, one sample.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;

use crate::kernels;
use crate::program::{Action, Program, Step};

/// An activation of one sample.
pub(crate) type Value = (Shape, Vec<f32>);

/// A model as a step of another: what `Chain(path)` calls.
pub(crate) trait Run {
    /// Runs one sample; the outputs stand in the order of the ports.
    fn run(&self, inputs: &[(Shape, &[f32])]) -> Result<Vec<Value>, RunError>;
}

/// A layer does not take what came to it: the inputs are not those the chain was checked for.
#[derive(Clone, Debug)]
pub(crate) struct RunError {
    /// The layer, with the names around it.
    pub(crate) layer: String,
    /// Why.
    pub(crate) fault: Fault,
}

/// Runs one sample.
///
/// `params` are what all layers read in the order of the steps, of one layer a tied weight and then
/// its own in the order of [`Op::params`]; `chains` are the sub-chains. Shapes are worked out from the inputs', so
/// that a chain with symbols runs like any other. A value is dropped after its last reader.
pub(crate) fn run(
    program: &Program,
    params: &[&[f32]],
    chains: &[&dyn Run],
    inputs: &[(Shape, &[f32])],
) -> Result<Vec<Value>, RunError> {
    let mut values = Values::new(program, inputs);
    let mut params = params;
    for step in program.steps {
        match step.action {
            Action::Layer(op) => {
                let output = layer(program, step, op, &mut params, &mut values);
                let output = output.map_err(|fault| RunError { layer: step.name.to_string(), fault })?;
                values.put(step.output, output);
            }
            Action::Chain { index } => {
                let inputs: Vec<_> = step.inputs.iter().map(|&value| values.get(value)).collect();
                let outputs = chains[index].run(&inputs).map_err(|error| error.within(step.name))?;
                for (port, output) in outputs.into_iter().enumerate() {
                    values.put(step.output + port, output);
                }
            }
        }
        for &value in step.inputs {
            values.release(value);
        }
    }
    Ok(program.outputs.iter().map(|port| values.take(port.value)).collect())
}

fn layer(
    program: &Program,
    step: &Step,
    op: Op,
    params: &mut &[&[f32]],
    values: &mut Values<'_>,
) -> Result<Value, Fault> {
    let shapes: Vec<Shape> = step.inputs.iter().map(|&value| values.get(value).0).collect();
    let op = op.bind(&shapes[0], program.order);
    let shape = op.output(&shapes, program.order)?;
    if let Op::Flatten | Op::Reshape { .. } | Op::Dropout { .. } = op
        && let Some(elements) = values.last_use(step.inputs[0])
    {
        return Ok((shape, elements));
    }
    let (own, rest) = params.split_at(step.reads(&op));
    *params = rest;
    let inputs: Vec<_> = shapes.iter().zip(step.inputs).map(|(shape, &value)| (shape, values.get(value).1)).collect();
    let count = shape.elements().ok().and_then(|count| usize::try_from(count.number()?).ok());
    let mut elements = vec![0.0; count.ok_or(Fault::new(Reason::TooManyElements { shape }))?];
    kernels::apply(&op, program.order, own, &inputs, &shape, &mut elements)?;
    Ok((shape, elements))
}

impl RunError {
    /// The error of a sub-chain, seen from outside.
    pub(crate) fn within(self, chain: &str) -> RunError {
        RunError { layer: format!("{chain}.{}", self.layer), ..self }
    }
}

/// The values of a program while it runs.
struct Values<'a> {
    slots: Vec<Slot<'a>>,
    /// How many steps and outputs have yet to read each value.
    readers: Vec<usize>,
}

enum Slot<'a> {
    /// Not there yet, or no longer.
    Empty,
    /// The caller's.
    Borrowed(Shape, &'a [f32]),
    /// A step's.
    Owned(Shape, Vec<f32>),
}

impl<'a> Values<'a> {
    fn new(program: &Program, inputs: &[(Shape, &'a [f32])]) -> Values<'a> {
        let mut slots: Vec<_> = inputs.iter().map(|&(shape, elements)| Slot::Borrowed(shape, elements)).collect();
        slots.resize_with(program.values, || Slot::Empty);
        let mut readers = vec![0; program.values];
        let read = program.steps.iter().flat_map(|step| step.inputs).copied();
        for value in read.chain(program.outputs.iter().map(|port| port.value)) {
            readers[value] += 1;
        }
        Values { slots, readers }
    }

    fn get(&self, value: usize) -> (Shape, &[f32]) {
        match &self.slots[value] {
            Slot::Borrowed(shape, elements) => (*shape, elements),
            Slot::Owned(shape, elements) => (*shape, elements),
            Slot::Empty => unreachable!("a step reads values with smaller numbers, and none is dropped before that"),
        }
    }

    /// Stores a value, if anything reads it.
    fn put(&mut self, value: usize, (shape, elements): Value) {
        if self.readers[value] > 0 {
            self.slots[value] = Slot::Owned(shape, elements);
        }
    }

    /// Counts a reader as done; after the last one the value is dropped.
    fn release(&mut self, value: usize) {
        self.readers[value] -= 1;
        if self.readers[value] == 0 {
            self.slots[value] = Slot::Empty;
        }
    }

    /// The elements of a value that only this reader still wants, if they are not the caller's.
    fn last_use(&mut self, value: usize) -> Option<Vec<f32>> {
        match &mut self.slots[value] {
            Slot::Owned(_, elements) if self.readers[value] == 1 => Some(mem::take(elements)),
            _ => None,
        }
    }

    /// Hands a value out; copied only if it is the caller's, or an output twice.
    fn take(&mut self, value: usize) -> Value {
        let elements = self.last_use(value);
        let (shape, kept) = self.get(value);
        let owned = (shape, elements.unwrap_or_else(|| kept.to_vec()));
        self.release(value);
        owned
    }
}

#[cfg(test)]
mod tests {
    use convshape_arith::op::{Activation, AxisOrder};
    use convshape_arith::size::Size;

    use super::*;
    use crate::program::Port;
    use convshape_arith::op::Dialect;

    const fn step(action: Action, inputs: &'static [usize], output: usize) -> Step {
        Step { name: "step", file_name: "step", action, inputs, output, tied: None }
    }

    const fn port(shape: &[i64], value: usize) -> Port {
        Port { name: "port", shape: Shape::of(shape), value }
    }

    const LINEAR: Op = Op::Linear { dialect: Dialect::Torch, inputs: Some(2), outputs: 1, bias: true };

    /// `Linear`, and the input doubled.
    const INNER: Program = Program {
        name: "Inner",
        order: AxisOrder::ChannelsFirst,
        inputs: &[port(&[2], 0)],
        steps: &[step(Action::Layer(LINEAR), &[0], 1), step(Action::Layer(Op::Add), &[0, 0], 2)],
        outputs: &[port(&[1], 1), port(&[2], 2)],
        values: 3,
    };

    /// The sub-chain on the flat input, its first output broadcast over its second, `Linear`; and
    /// the input itself.
    const OUTER: Program = Program {
        name: "Outer",
        order: AxisOrder::ChannelsFirst,
        inputs: &[port(&[2, 1], 0)],
        steps: &[
            step(Action::Layer(Op::Activation(Activation::Relu)), &[0], 1),
            step(Action::Layer(Op::Flatten), &[1], 2),
            step(Action::Chain { index: 0 }, &[2], 3),
            step(Action::Layer(Op::Mul), &[4, 3], 5),
            step(Action::Layer(LINEAR), &[5], 6),
        ],
        outputs: &[port(&[1], 6), port(&[2, 1], 0), port(&[1], 6)],
        values: 7,
    };

    struct Inner;

    impl Run for Inner {
        fn run(&self, inputs: &[(Shape, &[f32])]) -> Result<Vec<Value>, RunError> {
            run(&INNER, &[&[1.0, 10.0], &[100.0]], &[], inputs)
        }
    }

    #[test]
    fn values_reach_their_readers() {
        let params: [&[f32]; 2] = [&[1.0, -1.0], &[0.5]];
        let outputs = run(&OUTER, &params, &[&Inner], &[(Shape::of(&[2, 1]), &[1.0, 3.0])]).unwrap();
        // [1, 3] gives 131 and [2, 6]; (2 - 6) * 131 + 0.5.
        let sum = (Shape::of(&[1]), vec![-523.5]);
        assert_eq!(outputs, [sum.clone(), (Shape::of(&[2, 1]), vec![1.0, 3.0]), sum]);
    }

    #[test]
    fn an_error_names_the_layer_of_the_sub_chain() {
        let error = run(&OUTER, &[&[], &[]], &[&Inner], &[(Shape::of(&[3, 1]), &[1.0, 2.0, 3.0])]).unwrap_err();
        assert_eq!(error.layer, "step.step");
        assert!(
            matches!(error.fault.reason, Reason::Features { expected: 2, found } if found.size(0) == Size::Number(3))
        );
    }
}

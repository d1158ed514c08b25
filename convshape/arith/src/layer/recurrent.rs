//! The shapes of recurrent layers.

use super::dense::features;
use super::{MOST_ELEMENTS, at_least_one, rank_is, some};
use crate::fault::{Fault, Reason, tri};
use crate::op::{Recurrent, RecurrentOutput};
use crate::param::MAX_PARAMS;
use crate::shape::Shape;
use crate::size::Size;

/// The names of a recurrent layer's inputs after the first.
const STATES: [&str; 2] = ["h_0", "c_0"];

/// The shape of a whole run, see [`crate::op::Trace`].
pub(super) const fn run(layer: &Recurrent, inputs: &[Shape]) -> Result<Shape, Fault> {
    let input = &inputs[0];
    if input.rank() != 2 {
        return Err(Fault::new(Reason::Steps { found: *input }));
    }
    tri!(features(layer.inputs, input));
    tri!(some("hidden features", layer.hidden));
    tri!(at_least_one("layers", layer.layers));
    let sets = layer.layers.saturating_mul(layer.directions());
    // Four parameters for each layer and direction.
    if sets.saturating_mul(4) > MAX_PARAMS as i64 {
        return Err(Fault::new(Reason::TooManyLayers { layers: layer.layers, most: most_layers(layer) }));
    }
    if layer.hidden.saturating_mul(layer.hidden).saturating_mul(4 * sets) > MOST_ELEMENTS {
        return Err(Fault::new(Reason::TooManyElements { shape: *input }));
    }
    let expected = Shape::of(&[sets, layer.hidden]);
    let mut operand = 1;
    while operand < inputs.len() && operand <= STATES.len() {
        if !inputs[operand].fits(&expected) {
            let state = STATES[operand - 1];
            return Err(Fault::new(Reason::FirstState { state, expected, found: inputs[operand] }));
        }
        operand += 1;
    }
    match layer.rows(input.size(0)) {
        Ok(rows) => Ok(Shape::new(&[rows, Size::Number(layer.width())], input.scope())),
        Err(error) => Err(Fault::new(Reason::Size(error))),
    }
}

const fn most_layers(layer: &Recurrent) -> i64 {
    MAX_PARAMS as i64 / 4 / layer.directions()
}

/// The shape of one output of a run.
pub(super) const fn output(layer: &Recurrent, output: RecurrentOutput, run: &Shape) -> Result<Shape, Fault> {
    tri!(rank_is(run, 2));
    let width = Size::Number(layer.width());
    let steps = if run.size(1).fits(width) { layer.steps(run.size(0)) } else { None };
    let Some(steps) = steps else { return Err(Fault::new(Reason::NoRun { found: *run })) };
    let states = Size::Number(layer.layers.saturating_mul(layer.directions()));
    let scope = run.scope();
    Ok(match output {
        RecurrentOutput::Sequence => Shape::new(&[steps, width], scope),
        RecurrentOutput::Last => Shape::new(&[width], scope),
        RecurrentOutput::Hidden | RecurrentOutput::Cell => Shape::new(&[states, Size::Number(layer.hidden)], scope),
    })
}

/// The multiply-adds of a run: two products per gate and step.
pub(super) const fn macs(layer: &Recurrent, input: &Shape) -> i64 {
    let Size::Number(length) = input.size(0) else { return 0 };
    let gates = layer.cell.gates().saturating_mul(layer.hidden).saturating_mul(layer.directions());
    let (mut sum, mut at) = (0_i64, 0);
    while at < layer.layers {
        let Some(inputs) = layer.inputs_of(at) else { return 0 };
        sum = sum.saturating_add(gates.saturating_mul(inputs.saturating_add(layer.hidden)));
        at += 1;
    }
    sum.saturating_mul(length)
}

//! The shapes of a user-defined layer.

use crate::fault::{Fault, Reason, tri};
use crate::op::{Custom, MOST_CUSTOM};
use crate::shape::Shape;
use crate::size::Size;

/// The output of the layer: the shape of its only output, or all elements of its outputs in one row.
pub(super) const fn run(layer: &Custom, count: usize, shape: &Shape, inputs: &[Shape]) -> Result<Shape, Fault> {
    tri!(fixed(shape, "a size that it gives is"));
    let mut index = 0;
    while index < inputs.len() {
        tri!(fixed(&inputs[index], "a size that it reads is"));
        index += 1;
    }
    let Some(layer) = layer.layer() else { return Ok(*shape) };
    let most = [layer.inputs.len(), layer.outputs.len(), layer.params.len()];
    if most[0] > MOST_CUSTOM || most[1] > MOST_CUSTOM || most[2] > MOST_CUSTOM || layer.outputs.is_empty() {
        return Err(Fault::new(Reason::CustomCounts { inputs: most[0], outputs: most[1], params: most[2] }));
    }
    if inputs.len() != layer.inputs.len() {
        return Err(Fault::new(Reason::CustomInputs { expected: layer.inputs.len(), found: inputs.len() }));
    }
    let mut index = 0;
    while index < inputs.len() {
        if !inputs[index].fits(&layer.inputs[index]) {
            let (expected, found) = (layer.inputs[index], inputs[index]);
            return Err(Fault::new(Reason::CustomInput { index, expected, found }));
        }
        index += 1;
    }
    if count != layer.outputs.len() {
        return Err(Fault::new(Reason::CustomOutputs { gives: layer.outputs.len(), named: count }));
    }
    if count > 1 {
        return match total(layer.outputs) {
            Ok(total) => Ok(Shape::of(&[total])),
            Err(fault) => Err(fault),
        };
    }
    given(&layer.outputs[0], shape)
}

/// The shape of a type, which has no symbols.
const fn fixed(shape: &Shape, what: &'static str) -> Result<(), Fault> {
    let mut axis = 0;
    while axis < shape.rank() {
        let found = shape.size(axis);
        if let Size::Symbolic { .. } = found {
            return Err(Fault::new(Reason::NotFixed { what, found }));
        }
        axis += 1;
    }
    Ok(())
}

/// One output of a layer with several.
pub(super) const fn output(layer: &Custom, index: usize, shape: &Shape) -> Result<Shape, Fault> {
    tri!(fixed(shape, "a size that it gives is"));
    match layer.layer() {
        Some(layer) if index < layer.outputs.len() => given(&layer.outputs[index], shape),
        _ => Ok(*shape),
    }
}

/// The shape in the type, if it matches the one written.
const fn given(gives: &Shape, written: &Shape) -> Result<Shape, Fault> {
    if gives.fits(written) {
        Ok(*gives)
    } else {
        Err(Fault::new(Reason::CustomOutput { gives: *gives, written: *written }))
    }
}

/// The total number of elements of several shapes.
const fn total(shapes: &[Shape]) -> Result<i64, Fault> {
    let (mut total, mut index) = (0_i64, 0);
    while index < shapes.len() {
        total = match shapes[index].elements() {
            Ok(Size::Number(elements)) => match total.checked_add(elements) {
                Some(total) => total,
                None => return Err(Fault::new(Reason::TooManyElements { shape: shapes[index] })),
            },
            _ => return Err(Fault::new(Reason::TooManyElements { shape: shapes[index] })),
        };
        index += 1;
    }
    Ok(total)
}

/// The position of an output among the elements of all outputs: start and length.
#[expect(clippy::cast_possible_truncation, reason = "a shape that is accepted fits the address space")]
pub(crate) const fn part(layer: &Custom, index: usize) -> (usize, usize) {
    let Some(layer) = layer.layer() else { return (0, 0) };
    let (mut first, mut at) = (0, 0);
    while at < layer.outputs.len() {
        let elements = match layer.outputs[at].elements() {
            Ok(Size::Number(elements)) if elements > 0 => elements.cast_unsigned() as usize,
            _ => 0,
        };
        if at == index {
            return (first, elements);
        }
        first += elements;
        at += 1;
    }
    (first, 0)
}

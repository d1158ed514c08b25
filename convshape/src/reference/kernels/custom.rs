//! A user-defined layer on one sample.

use convshape_arith::op::{Custom, Forward, MOST_CUSTOM, Op};
use convshape_arith::shape::Shape;

use super::Operands;
use super::number::Number;

/// Runs the layer; `y` holds all its outputs, concatenated.
pub(super) fn forward<T: Number>(layer: &Custom, params: &[&[T]], inputs: &(impl Operands<T> + ?Sized), y: &mut [T]) {
    let Some(kind) = layer.layer() else { return };
    y.fill(T::of(0.0));
    let mut read: [&[T]; MOST_CUSTOM] = [&[]; MOST_CUSTOM];
    let count = inputs.count().min(MOST_CUSTOM);
    read.iter_mut().enumerate().take(count).for_each(|(index, read)| *read = inputs.get(index).1);
    T::with_f32([params, &read[..count]], y, |params, inputs, y| {
        let mut outputs: [&mut [f32]; MOST_CUSTOM] = Default::default();
        split(layer, y, &mut outputs);
        (kind.forward)(Forward { params, inputs, outputs: &mut outputs[..kind.outputs.len()] });
    });
}

/// The outputs of a layer, which are concatenated.
pub(super) fn split<'a>(layer: &Custom, y: &'a mut [f32], outputs: &mut [&'a mut [f32]; MOST_CUSTOM]) {
    let mut rest = y;
    for (index, output) in outputs.iter_mut().enumerate() {
        let (front, back) = rest.split_at_mut(part(layer, index).1.min(rest.len()));
        (*output, rest) = (front, back);
    }
}

/// The position of an output among all of them: its first element and its length.
pub(super) fn part(layer: &Custom, index: usize) -> (usize, usize) {
    let op = Op::CustomOutput { layer: *layer, index, shape: Shape::unknown(0) };
    op.custom_part().unwrap_or((0, 0))
}

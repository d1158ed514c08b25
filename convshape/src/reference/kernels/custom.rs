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

/// The gradient of a user-defined layer.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use alloc::vec::Vec;

    use convshape_arith::op::{Backward, Custom};

    use super::part;
    use crate::reference::kernels::number::Real;

    /// Adds the gradients of one sample. `y` and `dy` hold all outputs, concatenated.
    pub(in crate::reference::kernels) fn backward<T: Real>(
        layer: &Custom,
        [params, inputs]: [&[&[T]]; 2],
        [y, dy]: [&[T]; 2],
        dparams: &mut [Vec<T>],
        dx: &mut [&mut [T]],
    ) {
        let Some(kind) = layer.layer() else { return };
        let lists = [params, inputs].map(|list| list.iter().map(|numbers| narrowed(numbers)).collect::<Vec<_>>());
        let [params, inputs] = &lists;
        let of_outputs = |numbers: &[T]| -> Vec<Vec<f32>> {
            let piece = |index| {
                let (first, count) = part(layer, index);
                narrowed(&numbers[first..first + count])
            };
            (0..kind.outputs.len()).map(piece).collect()
        };
        let (outputs, output_gradients) = (of_outputs(y), of_outputs(dy));
        let zeros = |lists: &[Vec<f32>]| lists.iter().map(|numbers| alloc::vec![0.0; numbers.len()]).collect();
        let (mut param_gradients, mut input_gradients): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (zeros(params), zeros(inputs));
        (kind.backward)(Backward {
            params: &slices(params),
            inputs: &slices(inputs),
            outputs: &slices(&outputs),
            output_gradients: &slices(&output_gradients),
            param_gradients: &mut slices_mut(&mut param_gradients),
            input_gradients: &mut slices_mut(&mut input_gradients),
        });
        let add = |(sum, more): (&mut T, f32)| *sum += T::of(f64::from(more));
        dparams.iter_mut().zip(param_gradients).for_each(|(sum, more)| sum.iter_mut().zip(more).for_each(add));
        dx.iter_mut().zip(input_gradients).for_each(|(sum, more)| sum.iter_mut().zip(more).for_each(add));
    }

    #[expect(clippy::cast_possible_truncation, reason = "a user's layer computes in f32")]
    fn narrowed<T: Real>(numbers: &[T]) -> Vec<f32> {
        numbers.iter().map(|number| number.get() as f32).collect()
    }

    fn slices(lists: &[Vec<f32>]) -> Vec<&[f32]> {
        lists.iter().map(Vec::as_slice).collect()
    }

    fn slices_mut(lists: &mut [Vec<f32>]) -> Vec<&mut [f32]> {
        lists.iter_mut().map(Vec::as_mut_slice).collect()
    }
}

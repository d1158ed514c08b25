//! `Linear`: a matrix over the last axis.

use convshape_arith::op::{Dialect, Projection};

use super::number::Number;

/// The rows of the weight, and the numbers of the bias, that a part of a linear layer has.
pub(super) fn rows(part: &Projection) -> [core::ops::Range<usize>; 2] {
    let count = |number: i64| usize::try_from(number).unwrap_or(0);
    let (inputs, outputs) = (count(part.inputs), count(part.outputs));
    let (row, bias) = (count(part.rows.0), count(part.bias.map_or(0, |(first, _)| first)));
    [row * inputs..(row + outputs) * inputs, bias..bias + outputs]
}

/// A part of a linear layer.
pub(super) fn projection<T: Number>(part: &Projection, params: &[&[T]], x: &[T], y: &mut [T]) {
    let [weight, bias] = rows(part);
    let outputs = bias.len();
    let weight = &params[0][weight];
    match params.get(1) {
        Some(all) => linear(Dialect::Torch, outputs, &[weight, &all[bias]], x, y),
        None => linear(Dialect::Torch, outputs, &[weight], x, y),
    }
}

/// `params` are the weight, `[outputs, inputs]` or in flax and keras `[inputs, outputs]`, and, if
/// there is one, the bias.
pub(super) fn linear<T: Number>(dialect: Dialect, outputs: usize, params: &[&[T]], x: &[T], y: &mut [T]) {
    let (weight, bias) = (params[0], params.get(1));
    let inputs = weight.len() / outputs;
    let (output_stride, input_stride) = match dialect {
        Dialect::Torch | Dialect::Onnx | Dialect::Jax => (inputs, 1),
        Dialect::Flax | Dialect::Keras => (1, outputs),
    };
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
        for (output, y) in y.iter_mut().enumerate() {
            let mut sum = bias.map_or(0.0, |bias| bias[output].get());
            let row = weight[output * output_stride..].iter().step_by(input_stride);
            for (w, x) in row.zip(x) {
                sum += w.get() * x.get();
            }
            *y = T::of(sum);
        }
    }
}

//! `Linear`: a matrix over the last axis.

use convshape_arith::op::Dialect;

use super::number::Number;

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

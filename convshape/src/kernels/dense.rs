//! `Linear`: a matrix over the last axis.

use super::number::Number;

/// `params` are the weight `[outputs, inputs]` and, if there is one, the bias.
pub(super) fn linear<T: Number>(outputs: usize, params: &[&[T]], x: &[T], y: &mut [T]) {
    let (weight, bias) = (params[0], params.get(1));
    let inputs = weight.len() / outputs;
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
        for (output, (row, y)) in weight.chunks_exact(inputs).zip(y).enumerate() {
            let mut sum = bias.map_or(0.0, |bias| bias[output].get());
            for (w, x) in row.iter().zip(x) {
                sum += w.get() * x.get();
            }
            *y = T::of(sum);
        }
    }
}

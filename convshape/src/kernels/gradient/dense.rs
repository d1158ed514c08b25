//! `Linear`.

use alloc::vec::Vec;

use super::matrix::{Matrix, Panels, Real};

/// `params` are the weight `[outputs, inputs]` and, if there is one, the bias.
pub(super) fn forward<T: Real>(outputs: usize, params: &[&[T]], x: &[T], y: &mut [T]) {
    let inputs = params[0].len() / outputs;
    if let Some(bias) = params.get(1) {
        for y in y.chunks_exact_mut(outputs) {
            y.copy_from_slice(bias);
        }
    }
    let weight = Panels::of(inputs, outputs, Matrix::new(params[0], inputs).transposed());
    weight.add_product(x.len() / inputs, Matrix::new(x, inputs), y);
}

/// Adds the gradients of the parameters and of the input.
pub(super) fn backward<T: Real>(
    outputs: usize,
    params: &[&[T]],
    x: &[T],
    dy: &[T],
    dparams: &mut [Vec<T>],
    dx: &mut [T],
) {
    let inputs = params[0].len() / outputs;
    let rows = x.len() / inputs;
    if !dx.is_empty() {
        let weight = Panels::of(outputs, inputs, Matrix::new(params[0], inputs));
        weight.add_product(rows, Matrix::new(dy, outputs), dx);
    }
    let x = Panels::of(rows, inputs, Matrix::new(x, inputs));
    x.add_product(outputs, Matrix::new(dy, outputs).transposed(), &mut dparams[0]);
    if let Some(dbias) = dparams.get_mut(1) {
        for dy in dy.chunks_exact(outputs) {
            for (dbias, dy) in dbias.iter_mut().zip(dy) {
                *dbias += *dy;
            }
        }
    }
}

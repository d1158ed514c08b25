//! `Linear`.

use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::op::{Dialect, Projection};

use super::matrix::{Matrix, Panels, Real};
use crate::reference::kernels::dense::rows;

/// The weight as a matrix with a row for each input and a column for each output.
fn weight<T: Real>(dialect: Dialect, weight: &[T], outputs: usize) -> Matrix<'_, T> {
    match dialect {
        Dialect::Torch | Dialect::Onnx | Dialect::Jax => Matrix::new(weight, weight.len() / outputs).transposed(),
        Dialect::Flax | Dialect::Keras => Matrix::new(weight, outputs),
    }
}

/// `params` are the weight and, if there is one, the bias.
pub(super) fn forward<T: Real>(dialect: Dialect, outputs: usize, params: &[&[T]], x: &[T], y: &mut [T]) {
    let inputs = params[0].len() / outputs;
    if let Some(bias) = params.get(1) {
        for y in y.chunks_exact_mut(outputs) {
            y.copy_from_slice(bias);
        }
    }
    let weight = Panels::of(inputs, outputs, weight(dialect, params[0], outputs));
    weight.add_product(x.len() / inputs, Matrix::new(x, inputs), y);
}

/// Adds the gradients of a part of a linear layer.
pub(super) fn projection<T: Real>(
    part: &Projection,
    params: &[&[T]],
    values: [&[T]; 2],
    dparams: &mut [Vec<T>],
    dx: &mut [T],
) {
    let parts = rows(part);
    let outputs = parts[1].len();
    let own: Vec<&[T]> = params.iter().zip(&parts).map(|(param, part)| &param[part.clone()]).collect();
    let mut sums: Vec<Vec<T>> = own.iter().map(|own| vec![T::default(); own.len()]).collect();
    backward(Dialect::Torch, outputs, &own, values, &mut sums, dx);
    for ((dparam, part), sum) in dparams.iter_mut().zip(parts).zip(sums) {
        dparam[part].iter_mut().zip(sum).for_each(|(dparam, sum)| *dparam += sum);
    }
}

/// Adds the gradients of the parameters and of the input.
pub(super) fn backward<T: Real>(
    dialect: Dialect,
    outputs: usize,
    params: &[&[T]],
    [x, dy]: [&[T]; 2],
    dparams: &mut [Vec<T>],
    dx: &mut [T],
) {
    let inputs = params[0].len() / outputs;
    let rows = x.len() / inputs;
    if !dx.is_empty() {
        let weight = Panels::of(outputs, inputs, weight(dialect, params[0], outputs).transposed());
        weight.add_product(rows, Matrix::new(dy, outputs), dx);
    }
    let (x, dy_rows) = (Matrix::new(x, inputs), Matrix::new(dy, outputs));
    match dialect {
        Dialect::Torch | Dialect::Onnx | Dialect::Jax => {
            Panels::of(rows, inputs, x).add_product(outputs, dy_rows.transposed(), &mut dparams[0]);
        }
        Dialect::Flax | Dialect::Keras => {
            Panels::of(rows, outputs, dy_rows).add_product(inputs, x.transposed(), &mut dparams[0]);
        }
    }
    if let Some(dbias) = dparams.get_mut(1) {
        for dy in dy.chunks_exact(outputs) {
            for (dbias, dy) in dbias.iter_mut().zip(dy) {
                *dbias += *dy;
            }
        }
    }
}

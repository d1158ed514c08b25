//! Products of matrices.

use super::Real;
use crate::reference::kernels::product::Product;

/// The gradient of the first factor: `dy` times the transpose of the second.
pub(super) fn first<T: Real>(product: &Product, b: &[T], dy: &[T], dx: &mut [T]) {
    let &Product { rows, columns, inner, a: [a_row, a_column], b: [b_row, b_column], .. } = product;
    for ([a_start, b_start], dy) in product.pairs().zip(dy.chunks_exact(rows * columns)) {
        for row in 0..rows {
            for at in 0..inner {
                let b = &b[b_start + at * b_row..];
                let dy = &dy[row * columns..][..columns];
                let sum = dy.iter().enumerate().map(|(column, dy)| dy.get() * b[column * b_column].get()).sum();
                dx[a_start + row * a_row + at * a_column] += T::of(sum);
            }
        }
    }
}

/// The gradient of the second factor: the transpose of the first times `dy`.
pub(super) fn second<T: Real>(product: &Product, a: &[T], dy: &[T], dx: &mut [T]) {
    let &Product { rows, columns, inner, a: [a_row, a_column], b: [b_row, b_column], .. } = product;
    for ([a_start, b_start], dy) in product.pairs().zip(dy.chunks_exact(rows * columns)) {
        for at in 0..inner {
            for column in 0..columns {
                let a = &a[a_start + at * a_column..];
                let sum = (0..rows).map(|row| a[row * a_row].get() * dy[row * columns + column].get()).sum();
                dx[b_start + at * b_row + column * b_column] += T::of(sum);
            }
        }
    }
}

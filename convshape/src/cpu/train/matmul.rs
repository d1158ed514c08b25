//! Products of matrices that are both values of the chain, and their gradients.

use std::vec::Vec;

use convshape_arith::op::Op;
use convshape_arith::shape::Shape;

use super::Machine;
use crate::cpu::matmul::multiply;
use crate::reference::kernels::{FactorGradient, Product};

/// A product whose factors do not broadcast.
pub(super) struct MatMul {
    product: Product,
    gradients: [FactorGradient; 2],
}

impl MatMul {
    /// `None` for other layers.
    pub(super) fn new(op: &Op, shapes: &[Shape], output: &Shape) -> Option<MatMul> {
        let Op::MatMul { transpose_a, transpose_b } = *op else { return None };
        let transposed = [transpose_a, transpose_b];
        let product = Product::new([&shapes[0], &shapes[1]], transposed, output);
        let gradients = product.gradients(transposed)?;
        Some(MatMul { product, gradients })
    }

    /// Multiply-adds of a sample.
    pub(super) fn work(&self) -> usize {
        let Product { rows, columns, inner, .. } = self.product;
        3 * self.product.pairs().count() * rows * columns * inner
    }

    pub(super) fn forward(&self, on: Machine, samples: usize, x: &[&[f32]], y: &mut [f32]) {
        batch(on, samples, &self.product, [x[0], x[1]], y);
    }

    /// Writes the gradients of the factors, of which either may be empty.
    pub(super) fn backward(&self, on: Machine, samples: usize, x: &[&[f32]], dy: &[f32], dx: &mut [Vec<f32>]) {
        for (index, (FactorGradient { product, is_first }, dx)) in self.gradients.iter().zip(dx).enumerate() {
            if !dx.is_empty() {
                let other = x[1 - index];
                batch(on, samples, product, if *is_first { [dy, other] } else { [other, dy] }, dx);
            }
        }
    }
}

fn batch(on: Machine, samples: usize, product: &Product, factors: [&[f32]; 2], y: &mut [f32]) {
    let sizes = factors.map(|factor| factor.len() / samples.max(1));
    multiply(on.level, on.threads, &product.of_samples(samples, sizes), factors, y, false);
}

//! `LayerNorm` over contiguous rows.

use std::vec;
use std::vec::Vec;

use super::{Machine, elements};
use crate::cpu::norm::{moments, normalise};
use crate::cpu::simd::{Kernel, Simd};
use crate::cpu::tuning::LAYER_NORM;

/// A normalisation of each run of `size` elements.
#[derive(Clone, Copy)]
pub(super) struct LayerNorm {
    pub(super) size: usize,
    pub(super) eps: f64,
}

impl LayerNorm {
    /// Elements per unit, a whole number of rows.
    fn unit(&self) -> usize {
        (LAYER_NORM / self.size).max(1) * self.size
    }

    /// `params` are weight and bias.
    pub(super) fn forward(&self, on: Machine, params: &[&[f32]], x: &[f32], y: &mut [f32]) {
        let size = self.size;
        on.threads.pieces(y, 8 * x.len(), &|at| at / size * size, &|first, y| {
            on.level.run(NormRows { norm: *self, params, x: &x[first..][..y.len()], y });
        });
    }

    /// Adds the gradients of weight and bias, and writes that of the input, which may be empty.
    pub(super) fn backward(
        &self,
        on: Machine,
        params: &[&[f32]],
        [x, dy]: [&[f32]; 2],
        dparams: &mut [Vec<f32>],
        dx: &mut [f32],
    ) {
        let (unit, size) = (self.unit(), self.size);
        let mut sums = vec![0.0; x.len().div_ceil(unit) * 2 * size];
        let mut unwanted = vec![0.0; if dx.is_empty() { x.len() } else { 0 }];
        let dx = if dx.is_empty() { &mut unwanted[..] } else { dx };
        let units = x.chunks(unit).zip(dy.chunks(unit)).zip(dx.chunks_mut(unit)).zip(sums.chunks_exact_mut(2 * size));
        on.threads.each(units, &|(((x, dy), dx), sums)| {
            on.level.run(NormRowsBack { norm: *self, weight: params[0], x, dy, dx, sums });
        });
        let mut total = vec![0.0_f64; 2 * size];
        for sums in sums.chunks_exact(2 * size) {
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += f64::from(*sum));
        }
        for (total, dparam) in total.chunks_exact(size).zip(dparams) {
            elements::add_sums(total, dparam);
        }
    }
}

struct NormRows<'a> {
    norm: LayerNorm,
    params: &'a [&'a [f32]],
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for NormRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let NormRows { norm: LayerNorm { size, eps }, params, x, y } = self;
        for (x, y) in x.chunks_exact(size).zip(y.chunks_exact_mut(size)) {
            normalise(simd, eps, params[0], params[1], x, y);
        }
    }
}

/// With the normalised values `z` and `g = weight dy`, a row's gradient is
/// `(g - mean(g) - z mean(g z)) / deviation`.
struct NormRowsBack<'a> {
    norm: LayerNorm,
    weight: &'a [f32],
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    /// The sums of `dy z` and of `dy` for each element of a row.
    sums: &'a mut [f32],
}

impl Kernel for NormRowsBack<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    fn run<S: Simd>(self, simd: S) {
        let NormRowsBack { norm: LayerNorm { size, eps }, weight, x, dy, dx, sums } = self;
        let (dweight, dbias) = sums.split_at_mut(size);
        let count = size as f64;
        for ((x, dy), dx) in x.chunks_exact(size).zip(dy.chunks_exact(size)).zip(dx.chunks_exact_mut(size)) {
            let (mean, factor) = moments(simd, eps, x);
            // `dx` holds `z` for now.
            for (z, x) in dx.iter_mut().zip(x) {
                *z = (x - mean) * factor;
            }
            let (sum, product) = gradient_sums(simd, weight, dy, dx);
            let (sum, product) = ((sum / count) as f32, (product / count) as f32);
            let params = dweight.iter_mut().zip(&mut *dbias).zip(weight);
            for (((dweight, dbias), weight), (dy, dx)) in params.zip(dy.iter().zip(dx)) {
                let z = *dx;
                *dweight += dy * z;
                *dbias += dy;
                *dx = factor * (weight * dy - sum - z * product);
            }
        }
    }
}

/// The sums of `weight dy` and of `weight dy z`.
#[inline(always)]
fn gradient_sums<S: Simd>(simd: S, weight: &[f32], dy: &[f32], z: &[f32]) -> (f64, f64) {
    let whole = dy.len() - dy.len() % S::LANES;
    let (mut sum, mut product) = (simd.splat(0.0), simd.splat(0.0));
    for at in (0..whole).step_by(S::LANES) {
        let g = simd.mul(simd.load(&weight[at..]), simd.load(&dy[at..]));
        sum = simd.add(sum, g);
        product = simd.mul_add(g, simd.load(&z[at..]), product);
    }
    let (mut sum, mut product) = (f64::from(simd.sum(sum)), f64::from(simd.sum(product)));
    for at in whole..dy.len() {
        let g = weight[at] * dy[at];
        sum += f64::from(g);
        product += f64::from(g * z[at]);
    }
    (sum, product)
}

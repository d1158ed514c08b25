//! Products of matrices that are both values of the chain.

use std::ops::Range;

use super::scratch::with_scratch;
use super::simd::{Kernel, Level, Simd, panel};
use super::threads::{Spread, Threads};
use super::tuning::{MATRIX_DEPTH, MATRIX_VECTORS as VECTORS};
use crate::reference::kernels::Product;

/// Writes the products of all pairs of matrices of a sample.
pub(super) fn multiply(level: Level, threads: Threads, product: &Product, [a, b]: [&[f32]; 2], y: &mut [f32]) {
    let (matrix, pairs) = (product.rows * product.columns, product.pairs().count());
    // A single pair is divided by rows; each thread packs the second matrix for itself then.
    let (units, step) = if pairs > 1 { (pairs, matrix) } else { (product.rows, product.columns) };
    let spread = Spread { sample: y.len(), units, origin: 0, step };
    let work = pairs * matrix * product.inner;
    spread.run(threads, work, 1, y, &|y, base, _, units| {
        let y = &mut y[units.start * step - base..units.end * step - base];
        with_scratch(MATRIX_DEPTH * VECTORS * level.lanes(), |panel| match pairs {
            1 => {
                let [a_start, b_start] = product.pairs().next().unwrap_or_default();
                level.run(Matrices { product, a: &a[a_start..], b: &b[b_start..], rows: units, panel, y });
            }
            _ => {
                let own = product.pairs().skip(units.start).zip(y.chunks_exact_mut(matrix.max(1)));
                for ([a_start, b_start], y) in own {
                    let rows = 0..product.rows;
                    level.run(Matrices { product, a: &a[a_start..], b: &b[b_start..], rows, panel, y });
                }
            }
        });
    });
}

/// Packs a panel of `V` vectors of columns: the first `rows` rows of a matrix with these strides of rows and columns. It
/// has `columns` columns; those beyond the last are zero.
#[inline(always)]
pub(super) fn pack<S: Simd, const V: usize>(
    simd: S,
    from: &[f32],
    [along, across]: [usize; 2],
    [rows, columns]: [usize; 2],
    panel: &mut [f32],
) {
    let width = V * S::LANES;
    let there = width.min(columns);
    if across == 1 {
        for (row, to) in panel.chunks_exact_mut(width).enumerate().take(rows) {
            to[..there].copy_from_slice(&from[row * along..][..there]);
            to[there..].fill(0.0);
        }
        return;
    }
    if there < width {
        panel[..rows * width].fill(0.0);
    }
    for lane in (0..there).step_by(S::LANES) {
        let lanes = S::LANES.min(there - lane);
        for row in (0..rows).step_by(S::LANES) {
            let count = S::LANES.min(rows - row);
            let from = &from[lane * across + row * along..];
            simd.transpose(from, across, &mut panel[row * width + lane..], width, [lanes, count]);
        }
    }
}

/// Some rows of one product.
struct Matrices<'a> {
    product: &'a Product,
    a: &'a [f32],
    b: &'a [f32],
    rows: Range<usize>,
    /// Scratch buffer of a packed panel.
    panel: &'a mut [f32],
    /// The rows, one after the other.
    y: &'a mut [f32],
}

impl Kernel for Matrices<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        by_size!(S::POSITIONS[VECTORS - 1], |R| self.all::<S, R>(simd));
    }
}

impl Matrices<'_> {
    #[inline(always)]
    fn all<S: Simd, const R: usize>(mut self, simd: S) {
        let Product { columns, inner, .. } = *self.product;
        let rows = self.rows.len();
        if inner == 0 {
            self.y.fill(0.0);
        }
        for column in (0..columns).step_by(VECTORS * S::LANES) {
            for first in (0..inner).step_by(MATRIX_DEPTH) {
                let count = MATRIX_DEPTH.min(inner - first);
                self.pack(simd, first..first + count, column);
                let mut row = 0;
                while row + R <= rows {
                    self.tile::<S, R>(simd, row, column, first, count);
                    row += R;
                }
                while row < rows {
                    self.tile::<S, 1>(simd, row, column, first, count);
                    row += 1;
                }
            }
        }
    }

    /// Packs some rows of the second matrix, a panel of columns from `column` on.
    #[inline(always)]
    fn pack<S: Simd>(&mut self, simd: S, rows: Range<usize>, column: usize) {
        let Product { columns, b: [along, across], .. } = *self.product;
        let b = &self.b[rows.start * along + column * across..];
        pack::<S, VECTORS>(simd, b, [along, across], [rows.len(), columns - column], self.panel);
    }

    /// Adds the products of `count` elements from `first` on to `R` rows of a panel of columns.
    #[inline(always)]
    fn tile<S: Simd, const R: usize>(&mut self, simd: S, row: usize, column: usize, first: usize, count: usize) {
        let Product { columns, a: [across, along], .. } = *self.product;
        let mut sums = [[simd.splat(0.0); VECTORS]; R];
        let a = &self.a[(self.rows.start + row) * across + first * along..];
        panel::<S, R, VECTORS>(simd, a, [across, along], count, self.panel, &mut sums);
        for (r, sums) in sums.into_iter().enumerate() {
            for (v, mut sum) in sums.into_iter().enumerate() {
                let at = column + v * S::LANES;
                if at >= columns {
                    continue;
                }
                let there = S::LANES.min(columns - at);
                let y = &mut self.y[(row + r) * columns + at..(row + r) * columns + at + there];
                if first > 0 {
                    sum = simd.add(sum, simd.load_some(y, there));
                }
                simd.store_some(sum, y, there);
            }
        }
    }
}

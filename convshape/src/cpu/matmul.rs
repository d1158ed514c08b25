//! Products of matrices that are both values of the chain, or of which one is a parameter that changes with each step of
//! training.
//!
//! A panel of columns of the second matrix is packed and stays in the first-level cache while all rows of a block of the
//! first matrix, which stays in the second-level cache, are multiplied by it.

use std::ops::Range;

use super::scratch::with_scratch;
use super::simd::{Kernel, Level, Simd, panel};
use super::threads::{Spread, Threads};
use super::tuning::{MATRIX_DEPTH, MATRIX_ROWS, MATRIX_VECTORS as VECTORS};
use crate::reference::kernels::Product;

/// Writes the products of all pairs of matrices of a sample, or adds them to `y` if `onto` is set. The rows or the columns
/// of each factor are contiguous.
pub(super) fn multiply(
    level: Level,
    threads: Threads,
    product: &Product,
    [a, b]: [&[f32]; 2],
    y: &mut [f32],
    onto: bool,
) {
    let (matrix, pairs) = (product.rows * product.columns, product.pairs().count());
    // A single pair is divided by rows; each thread packs the second matrix for itself then.
    let (units, step) = if pairs > 1 { (pairs, matrix) } else { (product.rows, product.columns) };
    let spread = Spread { sample: y.len(), units, origin: 0, step };
    let work = pairs * matrix * product.inner;
    let block = if product.a[1] == 1 { 0 } else { product.rows.min(MATRIX_ROWS) * MATRIX_DEPTH };
    spread.run(threads, work, 1, y, &|y, base, _, units| {
        let y = &mut y[units.start * step - base..units.end * step - base];
        with_scratch(MATRIX_DEPTH * VECTORS * level.lanes() + block, |scratch| match pairs {
            1 => {
                let [a_start, b_start] = product.pairs().next().unwrap_or_default();
                level.run(Matrices { product, a: &a[a_start..], b: &b[b_start..], rows: units, scratch, y, onto });
            }
            _ => {
                let own = product.pairs().skip(units.start).zip(y.chunks_exact_mut(matrix.max(1)));
                for ([a_start, b_start], y) in own {
                    let rows = 0..product.rows;
                    level.run(Matrices { product, a: &a[a_start..], b: &b[b_start..], rows, scratch, y, onto });
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
    /// Scratch buffer of a packed panel, and of a block of rows if the elements of a row are not contiguous.
    scratch: &'a mut [f32],
    /// The rows, one after the other.
    y: &'a mut [f32],
    onto: bool,
}

impl Kernel for Matrices<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Matrices { product, a, b, rows, scratch, y, onto } = self;
        let Product { columns, inner, a: [across, along], b: strides, .. } = *product;
        if inner == 0 && !onto {
            y.fill(0.0);
        }
        let (panel, block) = scratch.split_at_mut(MATRIX_DEPTH * VECTORS * S::LANES);
        for first in (0..inner).step_by(MATRIX_DEPTH) {
            let depth = MATRIX_DEPTH.min(inner - first);
            for start in rows.clone().step_by(MATRIX_ROWS) {
                let count = MATRIX_ROWS.min(rows.end - start);
                let own = &a[start * across + first * along..];
                let (a, across) = match along {
                    1 => (own, across),
                    _ => {
                        debug_assert!(across == 1, "the columns are contiguous if the rows are not");
                        copy_rows(simd, own, along, [count, depth], block);
                        (&*block, MATRIX_DEPTH)
                    }
                };
                for column in (0..columns).step_by(VECTORS * S::LANES) {
                    let b = &b[first * strides[0] + column * strides[1]..];
                    pack::<S, VECTORS>(simd, b, strides, [depth, columns - column], panel);
                    // Tiles of nearly equal size, rather than a small last one.
                    let tiles = count.div_ceil(S::POSITIONS[VECTORS - 1]);
                    for tile in 0..tiles {
                        let [row, end] = [tile, tile + 1].map(|tile| tile * count / tiles);
                        let y = &mut y[(start - rows.start + row) * columns..];
                        let onto = onto || first > 0;
                        let tile = MatrixTile { a: &a[row * across..], across, depth, panel, columns, column, y, onto };
                        by_count!(end - row, S::POSITIONS[VECTORS - 1], |R| simd.call(RowSums::<R>(tile)));
                    }
                }
            }
        }
    }
}

/// Copies contiguous columns, `along` elements from each other, as contiguous rows.
#[inline(always)]
fn copy_rows<S: Simd>(simd: S, from: &[f32], along: usize, [rows, depth]: [usize; 2], to: &mut [f32]) {
    for at in (0..depth).step_by(S::LANES) {
        for row in (0..rows).step_by(S::LANES) {
            let counts = [S::LANES.min(depth - at), S::LANES.min(rows - row)];
            simd.transpose(&from[at * along + row..], along, &mut to[row * MATRIX_DEPTH + at..], MATRIX_DEPTH, counts);
        }
    }
}

/// Some rows times a panel of columns.
struct MatrixTile<'a> {
    a: &'a [f32],
    /// The stride of the rows.
    across: usize,
    /// The number of elements that are summed over.
    depth: usize,
    panel: &'a [f32],
    /// The columns of the product, and the first one of the panel.
    columns: usize,
    column: usize,
    /// The product, from the first of the rows on.
    y: &'a mut [f32],
    onto: bool,
}

/// The sums of `R` rows.
struct RowSums<'a, const R: usize>(MatrixTile<'a>);

impl<const R: usize> Kernel for RowSums<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let MatrixTile { a, across, depth, panel: weights, columns, column, y, onto } = self.0;
        let mut sums = [[simd.splat(0.0); VECTORS]; R];
        panel::<S, R, VECTORS>(simd, a, [across, 1], depth, weights, &mut sums);
        for r in 0..R {
            let y = &mut y[r * columns..(r + 1) * columns];
            for v in 0..VECTORS {
                let at = column + v * S::LANES;
                if at >= columns {
                    continue;
                }
                let there = S::LANES.min(columns - at);
                let mut sum = sums[r][v];
                if onto {
                    sum = simd.add(sum, simd.load_some(&y[at..], there));
                }
                simd.store_some(sum, &mut y[at..], there);
            }
        }
    }
}

//! Products of matrices, in tiles whose sums stay in registers.
//!
//! Every sum is taken in one fixed order.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Add, AddAssign, Mul};

use crate::cpu::simd::{Kernel, Level, Simd};
use crate::reference::kernels::Number;

/// Rows and columns of a tile.
const ROWS: usize = 6;
const COLUMNS: usize = 32;

/// The sums of a tile.
type Sums<T> = [[T; COLUMNS]; ROWS];

/// A number that gradients are computed in.
pub trait Real: Number + PartialOrd + Add<Output = Self> + Mul<Output = Self> + AddAssign {
    /// Writes to the first `columns` columns of `sums`, or more of them, the product of a few columns
    /// `a`, which stand beside one another, and as many rows `b` below one another.
    #[doc(hidden)]
    fn tile(a: &[[Self; ROWS]], b: &[[Self; COLUMNS]], columns: usize, sums: &mut Sums<Self>);
}

impl Real for f32 {
    fn tile(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]], columns: usize, sums: &mut Sums<f32>) {
        Level::best().run(Tile { a, b, columns, sums });
    }
}

impl Real for f64 {
    fn tile(a: &[[f64; ROWS]], b: &[[f64; COLUMNS]], _: usize, sums: &mut Sums<f64>) {
        *sums = [[0.0; COLUMNS]; ROWS];
        for (a, b) in a.iter().zip(b) {
            for (sums, a) in sums.iter_mut().zip(a) {
                sums.iter_mut().zip(b).for_each(|(sum, b)| *sum += *a * *b);
            }
        }
    }
}

/// [`Real::tile`] with the processor's vectors.
struct Tile<'a> {
    a: &'a [[f32; ROWS]],
    b: &'a [[f32; COLUMNS]],
    columns: usize,
    sums: &'a mut Sums<f32>,
}

impl Kernel for Tile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for first in (0..COLUMNS).step_by(2 * S::LANES) {
            if first >= self.columns {
                break;
            }
            let mut acc = [[simd.splat(0.0); 2]; ROWS];
            for (a, b) in self.a.iter().zip(self.b) {
                let b = [simd.load(&b[first..]), simd.load(&b[first + S::LANES..])];
                for (acc, a) in acc.iter_mut().zip(a) {
                    let a = simd.splat(*a);
                    *acc = [simd.mul_add(a, b[0], acc[0]), simd.mul_add(a, b[1], acc[1])];
                }
            }
            for (sums, acc) in self.sums.iter_mut().zip(acc) {
                simd.store(acc[0], &mut sums[first..]);
                simd.store(acc[1], &mut sums[first + S::LANES..]);
            }
        }
    }
}

/// A matrix where it lies: the element of row `i` and column `j` is `data[i * row + j * column]`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    pub(super) data: &'a [T],
    pub(super) row: usize,
    pub(super) column: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// A matrix in row-major order.
    pub(super) fn new(data: &'a [T], columns: usize) -> Matrix<'a, T> {
        Matrix { data, row: columns, column: 1 }
    }

    pub(super) fn transposed(self) -> Matrix<'a, T> {
        Matrix { row: self.column, column: self.row, ..self }
    }

    fn at(&self, row: usize, column: usize) -> T {
        self.data[row * self.row + column * self.column]
    }
}

/// The right factor of a product: its columns in groups of [`COLUMNS`], each row by row.
pub(super) struct Panels<T> {
    groups: Vec<[T; COLUMNS]>,
    rows: usize,
    columns: usize,
}

impl<T: Real> Panels<T> {
    /// A matrix of zeros.
    pub(super) fn zeros(rows: usize, columns: usize) -> Panels<T> {
        Panels { groups: vec![[T::default(); COLUMNS]; rows * columns.div_ceil(COLUMNS)], rows, columns }
    }

    /// Another size. What it holds then is to be overwritten.
    pub(super) fn resize(&mut self, rows: usize, columns: usize) {
        self.groups.resize(rows * columns.div_ceil(COLUMNS), [T::default(); COLUMNS]);
        (self.rows, self.columns) = (rows, columns);
    }

    pub(super) fn of(rows: usize, columns: usize, matrix: Matrix<'_, T>) -> Panels<T> {
        let mut panels = Panels::zeros(rows, columns);
        for column in 0..columns {
            for (row, element) in panels.column(column).enumerate() {
                *element = matrix.at(row, column);
            }
        }
        panels
    }

    /// One column, to write to.
    pub(super) fn column(&mut self, column: usize) -> impl Iterator<Item = &mut T> {
        let group = column / COLUMNS * self.rows;
        self.groups[group..group + self.rows].iter_mut().map(move |row| &mut row[column % COLUMNS])
    }

    /// Writes one row.
    pub(super) fn set_row(&mut self, row: usize, elements: &[T]) {
        for (group, elements) in elements.chunks(COLUMNS).enumerate() {
            self.groups[group * self.rows + row][..elements.len()].copy_from_slice(elements);
        }
    }

    /// `c += a * self`, where `a` has `rows` rows and `c` is in row-major order.
    pub(super) fn add_product(&self, rows: usize, a: Matrix<'_, T>, c: &mut [T]) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        let mut tile_of_a = vec![[T::default(); ROWS]; self.rows];
        let mut sums = [[T::default(); COLUMNS]; ROWS];
        for first_row in (0..rows).step_by(ROWS) {
            let height = ROWS.min(rows - first_row);
            for (k, column) in tile_of_a.iter_mut().enumerate() {
                for (row, element) in column.iter_mut().enumerate() {
                    *element = if row < height { a.at(first_row + row, k) } else { T::default() };
                }
            }
            for (group, b) in self.groups.chunks_exact(self.rows).enumerate() {
                let first_column = group * COLUMNS;
                let width = COLUMNS.min(self.columns - first_column);
                T::tile(&tile_of_a, b, width, &mut sums);
                for (row, sums) in sums.iter().enumerate().take(height) {
                    let at = (first_row + row) * self.columns + first_column;
                    for (c, sum) in c[at..at + width].iter_mut().zip(sums) {
                        *c += *sum;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_every_size() {
        for (m, k, n) in [(1, 1, 1), (3, 5, 7), (6, 2, 32), (7, 9, 33), (9, 0, 3), (13, 4, 70)] {
            let a: Vec<f64> = (0..m * k).map(|i| (i * 7 % 11) as f64).collect();
            let b: Vec<f64> = (0..k * n).map(|i| (i * 5 % 13) as f64).collect();
            let mut c = vec![1.0; m * n];
            Panels::of(k, n, Matrix::new(&b, n)).add_product(m, Matrix::new(&a, k), &mut c);
            for (at, c) in c.into_iter().enumerate() {
                let (row, column) = (at / n, at % n);
                assert_eq!(c, 1.0 + (0..k).map(|i| a[row * k + i] * b[i * n + column]).sum::<f64>());
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_product() {
        let number = |i: usize| (i * 7 % 11) as f32;
        let a: Vec<[f32; ROWS]> = (0..9).map(|k| core::array::from_fn(|row| number(k * ROWS + row))).collect();
        let b: Vec<[f32; COLUMNS]> = (0..9).map(|k| core::array::from_fn(|column| number(k + 5 * column))).collect();
        for level in Level::all() {
            let mut sums = [[f32::NAN; COLUMNS]; ROWS];
            level.run(Tile { a: &a, b: &b, columns: COLUMNS, sums: &mut sums });
            for (row, sums) in sums.iter().enumerate() {
                for (column, sum) in sums.iter().enumerate() {
                    let expected: f32 = a.iter().zip(&b).map(|(a, b)| a[row] * b[column]).sum();
                    assert_eq!(*sum, expected, "{level:?}");
                }
            }
        }
    }

    #[test]
    fn a_transposed_matrix_swaps_rows_and_columns() {
        let b = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0_f32];
        let mut c = [0.0; 2];
        let panels = Panels::of(3, 2, Matrix::new(&b, 3).transposed());
        panels.add_product(1, Matrix::new(&[1.0, 10.0, 100.0], 3), &mut c);
        assert_eq!(c, [321.0, 654.0]);
    }
}

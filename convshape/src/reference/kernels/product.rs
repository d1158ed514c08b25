//! Products of matrices.

use convshape_arith::shape::{MAX_RANK, Shape};

use super::join::Odometer;
use super::layout::{sizes, strides};
use super::number::Number;

/// The sizes and strides of two factors and of their product.
pub(crate) struct Product {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// The number of elements that are summed over.
    pub(crate) inner: usize,
    /// The strides of the first factor's rows and columns, and those of the second's.
    pub(crate) a: [usize; 2],
    pub(crate) b: [usize; 2],
    /// The sizes of the axes before the matrices' own two; axes beyond them have size 1.
    matrices: [usize; MAX_RANK],
    a_strides: [usize; MAX_RANK],
    b_strides: [usize; MAX_RANK],
}

impl Product {
    pub(crate) fn new([a, b]: [&Shape; 2], [transpose_a, transpose_b]: [bool; 2], output: &Shape) -> Product {
        let rank = output.rank();
        let all = sizes(output);
        let mut matrices = all;
        (matrices[rank - 2], matrices[rank - 1]) = (1, 1);
        let matrix = |shape: &Shape, transposed: bool| {
            let (strides, last) = (strides(shape), shape.rank() - 1);
            if transposed { [strides[last], strides[last - 1]] } else { [strides[last - 1], strides[last]] }
        };
        Product {
            rows: all[rank - 2],
            columns: all[rank - 1],
            inner: sizes(a)[a.rank() - if transpose_a { 2 } else { 1 }],
            a: matrix(a, transpose_a),
            b: matrix(b, transpose_b),
            matrices,
            a_strides: leading(a, output),
            b_strides: leading(b, output),
        }
    }

    /// The product of two matrices: the number of rows, columns and summed elements, and the strides of both.
    #[cfg(feature = "train")]
    pub(crate) fn single([rows, columns, inner]: [usize; 3], a: [usize; 2], b: [usize; 2]) -> Product {
        let (matrices, none) = ([1; MAX_RANK], [0; MAX_RANK]);
        Product { rows, columns, inner, a, b, matrices, a_strides: none, b_strides: none }
    }

    /// The products of each sample of a batch. `factors` are the numbers of elements of a sample's factors.
    #[cfg(feature = "train")]
    pub(crate) fn of_samples(&self, samples: usize, factors: [usize; 2]) -> Product {
        let with = |mut sizes: [usize; MAX_RANK], first: usize| {
            // The last axis is one of the matrices' own.
            sizes.rotate_right(1);
            sizes[0] = first;
            sizes
        };
        let [a_strides, b_strides] = [with(self.a_strides, factors[0]), with(self.b_strides, factors[1])];
        Product { matrices: with(self.matrices, samples), a_strides, b_strides, ..*self }
    }

    /// The products that are the gradients of the factors. `None` if the matrices of one broadcast.
    #[cfg(feature = "train")]
    pub(crate) fn gradients(&self, transposed: [bool; 2]) -> Option<[FactorGradient; 2]> {
        let is_apart = |strides: &[usize; MAX_RANK]| {
            self.matrices.iter().zip(strides).all(|(size, stride)| *size == 1 || *stride > 0)
        };
        if !is_apart(&self.a_strides) || !is_apart(&self.b_strides) {
            return None;
        }
        let Product { rows, columns, inner, a: [a_row, a_column], b: [b_row, b_column], .. } = *self;
        // The product is contiguous.
        let mut step = rows * columns;
        let mut strides = [0; MAX_RANK];
        for (stride, size) in strides.iter_mut().zip(&self.matrices).rev() {
            *stride = step;
            step *= size;
        }
        let (a_strides, b_strides) = (self.a_strides, self.b_strides);
        let of = |sizes, a, b, [a_strides, b_strides]: [[usize; MAX_RANK]; 2]| Product {
            a_strides,
            b_strides,
            matrices: self.matrices,
            ..Product::single(sizes, a, b)
        };
        let first = match transposed[0] {
            false => FactorGradient {
                product: of([rows, inner, columns], [columns, 1], [b_column, b_row], [strides, b_strides]),
                is_first: true,
            },
            true => FactorGradient {
                product: of([inner, rows, columns], [b_row, b_column], [1, columns], [b_strides, strides]),
                is_first: false,
            },
        };
        let second = match transposed[1] {
            false => FactorGradient {
                product: of([inner, columns, rows], [a_column, a_row], [columns, 1], [a_strides, strides]),
                is_first: false,
            },
            true => FactorGradient {
                product: of([columns, inner, rows], [1, columns], [a_row, a_column], [strides, a_strides]),
                is_first: true,
            },
        };
        Some([first, second])
    }

    /// The indices of the first elements of each pair of matrices.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let mut odometer = Odometer::new(self.matrices);
        let (a, b) = (self.a_strides, self.b_strides);
        (0..self.matrices.iter().product()).map(move |_| {
            let places = [odometer.place(&a), odometer.place(&b)];
            odometer.step();
            places
        })
    }
}

/// The gradient of a factor: the product of the product's gradient and the other factor, in one order or the other.
#[cfg(feature = "train")]
pub(crate) struct FactorGradient {
    pub(crate) product: Product,
    /// Whether the product's gradient is the first of the two.
    pub(crate) is_first: bool,
}

/// The strides of a factor along the output's axes before the matrices' own two: 0 where it broadcasts.
fn leading(shape: &Shape, output: &Shape) -> [usize; MAX_RANK] {
    let (own, own_strides) = (sizes(shape), strides(shape));
    let skip = output.rank() - shape.rank();
    core::array::from_fn(|axis| match axis.checked_sub(skip) {
        Some(own_axis) if axis + 2 < output.rank() && own[own_axis] != 1 => own_strides[own_axis],
        _ => 0,
    })
}

/// Multiplies: each element is a row times a column.
pub(super) fn multiply<T: Number>(product: &Product, a: &[T], b: &[T], y: &mut [T]) {
    let &Product { rows, columns, inner, a: [a_row, a_column], b: [b_row, b_column], .. } = product;
    for ([a_start, b_start], y) in product.pairs().zip(y.chunks_exact_mut(rows * columns)) {
        for row in 0..rows {
            for column in 0..columns {
                let (a, b) = (&a[a_start + row * a_row..], &b[b_start + column * b_column..]);
                let sum = (0..inner).map(|at| a[at * a_column].get() * b[at * b_row].get()).sum();
                y[row * columns + column] = T::of(sum);
            }
        }
    }
}

/// Products of matrices.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use super::Product;
    use crate::reference::kernels::number::Real;

    /// The gradient of the first factor: `dy` times the transpose of the second.
    pub(in crate::reference::kernels) fn first<T: Real>(product: &Product, b: &[T], dy: &[T], dx: &mut [T]) {
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
    pub(in crate::reference::kernels) fn second<T: Real>(product: &Product, a: &[T], dy: &[T], dx: &mut [T]) {
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
}

//! Borders, and operations along one spatial axis.

use burn::tensor::ops::PadMode;
use burn::tensor::{Int, Tensor, TensorData};
use convshape::Shape;
use convshape::graph::Size;
use convshape::graph::op::{Amount, PaddingMode};
use convshape::kernels::source;

use super::{PerAxis, Run, per_axis, to_i64, to_usize};

impl Run<'_> {
    /// The rows that `Pad` adds or `Crop` removes on each side.
    pub(super) fn rows(&self, amount: Amount, input: &Shape, output: &Shape) -> PerAxis<(i64, i64)> {
        let order = self.graph.order();
        let size = |shape: &Shape, axis| Size::Number(shape.size(order.spatial(axis)).number().unwrap_or(0));
        per_axis(input.rank() - 1, (0, 0), |axis| amount.rows(axis, size(input, axis), Some(size(output, axis))))
    }
}

/// Applies `f` along one spatial axis, as `[before, rows, after]`.
pub(super) fn along(x: Tensor<5>, axis: usize, f: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Tensor<5> {
    let mut dims = x.dims();
    let rows = dims[axis + 2];
    let before: usize = dims[..axis + 2].iter().product();
    let after: usize = dims[axis + 3..].iter().product();
    let y = f(x.reshape([before, rows, after]));
    dims[axis + 2] = y.dims()[1];
    y.reshape(dims)
}

/// Adds rows on each side of each axis; a negative number removes them.
pub(super) fn bordered(x: Tensor<5>, rows: PerAxis<(i64, i64)>, mode: PaddingMode, constant: f64) -> Tensor<5> {
    match mode {
        // Adds first: the rows to remove may be all that there are.
        PaddingMode::Zeros => cropped(padded(x, rows, constant), rows.map(|(lo, hi)| (-lo, -hi))),
        PaddingMode::Reflect | PaddingMode::Replicate | PaddingMode::Circular => {
            rows.into_iter().enumerate().fold(x, |x, (axis, rows)| copied(x, axis, rows, mode))
        }
    }
}

/// Removes rows; negative numbers do nothing.
pub(super) fn cropped(x: Tensor<5>, rows: PerAxis<(i64, i64)>) -> Tensor<5> {
    rows.into_iter().enumerate().fold(x, |x, (axis, (lo, hi))| {
        let (lo, hi) = (to_usize(lo.max(0)), to_usize(hi.max(0)));
        let size = x.dims()[axis + 2];
        if (lo, hi) == (0, 0) { x } else { x.narrow(axis + 2, lo, size.saturating_sub(lo + hi)) }
    })
}

/// Adds rows of a constant; negative numbers do nothing.
pub(super) fn padded(x: Tensor<5>, rows: PerAxis<(i64, i64)>, constant: f64) -> Tensor<5> {
    let rows = rows.map(|(lo, hi)| (to_usize(lo.max(0)), to_usize(hi.max(0))));
    #[expect(clippy::cast_possible_truncation, reason = "burn computes in f32")]
    let constant = constant as f32;
    if rows == [(0, 0); 3] { x } else { x.pad(rows, PadMode::Constant(constant)) }
}

/// Adds copies of other rows.
fn copied(x: Tensor<5>, axis: usize, (lo, hi): (i64, i64), mode: PaddingMode) -> Tensor<5> {
    if (lo, hi) == (0, 0) {
        return x;
    }
    let size = x.dims()[axis + 2];
    let rows: Vec<usize> = (-lo..to_i64(size) + hi).filter_map(|row| source(row, size, mode)).collect();
    selected(x, axis, &rows)
}

/// Selects rows of one axis by index.
pub(super) fn selected(x: Tensor<5>, axis: usize, rows: &[usize]) -> Tensor<5> {
    let numbers: Vec<i64> = rows.iter().map(|&row| to_i64(row)).collect();
    let data = TensorData::new(numbers, [rows.len()]);
    let rows: Tensor<1, Int> = Tensor::from_data(data, &x.device());
    along(x, axis, |x| x.select(1, rows))
}

/// Puts `distance - 1` rows of zeros between the rows of one axis.
pub(super) fn spread(x: Tensor<5>, axis: usize, distance: usize) -> Tensor<5> {
    if distance == 1 {
        return x;
    }
    along(x, axis, |x| {
        let [before, rows, after] = x.dims();
        let x = x.reshape([before, rows, 1, after]).pad([(0, distance - 1), (0, 0)], PadMode::Constant(0.0));
        x.reshape([before, rows * distance, after]).narrow(1, 0, (rows - 1) * distance + 1)
    })
}

//! Pooling. Both kinds can be computed axis by axis, so three axes are two pools over two.

use burn::tensor::module::{avg_pool2d, max_pool2d, max_pool2d_with_indices};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{IndexingUpdateOp, Tensor, TensorData};
use convshape::graph::op::{Pool, PoolKind};
use convshape::graph::{GraphError, Node, Window};
use convshape::kernels::Span;

use super::axis::{along, cropped, padded};
use super::{PerAxis, Run, per_axis, positions, to_i64, to_usize};
use crate::BurnError;

impl Run<'_> {
    pub(super) fn pool(&mut self, node: &Node, pool: &Pool) -> Result<Tensor<3>, BurnError> {
        let (windows, border) = self.windows(node, pool, node.inputs[0], node.outputs[0])?;
        let [inputs, outputs] = [node.inputs[0], node.outputs[0]].map(|value| self.grid(self.graph.shape(value)));
        let fill = if pool.kind == PoolKind::Max { f64::NEG_INFINITY } else { 0.0 };
        let y = slide(bordered(self.spatial(node.inputs[0]), border, fill), pool.kind, &windows);
        Ok(positions(match pool.kind {
            PoolKind::Max => y,
            PoolKind::Avg => recounted(y, &windows, pool.count_include_pad, inputs, outputs),
        }))
    }

    /// Puts a value back where a max pooling found its own, for windows that do not overlap, on at most two axes.
    pub(super) fn unpool(&mut self, node: &Node, pool: &Pool) -> Result<Tensor<3>, BurnError> {
        let (windows, border) = self.windows(node, pool, node.inputs[1], node.inputs[0])?;
        let refused = |what| Err(BurnError::Inexpressible { layer: node.name.clone(), what });
        if pool.rank == 3 {
            return refused("an unpooling of three axes");
        }
        if windows.iter().any(|window| (window.kernel - 1) * window.dilation >= window.stride) {
            return refused("an unpooling of windows that overlap");
        }
        let x = self.take(node.inputs[0]);
        let taken = bordered(self.spatial(node.inputs[1]), border, f64::NEG_INFINITY);
        let [batch, channels, _, height, width] = taken.dims();
        let options = options([&windows[1], &windows[2]]);
        let (_, places) = max_pool2d_with_indices(taken.detach().reshape([batch, channels, height, width]), options);
        let [.., rows, columns] = places.dims();
        let places = places.reshape([batch, channels, rows * columns]);
        let zeros: Tensor<3> = Tensor::zeros([batch, channels, height * width], &x.device());
        let y = zeros.scatter(2, places, x, IndexingUpdateOp::Add).reshape([batch, channels, 1, height, width]);
        Ok(positions(bordered(y, border.map(|(lo, hi)| (-lo, -hi)), 0.0)))
    }

    /// The windows of a pooling on three axes, and how many rows they extend past its input.
    fn windows(
        &self,
        node: &Node,
        pool: &Pool,
        taken: usize,
        given: usize,
    ) -> Result<(PerAxis<Window>, PerAxis<(i64, i64)>), BurnError> {
        let shape = *self.graph.shape(taken);
        let windows = pool.windows(&shape, self.graph.order());
        let windows = windows.map_err(|fault| GraphError::Layer { layer: node.name.clone(), fault })?;
        let windows = per_axis(pool.rank, Window::new(1), |axis| windows[axis]);
        let (inputs, outputs) = (self.grid(&shape), self.grid(self.graph.shape(given)));
        let border = [0, 1, 2].map(|axis| {
            let Window { kernel, stride, dilation, lo, .. } = windows[axis];
            let end = (to_i64(outputs[axis]) - 1) * stride - lo + dilation * (kernel - 1) + 1;
            (lo, end - to_i64(inputs[axis]))
        });
        Ok((windows, border))
    }
}

/// Rows of `fill` around a value; a negative number removes rows.
fn bordered(x: Tensor<5>, border: PerAxis<(i64, i64)>, fill: f64) -> Tensor<5> {
    cropped(padded(x, border, fill), border.map(|(lo, hi)| (-lo, -hi)))
}

/// Pools over windows that are all inside.
fn slide(x: Tensor<5>, kind: PoolKind, windows: &PerAxis<Window>) -> Tensor<5> {
    let [batch, channels, depth, height, width] = x.dims();
    let y = planar(x.reshape([batch, channels * depth, height, width]), kind, [&windows[1], &windows[2]]);
    let [.., height, width] = y.dims();
    if windows[0].kernel == 1 && windows[0].stride == 1 {
        return y.reshape([batch, channels, depth, height, width]);
    }
    let y = planar(y.reshape([batch, channels, depth, height * width]), kind, [&windows[0], &Window::new(1)]);
    y.reshape([to_i64(batch), to_i64(channels), -1, to_i64(height), to_i64(width)])
}

fn planar(x: Tensor<4>, kind: PoolKind, windows: [&Window; 2]) -> Tensor<4> {
    let kernel = windows.map(|window| to_usize(window.kernel));
    let stride = windows.map(|window| to_usize(window.stride));
    match kind {
        PoolKind::Max => max_pool2d(x, options(windows)),
        PoolKind::Avg => avg_pool2d(x, AvgPoolOptions::new(kernel).with_stride(stride)),
    }
}

fn options(windows: [&Window; 2]) -> MaxPoolOptions<2> {
    let [kernel, stride, dilation] =
        [|window: &Window| window.kernel, |window: &Window| window.stride, |window: &Window| window.dilation]
            .map(|field| windows.map(|window| to_usize(field(window))));
    MaxPoolOptions::new(kernel).with_stride(stride).with_dilation(dilation)
}

/// Turns means over whole windows into means over the elements that count.
fn recounted(
    y: Tensor<5>,
    windows: &PerAxis<Window>,
    count_include_pad: bool,
    inputs: PerAxis<usize>,
    outputs: PerAxis<usize>,
) -> Tensor<5> {
    let factors = |axis: usize| -> Vec<f32> {
        let window = &windows[axis];
        let counted = |row| Span::sliding(window, count_include_pad, row, inputs[axis]).counted().max(1);
        (0..outputs[axis]).map(|row| to_usize(window.kernel) as f32 / counted(row) as f32).collect()
    };
    [0, 1, 2].into_iter().fold(y, |y, axis| {
        let factors = factors(axis);
        if factors.iter().all(|&factor| factor == 1.0) {
            return y;
        }
        let count = factors.len();
        let factors: Tensor<3> = Tensor::from_data(TensorData::new(factors, [1, count, 1]), &y.device());
        along(y, axis, |y| y * factors)
    })
}

/// Windows that divide the input; neighbours may overlap if the sizes do not divide.
pub(super) fn adaptive(x: Tensor<5>, kind: PoolKind, outputs: PerAxis<usize>) -> Tensor<5> {
    outputs.into_iter().enumerate().fold(x, |x, (axis, shares)| {
        along(x, axis, |x| {
            let [before, rows, after] = x.dims();
            if rows % shares == 0 {
                let x = x.reshape([before * shares, rows / shares, after]);
                return reduced(x, kind, 1).reshape([before, shares, after]);
            }
            let share = |row| {
                let span = Span::adaptive(row, shares, rows);
                reduced(x.clone().narrow(1, span.start(), span.counted()), kind, 1)
            };
            Tensor::cat((0..shares).map(share).collect(), 1)
        })
    })
}

/// Over all positions.
pub(super) fn global(x: Tensor<3>, kind: PoolKind) -> Tensor<3> {
    reduced(x, kind, 2)
}

fn reduced(x: Tensor<3>, kind: PoolKind, axis: usize) -> Tensor<3> {
    match kind {
        PoolKind::Max => x.max_dim(axis),
        PoolKind::Avg => x.mean_dim(axis),
    }
}

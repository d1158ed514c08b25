//! Resizing, and layers that move elements between channels and space.

use burn::tensor::{Tensor, TensorData};
use convshape::graph::op::{DepthOrder, Upsample};
use convshape::kernels::taps;

use super::axis::{along, selected};
use super::{PerAxis, Run};

impl Run<'_> {
    /// Each axis separately: an output row is a sum of a few input rows.
    pub(super) fn upsample(&mut self, value: usize, op: &Upsample, outputs: PerAxis<usize>) -> Tensor<5> {
        let rank = self.graph.shape(value).rank() - 1;
        let x = self.spatial(value);
        (0..rank).fold(x, |x, axis| {
            let place = 3 - rank + axis;
            let (input, output) = (x.dims()[place + 2], outputs[place]);
            let rows: Vec<Vec<(usize, f64)>> =
                (0..output).map(|row| taps(op, axis, row, input, output).iter().collect()).collect();
            resampled(x, place, &rows)
        })
    }
}

/// Rows that are weighted sums of others, each of the same number.
fn resampled(x: Tensor<5>, axis: usize, rows: &[Vec<(usize, f64)>]) -> Tensor<5> {
    let input = x.dims()[axis + 2];
    let is_copy = rows.iter().all(|taps| matches!(taps[..], [(_, 1.0)]));
    // Repeats every row an integer number of times, which is cheaper than selecting rows one by one.
    if is_copy && rows.len().is_multiple_of(input) {
        let times = rows.len() / input;
        if rows.iter().enumerate().all(|(row, taps)| taps[0].0 == row / times) {
            return along(x, axis, |x| {
                let [before, rows, after] = x.dims();
                let x = x.reshape([before, rows, 1, after]).expand([before, rows, times, after]);
                x.reshape([before, rows * times, after])
            });
        }
    }
    let count = rows.first().map_or(0, Vec::len);
    let terms = (0..count).map(|tap| {
        let picked = selected(x.clone(), axis, &rows.iter().map(|taps| taps[tap].0).collect::<Vec<_>>());
        if is_copy {
            return picked;
        }
        #[expect(clippy::cast_possible_truncation, reason = "burn computes in f32")]
        let weights: Vec<f32> = rows.iter().map(|taps| taps[tap].1 as f32).collect();
        let weights: Tensor<3> = Tensor::from_data(TensorData::new(weights, [1, rows.len(), 1]), &x.device());
        along(picked, axis, |picked| picked * weights)
    });
    terms.reduce(|sum, term| sum + term).unwrap_or_else(|| x.clone())
}

/// Channels to blocks of two spatial axes.
pub(super) fn to_space(x: Tensor<5>, order: DepthOrder, factor: usize) -> Tensor<5> {
    let [batch, deep, _, height, width] = x.dims();
    let channels = deep / (factor * factor);
    let x = match order {
        DepthOrder::Crd => x.reshape([batch, channels, factor, factor, height, width]).permute([0, 1, 4, 2, 5, 3]),
        DepthOrder::Dcr => x.reshape([batch, factor, factor, channels, height, width]).permute([0, 3, 4, 1, 5, 2]),
    };
    x.reshape([batch, channels, 1, height * factor, width * factor])
}

/// The reverse of [`to_space`] with [`DepthOrder::Crd`].
pub(super) fn to_depth(x: Tensor<5>, factor: usize) -> Tensor<5> {
    let [batch, channels, _, height, width] = x.dims();
    let (height, width) = (height / factor, width / factor);
    let x = x.reshape([batch, channels, height, factor, width, factor]).permute([0, 1, 3, 5, 2, 4]);
    x.reshape([batch, channels * factor * factor, 1, height, width])
}

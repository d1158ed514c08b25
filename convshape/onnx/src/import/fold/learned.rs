//! Layers that read numbers of the file alone, as those on the queries that a decoder learns.

use convshape::ndarray::{Array2, ArrayD, ArrayView2, Axis, IxDyn};

use super::{Call, MAX_REPEATED, common};
use crate::import::constant::{Constant, place};

/// The most multiplications that are done ahead.
const MAX_PRODUCTS: u64 = 1 << 34;

/// Whether a product of matrices with this many elements, each a sum of `inner` products, is small enough.
fn is_small(elements: usize, inner: usize) -> bool {
    // The limit does not fit `usize` in WebAssembly.
    let products = u64::try_from(elements).ok().zip(u64::try_from(inner).ok()).and_then(|(a, b)| a.checked_mul(b));
    elements < MAX_REPEATED && products.is_some_and(|products| products <= MAX_PRODUCTS)
}

/// `MatMul`: the last two axes as matrices, those in front stretched.
pub(super) fn product(call: &Call<'_>) -> Option<Constant> {
    let (a, b) = (call.input(0)?.floats(), call.input(1)?.floats());
    let (&[ref before_a @ .., rows, inner], &[ref before_b @ .., other, columns]) = (a.shape(), b.shape()) else {
        return None;
    };
    let before = common(&[before_a, before_b])?;
    let count = before.iter().product::<usize>().checked_mul(rows)?.checked_mul(columns)?;
    if inner != other || !is_small(count, inner) {
        return None;
    }
    let matrices = |array: &ArrayD<f32>, rows: usize, columns: usize| {
        let sizes = [before.as_slice(), &[rows, columns]].concat();
        let dense = array.broadcast(sizes)?.as_standard_layout().into_owned();
        dense.into_shape_with_order((before.iter().product(), rows, columns)).ok()
    };
    let (a, b) = (matrices(&a, rows, inner)?, matrices(&b, inner, columns)?);
    let products: Vec<f32> = a.outer_iter().zip(b.outer_iter()).flat_map(|(a, b)| a.dot(&b)).collect();
    let sizes = [before.as_slice(), &[rows, columns]].concat();
    ArrayD::from_shape_vec(IxDyn(&sizes), products).ok().map(Constant::Floats)
}

/// `Gemm`: `alpha a b + beta c`.
#[expect(clippy::cast_possible_truncation, reason = "they were f32")]
pub(super) fn gemm(call: &Call<'_>) -> Option<Constant> {
    let matrix = |at: usize, transpose: &str| {
        let matrix: Array2<f32> = call.input(at)?.floats().into_dimensionality().ok()?;
        Some(if call.node.int(transpose, 0) != 0 { matrix.reversed_axes() } else { matrix })
    };
    let (a, b) = (matrix(0, "transA")?, matrix(1, "transB")?);
    let ((rows, inner), (other, columns)) = (a.dim(), b.dim());
    let count = rows.checked_mul(columns)?;
    if inner != other || !is_small(count, inner) {
        return None;
    }
    let mut sum = a.dot(&b) * call.node.float("alpha", 1.0) as f32;
    if let Some(c) = call.input(2) {
        let (c, beta) = (c.floats(), call.node.float("beta", 1.0) as f32);
        let c: ArrayView2<'_, f32> = c.broadcast(IxDyn(&[rows, columns]))?.into_dimensionality().ok()?;
        sum.scaled_add(beta, &c);
    }
    Some(Constant::Floats(sum.into_dyn()))
}

/// `Softmax` along an axis.
pub(super) fn softmax(call: &Call<'_>) -> Option<Constant> {
    let mut array = call.input(0)?.floats();
    let rank = array.ndim();
    let is_old = call.opset < 13;
    let axis = place(call.node.int("axis", if is_old { 1 } else { -1 }), rank)?;
    // Until opset 13, all axes from this one on were joined into one.
    if axis >= rank || is_old && axis + 1 != rank {
        return None;
    }
    for mut lane in array.lanes_mut(Axis(axis)) {
        let largest = lane.fold(f32::NEG_INFINITY, |most, &x| most.max(x));
        lane.mapv_inplace(|x| (x - largest).exp());
        let sum = lane.sum();
        lane.mapv_inplace(|x| x / sum);
    }
    Some(Constant::Floats(array))
}

/// `LayerNormalization` over the last axis.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "it was f32; counts are small")]
pub(super) fn layer_norm(call: &Call<'_>) -> Option<Constant> {
    let mut array = call.input(0)?.floats();
    let rank = array.ndim();
    let axis = place(call.node.int("axis", -1), rank)?;
    let size = *array.shape().get(axis)?;
    let numbers = |at: usize, default: f32| match call.input(at) {
        Some(constant) => Some(constant.floats()).filter(|numbers| numbers.shape() == [size]),
        None => Some(ArrayD::from_elem(IxDyn(&[size]), default)),
    };
    let (weight, bias) = (numbers(1, 1.0)?, numbers(2, 0.0)?);
    if axis + 1 != rank {
        return None;
    }
    let eps = call.node.float("epsilon", 1e-5) as f32;
    for mut lane in array.lanes_mut(Axis(axis)) {
        let mean = lane.sum() / size as f32;
        let variance = lane.fold(0.0, |sum, &x| sum + (x - mean) * (x - mean)) / size as f32;
        let scale = (variance + eps).sqrt().recip();
        lane.iter_mut().zip(&weight).zip(&bias).for_each(|((x, w), b)| *x = (*x - mean) * scale * w + b);
    }
    Some(Constant::Floats(array))
}

/// `BatchNormalization` of weights, in training by their own statistics, as networks with standardised weights have it.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "it was f32; counts are small")]
pub(super) fn batch_norm(call: &Call<'_>) -> Option<Constant> {
    let mut array = call.input(0)?.floats();
    let channels = *array.shape().get(1)?;
    let numbers = |at: usize| Some(call.input(at)?.floats()).filter(|numbers| numbers.shape() == [channels]);
    let [weight, bias, means, variances] = [numbers(1)?, numbers(2)?, numbers(3)?, numbers(4)?];
    let eps = call.node.float("epsilon", 1e-5) as f32;
    let trains = call.node.int("training_mode", 0) != 0;
    for (channel, mut numbers) in array.axis_iter_mut(Axis(1)).enumerate() {
        let (mut mean, mut variance) = (means[channel], variances[channel]);
        if trains {
            let count = numbers.len() as f32;
            mean = numbers.sum() / count;
            variance = numbers.fold(0.0, |sum, &x| sum + (x - mean) * (x - mean)) / count;
        }
        let scale = weight[channel] / (variance + eps).sqrt();
        numbers.mapv_inplace(|x| (x - mean) * scale + bias[channel]);
    }
    Some(Constant::Floats(array))
}

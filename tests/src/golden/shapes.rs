//! Output shapes of single layers.

use serde::{Deserialize, Deserializer};

use super::Framework;
use crate::data;

/// One layer applied to one input shape. Fields that the framework's call does not have, or that were left to its
/// default, are `None`.
#[derive(Clone, Debug, Deserialize)]
pub struct ShapeCase {
    /// The position in the file, from 0.
    #[serde(skip)]
    pub index: usize,
    /// The framework.
    #[serde(rename = "dialect")]
    pub framework: Framework,
    /// `conv`, `conv_transpose`, `conv_general_dilated`, `ops_conv_transpose`, `depthwise_conv`, `separable_conv`,
    /// `maxpool`, `avgpool`, `upsample`, `pixel_shuffle` or `pixel_unshuffle`.
    pub op: String,
    /// Input shape `[C, spatial...]`.
    #[serde(rename = "in")]
    pub input: Vec<i64>,
    /// Output channels.
    pub out_channels: Option<i64>,
    /// Kernel per axis.
    pub kernel: Option<Vec<i64>>,
    /// Stride per axis.
    pub stride: Option<Vec<i64>>,
    /// Dilation of the kernel per axis.
    pub dilation: Option<Vec<i64>>,
    /// jax: dilation of the input per axis.
    pub lhs_dilation: Option<Vec<i64>>,
    /// flax: dilation of the input per axis.
    pub input_dilation: Option<Vec<i64>>,
    /// Padding as the framework takes it.
    pub padding: Option<Padding>,
    /// onnx: `NOTSET`, `VALID`, `SAME_UPPER` or `SAME_LOWER`.
    pub auto_pad: Option<String>,
    /// torch: `zeros`, `reflect`, `replicate` or `circular`.
    pub padding_mode: Option<String>,
    /// Groups of channels.
    pub groups: Option<i64>,
    /// jax: groups over the batch.
    pub batch_group_count: Option<i64>,
    /// jax: batch size.
    pub batch: Option<i64>,
    /// keras: output channels per input channel.
    pub depth_multiplier: Option<i64>,
    /// Transposed: rows added at the end, per axis.
    #[serde(default, deserialize_with = "one_or_per_axis")]
    pub output_padding: Option<Vec<i64>>,
    /// torch, tf: the output's spatial sizes, given.
    pub output_size: Option<Vec<i64>>,
    /// onnx: the output's spatial sizes, given.
    pub output_shape: Option<Vec<i64>>,
    /// jax, flax: the kernel is that of the convolution this one transposes.
    pub transpose_kernel: Option<bool>,
    /// jax: explicit padding as in PyTorch.
    pub use_consistent_padding: Option<bool>,
    /// Pooling: whether a last window that extends past the end counts.
    #[serde(default, deserialize_with = "flag")]
    pub ceil_mode: Option<bool>,
    /// Mean pooling: whether padding counts in the divisor.
    #[serde(default, deserialize_with = "flag")]
    pub count_include_pad: Option<bool>,
    /// torch: how `upsample` interpolates.
    pub mode: Option<String>,
    /// torch: factor of `upsample`; one value applies to all axes.
    #[serde(default, deserialize_with = "one_or_per_axis")]
    pub scale: Option<Vec<f64>>,
    /// torch: spatial sizes that `upsample` gives.
    pub size: Option<Vec<i64>>,
    /// torch: whether the corners coincide.
    pub align_corners: Option<bool>,
    /// torch: factor of the pixel shuffles.
    pub factor: Option<i64>,
    /// Output shape `[C, spatial...]`; `None` if the framework rejects the call.
    pub result: Option<Vec<i64>>,
    /// `Type: first line` of the error.
    pub error: Option<String>,
    /// onnx: whether enough engines agree on `result`.
    pub trusted: Option<bool>,
    /// keras: the result of `compute_output_shape` if the call disagreed.
    compute_result: Option<Vec<i64>>,
    /// keras: the error of `compute_output_shape` if the call disagreed.
    compute_error: Option<String>,
    /// keras: the result of the eager call if `compute_output_shape` failed.
    eager_result: Option<Vec<i64>>,
    /// jax, flax: the result of `eval_shape` if running failed.
    eval_shape_result: Option<Vec<i64>>,
    /// jax, flax: the error of running.
    real_error: Option<String>,
}

/// `padding` as a framework takes it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Padding {
    /// A word such as `same`.
    Word(String),
    /// One amount on both sides of every axis.
    All(i64),
    /// One amount per axis on both sides; onnx: all low sides, then all high sides.
    PerAxis(Vec<i64>),
    /// Low and high side per axis; flax also takes a single amount for an axis.
    Sides(Vec<Sides>),
}

/// The padding of one axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Sides {
    /// The same on both sides.
    Both(i64),
    /// Low and high side.
    Pair(i64, i64),
}

impl ShapeCase {
    /// `torch/conv/17`: framework, operation and line of the file (from 0).
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.framework.name(), self.op, self.index)
    }

    /// Spatial axes of the input.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.input.len() - 1
    }

    /// The shape that a checked chain must give. An empty output is an error in every dialect of the language, even
    /// though some frameworks allow it.
    #[must_use]
    pub fn expected(&self) -> Option<&[i64]> {
        self.result.as_deref().filter(|shape| !shape.contains(&0))
    }

    /// Whether the framework agrees with itself: its engines, backends and shape inference give the same answer.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let keras_pool = self.framework == Framework::Keras && matches!(self.op.as_str(), "maxpool" | "avgpool");
        let engines_differ = self.compute_result.is_some()
            || keras_pool && (self.compute_error.is_some() || self.eager_result.is_some())
            || self.eval_shape_result.is_some()
            || self.real_error.is_some();
        !engines_differ && (self.framework != Framework::Onnx || self.trusted == Some(true))
    }
}

/// All recorded layers.
#[must_use]
pub fn shapes() -> Vec<ShapeCase> {
    let mut cases: Vec<ShapeCase> = data::json_lines("shapes/shapes.jsonl.gz");
    for (index, case) in cases.iter_mut().enumerate() {
        case.index = index;
    }
    cases
}

/// A number, or a list of them.
fn one_or_per_axis<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<Vec<T>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        One(T),
        Many(Vec<T>),
    }
    Ok(Option::deserialize(input)?.map(|value| match value {
        OneOrMany::One(x) => vec![x],
        OneOrMany::Many(xs) => xs,
    }))
}

/// `true`, `false`, or 1 and 0 as onnx writes them.
fn flag<'de, D: Deserializer<'de>>(input: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Bool(bool),
        Int(i64),
    }
    Ok(Option::deserialize(input)?.map(|value| match value {
        Flag::Bool(b) => b,
        Flag::Int(i) => i != 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_read() {
        let cases = shapes();
        assert_eq!(cases.len(), 34_200);
        assert_eq!(cases.iter().filter(|c| c.framework == Framework::Torch).count(), 7_300);
        assert!(cases.iter().all(|c| c.result.is_some() != c.error.is_some()));
    }

    #[test]
    fn torch_has_one_engine() {
        let cases = shapes();
        assert!(cases.iter().filter(|c| c.framework == Framework::Torch).all(ShapeCase::is_settled));
        assert!(cases.iter().any(|c| !c.is_settled()));
    }
}

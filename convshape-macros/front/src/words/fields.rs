//! The fields, one constant each, so that a field means the same in every layer that has it.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx, Torch};

use super::values::{
    ALIGNS, APPROXIMATIONS, AUTO_PAD_WORDS, BORDERS, CONV_PADDING, DEPTH_MODES, DEPTH_ORDERS, INTERPOLATIONS, MASKS,
    NONE, NONLINEARITIES, POOL_PADDING,
};
use super::{ALL, Alias, Dialects, FLAX, FieldWords, JAX, KERAS, ONNX, TORCH, Takes};

/// A field of every dialect with a single name.
const fn field(name: &'static str, takes: Takes, doc: &'static str) -> FieldWords {
    FieldWords { name, aliases: &[], takes, hole: false, dialects: ALL, doc }
}

impl FieldWords {
    const fn or(self, aliases: &'static [Alias]) -> FieldWords {
        FieldWords { aliases, ..self }
    }

    const fn only(self, dialects: Dialects) -> FieldWords {
        FieldWords { dialects, ..self }
    }

    const fn hole(self) -> FieldWords {
        FieldWords { hole: true, ..self }
    }
}

pub(super) const fn alias(name: &'static str, dialects: Dialects) -> Alias {
    Alias { name, dialects }
}

/// In every layer.
pub(super) static DIALECT: FieldWords =
    field("dialect", Takes::Dialect, "the framework whose rules apply to this layer's fields");

/// In every layer.
pub(super) static LINT: FieldWords =
    field(super::LINT, Takes::Word(super::values::ALLOWED), "`allow` silences lints for this layer");

/// In every layer that is not itself an activation.
pub(super) static ACTIVATION: FieldWords =
    field("activation", Takes::Activation, "the activation applied to the result");

// Convolution.

const EXPLICIT_IN: &[Alias] = &[alias("in_features", &[Torch, Flax])];
const EXPLICIT_OUT: &[Alias] =
    &[alias("out_features", &[Torch, Flax]), alias("features", FLAX), alias("filters", KERAS), alias("units", KERAS)];

pub(super) const IN_CHANNELS: FieldWords =
    field("in_channels", Takes::Size, "input channels; usually written as `in -> out`").or(EXPLICIT_IN).hole();
pub(super) const OUT_CHANNELS: FieldWords =
    field("out_channels", Takes::Size, "output channels; usually written as `in -> out`").or(EXPLICIT_OUT).hole();
pub(super) const KERNEL: FieldWords = field("kernel", Takes::SizePerAxis, "size of the kernel per axis")
    .or(&[alias("kernel_size", &[Torch, Flax, Keras]), alias("kernel_shape", ONNX)])
    .hole();
pub(super) const STRIDE: FieldWords = field("stride", Takes::SizePerAxis, "stride of the window per axis")
    .or(&[alias("strides", &[Flax, Keras, Onnx, Jax]), alias("window_strides", JAX)]);
pub(super) const PADDING: FieldWords =
    field("padding", Takes::Padding(CONV_PADDING), "rows added on both sides per axis, or a word of the dialect")
        .or(&[alias("pads", ONNX)])
        .hole();
pub(super) const DILATION: FieldWords = field("dilation", Takes::SizePerAxis, "dilation of the kernel per axis").or(&[
    alias("kernel_dilation", FLAX),
    alias("dilation_rate", KERAS),
    alias("dilations", ONNX),
    alias("rhs_dilation", JAX),
]);
pub(super) const INPUT_DILATION: FieldWords =
    field("input_dilation", Takes::SizePerAxis, "dilation of the input per axis")
        .or(&[alias("lhs_dilation", JAX)])
        .only(&[Flax, Jax]);
pub(super) const GROUPS: FieldWords = field("groups", Takes::Size, "groups of channels that are convolved separately")
    .or(&[alias("feature_group_count", &[Flax, Jax]), alias("group", ONNX)]);
/// Only two frameworks have groups in transposed convolutions.
pub(super) const TRANSPOSE_GROUPS: FieldWords =
    field("groups", Takes::Size, "groups of channels that are convolved separately")
        .or(&[alias("group", ONNX)])
        .only(&[Torch, Onnx]);
pub(super) const BIAS: FieldWords =
    field("bias", Takes::Bool, "whether a bias is added").or(&[alias("use_bias", &[Flax, Keras])]);
pub(super) const PADDING_MODE: FieldWords =
    field("padding_mode", Takes::Word(BORDERS), "what fills the padded border").only(TORCH);
pub(super) const AUTO_PAD: FieldWords =
    field("auto_pad", Takes::Word(AUTO_PAD_WORDS), "padding computed from the sizes").only(ONNX);
pub(super) const OUTPUT_PADDING: FieldWords =
    field("output_padding", Takes::SizePerAxisOr(&[NONE]), "rows added at the end of each axis of the output")
        .only(&[Torch, Onnx, Keras])
        .hole();
pub(super) const OUTPUT_SIZE: FieldWords =
    field("output_size", Takes::SizePerAxis, "the spatial sizes of the output, from which `output_padding` follows")
        .or(&[alias("output_shape", &[Onnx, Keras])])
        .only(&[Torch, Onnx, Keras]);
pub(super) const TRANSPOSE_KERNEL: FieldWords = field(
    "transpose_kernel",
    Takes::Bool,
    "whether the kernel is stored as that of the convolution which this one transposes",
)
.only(&[Jax, Flax]);
pub(super) const CONSISTENT_PADDING: FieldWords =
    field("consistent_padding", Takes::Bool, "whether `padding` crops the output, as in PyTorch")
        .or(&[alias("use_consistent_padding", JAX)])
        .only(JAX);
pub(super) const TIED: FieldWords =
    field("tied", Takes::Bool, "whether to use the weight of the layer that `undo` names in place of its own");
pub(super) const MASK: FieldWords = field(
    "mask",
    Takes::Word(MASKS),
    "which elements of the kernel are masked to zero, as in PixelCNN; none if left out",
);
pub(super) const DEPTH_MULTIPLIER: FieldWords =
    field("depth_multiplier", Takes::Size, "output channels per input channel");

// Recurrent layers.

pub(super) const RECURRENT: Dialects = &[Torch, Onnx, Flax, Keras];
/// The dialects that call the layers `LSTM` and `GRU`; flax has the cells alone.
pub(super) const SEQUENCES: Dialects = &[Torch, Onnx, Keras];
pub(super) const STEP_IN: FieldWords =
    field("in_channels", Takes::Size, "input features; usually written as `in -> hidden`")
        .or(&[alias("input_size", TORCH)])
        .hole();
pub(super) const STEP_OUT: FieldWords =
    field("out_channels", Takes::Size, "features of the state; usually written as `in -> hidden`").or(&[
        alias("hidden_size", &[Torch, Onnx]),
        alias("units", KERAS),
        alias("features", FLAX),
    ]);
pub(super) const STEP_BIAS: FieldWords =
    field("bias", Takes::Bool, "whether biases are added").or(&[alias("use_bias", KERAS)]).only(SEQUENCES);
pub(super) const RECURRENT_LAYERS: FieldWords =
    field("layers", Takes::Size, "number of layers; each reads the outputs of the one before")
        .or(&[alias("num_layers", TORCH)])
        .only(TORCH);
pub(super) const BIDIRECTIONAL: FieldWords =
    field("bidirectional", Takes::Bool, "whether to add a second run from the end to the start");
pub(super) const RECURRENT_DROPOUT: FieldWords =
    field("dropout", Takes::Float, "dropout probability in training, between the layers").only(TORCH);
pub(super) const RETURN_SEQUENCES: FieldWords =
    field("return_sequences", Takes::Bool, "whether to give all outputs, not just the last one").only(KERAS);
pub(super) const RESET_AFTER: FieldWords =
    field("reset_after", Takes::Bool, "whether the reset gate multiplies the recurrent product, not the state")
        .or(&[alias("linear_before_reset", ONNX)])
        .only(&[Onnx, Keras]);
pub(super) const NONLINEARITY: FieldWords =
    field("nonlinearity", Takes::Word(NONLINEARITIES), "the activation inside a step").only(TORCH);

// Attention.

pub(super) const HEADS: FieldWords =
    field("heads", Takes::Size, "number of heads that share the features equally; 1 if left out")
        .or(&[alias("num_heads", &[Torch, Flax, Keras]), alias("q_num_heads", ONNX)]);
pub(super) const CAUSAL: FieldWords =
    field("causal", Takes::Bool, "whether a token attends only to itself and earlier ones")
        .or(&[alias("is_causal", &[Torch, Onnx]), alias("use_causal_mask", KERAS)]);
pub(super) const SCORE_SCALE: FieldWords = field(
    "scale",
    Takes::Float,
    "the factor of the scores; 1 / sqrt(features per head) if left out, but 1 for a single head in keras",
);
pub(super) const ATTENTION_DROPOUT: FieldWords =
    field("dropout", Takes::Float, "dropout probability of the attention weights in training")
        .or(&[alias("dropout_p", TORCH), alias("dropout_rate", FLAX)]);
pub(super) const MULTI_HEAD: Dialects = &[Torch, Flax, Keras];
pub(super) const TOKEN_FEATURES: FieldWords =
    field("features", Takes::Size, "features of the queries and of the output; taken from the input if left out")
        .or(&[alias("embed_dim", TORCH), alias("in_features", FLAX)]);
pub(super) const KEY_FEATURES: FieldWords =
    field("key_features", Takes::Size, "features of the keys' input").or(&[alias("kdim", TORCH)]);
pub(super) const VALUE_FEATURES: FieldWords =
    field("value_features", Takes::Size, "features of the values' input").or(&[alias("vdim", TORCH)]);
pub(super) const KEY_DIM: FieldWords = field("key_dim", Takes::Size, "query and key features per head").only(KERAS);
pub(super) const VALUE_DIM: FieldWords = field("value_dim", Takes::Size, "value features per head").only(KERAS);
pub(super) const QKV_FEATURES: FieldWords =
    field("qkv_features", Takes::Size, "features of all heads together").only(FLAX);
pub(super) const OUT_FEATURES: FieldWords = field("out_features", Takes::Size, "features of the output")
    .or(&[alias("output_shape", KERAS)])
    .only(&[Flax, Keras]);

// Pooling.

pub(super) const WINDOW: FieldWords = field("kernel", Takes::SizePerAxis, "size of the window per axis")
    .or(&[
        alias("kernel_size", TORCH),
        alias("pool_size", KERAS),
        alias("kernel_shape", ONNX),
        alias("window_shape", FLAX),
        alias("window_dimensions", JAX),
    ])
    .hole();
pub(super) const WINDOW_STRIDE: FieldWords = FieldWords {
    doc: "stride of the window per axis; the window size if left out, but 1 in onnx, jax and flax",
    ..STRIDE
};
pub(super) const WINDOW_PADDING: FieldWords =
    field("padding", Takes::Padding(POOL_PADDING), "rows added on both sides per axis, or a word of the dialect")
        .or(&[alias("pads", ONNX)])
        .hole();
pub(super) const MAX_DILATION: FieldWords = field("dilation", Takes::SizePerAxis, "dilation of the window per axis")
    .or(&[alias("dilations", ONNX), alias("window_dilation", JAX)])
    .only(&[Torch, Onnx, Jax]);
pub(super) const AVG_DILATION: FieldWords =
    field("dilation", Takes::SizePerAxis, "dilation of the window per axis").or(&[alias("dilations", ONNX)]).only(ONNX);
pub(super) const CEIL_MODE: FieldWords =
    field("ceil_mode", Takes::Bool, "whether a last window that extends past the end counts").only(&[Torch, Onnx]);
pub(super) const COUNT_INCLUDE_PAD: FieldWords =
    field("count_include_pad", Takes::Bool, "whether padded elements count in the mean").only(&[Torch, Onnx, Flax]);
pub(super) const ADAPTIVE_SIZE: FieldWords =
    field("size", Takes::SizePerAxis, "the output's spatial sizes").or(&[alias("output_size", &[Torch, Keras])]);

// Resizing.

pub(super) const SCALE: FieldWords =
    field("scale", Takes::FloatPerAxis, "factor per axis").or(&[alias("scale_factor", TORCH), alias("scales", ONNX)]);
/// In keras' own layer, `size` is the factor.
pub(super) const KERAS_SCALE: FieldWords =
    field("scale", Takes::FloatPerAxis, "factor per axis").or(&[alias("size", KERAS)]);
pub(super) const SIZE: FieldWords =
    field("size", Takes::SizePerAxis, "the output's spatial sizes").or(&[alias("sizes", ONNX)]);
pub(super) const LIKE: FieldWords = field("like", Takes::Name, "the statement whose spatial sizes to use");
pub(super) const INTERPOLATION: FieldWords =
    field("mode", Takes::Word(INTERPOLATIONS), "interpolation between the elements")
        .or(&[alias("interpolation", KERAS)]);
pub(super) const ALIGN_CORNERS: FieldWords = field(
    "align_corners",
    Takes::Bool,
    "whether the corners of input and output coincide; only for the linear and cubic modes, `false` if left out",
);
pub(super) const FACTOR: FieldWords = field("factor", Takes::Size, "factor of height and width").or(&[
    alias("upscale_factor", TORCH),
    alias("downscale_factor", TORCH),
    alias("blocksize", ONNX),
    alias("block_size", KERAS),
]);
pub(super) const DEPTH_ORDER: FieldWords =
    field("mode", Takes::Word(DEPTH_ORDERS), "whether the offset in the block varies slowest (dcr) or fastest (crd)");
pub(super) const SHUFFLED_GROUPS: FieldWords =
    field("groups", Takes::Size, "number of equal parts of the channels to interleave");
pub(super) const AMOUNT: FieldWords =
    field("amount", Takes::Amount, "rows per axis, or `[(low, high), ..]` per axis and side").or(&[
        alias("padding", &[Torch, Keras]),
        alias("cropping", KERAS),
        alias("pads", ONNX),
    ]);
/// Of PyTorch's padding layers.
pub(super) const SIDES: FieldWords =
    field("amount", Takes::Sides, "rows for all sides, or for both sides of each axis, the last axis first")
        .or(&[alias("padding", &[Torch, Keras])]);
pub(super) const BORDER: FieldWords = field("mode", Takes::Word(BORDERS), "what fills the border");
pub(super) const VALUE: FieldWords = field("value", Takes::Float, "the constant that fills the border");
pub(super) const ALIGN: FieldWords =
    field("align", Takes::Word(ALIGNS), "where the smaller is placed in the larger; in the middle if left out");
pub(super) const PAD_AXIS: FieldWords =
    field("axis", Takes::Axes, "the only axis with a border, such as `channels`; all spatial axes if left out")
        .or(&[alias("dim", TORCH)]);
pub(super) const PIECES: FieldWords =
    field("pieces", Takes::Pieces, "number of equal pieces, or the sizes of all pieces: `[64, 80]`")
        .or(&[alias("chunks", TORCH)]);
pub(super) const SPLIT_AXIS: FieldWords =
    field("axis", Takes::Axes, "the axis by number, from 0 without the batch, or by name; the channels if left out")
        .or(&[alias("dim", TORCH)]);
pub(super) const CHANNEL_RANGE: FieldWords = field("channels", Takes::Range, "the channels to keep");

// Dense, shape, normalisation, activation.

pub(super) const SHAPE: FieldWords =
    field("shape", Takes::Shape, "the new shape without the batch axis").or(&[alias("target_shape", KERAS)]);
pub(super) const KEEP: FieldWords =
    field("keep", Takes::Bool, "whether to keep the spatial axes with size 1").or(&[alias("keepdims", KERAS)]);
pub(super) const FUNCTION: FieldWords =
    field("function", Takes::Activation, "the activation").or(&[alias("activation", KERAS)]);
pub(super) const AXES: FieldWords = field("axes", Takes::Axes, "axes by number, from 0 without the batch, or by name")
    .or(&[alias("dims", &[Torch, Keras])]);
pub(super) const PERM: FieldWords =
    field("perm", Takes::AxesWithBatch, "all axes in their new order, beginning with the batch, which is 0").only(ONNX);
pub(super) const REDUCED: FieldWords =
    field("axes", Takes::Axes, "the axes to reduce, from 0 without the batch, or by name; all if left out")
        .or(&[alias("axis", ALL), alias("dim", TORCH)]);
pub(super) const AXIS: FieldWords =
    field("axis", Takes::Axes, "the axis, from 0 without the batch, negative from the end, or by name")
        .or(&[alias("dim", TORCH)]);
pub(super) const FROM_AXIS: FieldWords =
    field("from", Takes::Axes, "the first axis to merge, from 0 without the batch, or by name; 0 if left out")
        .or(&[alias("start_dim", TORCH)]);
pub(super) const TO_AXIS: FieldWords =
    field("to", Takes::Axes, "the last axis to merge; the last of all if left out").or(&[alias("end_dim", TORCH)]);
pub(super) const SPLIT_SIZES: FieldWords =
    field("sizes", Takes::Shape, "the sizes of the new axes").or(&[alias("unflattened_size", TORCH)]);
pub(super) const RESHAPE_LIKE: FieldWords = field("like", Takes::Name, "the statement whose shape to use");
pub(super) const TRANSPOSE_A: FieldWords =
    field("transpose_a", Takes::Bool, "whether the first matrix is transposed").or(&[alias("transA", ONNX)]);
pub(super) const TRANSPOSE_B: FieldWords =
    field("transpose_b", Takes::Bool, "whether the second matrix is transposed").or(&[alias("transB", ONNX)]);
pub(super) const KEEP_AXES: FieldWords = field("keep", Takes::Bool, "whether to keep the axes with size 1")
    .or(&[alias("keepdim", TORCH), alias("keepdims", &[Keras, Onnx, Flax, Jax])]);
pub(super) const BY: FieldWords = field("by", Takes::Float, "the factor").or(&[alias("scale", KERAS)]);
pub(super) const ADDED: FieldWords = field("by", Takes::Float, "the number to add");
pub(super) const EXPONENT: FieldWords = field("exponent", Takes::Float, "the exponent");
pub(super) const CHANNELS: FieldWords = field("channels", Takes::Size, "channels; taken from the input if left out")
    .or(&[alias("num_features", &[Torch, Flax]), alias("num_channels", TORCH), alias("num_parameters", TORCH)])
    .hole();
pub(super) const NORM_GROUPS: FieldWords = field("groups", Takes::Size, "groups of channels that share statistics")
    .or(&[alias("num_groups", &[Torch, Flax, Onnx])]);
pub(super) const EPS: FieldWords =
    field("eps", Takes::Float, "the number added to the variance").or(&[alias("epsilon", &[Flax, Keras, Onnx])]);
pub(super) const AFFINE: FieldWords = field("affine", Takes::Bool, "whether there is a weight and a bias");
pub(super) const MOMENTUM: FieldWords = field(
    "momentum",
    Takes::Float,
    "the weight of a new batch in the running statistics; in onnx, flax and keras the weight of the old ones",
);
pub(super) const NORM_SIZE: FieldWords =
    field("size", Takes::Shape, "the last axes' sizes; all axes if left out").or(&[alias("normalized_shape", TORCH)]);
pub(super) const RESPONSE_SIZE: FieldWords = field("size", Takes::Size, "number of neighbouring channels in a window");
pub(super) const RESPONSE_ALPHA: FieldWords = field("alpha", Takes::Float, "the factor of the window's mean square");
pub(super) const BETA: FieldWords = field("beta", Takes::Float, "the exponent of the divisor");
pub(super) const RESPONSE_K: FieldWords =
    field("k", Takes::Float, "the number added to the mean square").or(&[alias("bias", ONNX)]);
pub(super) const NORM_P: FieldWords = field("p", Takes::Float, "the exponent of the norm, such as 1 or 2");
pub(super) const NORM_AXES: FieldWords =
    field("axes", Takes::Axes, "the axes of the norm, from 0 without the batch, or by name; the channels if left out")
        .or(&[alias("axis", ALL), alias("dim", TORCH)]);
pub(super) const LEAST_NORM: FieldWords =
    field("eps", Takes::Float, "the smallest divisor").or(&[alias("epsilon", &[Flax, Keras, Onnx])]);
pub(super) const SLOPE: FieldWords = field("slope", Takes::Float, "the factor below zero")
    .or(&[alias("negative_slope", &[Torch, Flax, Keras]), alias("alpha", &[Onnx, Keras])]);
pub(super) const LINE_SLOPE: FieldWords = field("alpha", Takes::Float, "the slope of the line").only(ONNX);
pub(super) const ALPHA: FieldWords = field("alpha", Takes::Float, "the factor below zero");
pub(super) const APPROXIMATE: FieldWords =
    field("approximate", Takes::Word(APPROXIMATIONS), "whether the tanh formula is used");
pub(super) const MIN: FieldWords = field("min", Takes::Float, "lower bound").or(&[alias("min_val", TORCH)]);
pub(super) const MAX: FieldWords = field("max", Takes::Float, "upper bound").or(&[alias("max_val", TORCH)]);
pub(super) const P: FieldWords = field("p", Takes::Float, "dropout probability in training")
    .or(&[alias("rate", &[Flax, Keras]), alias("ratio", ONNX)]);
pub(super) const DEPTH_P: FieldWords =
    field("p", Takes::Float, "probability in training that a sample becomes zero").or(&[alias("rate", &[Flax, Keras])]);
pub(super) const DEPTH_MODE: FieldWords =
    field("mode", Takes::Word(DEPTH_MODES), "whether samples are dropped individually or all together");
pub(super) const OWN_SHAPE: FieldWords = field("shape", Takes::Shape, "its shape without the batch axis");
pub(super) const ARRAY: FieldWords =
    field("array", Takes::Array, "the path of a `const` or `static` array, nested or flat");
pub(super) const INIT: FieldWords =
    field("init", Takes::Init, "initial value: a number, `normal(0.02)` or `uniform(0.1)`; 0 if left out");
pub(super) const TRAIN: FieldWords = field("train", Takes::Bool, "whether it is trained");
pub(super) const COUNT: FieldWords = field("count", Takes::Size, "how many numbers");

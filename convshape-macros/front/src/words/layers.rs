//! The layers: one row each.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx, Torch};

use super::fields::*;
use super::{Alias, FieldWords, Group, Kind, LayerWords, Positional};

const RANKS: &[usize] = &[1, 2, 3];

/// A row's defaults: every dialect, no other names, no fields.
const fn layer(kind: Kind, group: Group, name: &'static str, snake: &'static str, doc: &'static str) -> LayerWords {
    LayerWords {
        kind,
        group,
        name,
        ranks: &[],
        snake,
        aliases: &[],
        dialects: ALL,
        positional: Positional::None,
        fields: &[],
        python: &[],
        doc,
    }
}

const fn reduction(
    kind: Kind,
    name: &'static str,
    snake: &'static str,
    aliases: &'static [Alias],
    doc: &'static str,
) -> LayerWords {
    LayerWords { aliases, fields: &[REDUCED, KEEP_AXES], ..layer(kind, Group::Dense, name, snake, doc) }
}

/// The row of an activation.
const fn activation(
    kind: Kind,
    name: &'static str,
    snake: &'static str,
    aliases: &'static [Alias],
    doc: &'static str,
) -> LayerWords {
    LayerWords { aliases, python: INPLACE, ..layer(kind, Group::Activation, name, snake, doc) }
}

/// The row of a PyTorch padding layer.
const fn border(kind: Kind, name: &'static str, fields: &'static [FieldWords], doc: &'static str) -> LayerWords {
    LayerWords {
        ranks: RANKS,
        positional: Positional::Field("amount"),
        fields,
        python: &[(TORCH, &["amount", "value"])],
        ..layer(kind, Group::Resizing, name, "pad", doc)
    }
}

/// The row of a recurrent layer.
const fn recurrent(
    kind: Kind,
    (name, snake): (&'static str, &'static str),
    aliases: &'static [Alias],
    fields: &'static [FieldWords],
    doc: &'static str,
) -> LayerWords {
    LayerWords {
        aliases,
        dialects: RECURRENT,
        positional: Positional::Channels,
        fields,
        python: &[(TORCH, &["in_channels", "out_channels", "layers"]), (&[Flax, Keras], &["out_channels"])],
        ..layer(kind, Group::Dense, name, snake, doc)
    }
}

const INPLACE: &[(super::Dialects, &[&str])] = &[(TORCH, &["inplace"])];

const CONV_FIELDS: &[FieldWords] = &[
    IN_CHANNELS,
    OUT_CHANNELS,
    KERNEL,
    STRIDE,
    PADDING,
    DILATION,
    INPUT_DILATION,
    GROUPS,
    BIAS,
    PADDING_MODE,
    AUTO_PAD,
    TIED,
    MASK,
];

/// Every layer of the language.
pub(crate) static LAYERS: &[LayerWords] = &[
    // Convolution.
    LayerWords {
        ranks: RANKS,
        aliases: &[
            alias("Conv#D", KERAS),
            alias("Conv", &[Flax, Onnx]),
            alias("Convolution#D", KERAS),
            alias("LazyConv#d", TORCH),
        ],
        positional: Positional::Channels,
        fields: CONV_FIELDS,
        python: &[
            (
                TORCH,
                &[
                    "in_channels",
                    "out_channels",
                    "kernel",
                    "stride",
                    "padding",
                    "dilation",
                    "groups",
                    "bias",
                    "padding_mode",
                ],
            ),
            (
                KERAS,
                &["out_channels", "kernel", "stride", "padding", "data_format", "dilation", "groups", "activation"],
            ),
            (FLAX, &["out_channels", "kernel", "stride", "padding", "input_dilation", "dilation", "groups", "bias"]),
        ],
        ..layer(Kind::Conv, Group::Convolution, "Conv#d", "conv", "convolution: `Conv2d(1 -> 16, kernel: 3)`")
    },
    LayerWords {
        ranks: RANKS,
        aliases: &[
            alias("Conv#DTranspose", KERAS),
            alias("ConvTranspose", &[Flax, Onnx]),
            alias("Convolution#DTranspose", KERAS),
            alias("LazyConvTranspose#d", TORCH),
        ],
        positional: Positional::Channels,
        fields: &[
            IN_CHANNELS,
            OUT_CHANNELS,
            KERNEL,
            STRIDE,
            PADDING,
            OUTPUT_PADDING,
            DILATION,
            TRANSPOSE_GROUPS,
            BIAS,
            PADDING_MODE,
            OUTPUT_SIZE,
            AUTO_PAD,
            TRANSPOSE_KERNEL,
            CONSISTENT_PADDING,
            TIED,
        ],
        python: &[
            (
                TORCH,
                &[
                    "in_channels",
                    "out_channels",
                    "kernel",
                    "stride",
                    "padding",
                    "output_padding",
                    "groups",
                    "bias",
                    "dilation",
                    "padding_mode",
                ],
            ),
            (
                KERAS,
                &[
                    "out_channels",
                    "kernel",
                    "stride",
                    "padding",
                    "output_padding",
                    "data_format",
                    "dilation",
                    "activation",
                ],
            ),
            (FLAX, &["out_channels", "kernel", "stride", "padding", "dilation", "bias"]),
        ],
        ..layer(
            Kind::ConvTranspose,
            Group::Convolution,
            "ConvTranspose#d",
            "conv_transpose",
            "transposed convolution: `ConvTranspose2d(16 -> 1, kernel: 4, stride: 2, padding: 1)` doubles a size",
        )
    },
    LayerWords {
        ranks: RANKS,
        dialects: JAX,
        positional: Positional::Channels,
        fields: &[IN_CHANNELS, OUT_CHANNELS, KERNEL, STRIDE, PADDING, INPUT_DILATION, DILATION, GROUPS],
        ..layer(
            Kind::ConvGeneralDilated,
            Group::Convolution,
            "ConvGeneralDilated#d",
            "conv_general_dilated",
            "`lax.conv_general_dilated`: a convolution whose input may be dilated too",
        )
    },
    LayerWords {
        ranks: &[1, 2],
        aliases: &[alias("DepthwiseConv#D", KERAS)],
        dialects: KERAS,
        positional: Positional::Field("kernel"),
        fields: &[KERNEL, STRIDE, PADDING, DEPTH_MULTIPLIER, DILATION, BIAS],
        python: &[(
            KERAS,
            &["kernel", "stride", "padding", "depth_multiplier", "data_format", "dilation", "activation", "bias"],
        )],
        ..layer(
            Kind::DepthwiseConv,
            Group::Convolution,
            "DepthwiseConv#d",
            "depthwise_conv",
            "convolution of each channel by itself",
        )
    },
    LayerWords {
        ranks: &[1, 2],
        aliases: &[alias("SeparableConv#D", KERAS), alias("SeparableConvolution#D", KERAS)],
        dialects: KERAS,
        positional: Positional::Channels,
        fields: &[IN_CHANNELS, OUT_CHANNELS, KERNEL, STRIDE, PADDING, DILATION, DEPTH_MULTIPLIER, BIAS],
        python: &[(
            KERAS,
            &[
                "out_channels",
                "kernel",
                "stride",
                "padding",
                "data_format",
                "dilation",
                "depth_multiplier",
                "activation",
            ],
        )],
        ..layer(
            Kind::SeparableConv,
            Group::Convolution,
            "SeparableConv#d",
            "separable_conv",
            "depthwise convolution, then one with kernel 1 over the channels",
        )
    },
    // Pooling.
    LayerWords {
        ranks: RANKS,
        aliases: &[
            alias("MaxPooling#D", KERAS),
            alias("MaxPool#D", KERAS),
            alias("MaxPool", ONNX),
            alias("max_pool", FLAX),
        ],
        positional: Positional::Field("kernel"),
        fields: &[WINDOW, WINDOW_STRIDE, WINDOW_PADDING, MAX_DILATION, CEIL_MODE, AUTO_PAD],
        python: &[
            (TORCH, &["kernel", "stride", "padding", "dilation", "return_indices", "ceil_mode"]),
            (KERAS, &["kernel", "stride", "padding"]),
            (FLAX, &["kernel", "stride", "padding"]),
        ],
        ..layer(Kind::MaxPool, Group::Pooling, "MaxPool#d", "max_pool", "the largest value of each window")
    },
    LayerWords {
        ranks: RANKS,
        dialects: &[Torch, Onnx],
        aliases: &[alias("MaxUnpool", ONNX)],
        positional: Positional::Undo,
        python: &[(TORCH, &["kernel", "stride", "padding"])],
        ..layer(
            Kind::MaxUnpool,
            Group::Pooling,
            "MaxUnpool#d",
            "max_unpool",
            "puts values back where a max pooling found its maxima, with zeros around them",
        )
    },
    LayerWords {
        ranks: RANKS,
        aliases: &[
            alias("AveragePooling#D", KERAS),
            alias("AvgPool#D", KERAS),
            alias("AveragePool", ONNX),
            alias("avg_pool", FLAX),
        ],
        positional: Positional::Field("kernel"),
        fields: &[WINDOW, WINDOW_STRIDE, WINDOW_PADDING, AVG_DILATION, CEIL_MODE, COUNT_INCLUDE_PAD, AUTO_PAD],
        python: &[
            (TORCH, &["kernel", "stride", "padding", "ceil_mode", "count_include_pad"]),
            (KERAS, &["kernel", "stride", "padding"]),
            (FLAX, &["kernel", "stride", "padding", "count_include_pad"]),
        ],
        ..layer(Kind::AvgPool, Group::Pooling, "AvgPool#d", "avg_pool", "the mean of each window")
    },
    LayerWords {
        ranks: RANKS,
        aliases: &[alias("AdaptiveAveragePooling#D", KERAS)],
        dialects: &[Torch, Keras],
        positional: Positional::Field("size"),
        fields: &[ADAPTIVE_SIZE],
        ..layer(
            Kind::AdaptiveAvgPool,
            Group::Pooling,
            "AdaptiveAvgPool#d",
            "adaptive_avg_pool",
            "the means over windows that divide the input into the output size",
        )
    },
    LayerWords {
        ranks: RANKS,
        aliases: &[alias("AdaptiveMaxPooling#D", KERAS)],
        dialects: &[Torch, Keras],
        positional: Positional::Field("size"),
        fields: &[ADAPTIVE_SIZE],
        ..layer(
            Kind::AdaptiveMaxPool,
            Group::Pooling,
            "AdaptiveMaxPool#d",
            "adaptive_max_pool",
            "the largest values of windows that divide the input into the output size",
        )
    },
    LayerWords {
        aliases: &[
            alias("GlobalAveragePooling#D", KERAS),
            alias("GlobalAvgPool#D", KERAS),
            alias("GlobalAveragePool", ONNX),
        ],
        fields: &[KEEP],
        ..layer(
            Kind::GlobalAvgPool,
            Group::Pooling,
            "GlobalAvgPool",
            "global_avg_pool",
            "the mean of each channel: `[C]`",
        )
    },
    LayerWords {
        aliases: &[alias("GlobalMaxPooling#D", KERAS), alias("GlobalMaxPool#D", KERAS)],
        fields: &[KEEP],
        ..layer(
            Kind::GlobalMaxPool,
            Group::Pooling,
            "GlobalMaxPool",
            "global_max_pool",
            "the largest value of each channel: `[C]`",
        )
    },
    // Resizing.
    LayerWords {
        positional: Positional::Field("scale"),
        fields: &[SCALE, SIZE, LIKE, INTERPOLATION, ALIGN_CORNERS],
        python: &[(TORCH, &["size", "scale", "mode", "align_corners"])],
        ..layer(Kind::Upsample, Group::Resizing, "Upsample", "upsample", "resizes by a factor or to a size")
    },
    LayerWords {
        ranks: RANKS,
        dialects: KERAS,
        positional: Positional::Field("scale"),
        fields: &[KERAS_SCALE, INTERPOLATION],
        python: &[(KERAS, &["scale", "data_format", "mode"])],
        ..layer(Kind::UpSampling, Group::Resizing, "UpSampling#D", "upsample", "resizes by a factor called `size`")
    },
    LayerWords {
        ranks: &[2],
        positional: Positional::Field("scale"),
        fields: &[SCALE, SIZE],
        python: &[(TORCH, &["size", "scale"])],
        ..layer(
            Kind::UpsamplingNearest,
            Group::Resizing,
            "UpsamplingNearest#d",
            "upsample",
            "resizes, taking the element at the position rounded down",
        )
    },
    LayerWords {
        ranks: &[2],
        positional: Positional::Field("scale"),
        fields: &[SCALE, SIZE],
        python: &[(TORCH, &["size", "scale"])],
        ..layer(
            Kind::UpsamplingBilinear,
            Group::Resizing,
            "UpsamplingBilinear#d",
            "upsample",
            "resizes by interpolating between the four nearest elements, with aligned corners",
        )
    },
    LayerWords {
        positional: Positional::Field("factor"),
        fields: &[FACTOR],
        ..layer(
            Kind::PixelShuffle,
            Group::Resizing,
            "PixelShuffle",
            "pixel_shuffle",
            "`[C*r*r, H, W]` to `[C, H*r, W*r]`",
        )
    },
    LayerWords {
        positional: Positional::Field("factor"),
        fields: &[FACTOR],
        ..layer(
            Kind::PixelUnshuffle,
            Group::Resizing,
            "PixelUnshuffle",
            "pixel_unshuffle",
            "`[C, H*r, W*r]` to `[C*r*r, H, W]`",
        )
    },
    LayerWords {
        positional: Positional::Field("factor"),
        fields: &[FACTOR, DEPTH_ORDER],
        ..layer(
            Kind::DepthToSpace,
            Group::Resizing,
            "DepthToSpace",
            "depth_to_space",
            "like `PixelShuffle`, with a choice of channel order",
        )
    },
    LayerWords {
        positional: Positional::Field("groups"),
        fields: &[SHUFFLED_GROUPS],
        ..layer(
            Kind::ChannelShuffle,
            Group::Resizing,
            "ChannelShuffle",
            "channel_shuffle",
            "interleaves equal parts of the channels: the first of each, then the second of each",
        )
    },
    LayerWords {
        aliases: &[alias("ZeroPadding#D", KERAS)],
        positional: Positional::Field("amount"),
        fields: &[AMOUNT, LIKE, BORDER, VALUE, ALIGN],
        ..layer(Kind::Pad, Group::Resizing, "Pad", "pad", "adds a border")
    },
    border(Kind::ZeroPad, "ZeroPad#d", &[SIDES], "adds a border of zeros"),
    border(
        Kind::ReflectionPad,
        "ReflectionPad#d",
        &[SIDES],
        "adds a border that mirrors the rows without repeating the edge",
    ),
    border(Kind::ReplicationPad, "ReplicationPad#d", &[SIDES], "adds a border that repeats the edge"),
    border(Kind::CircularPad, "CircularPad#d", &[SIDES], "adds a border that continues on the other side"),
    border(Kind::ConstantPad, "ConstantPad#d", &[SIDES, VALUE], "adds a border of one value"),
    LayerWords {
        aliases: &[alias("Cropping#D", KERAS)],
        positional: Positional::Field("amount"),
        fields: &[AMOUNT, LIKE, ALIGN],
        ..layer(Kind::Crop, Group::Resizing, "Crop", "crop", "removes a border")
    },
    LayerWords {
        positional: Positional::Field("channels"),
        fields: &[CHANNEL_RANGE, AXIS],
        ..layer(
            Kind::Slice,
            Group::Resizing,
            "Slice",
            "slice",
            "some of the channels, or of the elements along an axis: `Slice(0..4, axis: 1)`",
        )
    },
    LayerWords {
        positional: Positional::Field("pieces"),
        fields: &[PIECES, SPLIT_AXIS],
        python: &[(TORCH, &["pieces", "axis"]), (KERAS, &["pieces", "axis"])],
        ..layer(
            Kind::Split,
            Group::Resizing,
            "Split",
            "split",
            "the pieces of an axis: `s: Split(2)` gives `s.0`, `s.1`",
        )
    },
    // Recurrent.
    recurrent(
        Kind::Lstm,
        ("Lstm", "lstm"),
        &[alias("LSTM", SEQUENCES), alias("LSTMCell", FLAX), alias("OptimizedLSTMCell", FLAX)],
        &[STEP_IN, STEP_OUT, RECURRENT_LAYERS, BIDIRECTIONAL, STEP_BIAS, RECURRENT_DROPOUT, RETURN_SEQUENCES],
        "long short-term memory on `[length, features]`: `l: Lstm(64 -> 128)`, with the final states `l.h_n` and `l.c_n`",
    ),
    recurrent(
        Kind::Gru,
        ("Gru", "gru"),
        &[alias("GRU", SEQUENCES), alias("GRUCell", FLAX)],
        &[
            STEP_IN,
            STEP_OUT,
            RECURRENT_LAYERS,
            BIDIRECTIONAL,
            STEP_BIAS,
            RECURRENT_DROPOUT,
            RETURN_SEQUENCES,
            RESET_AFTER,
        ],
        "gated recurrent unit on `[length, features]`: `g: Gru(64 -> 128)`, with the final states `g.h_n`",
    ),
    recurrent(
        Kind::Rnn,
        ("Rnn", "rnn"),
        &[alias("RNN", &[Torch, Onnx]), alias("SimpleRNN", KERAS), alias("SimpleCell", FLAX)],
        &[
            STEP_IN,
            STEP_OUT,
            RECURRENT_LAYERS,
            BIDIRECTIONAL,
            STEP_BIAS,
            RECURRENT_DROPOUT,
            RETURN_SEQUENCES,
            NONLINEARITY,
        ],
        "recurrent layer without gates on `[length, features]`: `r: Rnn(64 -> 128)`, with the final states `r.h_n`",
    ),
    // Dense and shape.
    LayerWords {
        aliases: &[alias("Dense", &[Keras, Flax]), alias("Gemm", ONNX), alias("LazyLinear", TORCH)],
        positional: Positional::Channels,
        fields: &[IN_CHANNELS, OUT_CHANNELS, BIAS],
        python: &[
            (TORCH, &["in_channels", "out_channels", "bias"]),
            (KERAS, &["out_channels", "activation", "bias"]),
            (FLAX, &["out_channels", "bias"]),
        ],
        ..layer(Kind::Linear, Group::Dense, "Linear", "linear", "a dense layer over the last axis: `Linear(784 -> 10)`")
    },
    LayerWords {
        fields: &[FROM_AXIS, TO_AXIS],
        python: &[(TORCH, &["from", "to"])],
        ..layer(Kind::Flatten, Group::Dense, "Flatten", "flatten", "merges all axes into one, or the axes given")
    },
    LayerWords {
        positional: Positional::Two("axis", "sizes"),
        fields: &[AXIS, SPLIT_SIZES],
        ..layer(
            Kind::Unflatten,
            Group::Dense,
            "Unflatten",
            "unflatten",
            "splits one axis into several: `Unflatten(0, [8, 8])`",
        )
    },
    LayerWords {
        positional: Positional::Field("shape"),
        fields: &[SHAPE, RESHAPE_LIKE],
        ..layer(Kind::Reshape, Group::Dense, "Reshape", "reshape", "the same elements in a new shape")
    },
    LayerWords {
        aliases: &[alias("Concatenate", KERAS), alias("concatenate", KERAS)],
        positional: Positional::Names,
        fields: &[AXIS],
        ..layer(
            Kind::Concat,
            Group::Dense,
            "Concat",
            "concat",
            "joins along the channels, or along the axis given, in the order written",
        )
    },
    LayerWords {
        positional: Positional::Names,
        fields: &[AXIS],
        ..layer(
            Kind::Stack,
            Group::Dense,
            "Stack",
            "stack",
            "joins values of equal shape along a new axis, by default the first",
        )
    },
    LayerWords {
        positional: Positional::Names,
        fields: &[TRANSPOSE_A, TRANSPOSE_B],
        ..layer(
            Kind::MatMul,
            Group::Dense,
            "MatMul",
            "mat_mul",
            "the matrix product over the last two axes: `MatMul(a, b)`",
        )
    },
    LayerWords {
        positional: Positional::Names,
        fields: &[HEADS, CAUSAL, SCORE_SCALE, ATTENTION_DROPOUT],
        ..layer(
            Kind::Attention,
            Group::Dense,
            "Attention",
            "attention",
            "scaled dot-product attention on `[tokens, features]`: `Attention(q, k, v, heads: 8)`",
        )
    },
    LayerWords {
        aliases: &[alias("MultiheadAttention", TORCH), alias("MultiHeadDotProductAttention", FLAX)],
        dialects: MULTI_HEAD,
        positional: Positional::Field("features"),
        fields: &[
            TOKEN_FEATURES,
            HEADS,
            BIAS,
            ATTENTION_DROPOUT,
            CAUSAL,
            KEY_FEATURES,
            VALUE_FEATURES,
            KEY_DIM,
            VALUE_DIM,
            QKV_FEATURES,
            OUT_FEATURES,
        ],
        python: &[
            (TORCH, &["features", "heads", "dropout", "bias"]),
            (KERAS, &["heads", "key_dim", "value_dim", "dropout", "bias"]),
            (FLAX, &["heads"]),
        ],
        ..layer(
            Kind::MultiHead,
            Group::Dense,
            "MultiHeadAttention",
            "multi_head_attention",
            "attention between linear layers: `MultiHeadAttention(64, heads: 8)`, reading one value or `from (q, k, v)`",
        )
    },
    LayerWords {
        aliases: &[alias("add", KERAS)],
        positional: Positional::Names,
        ..layer(Kind::Add, Group::Dense, "Add", "add", "the sum; axes of size 1 are broadcast")
    },
    LayerWords {
        aliases: &[alias("Multiply", KERAS), alias("multiply", KERAS)],
        positional: Positional::Names,
        ..layer(Kind::Mul, Group::Dense, "Mul", "mul", "the product; axes of size 1 are broadcast")
    },
    LayerWords {
        aliases: &[alias("Subtract", KERAS), alias("subtract", KERAS)],
        positional: Positional::Names,
        ..layer(Kind::Sub, Group::Dense, "Sub", "sub", "the first minus the second; axes of size 1 are broadcast")
    },
    LayerWords {
        positional: Positional::Names,
        ..layer(Kind::Div, Group::Dense, "Div", "div", "the first divided by the second; axes of size 1 are broadcast")
    },
    LayerWords {
        aliases: &[alias("maximum", KERAS)],
        positional: Positional::Names,
        ..layer(Kind::Maximum, Group::Dense, "Maximum", "maximum", "the larger of each; axes of size 1 are broadcast")
    },
    LayerWords {
        aliases: &[alias("minimum", KERAS)],
        positional: Positional::Names,
        ..layer(Kind::Minimum, Group::Dense, "Minimum", "minimum", "the smaller of each; axes of size 1 are broadcast")
    },
    LayerWords {
        positional: Positional::Axes,
        fields: &[AXES],
        ..layer(Kind::Permute, Group::Dense, "Permute", "permute", "reorders the axes: `Permute(1, 2, 0)`")
    },
    LayerWords {
        positional: Positional::Axes,
        fields: &[AXES, PERM],
        ..layer(Kind::Transpose, Group::Dense, "Transpose", "transpose", "swaps two axes")
    },
    reduction(Kind::Mean, "Mean", "mean", &[alias("ReduceMean", ONNX)], "the mean over axes: `Mean(axis: 0)`"),
    reduction(Kind::Sum, "Sum", "sum", &[alias("ReduceSum", ONNX)], "the sum over axes: `Sum(axis: 0)`"),
    reduction(Kind::Max, "Max", "max", &[alias("ReduceMax", ONNX)], "the largest over axes: `Max(axis: 0)`"),
    reduction(Kind::Min, "Min", "min", &[alias("ReduceMin", ONNX)], "the smallest over axes: `Min(axis: 0)`"),
    LayerWords {
        aliases: &[alias("Rescaling", KERAS)],
        positional: Positional::Field("by"),
        fields: &[BY],
        ..layer(Kind::Scale, Group::Dense, "Scale", "scale", "multiplies by a constant")
    },
    LayerWords {
        positional: Positional::Path,
        ..layer(Kind::Chain, Group::Dense, "Chain", "chain", "another checked chain as a layer: `Chain(path::Type)`")
    },
    LayerWords {
        positional: Positional::Path,
        ..layer(
            Kind::Custom,
            Group::Dense,
            "Custom",
            "custom",
            "your own layer, a type that implements `convshape::CustomLayer`: `q: Custom(path::Type) -> [16, 14, 14]`",
        )
    },
    LayerWords {
        positional: Positional::Field("shape"),
        fields: &[OWN_SHAPE, INIT, TRAIN],
        ..layer(
            Kind::Parameter,
            Group::Dense,
            "Parameter",
            "parameter",
            "a free parameter, which reads nothing: `gamma: Parameter([96], init: 1e-6)`",
        )
    },
    LayerWords {
        positional: Positional::Field("count"),
        fields: &[COUNT],
        ..layer(Kind::Arange, Group::Dense, "Arange", "arange", "the numbers 0, 1, 2, ..: `Arange(64)`")
    },
    LayerWords {
        positional: Positional::Two("array", "shape"),
        fields: &[ARRAY, OWN_SHAPE],
        ..layer(
            Kind::Constant,
            Group::Dense,
            "Constant",
            "constant",
            "the elements of a `const` or `static`, which are not trained: `Constant(tables::ANCHORS, [2, 8400])`",
        )
    },
    // Normalisation.
    LayerWords {
        aliases: &[
            alias("BatchNorm#d", TORCH),
            alias("BatchNormalization", &[Keras, Onnx]),
            alias("LazyBatchNorm#d", TORCH),
            alias("SyncBatchNorm", TORCH),
        ],
        positional: Positional::Field("channels"),
        fields: &[CHANNELS, EPS, AFFINE, MOMENTUM],
        python: &[
            (TORCH, &["channels", "eps", "momentum", "affine", "track_running_stats"]),
            (KERAS, &["axis", "momentum", "eps"]),
        ],
        ..layer(
            Kind::BatchNorm,
            Group::Normalisation,
            "BatchNorm",
            "batch_norm",
            "normalises each channel by its running statistics",
        )
    },
    LayerWords {
        aliases: &[alias("GroupNormalization", &[Keras, Onnx])],
        positional: Positional::Field("channels"),
        fields: &[CHANNELS, NORM_GROUPS, EPS],
        python: &[(TORCH, &["groups", "channels", "eps"]), (&[Keras, Flax], &["groups"])],
        ..layer(
            Kind::GroupNorm,
            Group::Normalisation,
            "GroupNorm",
            "group_norm",
            "normalises groups of channels: `GroupNorm(32, groups: 8)`",
        )
    },
    LayerWords {
        aliases: &[
            alias("InstanceNorm#d", TORCH),
            alias("InstanceNormalization", ONNX),
            alias("LazyInstanceNorm#d", TORCH),
        ],
        positional: Positional::Field("channels"),
        fields: &[CHANNELS, EPS, AFFINE],
        python: &[(TORCH, &["channels", "eps", "momentum", "affine", "track_running_stats"])],
        ..layer(
            Kind::InstanceNorm,
            Group::Normalisation,
            "InstanceNorm",
            "instance_norm",
            "normalises each channel by its own statistics",
        )
    },
    LayerWords {
        aliases: &[alias("LayerNormalization", &[Keras, Onnx])],
        positional: Positional::Field("size"),
        fields: &[NORM_SIZE, EPS],
        python: &[(TORCH, &["size", "eps"])],
        ..layer(Kind::LayerNorm, Group::Normalisation, "LayerNorm", "layer_norm", "normalises over the last axes")
    },
    LayerWords {
        aliases: &[alias("RMSNorm", &[Torch, Flax]), alias("RMSNormalization", &[Keras, Onnx])],
        positional: Positional::Field("size"),
        fields: &[NORM_SIZE, EPS],
        python: &[(TORCH, &["size", "eps"])],
        ..layer(
            Kind::RmsNorm,
            Group::Normalisation,
            "RmsNorm",
            "rms_norm",
            "divides by the root mean square over the last axes",
        )
    },
    LayerWords {
        aliases: &[alias("LRN", ONNX)],
        positional: Positional::Field("size"),
        fields: &[RESPONSE_SIZE, RESPONSE_ALPHA, BETA, RESPONSE_K],
        python: &[(TORCH, &["size", "alpha", "beta", "k"])],
        ..layer(
            Kind::LocalResponseNorm,
            Group::Normalisation,
            "LocalResponseNorm",
            "local_response_norm",
            "`x / (k + alpha * m)^beta`, with `m` the mean square of `size` neighbouring channels",
        )
    },
    LayerWords {
        aliases: &[alias("LpNormalization", ONNX), alias("UnitNormalization", KERAS)],
        positional: Positional::Field("p"),
        fields: &[NORM_P, NORM_AXES, LEAST_NORM],
        ..layer(
            Kind::LpNorm,
            Group::Normalisation,
            "LpNorm",
            "lp_norm",
            "divides by the p-norm over axes: `LpNorm(axis: channels)`",
        )
    },
    // Activation.
    activation(Kind::Relu, "Relu", "relu", &[alias("ReLU", &[Torch, Keras])], "`max(x, 0)`"),
    activation(Kind::Relu6, "Relu6", "relu6", &[alias("ReLU6", TORCH)], "`min(max(x, 0), 6)`"),
    LayerWords {
        positional: Positional::Field("slope"),
        fields: &[SLOPE],
        python: &[(TORCH, &["slope", "inplace"]), (KERAS, &["slope"])],
        ..activation(
            Kind::LeakyRelu,
            "LeakyRelu",
            "leaky_relu",
            &[alias("LeakyReLU", &[Torch, Keras])],
            "`x` above zero, `slope * x` below",
        )
    },
    LayerWords {
        positional: Positional::Field("alpha"),
        fields: &[ALPHA],
        python: &[(TORCH, &["alpha", "inplace"])],
        ..activation(
            Kind::Elu,
            "Elu",
            "elu",
            &[alias("ELU", &[Torch, Keras])],
            "`x` above zero, `alpha * (exp(x) - 1)` below",
        )
    },
    LayerWords {
        fields: &[APPROXIMATE],
        python: &[(TORCH, &["approximate"])],
        ..activation(Kind::Gelu, "Gelu", "gelu", &[alias("GELU", TORCH)], "`x * Phi(x)`")
    },
    activation(
        Kind::Silu,
        "Silu",
        "silu",
        &[alias("SiLU", TORCH), alias("Swish", ONNX), alias("swish", &[Keras, Flax, Jax])],
        "`x * sigmoid(x)`",
    ),
    activation(Kind::Sigmoid, "Sigmoid", "sigmoid", &[], "`1 / (1 + exp(-x))`"),
    activation(Kind::Tanh, "Tanh", "tanh", &[], "hyperbolic tangent"),
    activation(Kind::Softplus, "Softplus", "softplus", &[], "`ln(1 + exp(x))`"),
    activation(
        Kind::Hardswish,
        "Hardswish",
        "hardswish",
        &[alias("HardSwish", ONNX), alias("hard_swish", &[Keras, Flax, Jax])],
        "`x * clamp(x + 3, 0, 6) / 6`",
    ),
    LayerWords {
        fields: &[LINE_SLOPE],
        ..activation(
            Kind::Hardsigmoid,
            "Hardsigmoid",
            "hardsigmoid",
            &[alias("HardSigmoid", ONNX), alias("hard_sigmoid", &[Keras, Flax, Jax])],
            "`clamp(x / 6 + 1 / 2, 0, 1)`; in onnx `clamp(0.2 * x + 1 / 2, 0, 1)`",
        )
    },
    LayerWords {
        fields: &[MIN, MAX],
        python: &[(ALL, &["min", "max"])],
        ..activation(Kind::Clamp, "Clamp", "clamp", &[alias("Clip", ONNX)], "`min(max(x, min), max)`")
    },
    LayerWords {
        positional: Positional::Field("channels"),
        fields: &[CHANNELS],
        ..activation(
            Kind::Prelu,
            "Prelu",
            "prelu",
            &[alias("PReLU", &[Torch, Keras, Flax]), alias("PRelu", ONNX)],
            "`x` above zero, `weight * x` below",
        )
    },
    LayerWords {
        positional: Positional::Field("channels"),
        fields: &[CHANNELS],
        ..activation(Kind::Snake, "Snake", "snake", &[], "`x + sin(weight * x)^2 / weight`")
    },
    LayerWords {
        fields: &[AXIS],
        python: &[(ALL, &["axis"])],
        ..activation(Kind::Softmax, "Softmax", "softmax", &[], "softmax over channels, or over the axis that is named")
    },
    LayerWords {
        fields: &[AXIS],
        python: &[(ALL, &["axis"])],
        ..activation(Kind::LogSoftmax, "LogSoftmax", "log_softmax", &[], "the logarithm of the softmax")
    },
    LayerWords {
        aliases: &[alias("GLU", TORCH)],
        fields: &[AXIS],
        python: &[(ALL, &["axis"])],
        ..layer(
            Kind::Glu,
            Group::Dense,
            "Glu",
            "glu",
            "the first half of the last axis times the sigmoid of the second",
        )
    },
    LayerWords {
        fields: &[MIN, MAX],
        python: &[(TORCH, &["min", "max", "inplace"])],
        ..activation(
            Kind::Hardtanh,
            "Hardtanh",
            "hardtanh",
            &[alias("hard_tanh", &[Keras, Flax, Jax])],
            "`min(max(x, -1), 1)`, or with other bounds",
        )
    },
    activation(Kind::Mish, "Mish", "mish", &[], "`x * tanh(ln(1 + exp(x)))`"),
    activation(
        Kind::Selu,
        "Selu",
        "selu",
        &[alias("SELU", TORCH)],
        "`1.0507 * x` above zero, `1.7581 * (exp(x) - 1)` below",
    ),
    LayerWords {
        positional: Positional::Field("alpha"),
        fields: &[ALPHA],
        python: &[(TORCH, &["alpha", "inplace"])],
        ..activation(
            Kind::Celu,
            "Celu",
            "celu",
            &[alias("CELU", TORCH)],
            "`x` above zero, `alpha * (exp(x / alpha) - 1)` below",
        )
    },
    activation(Kind::Softsign, "Softsign", "softsign", &[alias("soft_sign", &[Flax, Jax])], "`x / (1 + |x|)`"),
    activation(Kind::LogSigmoid, "LogSigmoid", "log_sigmoid", &[alias("Logsigmoid", TORCH)], "`ln(sigmoid(x))`"),
    activation(Kind::Sqrt, "Sqrt", "sqrt", &[], "square root"),
    activation(Kind::Rsqrt, "Rsqrt", "rsqrt", &[], "`1 / sqrt(x)`"),
    activation(Kind::Square, "Square", "square", &[], "`x * x`"),
    activation(Kind::Abs, "Abs", "abs", &[], "absolute value"),
    activation(Kind::Neg, "Neg", "neg", &[alias("negative", KERAS)], "`-x`"),
    activation(Kind::Log, "Log", "log", &[], "natural logarithm"),
    activation(Kind::Sin, "Sin", "sin", &[], "sine"),
    activation(Kind::Cos, "Cos", "cos", &[], "cosine"),
    LayerWords {
        positional: Positional::Field("exponent"),
        fields: &[EXPONENT],
        ..activation(Kind::Pow, "Pow", "pow", &[], "`x` to a constant power")
    },
    LayerWords {
        positional: Positional::Field("by"),
        fields: &[ADDED],
        ..activation(Kind::AddScalar, "AddScalar", "add_scalar", &[], "adds a constant")
    },
    activation(Kind::Exp, "Exp", "exp", &[alias("exponential", KERAS)], "`exp(x)`"),
    LayerWords {
        positional: Positional::Field("p"),
        fields: &[P],
        python: &[(TORCH, &["p", "inplace"]), (&[Keras, Flax], &["p"])],
        ..activation(Kind::Dropout, "Dropout", "dropout", &[], "the identity outside training")
    },
    LayerWords {
        ranks: RANKS,
        dialects: &[Torch, Flax, Keras],
        positional: Positional::Field("p"),
        fields: &[P],
        python: &[(TORCH, &["p", "inplace"]), (&[Keras, Flax], &["p"])],
        ..activation(
            Kind::ChannelDropout,
            "Dropout#d",
            "dropout",
            &[alias("SpatialDropout#D", KERAS)],
            "drops whole channels in training",
        )
    },
    LayerWords {
        positional: Positional::Field("p"),
        fields: &[DEPTH_P, DEPTH_MODE],
        python: &[(TORCH, &["p", "mode"])],
        ..activation(
            Kind::StochasticDepth,
            "StochasticDepth",
            "stochastic_depth",
            &[],
            "drops whole samples in training",
        )
    },
    activation(Kind::Identity, "Identity", "identity", &[alias("linear", KERAS)], "what comes in"),
    LayerWords {
        dialects: KERAS,
        positional: Positional::Field("function"),
        fields: &[FUNCTION],
        ..activation(Kind::Activation, "Activation", "activation", &[], "an activation by its name")
    },
    LayerWords {
        dialects: KERAS,
        positional: Positional::Field("shape"),
        fields: &[SHAPE],
        ..activation(Kind::Input, "Input", "input_layer", &[alias("InputLayer", KERAS)], "the input shape, checked")
    },
];

//! Convolutions.

use convshape_arith::op::Dialect::{Flax, Onnx};
use convshape_arith::op::{Conv, Direction, Op, SeparableConv};

use super::*;

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

pub(super) static ROWS: &[LayerWords] = &[
    LayerWords {
        kind: Kind::Conv,
        required: &[(&["out_channels"], ALL), (&["kernel"], ALL)],
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
        ..layer(
            Group::Convolution,
            "Conv#d",
            "conv",
            "convolution: `Conv2d(1 -> 16, kernel: 3)`",
            Defaults::Of(|dialect, rank| Op::Conv(Conv::new(dialect, Direction::Forward, rank))),
            rule(
                "`[in, n..] -> [out, window(n)..]`",
                Definition::Torch("torch.nn.Conv2d"),
                Example {
                    fields: &[("kernel", "3", ALL), ("groups", "2", ALL)],
                    symbols: CONV_SIZES,
                    ..leading("14 -> 22")
                },
            ),
        )
    },
    LayerWords {
        kind: Kind::ConvTranspose,
        required: &[
            (&["out_channels"], ALL),
            (&["kernel"], ALL),
            // `lax.conv_transpose` has no default.
            (&["padding"], JAX),
        ],
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
            Group::Convolution,
            "ConvTranspose#d",
            "conv_transpose",
            "transposed convolution: `ConvTranspose2d(16 -> 1, kernel: 4, stride: 2, padding: 1)` doubles a size",
            Defaults::Of(|dialect, rank| Op::Conv(Conv::new(dialect, Direction::Transposed, rank))),
            rule(
                "`[in, n..] -> [out, scatter(n)..]`",
                Definition::Torch("torch.nn.ConvTranspose2d"),
                Example {
                    // `lax.conv_transpose` has no default for its padding.
                    fields: &[("kernel", "3", ALL), ("groups", "2", ALL), ("padding", "valid", JAX)],
                    symbols: CONV_SIZES,
                    ..leading("14 -> 22")
                },
            ),
        )
    },
    LayerWords {
        kind: Kind::ConvGeneralDilated,
        required: &[(&["out_channels"], ALL), (&["kernel"], ALL)],
        ranks: RANKS,
        dialects: JAX,
        positional: Positional::Channels,
        fields: &[IN_CHANNELS, OUT_CHANNELS, KERNEL, STRIDE, PADDING, INPUT_DILATION, DILATION, GROUPS],
        ..layer(
            Group::Convolution,
            "ConvGeneralDilated#d",
            "conv_general_dilated",
            "`lax.conv_general_dilated`: a convolution whose input may be dilated too",
            Defaults::Of(|dialect, rank| Op::Conv(Conv::new(dialect, Direction::Forward, rank))),
            rule(
                "`[in, n..] -> [out, window((n - 1) * input_dilation + 1)..]`",
                Definition::Jax("jax.lax.conv_general_dilated"),
                Example {
                    fields: &[("kernel", "3", ALL), ("groups", "2", ALL)],
                    symbols: CONV_SIZES,
                    ..leading("14 -> 22")
                },
            ),
        )
    },
    LayerWords {
        kind: Kind::DepthwiseConv,
        required: &[(&["kernel"], ALL)],
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
            Group::Convolution,
            "DepthwiseConv#d",
            "depthwise_conv",
            "convolution of each channel by itself",
            Defaults::Of(|dialect, rank| {
                Op::Conv(Conv { depth_multiplier: Some(1), ..Conv::new(dialect, Direction::Forward, rank) })
            }),
            rule(
                "`[in, n..] -> [in * depth_multiplier, window(n)..]`",
                Definition::Keras("DepthwiseConv2D", "convolution_layers/depthwise_convolution2d"),
                Example { fields: &[("depth_multiplier", "2", ALL)], symbols: CONV_SIZES, ..leading("3") },
            ),
        )
    },
    LayerWords {
        required: &[(&["out_channels"], ALL), (&["kernel"], ALL)],
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
            Group::Convolution,
            "SeparableConv#d",
            "separable_conv",
            "depthwise convolution, then one with kernel 1 over the channels",
            Defaults::Of(|_, rank| Op::SeparableConv(SeparableConv::new(rank))),
            rule(
                "`[in, n..] -> [out, window(n)..]`",
                Definition::Keras("SeparableConv2D", "convolution_layers/separable_convolution2d"),
                Example {
                    fields: &[("kernel", "3", ALL), ("depth_multiplier", "2", ALL)],
                    symbols: CONV_SIZES,
                    ..leading("14 -> 22")
                },
            ),
        )
    },
];

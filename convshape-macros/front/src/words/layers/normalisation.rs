//! Normalisation.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx, Torch};
use convshape_arith::op::{Axes, Dialect, Op};

use super::*;

/// The default epsilon of group, instance and layer norms.
fn eps(dialect: Dialect) -> f64 {
    match dialect {
        Torch | Onnx | Jax => 1e-5,
        Flax => 1e-6,
        Keras => 1e-3,
    }
}

pub(super) static ROWS: &[LayerWords] = &[
    LayerWords {
        kind: Kind::BatchNorm,
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
            Group::Normalisation,
            "BatchNorm",
            "batch_norm",
            "normalises each channel by its running statistics",
            Defaults::Of(|dialect, _| {
                let (eps, momentum) = match dialect {
                    Torch | Jax => (1e-5, 0.1),
                    // These frameworks write the weight of the old average.
                    Onnx => (1e-5, 1.0 - 0.9),
                    Flax => (1e-5, 1.0 - 0.99),
                    Keras => (1e-3, 1.0 - 0.99),
                };
                Op::BatchNorm { dialect, channels: None, eps, affine: true, momentum }
            }),
            rule(
                SAME,
                Definition::Torch("torch.nn.BatchNorm2d"),
                Example { input: ExampleInput::Image(64), symbols: CHANNEL_SIZES, ..IMAGE },
            ),
        )
    },
    LayerWords {
        kind: Kind::GroupNorm,
        required: &[(&["groups"], &[Torch, Onnx, Jax])],
        aliases: &[alias("GroupNormalization", &[Keras, Onnx])],
        positional: Positional::Field("channels"),
        fields: &[CHANNELS, NORM_GROUPS, EPS],
        python: &[(TORCH, &["groups", "channels", "eps"]), (&[Keras, Flax], &["groups"])],
        ..layer(
            Group::Normalisation,
            "GroupNorm",
            "group_norm",
            "normalises groups of channels: `GroupNorm(32, groups: 8)`", // PyTorch has no default and requires the number; flax and keras have 32.
            Defaults::Of(|dialect, _| Op::GroupNorm { dialect, channels: None, groups: 32, eps: eps(dialect) }),
            rule(
                SAME,
                Definition::Torch("torch.nn.GroupNorm"),
                Example {
                    input: ExampleInput::Image(64),
                    fields: &[("groups", "2", ALL)],
                    symbols: CHANNEL_SIZES,
                    ..IMAGE
                },
            ),
        )
    },
    LayerWords {
        kind: Kind::InstanceNorm,
        aliases: &[
            alias("InstanceNorm#d", TORCH),
            alias("InstanceNormalization", ONNX),
            alias("LazyInstanceNorm#d", TORCH),
        ],
        positional: Positional::Field("channels"),
        fields: &[CHANNELS, EPS, AFFINE],
        python: &[(TORCH, &["channels", "eps", "momentum", "affine", "track_running_stats"])],
        ..layer(
            Group::Normalisation,
            "InstanceNorm",
            "instance_norm",
            "normalises each channel by its own statistics",
            Defaults::Of(|dialect, _| Op::InstanceNorm {
                dialect,
                channels: None,
                eps: eps(dialect),
                affine: matches!(dialect, Flax | Onnx),
            }),
            rule(
                SAME,
                Definition::Torch("torch.nn.InstanceNorm2d"),
                Example { input: ExampleInput::Image(64), symbols: CHANNEL_SIZES, ..IMAGE },
            ),
        )
    },
    LayerWords {
        kind: Kind::LayerNorm,
        // `jax.lax` has no such layer and therefore no default.
        required: &[(&["size"], JAX)],
        aliases: &[alias("LayerNormalization", &[Keras, Onnx])],
        positional: Positional::Field("size"),
        fields: &[NORM_SIZE, EPS],
        python: &[(TORCH, &["size", "eps"])],
        ..layer(
            Group::Normalisation,
            "LayerNorm",
            "layer_norm",
            "normalises over the last axes",
            Defaults::Of(|dialect, _| Op::LayerNorm { dialect, size: None, eps: eps(dialect) }),
            rule(
                SAME,
                Definition::Torch("torch.nn.LayerNorm"),
                Example { fields: &[("size", "[14, 8, 10]", JAX)], symbols: IMAGE_SIZES, ..IMAGE },
            ),
        )
    },
    LayerWords {
        kind: Kind::RmsNorm,
        required: &[(&["size"], JAX)],
        aliases: &[alias("RMSNorm", &[Torch, Flax]), alias("RMSNormalization", &[Keras, Onnx])],
        positional: Positional::Field("size"),
        fields: &[NORM_SIZE, EPS],
        python: &[(TORCH, &["size", "eps"])],
        ..layer(
            Group::Normalisation,
            "RmsNorm",
            "rms_norm",
            "divides by the root mean square over the last axes",
            Defaults::Of(|dialect, _| {
                let eps = match dialect {
                    // PyTorch's default is the distance from 1 to the next float.
                    Torch | Jax => f64::from(f32::EPSILON),
                    Flax | Keras => 1e-6,
                    Onnx => 1e-5,
                };
                Op::RmsNorm { dialect, size: None, eps }
            }),
            rule(
                SAME,
                Definition::Torch("torch.nn.RMSNorm"),
                Example { fields: &[("size", "[14, 8, 10]", JAX)], symbols: IMAGE_SIZES, ..IMAGE },
            ),
        )
    },
    LayerWords {
        required: &[(&["size"], ALL)],
        aliases: &[alias("LRN", ONNX)],
        positional: Positional::Field("size"),
        fields: &[RESPONSE_SIZE, RESPONSE_ALPHA, BETA, RESPONSE_K],
        python: &[(TORCH, &["size", "alpha", "beta", "k"])],
        ..layer(
            Group::Normalisation,
            "LocalResponseNorm",
            "local_response_norm",
            "`x / (k + alpha * m)^beta`, with `m` the mean square of `size` neighbouring channels",
            Defaults::Of(|dialect, _| Op::LocalResponseNorm { dialect, size: 0, alpha: 1e-4, beta: 0.75, k: 1.0 }),
            rule(SAME, Definition::Torch("torch.nn.LocalResponseNorm"), leading("5")),
        )
    },
    LayerWords {
        aliases: &[alias("LpNormalization", ONNX), alias("UnitNormalization", KERAS)],
        positional: Positional::Field("p"),
        fields: &[NORM_P, NORM_AXES, LEAST_NORM],
        ..layer(
            Group::Normalisation,
            "LpNorm",
            "lp_norm",
            "divides by the p-norm over axes: `LpNorm(axis: channels)`",
            Defaults::Op(Op::LpNorm { p: 2.0, axes: Axes::CHANNELS, eps: 1e-12 }),
            elementwise("torch.nn.functional.normalize"),
        )
    },
];

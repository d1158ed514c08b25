//! Pooling.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx, Torch};
use convshape_arith::op::{Dialect, MAX_SPATIAL, Op, Pool, PoolKind};

use super::*;

/// Pooling with a sliding window, which has 2 rows by default in keras.
fn sliding(kind: PoolKind, dialect: Dialect, rank: usize) -> Op {
    let pool = Pool::new(dialect, kind, rank);
    Op::Pool(if dialect == Keras { Pool { kernel: [2; MAX_SPATIAL], ..pool } } else { pool })
}

fn adaptive(kind: PoolKind, rank: usize) -> Op {
    Op::AdaptivePool { kind, rank, size: [1; MAX_SPATIAL] }
}

fn global(kind: PoolKind, dialect: Dialect) -> Op {
    Op::GlobalPool { kind, keep_axes: dialect == Onnx }
}

pub(super) static ROWS: &[LayerWords] = &[
    LayerWords {
        kind: Kind::MaxPool,
        // In keras, windows have 2 rows by default.
        required: &[(&["kernel"], &[Torch, Onnx, Jax, Flax])],
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
        ..layer(
            Group::Pooling,
            "MaxPool#d",
            "max_pool",
            "the largest value of each window",
            Defaults::Of(|dialect, rank| sliding(PoolKind::Max, dialect, rank)),
            rule("`[C, n..] -> [C, window(n)..]`", Definition::Torch("torch.nn.MaxPool2d"), leading("2")),
        )
    },
    LayerWords {
        kind: Kind::MaxUnpool,
        ranks: RANKS,
        dialects: &[Torch, Onnx],
        aliases: &[alias("MaxUnpool", ONNX)],
        positional: Positional::Undo,
        python: &[(TORCH, &["kernel", "stride", "padding"])],
        ..layer(
            Group::Pooling,
            "MaxUnpool#d",
            "max_unpool",
            "puts values back where a max pooling found its maxima, with zeros around them",
            Defaults::Of(|dialect, rank| Op::MaxUnpool(Pool::new(dialect, PoolKind::Max, rank))),
            rule(
                "`[C, n..] ->` what the pooling took",
                Definition::Torch("torch.nn.MaxUnpool2d"),
                Example { before: "p: MaxPool#d(2);", ..leading("undo p") },
            ),
        )
    },
    LayerWords {
        required: &[(&["kernel"], &[Torch, Onnx, Jax, Flax])],
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
        ..layer(
            Group::Pooling,
            "AvgPool#d",
            "avg_pool",
            "the mean of each window",
            Defaults::Of(|dialect, rank| sliding(PoolKind::Avg, dialect, rank)),
            rule("`[C, n..] -> [C, window(n)..]`", Definition::Torch("torch.nn.AvgPool2d"), leading("2")),
        )
    },
    LayerWords {
        required: &[(&["size"], ALL)],
        ranks: RANKS,
        aliases: &[alias("AdaptiveAveragePooling#D", KERAS)],
        dialects: &[Torch, Keras],
        positional: Positional::Field("size"),
        fields: &[ADAPTIVE_SIZE],
        ..layer(
            Group::Pooling,
            "AdaptiveAvgPool#d",
            "adaptive_avg_pool",
            "the means over windows that divide the input into the output size",
            Defaults::Of(|_, rank| adaptive(PoolKind::Avg, rank)),
            rule("`[C, n..] -> [C, size..]`", Definition::Torch("torch.nn.AdaptiveAvgPool2d"), leading("3")),
        )
    },
    LayerWords {
        required: &[(&["size"], ALL)],
        ranks: RANKS,
        aliases: &[alias("AdaptiveMaxPooling#D", KERAS)],
        dialects: &[Torch, Keras],
        positional: Positional::Field("size"),
        fields: &[ADAPTIVE_SIZE],
        ..layer(
            Group::Pooling,
            "AdaptiveMaxPool#d",
            "adaptive_max_pool",
            "the largest values of windows that divide the input into the output size",
            Defaults::Of(|_, rank| adaptive(PoolKind::Max, rank)),
            rule("`[C, n..] -> [C, size..]`", Definition::Torch("torch.nn.AdaptiveMaxPool2d"), leading("3")),
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
            Group::Pooling,
            "GlobalAvgPool",
            "global_avg_pool",
            "the mean of each channel: `[C]`",
            Defaults::Of(|dialect, _| global(PoolKind::Avg, dialect)),
            rule("`[C, n..] -> [C]`, with `keep` `[C, 1..]`", Definition::Onnx("GlobalAveragePool"), IMAGE),
        )
    },
    LayerWords {
        aliases: &[alias("GlobalMaxPooling#D", KERAS), alias("GlobalMaxPool#D", KERAS)],
        fields: &[KEEP],
        ..layer(
            Group::Pooling,
            "GlobalMaxPool",
            "global_max_pool",
            "the largest value of each channel: `[C]`",
            Defaults::Of(|dialect, _| global(PoolKind::Max, dialect)),
            rule("`[C, n..] -> [C]`, with `keep` `[C, 1..]`", Definition::Onnx("GlobalMaxPool"), IMAGE),
        )
    },
];

//! Recurrent layers.

use convshape_arith::op::Dialect::{Flax, Keras, Onnx, Torch};
use convshape_arith::op::{Cell, Dialect, Op, Recurrent};

use super::*;

/// The row of a recurrent layer.
const fn recurrent(
    kind: Kind,
    (name, snake): (&'static str, &'static str),
    aliases: &'static [Alias],
    fields: &'static [FieldWords],
    doc: &'static str,
    op: fn(Dialect, usize) -> Op,
    source: &'static str,
) -> LayerWords {
    let shapes =
        "`[length, in] -> [length, out]`; twice `out` if bidirectional; the last states `[layers * directions, out]`";
    LayerWords {
        kind,
        aliases,
        dialects: RECURRENT,
        positional: Positional::Channels,
        fields,
        python: &[(TORCH, &["in_channels", "out_channels", "layers"]), (&[Flax, Keras], &["out_channels"])],
        required: &[(&["out_channels"], ALL)],
        ..layer(Group::Dense, name, snake, doc, Defaults::Of(op), rule(shapes, Definition::Torch(source), STEPS_IN))
    }
}

pub(super) static ROWS: &[LayerWords] = &[
    recurrent(
        Kind::Lstm,
        ("Lstm", "lstm"),
        &[alias("LSTM", SEQUENCES), alias("LSTMCell", FLAX), alias("OptimizedLSTMCell", FLAX)],
        &[STEP_IN, STEP_OUT, RECURRENT_LAYERS, BIDIRECTIONAL, STEP_BIAS, RECURRENT_DROPOUT, RETURN_SEQUENCES],
        "long short-term memory on `[length, features]`: `l: Lstm(64 -> 128)`, with the final states `l.h_n` and `l.c_n`",
        |dialect, _| Op::Recurrent(Recurrent::new(dialect, Cell::Lstm)),
        "torch.nn.LSTM",
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
        |dialect, _| Op::Recurrent(Recurrent::new(dialect, Cell::Gru { reset_after: !matches!(dialect, Onnx) })),
        "torch.nn.GRU",
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
        |dialect, _| Op::Recurrent(Recurrent::new(dialect, Cell::Rnn { relu: false })),
        "torch.nn.RNN",
    ),
];

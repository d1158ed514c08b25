//! Framework arguments that have no effect on what a layer computes, or that repeat its default.

use convshape_arith::op::Dialect::{self, Flax, Jax, Keras, Onnx, Torch};

use super::{Dialects, Kind};

/// The values for which an argument has no effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Neutral {
    /// Every value.
    Any,
    Bool(bool),
    Int(i64),
    Word(&'static str),
    /// The last axis: -1, or its number counted with the batch.
    LastAxis,
    /// The layer's name in files.
    FileName,
    /// Every value, with a warning: in the framework it has an effect.
    Elsewhere(Elsewhere),
}

/// Where a framework's argument has its effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Elsewhere {
    /// The weights before training.
    Init,
    /// A penalty or limit on what training finds.
    Training,
    /// The shape of the input.
    Input,
}

/// The values for which an argument has no effect on a layer, if there are any.
pub(crate) fn neutral(kind: Kind, name: &str, dialect: Dialect) -> Option<Neutral> {
    let row = NEUTRAL.iter().find(|(word, dialects, kinds, _)| {
        *word == name && dialects.contains(&dialect) && (kinds.is_empty() || kinds.contains(&kind))
    });
    row.map(|(.., neutral)| *neutral)
}

const RECURRENT: &[Kind] = &[Kind::Lstm, Kind::Gru, Kind::Rnn];
const NORMS: &[Kind] = &[Kind::BatchNorm, Kind::GroupNorm, Kind::LayerNorm, Kind::RmsNorm, Kind::InstanceNorm];

/// Word, dialects, layers (all if none is named), values.
static NEUTRAL: &[(&str, Dialects, &[Kind], Neutral)] = &[
    ("inplace", &[Torch, Jax, Flax, Keras, Onnx], &[], Neutral::Any),
    ("device", &[Torch], &[], Neutral::Any),
    ("dtype", &[Torch, Keras, Flax], &[], Neutral::Any),
    ("return_indices", &[Torch], &[Kind::MaxPool], Neutral::Bool(false)),
    ("recompute_scale_factor", &[Torch], &[Kind::Upsample], Neutral::Bool(false)),
    ("track_running_stats", &[Torch], &[Kind::BatchNorm], Neutral::Bool(true)),
    ("track_running_stats", &[Torch], &[Kind::InstanceNorm], Neutral::Bool(false)),
    ("elementwise_affine", &[Torch], &[Kind::LayerNorm, Kind::RmsNorm], Neutral::Bool(true)),
    // What PyTorch prints of a layer.
    ("bias", &[Torch], &[Kind::BatchNorm, Kind::LayerNorm, Kind::InstanceNorm, Kind::GroupNorm], Neutral::Bool(true)),
    ("affine", &[Torch], &[Kind::GroupNorm], Neutral::Bool(true)),
    ("momentum", &[Torch], &[Kind::InstanceNorm], Neutral::Any),
    ("batch_first", &[Torch], RECURRENT, Neutral::Any),
    ("batch_first", &[Torch], &[Kind::MultiHead], Neutral::Any),
    ("add_bias_kv", &[Torch], &[Kind::MultiHead], Neutral::Bool(false)),
    ("add_zero_attn", &[Torch], &[Kind::MultiHead], Neutral::Bool(false)),
    ("broadcast_dropout", &[Flax], &[Kind::MultiHead], Neutral::Bool(false)),
    ("normalize_qk", &[Flax], &[Kind::MultiHead], Neutral::Bool(false)),
    ("decode", &[Flax], &[Kind::MultiHead], Neutral::Bool(false)),
    ("seed", &[Keras], &[Kind::MultiHead], Neutral::Any),
    ("proj_size", &[Torch], RECURRENT, Neutral::Int(0)),
    ("recurrent_activation", &[Keras], RECURRENT, Neutral::Word("sigmoid")),
    ("unit_forget_bias", &[Keras], RECURRENT, Neutral::Bool(true)),
    ("return_state", &[Keras], RECURRENT, Neutral::Any),
    ("go_backwards", &[Keras], RECURRENT, Neutral::Bool(false)),
    ("stateful", &[Keras], RECURRENT, Neutral::Bool(false)),
    ("unroll", &[Keras], RECURRENT, Neutral::Any),
    ("kernel_initializer", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Init)),
    ("bias_initializer", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Init)),
    ("depthwise_initializer", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Init)),
    ("pointwise_initializer", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Init)),
    ("recurrent_initializer", &[Keras], RECURRENT, Neutral::Elsewhere(Elsewhere::Init)),
    ("beta_initializer", &[Keras], NORMS, Neutral::Elsewhere(Elsewhere::Init)),
    ("gamma_initializer", &[Keras], NORMS, Neutral::Elsewhere(Elsewhere::Init)),
    ("kernel_init", &[Flax], &[], Neutral::Elsewhere(Elsewhere::Init)),
    ("bias_init", &[Flax], &[], Neutral::Elsewhere(Elsewhere::Init)),
    ("kernel_regularizer", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Training)),
    ("bias_regularizer", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Training)),
    ("activity_regularizer", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Training)),
    ("kernel_constraint", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Training)),
    ("bias_constraint", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Training)),
    ("input_shape", &[Keras], &[], Neutral::Elsewhere(Elsewhere::Input)),
    ("data_format", &[Keras], &[], Neutral::Word("channels_last")),
    ("name", &[Keras], &[], Neutral::FileName),
    ("trainable", &[Keras], &[], Neutral::Bool(true)),
    ("axis", &[Keras, Flax], NORMS, Neutral::LastAxis),
    ("axis", &[Onnx], NORMS, Neutral::Int(-1)),
    ("center", &[Keras], NORMS, Neutral::Bool(true)),
    ("scale", &[Keras], NORMS, Neutral::Bool(true)),
    ("use_scale", &[Flax], NORMS, Neutral::Bool(true)),
    ("use_bias", &[Flax], NORMS, Neutral::Bool(true)),
    ("use_running_average", &[Flax], &[Kind::BatchNorm], Neutral::Any),
    ("deterministic", &[Flax], &[Kind::Dropout, Kind::MultiHead], Neutral::Any),
    ("transB", &[Onnx], &[Kind::Linear], Neutral::Int(1)),
    ("transA", &[Onnx], &[Kind::Linear], Neutral::Int(0)),
    ("axis", &[Onnx], &[Kind::Flatten], Neutral::Int(1)),
    ("storage_order", &[Onnx], &[Kind::MaxPool], Neutral::Int(0)),
    ("training_mode", &[Onnx], &[Kind::BatchNorm], Neutral::Int(0)),
    ("spatial", &[Onnx], &[Kind::BatchNorm], Neutral::Int(1)),
];

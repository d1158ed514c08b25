//! Applies a setting to a layer.

use convshape_arith::op::{
    Activation, Amount, Attention, AutoPad, Axes, Axis, Cell, Conv, DepthOrder, Dialect, DropTogether, Interpolation,
    Mask, MultiHead, Op, Padding, PaddingMode, Pieces, Pool, Recurrent, RecurrentOutput, ResizeTo, SeparableConv,
    Source, Upsample, WeightFrom,
};
use convshape_arith::shape::Shape;

use super::Setting;

/// Sets one field of a layer. `false` if the layer has no such field, or if the field does not take the value.
pub(crate) fn set(op: &mut Op, field: &str, setting: &Setting) -> bool {
    if let (Op::Reshape { .. }, "like", Setting::Like) = (&*op, field, setting) {
        return store(op, Op::ReshapeLike);
    }
    match (op, field, setting) {
        (Op::Conv(conv), _, _) => set_conv(conv, field, setting),
        (Op::SeparableConv(SeparableConv { pointwise, .. }), "out_channels" | "bias", _) => {
            set_conv(pointwise, field, setting)
        }
        (Op::SeparableConv(SeparableConv { depthwise, .. }), _, _) => set_conv(depthwise, field, setting),
        (Op::Pool(pool), _, _) => set_pool(pool, field, setting),
        (Op::AdaptivePool { size, .. }, "size", Setting::Ints { values, .. }) => store(size, *values),
        (Op::Upsample(upsample), _, _) => set_upsample(upsample, field, setting),
        (
            Op::PixelShuffle { factor } | Op::PixelUnshuffle { factor } | Op::DepthToSpace { factor, .. },
            "factor",
            Setting::Int(value),
        ) => store(factor, *value),
        (Op::DepthToSpace { order, .. }, "mode", Setting::Word(word)) => {
            store(order, if *word == "crd" { DepthOrder::Crd } else { DepthOrder::Dcr })
        }
        (Op::Pad { mode, .. }, "mode", Setting::Word(word)) => store(mode, border(word)),
        (Op::Pad { value, .. }, "value", Setting::Float(number)) => store(value, *number),
        (Op::Pad { amount, .. } | Op::Crop { amount }, _, _) => set_amount(amount, field, setting),
        (Op::Slice { start, end, .. }, "channels", Setting::Range(first, last)) => {
            store(start, *first) && store(end, *last)
        }
        (Op::Split { pieces, .. }, "pieces", Setting::Int(value)) => store(pieces, Pieces::Equal { count: *value }),
        (Op::Split { index, pieces, .. }, "pieces", Setting::Pieces(ends)) => set_piece(*index, pieces, ends),
        (
            Op::Slice { axis, .. }
            | Op::Split { axis, .. }
            | Op::Unflatten { axis, .. }
            | Op::Concat { axis }
            | Op::Stack { axis }
            | Op::Softmax { axis, .. }
            | Op::Glu { axis }
            | Op::Flatten { from: axis, .. },
            "axis" | "from",
            Setting::Axes(axes),
        ) => one_axis(axis, axes),
        (Op::Flatten { to, .. }, "to", Setting::Axes(axes)) => one_axis(to, axes),
        (Op::Unflatten { sizes, .. }, "sizes", Setting::Shape(value)) => store(sizes, *value),
        (Op::MatMul { transpose_a, .. }, "transpose_a", Setting::Bool(value)) => store(transpose_a, *value),
        (Op::MatMul { transpose_b, .. }, "transpose_b", Setting::Bool(value)) => store(transpose_b, *value),
        (Op::Attention(layer), _, _) => set_attention(layer, field, setting),
        (Op::MultiHead(layer), _, _) => set_multi_head(layer, field, setting),
        (Op::Permute { axes, .. }, "axes", Setting::Axes(value)) => store(axes, *value),
        // All axes, if the positional part of a `Transpose` names two axes to exchange.
        (Op::Permute { axes, swap }, "perm", Setting::Axes(value)) => store(axes, *value) && store(swap, false),
        (Op::Reduce { axes, .. }, "axes", Setting::Axes(value)) => store(axes, Some(*value)),
        (Op::Reduce { keep, .. }, "keep", Setting::Bool(value)) => store(keep, *value),
        // It chooses the output that later statements read.
        (
            Op::RecurrentOutput { output: output @ (RecurrentOutput::Sequence | RecurrentOutput::Last), .. },
            "return_sequences",
            Setting::Bool(all),
        ) => store(output, if *all { RecurrentOutput::Sequence } else { RecurrentOutput::Last }),
        (Op::Recurrent(layer) | Op::RecurrentOutput { layer, .. }, _, _) => set_recurrent(layer, field, setting),
        (Op::Linear { inputs, .. }, "in_channels", Setting::Int(value)) => store(inputs, Some(*value)),
        (Op::Linear { outputs, .. }, "out_channels", Setting::Int(value)) => store(outputs, *value),
        (Op::Linear { bias, .. }, "bias", Setting::Bool(value)) => store(bias, *value),
        (Op::Reshape { shape }, "shape", Setting::Shape(value)) => store(shape, *value),
        (Op::Scale { by }, "by", Setting::Float(value)) => store(by, *value),
        (
            Op::BatchNorm { channels, .. }
            | Op::GroupNorm { channels, .. }
            | Op::InstanceNorm { channels, .. }
            | Op::Snake { channels },
            "channels",
            Setting::Int(value),
        ) => store(channels, Some(*value)),
        (Op::Prelu { channels }, "channels", Setting::Int(value)) => store(channels, *value),
        (
            Op::BatchNorm { eps, .. }
            | Op::GroupNorm { eps, .. }
            | Op::InstanceNorm { eps, .. }
            | Op::LayerNorm { eps, .. }
            | Op::RmsNorm { eps, .. }
            | Op::LpNorm { eps, .. },
            "eps",
            Setting::Float(value),
        ) => store(eps, *value),
        (Op::BatchNorm { affine, .. } | Op::InstanceNorm { affine, .. }, "affine", Setting::Bool(value)) => {
            store(affine, *value)
        }
        // The weight of a new batch in PyTorch; elsewhere the weight of the old average.
        (Op::BatchNorm { dialect, momentum, .. }, "momentum", Setting::Float(value)) => {
            let share = matches!(dialect, Dialect::Torch | Dialect::Jax);
            store(momentum, if share { *value } else { 1.0 - *value })
        }
        (Op::GroupNorm { groups, .. } | Op::ChannelShuffle { groups }, "groups", Setting::Int(value)) => {
            store(groups, *value)
        }
        (Op::LayerNorm { size, .. } | Op::RmsNorm { size, .. }, "size", Setting::Shape(shape)) => {
            store(size, Some(*shape))
        }
        (Op::LocalResponseNorm { size, .. }, "size", Setting::Int(value)) => store(size, *value),
        (Op::LocalResponseNorm { alpha, .. }, "alpha", Setting::Float(value)) => store(alpha, *value),
        (Op::LocalResponseNorm { beta, .. }, "beta", Setting::Float(value)) => store(beta, *value),
        (Op::LocalResponseNorm { k, .. }, "k", Setting::Float(value)) => store(k, *value),
        (Op::LpNorm { p, .. }, "p", Setting::Float(value)) => store(p, *value),
        (Op::LpNorm { axes, .. }, "axes", Setting::Axes(value)) => store(axes, *value),
        (Op::Activation(activation), _, _) => set_activation(activation, field, setting),
        (Op::GlobalPool { keep_axes, .. }, "keep", Setting::Bool(value)) => store(keep_axes, *value),
        (Op::Identity, "shape", Setting::Shape(_)) => true,
        (Op::Source { shape, .. }, "shape", Setting::Shape(value)) => store(shape, *value),
        (Op::Source { shape, .. }, "count", Setting::Int(value)) => store(shape, Shape::of(&[*value])),
        (Op::Source { of: Source::Constant(constant), .. }, "array", Setting::Array(value)) => store(constant, *value),
        (Op::Source { of: Source::Parameter { init, .. }, .. }, "init", Setting::Init(value)) => store(init, *value),
        (Op::Source { of: Source::Parameter { trained, .. }, .. }, "train", Setting::Bool(value)) => {
            store(trained, *value)
        }
        (Op::Dropout { p, .. }, "p", Setting::Float(value)) => store(p, *value),
        (Op::Dropout { together, .. }, "mode", Setting::Word(word)) => {
            store(together, if *word == "batch" { DropTogether::Batch } else { DropTogether::Sample })
        }
        _ => false,
    }
}

fn store<T>(place: &mut T, value: T) -> bool {
    *place = value;
    true
}

/// The axis of a layer that works along one.
fn one_axis(axis: &mut Axis, axes: &Axes) -> bool {
    match axes.as_slice() {
        [only] => store(axis, *only),
        _ => false,
    }
}

fn set_conv(conv: &mut Conv, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("in_channels", Setting::Int(value)) => store(&mut conv.inputs, Some(*value)),
        ("out_channels", Setting::Int(value)) => store(&mut conv.outputs, *value),
        ("kernel", Setting::Ints { values, .. }) => store(&mut conv.kernel, *values),
        ("stride", Setting::Ints { values, .. }) => store(&mut conv.stride, *values),
        ("dilation", Setting::Ints { values, .. }) => store(&mut conv.dilation, *values),
        ("input_dilation", Setting::Ints { values, .. }) => store(&mut conv.input_dilation, *values),
        ("groups", Setting::Int(value)) => store(&mut conv.groups, *value),
        ("bias", Setting::Bool(value)) => store(&mut conv.bias, *value),
        ("padding", _) => padding(setting).is_some_and(|value| store(&mut conv.padding, value)),
        ("auto_pad", Setting::Word(word)) => store(&mut conv.auto_pad, auto_pad(word)),
        ("depth_multiplier", Setting::Int(value)) => store(&mut conv.depth_multiplier, Some(*value)),
        ("padding_mode", Setting::Word(word)) => store(&mut conv.padding_mode, border(word)),
        ("output_padding", Setting::Word("none")) => store(&mut conv.output_padding, None),
        ("output_padding", Setting::Ints { values, .. }) => store(&mut conv.output_padding, Some(*values)),
        ("output_size", Setting::Ints { values, .. }) => store(&mut conv.output_size, Some(*values)),
        ("transpose_kernel", Setting::Bool(value)) => store(&mut conv.transpose_kernel, *value),
        ("consistent_padding", Setting::Bool(value)) => store(&mut conv.consistent_padding, *value),
        ("tied", Setting::Bool(true)) => store(&mut conv.weight, WeightFrom::Tied),
        ("tied", Setting::Bool(false)) => store(&mut conv.weight, WeightFrom::Own),
        ("mask", Setting::Word(word)) => store(&mut conv.mask, Some(if *word == "a" { Mask::A } else { Mask::B })),
        _ => false,
    }
}

fn set_recurrent(layer: &mut Recurrent, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("in_channels", Setting::Int(value)) => store(&mut layer.inputs, Some(*value)),
        ("out_channels", Setting::Int(value)) => store(&mut layer.hidden, *value),
        ("layers", Setting::Int(value)) => store(&mut layer.layers, *value),
        ("bidirectional", Setting::Bool(value)) => store(&mut layer.bidirectional, *value),
        ("bias", Setting::Bool(value)) => store(&mut layer.bias, *value),
        ("dropout", Setting::Float(value)) => store(&mut layer.dropout, *value),
        ("return_sequences", Setting::Bool(_)) => true,
        ("reset_after", Setting::Bool(value)) => store(&mut layer.cell, Cell::Gru { reset_after: *value }),
        ("nonlinearity", Setting::Word(word)) => store(&mut layer.cell, Cell::Rnn { relu: *word == "relu" }),
        _ => false,
    }
}

fn set_attention(layer: &mut Attention, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("heads", Setting::Int(value)) => store(&mut layer.heads, *value),
        ("causal", Setting::Bool(value)) => store(&mut layer.causal, *value),
        ("scale", Setting::Float(value)) => store(&mut layer.scale, Some(*value)),
        ("dropout", Setting::Float(value)) => store(&mut layer.dropout, *value),
        _ => false,
    }
}

fn set_multi_head(layer: &mut MultiHead, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("features", Setting::Int(value)) => store(&mut layer.features, Some(*value)),
        ("heads", Setting::Int(value)) => store(&mut layer.heads, *value),
        ("key_features", Setting::Int(value)) => store(&mut layer.key_features, Some(*value)),
        ("value_features", Setting::Int(value)) => store(&mut layer.value_features, Some(*value)),
        ("key_dim", Setting::Int(value)) => store(&mut layer.key_dim, Some(*value)),
        ("value_dim", Setting::Int(value)) => store(&mut layer.value_dim, Some(*value)),
        ("qkv_features", Setting::Int(value)) => store(&mut layer.qkv_features, Some(*value)),
        ("out_features", Setting::Int(value)) => store(&mut layer.out_features, Some(*value)),
        ("bias", Setting::Bool(value)) => store(&mut layer.bias, *value),
        ("dropout", Setting::Float(value)) => store(&mut layer.dropout, *value),
        ("causal", Setting::Bool(value)) => store(&mut layer.causal, *value),
        _ => false,
    }
}

fn set_pool(pool: &mut Pool, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("kernel", Setting::Ints { values, .. }) => store(&mut pool.kernel, *values),
        ("stride", Setting::Ints { values, .. }) => store(&mut pool.stride, *values),
        ("dilation", Setting::Ints { values, .. }) => store(&mut pool.dilation, *values),
        ("padding", _) => padding(setting).is_some_and(|value| store(&mut pool.padding, value)),
        ("auto_pad", Setting::Word(word)) => store(&mut pool.auto_pad, auto_pad(word)),
        ("ceil_mode", Setting::Bool(value)) => store(&mut pool.ceil_mode, *value),
        ("count_include_pad", Setting::Bool(value)) => store(&mut pool.count_include_pad, *value),
        _ => false,
    }
}

fn set_upsample(upsample: &mut Upsample, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("scale", Setting::Floats { values, axes }) => {
            store(&mut upsample.to, ResizeTo::Scale(*values)) && store(&mut upsample.rank, *axes)
        }
        ("size", Setting::Ints { values, axes }) => {
            store(&mut upsample.to, ResizeTo::Size(*values)) && store(&mut upsample.rank, *axes)
        }
        ("like", Setting::Like) => store(&mut upsample.to, ResizeTo::Like),
        // The default, which depends on the dialect.
        ("mode", Setting::Word("nearest")) => true,
        ("mode", Setting::Word(word)) => store(&mut upsample.mode, interpolation(word)),
        ("align_corners", Setting::Bool(value)) => store(&mut upsample.align_corners, Some(*value)),
        _ => false,
    }
}

/// The piece at an index, given the ends of all pieces.
fn set_piece(index: i64, pieces: &mut Pieces, ends: &[i64]) -> bool {
    let piece = usize::try_from(index).ok().and_then(|index| {
        let start = index.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
        Some(Pieces::Sized { start, end: *ends.get(index)?, total: *ends.last()? })
    });
    piece.is_some_and(|piece| store(pieces, piece))
}

fn set_amount(amount: &mut Amount, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("amount", Setting::Ints { values, axes }) => {
            store(amount, Amount::Pairs { rank: *axes, pairs: values.map(|rows| (rows, rows)) })
        }
        ("amount", Setting::Pairs { values, axes }) => store(amount, Amount::Pairs { rank: *axes, pairs: *values }),
        ("like", Setting::Like) => {
            // `align` may have been written first.
            let start = matches!(amount, Amount::Like { start: true });
            store(amount, Amount::Like { start })
        }
        ("align", Setting::Word(word)) => store(amount, Amount::Like { start: *word == "start" }),
        _ => false,
    }
}

fn set_activation(activation: &mut Activation, field: &str, setting: &Setting) -> bool {
    match (activation, field, setting) {
        (Activation::LeakyRelu { slope }, "slope", Setting::Float(value)) => store(slope, *value),
        (
            Activation::Elu { alpha } | Activation::Hardsigmoid { alpha } | Activation::Celu { alpha },
            "alpha",
            Setting::Float(value),
        ) => store(alpha, *value),
        (Activation::Pow { exponent }, "exponent", Setting::Float(value)) => store(exponent, *value),
        (Activation::AddScalar { by }, "by", Setting::Float(value)) => store(by, *value),
        (Activation::Gelu { tanh }, "approximate", Setting::Word(word)) => store(tanh, *word == "tanh"),
        (Activation::Clamp { min, .. } | Activation::Hardtanh { min, .. }, "min", Setting::Float(value)) => {
            store(min, *value)
        }
        (Activation::Clamp { max, .. } | Activation::Hardtanh { max, .. }, "max", Setting::Float(value)) => {
            store(max, *value)
        }
        _ => false,
    }
}

/// `padding` from a setting.
pub(crate) fn padding(setting: &Setting) -> Option<Padding> {
    Some(match setting {
        Setting::Ints { values, .. } => Padding::Symmetric(*values),
        Setting::Pairs { values, .. } => Padding::Pairs(*values),
        Setting::Word("same" | "same_upper") => Padding::Same,
        Setting::Word("same_lower") => Padding::SameLower,
        Setting::Word("valid") => Padding::Valid,
        Setting::Word("causal") => Padding::Causal,
        Setting::Word("circular") => Padding::Circular,
        Setting::Word("reflect") => Padding::Reflect,
        _ => return None,
    })
}

fn auto_pad(word: &str) -> AutoPad {
    match word {
        "same_upper" => AutoPad::SameUpper,
        "same_lower" => AutoPad::SameLower,
        "valid" => AutoPad::Valid,
        _ => AutoPad::NotSet,
    }
}

fn border(word: &str) -> PaddingMode {
    match word {
        "reflect" => PaddingMode::Reflect,
        "replicate" => PaddingMode::Replicate,
        "circular" => PaddingMode::Circular,
        _ => PaddingMode::Zeros,
    }
}

fn interpolation(word: &str) -> Interpolation {
    match word {
        "nearest_exact" => Interpolation::NearestExact,
        "linear" => Interpolation::Linear,
        "bilinear" => Interpolation::Bilinear,
        "trilinear" => Interpolation::Trilinear,
        "bicubic" => Interpolation::Bicubic,
        _ => Interpolation::Nearest,
    }
}

//! Applies a setting to a layer.

use std::any::Any;

use convshape_arith::op::{
    Activation, Amount, AutoPad, Cell, Conv, DepthOrder, Dialect, DropTogether, Interpolation, Mask, Op, Padding,
    PaddingMode, Pieces, Plain, Pool, Recurrent, RecurrentOutput, ResizeTo, SeparableConv, Source, Upsample,
    WeightFrom,
};
use convshape_arith::shape::Shape;

use super::Setting;

/// Sets one field of a layer. `false` if the layer has no such field, or if the field does not take the value.
pub(crate) fn set(op: &mut Op, field: &str, setting: &Setting) -> bool {
    match (&mut *op, field, setting) {
        (Op::Reshape { .. }, "like", Setting::Like) => store(op, Op::ReshapeLike),
        (Op::Conv(conv), _, _) => set_conv(conv, field, setting),
        (Op::SeparableConv(SeparableConv { pointwise, .. }), "out_channels" | "bias", _) => {
            set_conv(pointwise, field, setting)
        }
        (Op::SeparableConv(SeparableConv { depthwise, .. }), _, _) => set_conv(depthwise, field, setting),
        (Op::Pool(pool), _, _) => set_pool(pool, field, setting),
        (Op::Upsample(upsample), _, _) => set_upsample(upsample, field, setting),
        (Op::DepthToSpace { order, .. }, "mode", Setting::Word(word)) => {
            store(order, if *word == "crd" { DepthOrder::Crd } else { DepthOrder::Dcr })
        }
        (Op::Pad { mode, .. }, "mode", Setting::Word(word)) => store(mode, border(word)),
        (Op::Pad { amount, .. } | Op::Crop { amount }, "amount" | "like" | "align", _) => {
            set_amount(amount, field, setting)
        }
        (Op::Slice { start, end, .. }, "channels", Setting::Range(first, last)) => {
            store(start, *first) && store(end, *last)
        }
        (Op::Split { pieces, .. }, "pieces", Setting::Int(value)) => store(pieces, Pieces::Equal { count: *value }),
        (Op::Split { index, pieces, .. }, "pieces", Setting::Pieces(ends)) => set_piece(*index, pieces, ends),
        // All axes, if the positional part of a `Transpose` names two axes to exchange.
        (Op::Permute { axes, swap }, "perm", Setting::Axes(value)) => store(axes, *value) && store(swap, false),
        // It chooses the output that later statements read.
        (
            Op::RecurrentOutput { output: output @ (RecurrentOutput::Sequence | RecurrentOutput::Last), .. },
            "return_sequences",
            Setting::Bool(all),
        ) => store(output, if *all { RecurrentOutput::Sequence } else { RecurrentOutput::Last }),
        (Op::Recurrent(layer) | Op::RecurrentOutput { layer, .. }, _, _) => set_recurrent(layer, field, setting),
        // The weight of a new batch in PyTorch; elsewhere the weight of the old average.
        (Op::BatchNorm { dialect, momentum, .. }, "momentum", Setting::Float(value)) => {
            let share = matches!(dialect, Dialect::Torch | Dialect::Jax);
            store(momentum, if share { *value } else { 1.0 - *value })
        }
        (Op::Activation(Activation::Gelu { tanh }), "approximate", Setting::Word(word)) => store(tanh, *word == "tanh"),
        (Op::GlobalPool { keep_axes, .. }, "keep", Setting::Bool(value)) => store(keep_axes, *value),
        (Op::Identity, "shape", Setting::Shape(_)) => true,
        (Op::Source { shape, .. }, "count", Setting::Int(value)) => store(shape, Shape::of(&[*value])),
        (Op::Source { of: Source::Constant(array) | Source::OneHot(array), .. }, "array", Setting::Array(value)) => {
            store(array, *value)
        }
        (Op::Source { of: Source::Parameter { init, .. }, .. }, "init", Setting::Init(value)) => store(init, *value),
        (Op::Source { of: Source::Parameter { trained, .. }, .. }, "train", Setting::Bool(value)) => {
            store(trained, *value)
        }
        (Op::Dropout { together, .. }, "mode", Setting::Word(word)) => {
            store(together, if *word == "batch" { DropTogether::Batch } else { DropTogether::Sample })
        }
        (op, _, _) => set_field(op, field, setting),
    }
}

/// Sets a field that the layer's data has too, and that takes the value as it is.
fn set_field(layer: &mut dyn Plain, field: &str, setting: &Setting) -> bool {
    layer.field_mut(name_in_op(field)).is_some_and(|field| put(field, setting))
}

/// What a field of the language is called in the layer's data.
pub(crate) fn name_in_op(field: &str) -> &str {
    match field {
        "in_channels" => "inputs",
        "out_channels" => "outputs",
        "tied" => "weight",
        other => other,
    }
}

/// Whether the field is of the value's type; then it is set.
fn put(field: &mut dyn Any, setting: &Setting) -> bool {
    fn to<T: 'static>(field: &mut dyn Any, value: T) -> bool {
        field.downcast_mut().is_some_and(|place| store(place, value))
    }
    match setting {
        Setting::Int(value) => to(field, *value) || to(field, Some(*value)),
        Setting::Ints { values, .. } => to(field, *values) || to(field, Some(*values)),
        Setting::Float(value) => to(field, *value) || to(field, Some(*value)),
        Setting::Bool(value) => to(field, *value),
        Setting::Shape(value) => to(field, *value) || to(field, Some(*value)),
        Setting::Axes(axes) => match axes.as_slice() {
            [axis] if to(field, *axis) || to(field, Some(*axis)) => true,
            _ => to(field, *axes) || to(field, Some(*axes)),
        },
        Setting::Pairs { .. }
        | Setting::Floats { .. }
        | Setting::Word(_)
        | Setting::Range(..)
        | Setting::Pieces(_)
        | Setting::Init(_)
        | Setting::Array(_)
        | Setting::Like => false,
    }
}

fn store<T>(place: &mut T, value: T) -> bool {
    *place = value;
    true
}

fn set_conv(conv: &mut Conv, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("padding", _) => padding(setting).is_some_and(|value| store(&mut conv.padding, value)),
        ("auto_pad", Setting::Word(word)) => store(&mut conv.auto_pad, auto_pad(word)),
        ("padding_mode", Setting::Word(word)) => store(&mut conv.padding_mode, border(word)),
        ("output_padding", Setting::Word("none")) => store(&mut conv.output_padding, None),
        ("tied", Setting::Bool(true)) => store(&mut conv.weight, WeightFrom::Tied),
        ("tied", Setting::Bool(false)) => store(&mut conv.weight, WeightFrom::Own),
        ("mask", Setting::Word(word)) => store(&mut conv.mask, Some(if *word == "a" { Mask::A } else { Mask::B })),
        _ => set_field(conv, field, setting),
    }
}

fn set_pool(pool: &mut Pool, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("padding", _) => padding(setting).is_some_and(|value| store(&mut pool.padding, value)),
        ("auto_pad", Setting::Word(word)) => store(&mut pool.auto_pad, auto_pad(word)),
        _ => set_field(pool, field, setting),
    }
}

fn set_recurrent(layer: &mut Recurrent, field: &str, setting: &Setting) -> bool {
    match (field, setting) {
        ("out_channels", Setting::Int(value)) => store(&mut layer.hidden, *value),
        ("return_sequences", Setting::Bool(_)) => true,
        ("reset_after", Setting::Bool(value)) => store(&mut layer.cell, Cell::Gru { reset_after: *value }),
        ("nonlinearity", Setting::Word(word)) => store(&mut layer.cell, Cell::Rnn { relu: *word == "relu" }),
        _ => set_field(layer, field, setting),
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

/// `padding` from a setting.
fn padding(setting: &Setting) -> Option<Padding> {
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

//! Layers as the language writes them.

use convshape::graph::Op;
use convshape::graph::op::{
    Activation, Amount, Axis, Cell, Conv, DepthOrder, Dialect, Direction, Interpolation, Padding, PaddingMode, Pool,
    PoolKind, Recurrent, Reduction, ResizeTo, Source, Upsample,
};

use super::lower::conv_of;
use super::{TORCH, numbers};

/// The word of a layer.
pub(super) fn kind(op: &Op) -> String {
    match op {
        Op::Conv(Conv { direction: Direction::Forward, rank, .. }) => format!("Conv{rank}d"),
        Op::Conv(Conv { direction: Direction::Transposed, rank, .. }) => format!("ConvTranspose{rank}d"),
        Op::Pool(pool) => format!("{}{}d", pool.kind.name(), pool.rank),
        Op::AdaptivePool { kind: PoolKind::Max, rank, .. } => format!("AdaptiveMaxPool{rank}d"),
        Op::AdaptivePool { kind: PoolKind::Avg, rank, .. } => format!("AdaptiveAvgPool{rank}d"),
        Op::GlobalPool { kind: PoolKind::Avg, .. } => "GlobalAvgPool".to_owned(),
        Op::GlobalPool { kind: PoolKind::Max, .. } => "GlobalMaxPool".to_owned(),
        Op::Upsample(_) => "Upsample".to_owned(),
        Op::PixelShuffle { .. } => "PixelShuffle".to_owned(),
        Op::DepthToSpace { .. } => "DepthToSpace".to_owned(),
        Op::Pad { .. } => "Pad".to_owned(),
        Op::Crop { .. } => "Crop".to_owned(),
        Op::Slice { .. } => "Slice".to_owned(),
        Op::Split { .. } => "Split".to_owned(),
        Op::Linear { .. } => "Linear".to_owned(),
        Op::Flatten { .. } => "Flatten".to_owned(),
        Op::Reshape { .. } => "Reshape".to_owned(),
        Op::Concat { .. } => "Concat".to_owned(),
        Op::Permute { .. } => "Permute".to_owned(),
        Op::MatMul { .. } => "MatMul".to_owned(),
        Op::Recurrent(Recurrent { cell, .. }) => match cell {
            Cell::Lstm => "Lstm".to_owned(),
            Cell::Gru { .. } => "Gru".to_owned(),
            Cell::Rnn { .. } => "Rnn".to_owned(),
        },
        Op::Reduce { kind, .. } => match kind {
            Reduction::Mean => "Mean".to_owned(),
            Reduction::Sum => "Sum".to_owned(),
            Reduction::Max => "Max".to_owned(),
            Reduction::Min => "Min".to_owned(),
        },
        Op::Attention(_) => "Attention".to_owned(),
        Op::Source { of: Source::Arange, .. } => "Arange".to_owned(),
        Op::Source { .. } => "Parameter".to_owned(),
        Op::Identity => "Identity".to_owned(),
        Op::Add => "Add".to_owned(),
        Op::Mul => "Mul".to_owned(),
        Op::Sub => "Sub".to_owned(),
        Op::Div => "Div".to_owned(),
        Op::Maximum => "Maximum".to_owned(),
        Op::Minimum => "Minimum".to_owned(),
        Op::Scale { .. } => "Scale".to_owned(),
        Op::BatchNorm { .. } => "BatchNorm".to_owned(),
        Op::GroupNorm { .. } => "GroupNorm".to_owned(),
        Op::InstanceNorm { .. } => "InstanceNorm".to_owned(),
        Op::LayerNorm { .. } => "LayerNorm".to_owned(),
        Op::RmsNorm { .. } => "RmsNorm".to_owned(),
        Op::LocalResponseNorm { .. } => "LocalResponseNorm".to_owned(),
        Op::LpNorm { .. } => "LpNorm".to_owned(),
        Op::ChannelShuffle { .. } => "ChannelShuffle".to_owned(),
        Op::Prelu { .. } => "Prelu".to_owned(),
        Op::Softmax { log: false, .. } => "Softmax".to_owned(),
        Op::Softmax { log: true, .. } => "LogSoftmax".to_owned(),
        Op::Activation(_) => {
            activation(op).map_or_else(String::new, |word| word.split('(').next().unwrap_or("").to_owned())
        }
        // Layers that this importer does not make.
        Op::SeparableConv(_)
        | Op::MaxUnpool(_)
        | Op::PixelUnshuffle { .. }
        | Op::RecurrentOutput { .. }
        | Op::Unflatten { .. }
        | Op::ReshapeLike
        | Op::Stack { .. }
        | Op::Snake { .. }
        | Op::MultiHead(_)
        | Op::Projection(_)
        | Op::Glu { .. }
        | Op::Dropout { .. }
        | Op::Custom { .. }
        | Op::CustomOutput { .. } => String::new(),
    }
}

/// An activation with its arguments.
pub(super) fn activation(op: &Op) -> Option<String> {
    let Op::Activation(activation) = op else { return None };
    Some(match *activation {
        Activation::Relu => "Relu".to_owned(),
        Activation::Relu6 => "Relu6".to_owned(),
        Activation::LeakyRelu { slope } => format!("LeakyRelu({})", real(slope)),
        Activation::Elu { alpha } => format!("Elu(alpha: {})", real(alpha)),
        Activation::Gelu { tanh: false } => "Gelu".to_owned(),
        Activation::Gelu { tanh: true } => "Gelu(approximate: tanh)".to_owned(),
        Activation::Silu => "Silu".to_owned(),
        Activation::Sigmoid => "Sigmoid".to_owned(),
        Activation::Tanh => "Tanh".to_owned(),
        Activation::Softplus => "Softplus".to_owned(),
        Activation::Hardswish => "Hardswish".to_owned(),
        Activation::Hardsigmoid { alpha } if alpha < 0.19 => "Hardsigmoid".to_owned(),
        // ONNX's slope is the default of its dialect, which a statement alone can have.
        Activation::Hardsigmoid { .. } => "Hardsigmoid(dialect: onnx)".to_owned(),
        Activation::Clamp { min, max } => format!("Clamp(min: {}, max: {})", real(min), real(max)),
        Activation::Exp => "Exp".to_owned(),
        Activation::Hardtanh { min, max } => format!("Hardtanh(min: {}, max: {})", real(min), real(max)),
        Activation::Mish => "Mish".to_owned(),
        Activation::Selu => "Selu".to_owned(),
        Activation::Celu { alpha } => format!("Celu({})", real(alpha)),
        Activation::Softsign => "Softsign".to_owned(),
        Activation::LogSigmoid => "LogSigmoid".to_owned(),
        Activation::Sqrt => "Sqrt".to_owned(),
        Activation::Rsqrt => "Rsqrt".to_owned(),
        Activation::Square => "Square".to_owned(),
        Activation::Abs => "Abs".to_owned(),
        Activation::Log => "Log".to_owned(),
        Activation::Sin => "Sin".to_owned(),
        Activation::Cos => "Cos".to_owned(),
        Activation::Pow { exponent } => format!("Pow({})", real(exponent)),
        Activation::AddScalar { by } => format!("AddScalar({})", real(by)),
    })
}

pub(super) fn arguments(op: &Op) -> Vec<String> {
    let mut list = Vec::new();
    match op {
        Op::Conv(conv) => return conv_arguments(conv),
        Op::Pool(pool) => return pool_arguments(pool),
        Op::AdaptivePool { rank, size, .. } => list.push(axes(size, *rank)),
        Op::Upsample(upsample) => return upsample_arguments(upsample),
        Op::PixelShuffle { factor } => list.push(factor.to_string()),
        Op::DepthToSpace { factor, order } => {
            list.push(factor.to_string());
            if *order == DepthOrder::Crd {
                list.push("mode: crd".to_owned());
            }
        }
        Op::Pad { amount: Amount::Pairs { rank, pairs }, mode, value, axis } => {
            list.push(sides(pairs, rank.unwrap_or(3)));
            list.extend(axis.map(|axis| format!("axis: {}", axis_word(axis))));
            list.extend(mode_word(*mode).map(|word| format!("mode: {word}")));
            if *value != 0.0 {
                list.push(format!("value: {}", real(*value)));
            }
        }
        Op::Crop { amount: Amount::Pairs { rank, pairs } } => list.push(sides(pairs, rank.unwrap_or(3))),
        Op::Slice { axis: Axis::Channels, start, end } => list.push(format!("channels: {}", range(*start, *end))),
        Op::Slice { axis, start, end } => {
            list.push(range(*start, *end));
            list.extend(axis_argument(*axis));
        }
        Op::Concat { axis } | Op::Softmax { axis, .. } => list.extend(axis_argument(*axis)),
        Op::Source { of: Source::Arange, shape } => list.extend(numbers(shape).first().map(i64::to_string)),
        Op::Source { of, shape } => {
            list.push(shape.to_string());
            list.extend(matches!(of, Source::Parameter { trained: false, .. }).then(|| "train: false".to_owned()));
        }
        Op::MatMul { transpose_a, transpose_b } => {
            for (name, is_set) in [("transpose_a", transpose_a), ("transpose_b", transpose_b)] {
                list.extend(is_set.then(|| format!("{name}: true")));
            }
        }
        Op::Attention(attention) => {
            list.push(format!("heads: {}", attention.heads));
            list.extend(attention.causal.then(|| "causal: true".to_owned()));
            list.extend(attention.scale.map(|scale| format!("scale: {}", real(scale))));
        }
        Op::Reduce { axes, keep, .. } => {
            let words: Vec<String> =
                axes.iter().flat_map(|axes| axes.as_slice()).map(|axis| axis_word(*axis)).collect();
            match words.as_slice() {
                [] => {}
                [only] => list.push(format!("axis: {only}")),
                all => list.push(format!("axis: ({})", all.join(", "))),
            }
            list.extend(keep.then(|| "keep: true".to_owned()));
        }
        Op::Recurrent(Recurrent { cell, dialect, inputs, hidden, bidirectional, bias, .. }) => {
            list.push(format!("{} -> {hidden}", inputs.unwrap_or(0)));
            if *cell == (Cell::Rnn { relu: true }) {
                list.push("nonlinearity: relu".to_owned());
            }
            if *bidirectional {
                list.push("bidirectional: true".to_owned());
            }
            if !bias {
                list.push("bias: false".to_owned());
            }
            if *dialect != TORCH {
                list.push(format!("dialect: {}", dialect.name()));
            }
        }
        Op::Permute { axes, .. } => list.extend(axes.as_slice().iter().map(|axis| axis_word(*axis))),
        Op::Linear { inputs, outputs, bias, .. } => {
            list.push(format!("{} -> {outputs}", inputs.unwrap_or(0)));
            if !bias {
                list.push("bias: false".to_owned());
            }
        }
        Op::Reshape { shape } => list.push(shape.to_string()),
        Op::Scale { by } => list.push(real(*by)),
        Op::BatchNorm { channels, eps, .. } => {
            list.push(channels.unwrap_or(0).to_string());
            list.extend(eps_argument(*eps));
        }
        Op::InstanceNorm { channels, eps, affine, .. } => {
            list.push(channels.unwrap_or(0).to_string());
            list.extend(eps_argument(*eps));
            list.extend(affine.then(|| "affine: true".to_owned()));
        }
        Op::GroupNorm { channels, groups, eps, .. } => {
            list.push(channels.unwrap_or(0).to_string());
            list.push(format!("groups: {groups}"));
            list.extend(eps_argument(*eps));
        }
        Op::LayerNorm { size, eps, .. } => {
            list.extend(size.map(|size| size.to_string()));
            list.extend(eps_argument(*eps));
        }
        Op::RmsNorm { size, eps, .. } => {
            list.extend(size.map(|size| size.to_string()));
            list.push(format!("eps: {}", real(*eps)));
        }
        Op::LocalResponseNorm { dialect, size, alpha, beta, k } => {
            list.push(size.to_string());
            for (name, number) in [("alpha", alpha), ("beta", beta), ("k", k)] {
                list.push(format!("{name}: {}", real(*number)));
            }
            if *dialect != TORCH {
                list.push(format!("dialect: {}", dialect.name()));
            }
        }
        Op::LpNorm { p, axes, .. } => {
            list.push(real(*p));
            list.extend(axes.as_slice().iter().map(|axis| match axis {
                Axis::At(at) => format!("axis: {at}"),
                named => format!("axis: {}", named.name().unwrap_or_default()),
            }));
        }
        Op::ChannelShuffle { groups } => list.push(groups.to_string()),
        Op::Prelu { channels } => list.push(channels.to_string()),
        Op::Activation(_) => {
            let word = activation(op).unwrap_or_default();
            list.extend(word.split_once('(').map(|(_, inside)| inside.trim_end_matches(')').to_owned()));
        }
        // Layers without arguments, and those that this importer does not make.
        Op::SeparableConv(_)
        | Op::MaxUnpool(_)
        | Op::GlobalPool { .. }
        | Op::PixelUnshuffle { .. }
        | Op::Pad { .. }
        | Op::Crop { .. }
        | Op::Split { .. }
        | Op::RecurrentOutput { .. }
        | Op::Flatten { .. }
        | Op::Unflatten { .. }
        | Op::ReshapeLike
        | Op::Stack { .. }
        | Op::Add
        | Op::Mul
        | Op::Sub
        | Op::Div
        | Op::Maximum
        | Op::Minimum
        | Op::Snake { .. }
        | Op::MultiHead(_)
        | Op::Projection(_)
        | Op::Glu { .. }
        | Op::Dropout { .. }
        | Op::Identity
        | Op::Custom { .. }
        | Op::CustomOutput { .. } => {}
    }
    list
}

fn range(start: i64, end: Option<i64>) -> String {
    format!("{start}..{}", end.map_or_else(String::new, |end| end.to_string()))
}

fn axis_word(axis: Axis) -> String {
    match (axis, axis.name()) {
        (Axis::At(at), _) => at.to_string(),
        (_, name) => name.unwrap_or_default().to_owned(),
    }
}

/// An axis that is not that of the channels.
fn axis_argument(axis: Axis) -> Option<String> {
    (axis != Axis::Channels).then(|| format!("axis: {}", axis_word(axis)))
}

fn conv_arguments(conv: &Conv) -> Vec<String> {
    let plain = conv_of(conv.direction, conv.rank);
    let mut list = vec![format!("{} -> {}", conv.inputs.unwrap_or(0), conv.outputs)];
    let field = |name: &str, values: &[i64; 3], default: &[i64; 3]| {
        let is_default = values[..conv.rank] == default[..conv.rank];
        (!is_default).then(|| format!("{name}: {}", axes(values, conv.rank)))
    };
    list.push(format!("kernel: {}", axes(&conv.kernel, conv.rank)));
    list.extend(field("stride", &conv.stride, &plain.stride));
    list.extend(border(&conv.padding, conv.rank));
    list.extend(conv.output_padding.and_then(|rows| field("output_padding", &rows, &[0; 3])));
    list.extend(field("dilation", &conv.dilation, &plain.dilation));
    if conv.groups != 1 {
        list.push(format!("groups: {}", conv.groups));
    }
    if !conv.bias {
        list.push("bias: false".to_owned());
    }
    list
}

/// The `padding` of a layer, if there is one.
fn border(padding: &Padding, rank: usize) -> Option<String> {
    let text = match padding {
        Padding::Symmetric(rows) if rows[..rank].iter().all(|&rows| rows == 0) => return None,
        Padding::Symmetric(rows) => axes(rows, rank),
        Padding::Pairs(pairs) => sides(pairs, rank),
        word => word.word()?.to_owned(),
    };
    Some(format!("padding: {text}"))
}

fn pool_arguments(pool: &Pool) -> Vec<String> {
    let mut list = vec![axes(&pool.kernel, pool.rank)];
    list.push(format!("stride: {}", axes(&pool.stride, pool.rank)));
    list.extend(border(&pool.padding, pool.rank));
    if pool.dilation[..pool.rank].iter().any(|&step| step != 1) {
        list.push(format!("dilation: {}", axes(&pool.dilation, pool.rank)));
    }
    if pool.ceil_mode {
        list.push("ceil_mode: true".to_owned());
    }
    if pool.kind == PoolKind::Avg
        && pool.count_include_pad != Pool::new(pool.dialect, pool.kind, pool.rank).count_include_pad
    {
        list.push(format!("count_include_pad: {}", pool.count_include_pad));
    }
    if pool.dialect != TORCH {
        list.push(format!("dialect: {}", Dialect::Onnx.name()));
    }
    list
}

fn upsample_arguments(upsample: &Upsample) -> Vec<String> {
    let rank = upsample.rank.unwrap_or(3);
    let mut list = Vec::new();
    match &upsample.to {
        ResizeTo::Scale(scale) => {
            let word = |&scale: &f64| match scale.fract() == 0.0 {
                true => format!("{scale:.0}"),
                false => real(scale),
            };
            list.push(match scale[..rank].iter().all(|axis| *axis == scale[0]) {
                true => word(&scale[0]),
                false => format!("scale: ({})", scale[..rank].iter().map(word).collect::<Vec<_>>().join(", ")),
            });
        }
        ResizeTo::Size(size) => list.push(format!("size: {}", axes(size, rank))),
        ResizeTo::Like => {}
    }
    let word = match upsample.mode {
        Interpolation::Nearest => "nearest",
        Interpolation::NearestExact => "nearest_exact",
        Interpolation::Linear => "linear",
        Interpolation::Bilinear => "bilinear",
        Interpolation::Trilinear => "trilinear",
        Interpolation::Bicubic => "bicubic",
    };
    list.push(format!("mode: {word}"));
    if upsample.align_corners == Some(true) {
        list.push("align_corners: true".to_owned());
    }
    list
}

fn mode_word(mode: PaddingMode) -> Option<&'static str> {
    match mode {
        PaddingMode::Zeros => None,
        PaddingMode::Reflect => Some("reflect"),
        PaddingMode::Replicate => Some("replicate"),
        PaddingMode::Circular => Some("circular"),
    }
}

/// `3`, or `(3, 5)` where axes differ.
fn axes(values: &[i64; 3], rank: usize) -> String {
    let values = &values[..rank];
    match values.iter().all(|value| *value == values[0]) {
        true => values[0].to_string(),
        false => format!("({})", values.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// `[(0, 1), (1, 1)]`
fn sides(pairs: &[(i64, i64); 3], rank: usize) -> String {
    let pairs: Vec<String> = pairs[..rank].iter().map(|(lo, hi)| format!("({lo}, {hi})")).collect();
    format!("[{}]", pairs.join(", "))
}

/// PyTorch's default is left out.
fn eps_argument(eps: f64) -> Option<String> {
    ((eps - 1e-5).abs() > 1e-12).then(|| format!("eps: {}", real(eps)))
}

/// Numbers for which clippy wants a constant of the standard library, and the fewest letters that it takes for one.
const KNOWN: [(f64, usize); 19] = {
    use std::f64::consts::*;
    [
        (E, 5),
        (FRAC_1_PI, 5),
        (FRAC_1_SQRT_2, 6),
        (FRAC_2_PI, 6),
        (FRAC_2_SQRT_PI, 6),
        (FRAC_PI_2, 6),
        (FRAC_PI_3, 6),
        (FRAC_PI_4, 6),
        (FRAC_PI_6, 6),
        (FRAC_PI_8, 6),
        (LN_2, 6),
        (LN_10, 6),
        (LOG10_2, 6),
        (LOG2_E, 6),
        (LOG2_10, 6),
        (LOG10_E, 6),
        (PI, 4),
        (SQRT_2, 6),
        (TAU, 4),
    ]
};

/// A number of the file, which has those of `f32`.
#[expect(clippy::cast_possible_truncation, reason = "it was f32")]
fn real(number: f64) -> String {
    let number = number as f32;
    if number != 0.0 && !(1e-4..1e7).contains(&number.abs()) {
        return format!("{number:e}");
    }
    let text = format!("{number}");
    let letters = text.trim_start_matches('-');
    let is_known = |&(known, least): &(f64, usize)| {
        letters.len() >= least
            && (known.to_string().starts_with(letters) || format!("{known:.*}", letters.len() - 2) == letters)
    };
    match (text.contains('.'), KNOWN.iter().any(is_known)) {
        // With all digits of the `f32` it is another number, for clippy too.
        (true, true) => f64::from(number).to_string(),
        (true, false) => text,
        (false, _) => format!("{text}.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::real;

    #[test]
    fn no_number_looks_like_a_known_constant() {
        use std::f64::consts::{LN_2, PI, SQRT_2};
        let words = [PI, -PI, LN_2, SQRT_2, 3.25, 0.1, 1e-9, 2.0].map(real);
        let expected = [
            "3.1415927410125732",
            "-3.1415927410125732",
            "0.6931471824645996",
            "1.4142135381698608",
            "3.25",
            "0.1",
            "1e-9",
            "2.0",
        ];
        assert_eq!(words, expected);
    }
}

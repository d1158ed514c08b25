//! How each layer changes shapes, where that is defined, and an example: the columns of the reference that no other
//! table has.

use super::fields::{ALL, JAX};
use super::{Dialects, Kind};

/// A layer in the reference.
pub(crate) struct Rule {
    /// The input and output shapes, without the batch axis, in PyTorch's order of axes.
    pub(crate) shapes: &'static str,
    /// The framework's page on the layer.
    pub(crate) source: Definition,
    pub(crate) example: Example,
}

/// Where a framework defines a layer.
#[derive(Clone, Copy)]
pub(crate) enum Definition {
    /// `torch.nn.Conv2d`
    Torch(&'static str),
    /// `jax.lax.conv_general_dilated`
    Jax(&'static str),
    /// `DepthToSpace`
    Onnx(&'static str),
    /// `Cropping2D`, and its page below `keras.io/api/layers`.
    Keras(&'static str, &'static str),
    /// A name and an address.
    Page(&'static str, &'static str),
    /// No framework has it.
    Own,
}

/// A valid use of a layer. In `before`, `#` is the number of spatial axes.
#[derive(Clone, Copy)]
pub(crate) struct Example {
    pub(crate) input: ExampleInput,
    /// The statements before it.
    pub(crate) before: &'static str,
    /// The positional part of its arguments.
    pub(crate) leading: &'static str,
    /// The required fields, with the dialects that require them.
    pub(crate) fields: &'static [(&'static str, &'static str, Dialects)],
    /// What follows the layer, before its semicolon.
    pub(crate) claim: &'static str,
    /// The statements after it.
    pub(crate) after: &'static str,
    /// The meaning of the numbers in the shapes of its parameters.
    pub(crate) symbols: &'static [(i64, &'static str)],
}

/// The input of an example.
#[derive(Clone, Copy)]
pub(crate) enum ExampleInput {
    /// This many channels and [`SPATIAL`] sizes, with the channels where the dialect has them.
    Image(i64),
    /// The same shape in every dialect.
    Plain(&'static [i64]),
}

/// The spatial sizes of an example.
pub(crate) const SPATIAL: [i64; 3] = [8, 10, 12];

/// The numbers of a convolution's example. Its kernel is 3 by 5 where parameter shapes are shown.
const CONV: &[(i64, &str)] = &[
    (14, "in"),
    (22, "out"),
    (7, "in / groups"),
    (11, "out / groups"),
    (3, "kernel"),
    (5, "kernel"),
    (2, "multiplier"),
    (28, "in * multiplier"),
];
const STEPS: &[(i64, &str)] = &[(14, "in"), (22, "out"), (44, "2 * out"), (66, "3 * out"), (88, "4 * out")];
const DENSE: &[(i64, &str)] = &[(14, "in"), (22, "out")];
const CHANNELS: &[(i64, &str)] = &[(64, "channels")];
const AXES: &[(i64, &str)] = &[(14, "C"), (8, "H"), (10, "W")];
const TOKENS: &[(i64, &str)] = &[(24, "features"), (72, "3 * features"), (4, "heads"), (6, "features / heads")];

const SAME: &str = "unchanged";
const BROADCAST: &str = "`[a..]`, `[b..]` -> the larger of both on each axis";

const IMAGE: Example = Example {
    input: ExampleInput::Image(14),
    before: "",
    leading: "",
    fields: &[],
    claim: "",
    after: "",
    symbols: &[],
};
/// With two inputs.
const PAIR: Example = Example { before: "a: Relu;", leading: "a, input", ..IMAGE };
const STEPS_IN: Example =
    Example { input: ExampleInput::Plain(&[6, 14]), leading: "14 -> 22", symbols: STEPS, ..IMAGE };

const fn leading(leading: &'static str) -> Example {
    Example { leading, ..IMAGE }
}

const fn plain(shape: &'static [i64], leading: &'static str) -> Example {
    Example { input: ExampleInput::Plain(shape), leading, ..IMAGE }
}

const fn rule(shapes: &'static str, source: Definition, example: Example) -> Rule {
    Rule { shapes, source, example }
}

/// A layer that computes each element separately.
const fn elementwise(source: &'static str) -> Rule {
    rule(SAME, Definition::Torch(source), IMAGE)
}

const fn of_two(source: &'static str) -> Rule {
    rule(BROADCAST, Definition::Torch(source), PAIR)
}

const fn reduction(source: &'static str) -> Rule {
    let example = Example { fields: &[("axes", "0", ALL)], ..plain(&[6, 14], "") };
    rule("`[a, b, ..] -> [b, ..]` for axis 0; `[1]` over all axes", Definition::Torch(source), example)
}

const fn border(source: &'static str) -> Rule {
    rule("`[C, n..] -> [C, lo + n + hi..]`", Definition::Torch(source), leading("1"))
}

const fn recurrent(source: &'static str) -> Rule {
    rule(
        "`[length, in] -> [length, out]`; twice `out` if bidirectional; the last states `[layers * directions, out]`",
        Definition::Torch(source),
        STEPS_IN,
    )
}

/// The rule of a layer.
#[allow(clippy::too_many_lines, reason = "one row a layer")]
pub(crate) const fn of(kind: Kind) -> Rule {
    match kind {
        Kind::Conv => rule(
            "`[in, n..] -> [out, window(n)..]`",
            Definition::Torch("torch.nn.Conv2d"),
            Example { fields: &[("kernel", "3", ALL), ("groups", "2", ALL)], symbols: CONV, ..leading("14 -> 22") },
        ),
        Kind::ConvTranspose => rule(
            "`[in, n..] -> [out, scatter(n)..]`",
            Definition::Torch("torch.nn.ConvTranspose2d"),
            Example {
                // `lax.conv_transpose` has no default for its padding.
                fields: &[("kernel", "3", ALL), ("groups", "2", ALL), ("padding", "valid", JAX)],
                symbols: CONV,
                ..leading("14 -> 22")
            },
        ),
        Kind::ConvGeneralDilated => rule(
            "`[in, n..] -> [out, window((n - 1) * input_dilation + 1)..]`",
            Definition::Jax("jax.lax.conv_general_dilated"),
            Example { fields: &[("kernel", "3", ALL), ("groups", "2", ALL)], symbols: CONV, ..leading("14 -> 22") },
        ),
        Kind::DepthwiseConv => rule(
            "`[in, n..] -> [in * depth_multiplier, window(n)..]`",
            Definition::Keras("DepthwiseConv2D", "convolution_layers/depthwise_convolution2d"),
            Example { fields: &[("depth_multiplier", "2", ALL)], symbols: CONV, ..leading("3") },
        ),
        Kind::SeparableConv => rule(
            "`[in, n..] -> [out, window(n)..]`",
            Definition::Keras("SeparableConv2D", "convolution_layers/separable_convolution2d"),
            Example {
                fields: &[("kernel", "3", ALL), ("depth_multiplier", "2", ALL)],
                symbols: CONV,
                ..leading("14 -> 22")
            },
        ),
        Kind::MaxPool => rule("`[C, n..] -> [C, window(n)..]`", Definition::Torch("torch.nn.MaxPool2d"), leading("2")),
        Kind::AvgPool => rule("`[C, n..] -> [C, window(n)..]`", Definition::Torch("torch.nn.AvgPool2d"), leading("2")),
        Kind::MaxUnpool => rule(
            "`[C, n..] ->` what the pooling took",
            Definition::Torch("torch.nn.MaxUnpool2d"),
            Example { before: "p: MaxPool#d(2);", ..leading("undo p") },
        ),
        Kind::AdaptiveAvgPool => {
            rule("`[C, n..] -> [C, size..]`", Definition::Torch("torch.nn.AdaptiveAvgPool2d"), leading("3"))
        }
        Kind::AdaptiveMaxPool => {
            rule("`[C, n..] -> [C, size..]`", Definition::Torch("torch.nn.AdaptiveMaxPool2d"), leading("3"))
        }
        Kind::GlobalAvgPool => {
            rule("`[C, n..] -> [C]`, with `keep` `[C, 1..]`", Definition::Onnx("GlobalAveragePool"), IMAGE)
        }
        Kind::GlobalMaxPool => {
            rule("`[C, n..] -> [C]`, with `keep` `[C, 1..]`", Definition::Onnx("GlobalMaxPool"), IMAGE)
        }
        Kind::Upsample => rule(
            "`[C, n..] -> [C, floor(n * scale)..]`, or `[C, size..]`",
            Definition::Torch("torch.nn.Upsample"),
            leading("2"),
        ),
        Kind::UpSampling => rule(
            "`[C, n..] -> [C, n * scale..]`",
            Definition::Keras("UpSampling2D", "reshaping_layers/up_sampling2d"),
            leading("2"),
        ),
        Kind::UpsamplingNearest => rule(
            "`[C, H, W] -> [C, floor(H * scale), floor(W * scale)]`",
            Definition::Torch("torch.nn.UpsamplingNearest2d"),
            leading("2"),
        ),
        Kind::UpsamplingBilinear => rule(
            "`[C, H, W] -> [C, floor(H * scale), floor(W * scale)]`",
            Definition::Torch("torch.nn.UpsamplingBilinear2d"),
            leading("2"),
        ),
        Kind::PixelShuffle => rule(
            "`[C * r * r, H, W] -> [C, H * r, W * r]`",
            Definition::Torch("torch.nn.PixelShuffle"),
            Example { input: ExampleInput::Image(16), ..leading("2") },
        ),
        Kind::PixelUnshuffle => {
            rule("`[C, H * r, W * r] -> [C * r * r, H, W]`", Definition::Torch("torch.nn.PixelUnshuffle"), leading("2"))
        }
        Kind::DepthToSpace => rule(
            "`[C * r * r, H, W] -> [C, H * r, W * r]`",
            Definition::Onnx("DepthToSpace"),
            Example { input: ExampleInput::Image(16), ..leading("2") },
        ),
        Kind::ChannelShuffle => rule(SAME, Definition::Torch("torch.nn.ChannelShuffle"), leading("2")),
        Kind::Pad => {
            rule("`[C, n..] -> [C, lo + n + hi..]`", Definition::Torch("torch.nn.functional.pad"), leading("1"))
        }
        Kind::ZeroPad => border("torch.nn.ZeroPad2d"),
        Kind::ReflectionPad => border("torch.nn.ReflectionPad2d"),
        Kind::ReplicationPad => border("torch.nn.ReplicationPad2d"),
        Kind::CircularPad => border("torch.nn.CircularPad2d"),
        Kind::ConstantPad => rule(
            "`[C, n..] -> [C, lo + n + hi..]`",
            Definition::Torch("torch.nn.ConstantPad2d"),
            Example { fields: &[("value", "0.5", ALL)], ..leading("1") },
        ),
        Kind::Crop => rule(
            "`[C, n..] -> [C, n - lo - hi..]`",
            Definition::Keras("Cropping2D", "reshaping_layers/cropping2d"),
            leading("1"),
        ),
        Kind::Slice => rule("`[C, ..] -> [end - start, ..]`", Definition::Torch("torch.narrow"), leading("0..4")),
        Kind::Split => rule(
            "`[C, ..] -> [C / pieces, ..]` each, or the sizes that are given",
            Definition::Torch("torch.split"),
            leading("2"),
        ),
        Kind::Lstm => recurrent("torch.nn.LSTM"),
        Kind::Gru => recurrent("torch.nn.GRU"),
        Kind::Rnn => recurrent("torch.nn.RNN"),
        Kind::Linear => rule(
            "`[.., in] -> [.., out]`",
            Definition::Torch("torch.nn.Linear"),
            Example { symbols: DENSE, ..plain(&[14], "14 -> 22") },
        ),
        Kind::Flatten => rule("`[a, b, ..] -> [a * b * ..]`", Definition::Torch("torch.nn.Flatten"), IMAGE),
        Kind::Unflatten => rule(
            "`[a * b, ..] -> [a, b, ..]` for axis 0",
            Definition::Torch("torch.nn.Unflatten"),
            plain(&[6, 14], "0, [2, 3]"),
        ),
        Kind::Reshape => rule(
            "any shape `->` `shape`, of as many elements; one size may be `_`",
            Definition::Torch("torch.reshape"),
            plain(&[6, 14], "[14, 6]"),
        ),
        Kind::Concat => rule("`[a, ..]`, `[b, ..] -> [a + b, ..]` on channels", Definition::Torch("torch.cat"), PAIR),
        Kind::Stack => rule("`[a, ..]`, `[a, ..] -> [2, a, ..]`", Definition::Torch("torch.stack"), PAIR),
        Kind::MatMul => rule(
            "`[.., m, k]`, `[.., k, n] -> [.., m, n]`",
            Definition::Torch("torch.matmul"),
            Example { before: "a: Transpose(0, 1);", ..plain(&[6, 6], "a, input") },
        ),
        Kind::Attention => rule(
            "`[tokens, features]`, `[keys, features]`, `[keys, values] -> [tokens, values]`",
            Definition::Torch("torch.nn.functional.scaled_dot_product_attention"),
            Example { fields: &[("heads", "4", ALL)], ..plain(&[6, 24], "input, input, input") },
        ),
        Kind::MultiHead => rule(
            "`[tokens, features] -> [tokens, features]`",
            Definition::Torch("torch.nn.MultiheadAttention"),
            Example { fields: &[("heads", "4", ALL)], symbols: TOKENS, ..plain(&[6, 24], "24") },
        ),
        Kind::Add => of_two("torch.add"),
        Kind::Mul => of_two("torch.mul"),
        Kind::Sub => of_two("torch.sub"),
        Kind::Div => of_two("torch.div"),
        Kind::Maximum => of_two("torch.maximum"),
        Kind::Minimum => of_two("torch.minimum"),
        Kind::Permute => rule(
            "`[a, b, c] -> [b, c, a]` for `Permute(1, 2, 0)`",
            Definition::Torch("torch.permute"),
            plain(&[6, 14, 8], "1, 2, 0"),
        ),
        Kind::Transpose => rule(
            "`[a, b] -> [b, a]` for `Transpose(0, 1)`",
            Definition::Torch("torch.transpose"),
            plain(&[6, 14], "0, 1"),
        ),
        Kind::Mean => reduction("torch.mean"),
        Kind::Sum => reduction("torch.sum"),
        Kind::Max => reduction("torch.max"),
        Kind::Min => reduction("torch.min"),
        Kind::Scale => rule(SAME, Definition::Torch("torch.mul"), leading("2.0")),
        Kind::Chain => rule("those of the other chain", Definition::Own, leading("Encoder")),
        Kind::Custom => {
            rule("those of its type", Definition::Own, Example { claim: "-> [14, 8, 10]", ..leading("Own") })
        }
        Kind::Parameter => rule(
            "`-> shape`",
            Definition::Torch("torch.nn.parameter.Parameter"),
            Example { before: "a: Relu;", after: "Add(a, l);", symbols: &[(14, "shape")], ..plain(&[14], "[14]") },
        ),
        Kind::Arange => rule(
            "`-> [count]`",
            Definition::Torch("torch.arange"),
            Example { before: "a: Relu;", after: "Add(a, l);", ..plain(&[14], "14") },
        ),
        Kind::Constant => rule(
            "`-> shape`",
            Definition::Torch("torch.nn.parameter.Buffer"),
            Example { before: "a: Relu;", after: "Add(a, l);", ..plain(&[14], "GRID, [14]") },
        ),
        Kind::BatchNorm => rule(
            SAME,
            Definition::Torch("torch.nn.BatchNorm2d"),
            Example { input: ExampleInput::Image(64), symbols: CHANNELS, ..IMAGE },
        ),
        Kind::GroupNorm => rule(
            SAME,
            Definition::Torch("torch.nn.GroupNorm"),
            Example { input: ExampleInput::Image(64), fields: &[("groups", "2", ALL)], symbols: CHANNELS, ..IMAGE },
        ),
        Kind::InstanceNorm => rule(
            SAME,
            Definition::Torch("torch.nn.InstanceNorm2d"),
            Example { input: ExampleInput::Image(64), symbols: CHANNELS, ..IMAGE },
        ),
        Kind::LayerNorm => rule(
            SAME,
            Definition::Torch("torch.nn.LayerNorm"),
            Example { fields: &[("size", "[14, 8, 10]", JAX)], symbols: AXES, ..IMAGE },
        ),
        Kind::RmsNorm => rule(
            SAME,
            Definition::Torch("torch.nn.RMSNorm"),
            Example { fields: &[("size", "[14, 8, 10]", JAX)], symbols: AXES, ..IMAGE },
        ),
        Kind::LocalResponseNorm => rule(SAME, Definition::Torch("torch.nn.LocalResponseNorm"), leading("5")),
        Kind::LpNorm => elementwise("torch.nn.functional.normalize"),
        Kind::Relu => elementwise("torch.nn.ReLU"),
        Kind::Relu6 => elementwise("torch.nn.ReLU6"),
        Kind::LeakyRelu => elementwise("torch.nn.LeakyReLU"),
        Kind::Elu => elementwise("torch.nn.ELU"),
        Kind::Gelu => elementwise("torch.nn.GELU"),
        Kind::Silu => elementwise("torch.nn.SiLU"),
        Kind::Sigmoid => elementwise("torch.nn.Sigmoid"),
        Kind::Tanh => elementwise("torch.nn.Tanh"),
        Kind::Softplus => elementwise("torch.nn.Softplus"),
        Kind::Hardswish => elementwise("torch.nn.Hardswish"),
        Kind::Hardsigmoid => elementwise("torch.nn.Hardsigmoid"),
        Kind::Clamp => rule(
            SAME,
            Definition::Torch("torch.clamp"),
            Example { fields: &[("min", "0.0", ALL), ("max", "1.0", ALL)], ..IMAGE },
        ),
        Kind::Prelu => rule(
            SAME,
            Definition::Torch("torch.nn.PReLU"),
            Example { input: ExampleInput::Image(64), leading: "64", symbols: CHANNELS, ..IMAGE },
        ),
        Kind::Snake => rule(
            SAME,
            Definition::Page("Ziyin, 2020", "https://arxiv.org/abs/2006.08195"),
            Example { input: ExampleInput::Image(64), symbols: CHANNELS, ..IMAGE },
        ),
        Kind::Softmax => elementwise("torch.nn.Softmax"),
        Kind::LogSoftmax => elementwise("torch.nn.LogSoftmax"),
        Kind::Glu => rule("`[.., 2 * n] -> [.., n]`", Definition::Torch("torch.nn.GLU"), plain(&[6, 14], "")),
        Kind::Exp => elementwise("torch.exp"),
        Kind::Hardtanh => elementwise("torch.nn.Hardtanh"),
        Kind::Mish => elementwise("torch.nn.Mish"),
        Kind::Selu => elementwise("torch.nn.SELU"),
        Kind::Celu => elementwise("torch.nn.CELU"),
        Kind::Softsign => elementwise("torch.nn.Softsign"),
        Kind::LogSigmoid => elementwise("torch.nn.LogSigmoid"),
        Kind::Sqrt => elementwise("torch.sqrt"),
        Kind::Rsqrt => elementwise("torch.rsqrt"),
        Kind::Square => elementwise("torch.square"),
        Kind::Abs => elementwise("torch.abs"),
        Kind::Neg => elementwise("torch.neg"),
        Kind::Log => elementwise("torch.log"),
        Kind::Sin => elementwise("torch.sin"),
        Kind::Cos => elementwise("torch.cos"),
        Kind::Pow => rule(SAME, Definition::Torch("torch.pow"), leading("2.0")),
        Kind::AddScalar => rule(SAME, Definition::Torch("torch.add"), leading("1.0")),
        Kind::Dropout => elementwise("torch.nn.Dropout"),
        Kind::ChannelDropout => elementwise("torch.nn.Dropout2d"),
        Kind::StochasticDepth => rule(
            SAME,
            Definition::Page(
                "torchvision.ops.stochastic_depth",
                "https://docs.pytorch.org/vision/stable/generated/torchvision.ops.stochastic_depth.html",
            ),
            leading("0.2"),
        ),
        Kind::Identity => elementwise("torch.nn.Identity"),
        Kind::Activation => rule(SAME, Definition::Keras("Activation", "core_layers/activation"), leading("relu")),
        Kind::Input => rule(SAME, Definition::Keras("Input", "core_layers/input"), plain(&[8, 10, 14], "[8, 10, 14]")),
    }
}

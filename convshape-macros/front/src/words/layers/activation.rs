//! Activations, and what is the identity outside training.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx, Torch};
use convshape_arith::op::{Activation, Axis, Dialect, DropTogether, Op};

use super::*;

const INPLACE: &[(Dialects, &[&str])] = &[(TORCH, &["inplace"])];

/// The row of a function that PyTorch has.
const fn function(
    name: &'static str,
    snake: &'static str,
    aliases: &'static [Alias],
    doc: &'static str,
    function: Activation,
    source: &'static str,
) -> LayerWords {
    activation(name, snake, aliases, doc, Defaults::Op(Op::Activation(function)), elementwise(source))
}

/// The row of an activation.
const fn activation(
    name: &'static str,
    snake: &'static str,
    aliases: &'static [Alias],
    doc: &'static str,
    op: Defaults,
    rule: Rule,
) -> LayerWords {
    LayerWords { aliases, python: INPLACE, ..layer(Group::Activation, name, snake, doc, op, rule) }
}

fn softmax(dialect: Dialect, log: bool) -> Op {
    let axis = match dialect {
        Onnx | Jax => Axis::At(-1),
        Torch | Flax | Keras => Axis::Channels,
    };
    Op::Softmax { axis, log }
}

pub(super) static ROWS: &[LayerWords] = &[
    function("Relu", "relu", &[alias("ReLU", &[Torch, Keras])], "`max(x, 0)`", Activation::Relu, "torch.nn.ReLU"),
    function("Relu6", "relu6", &[alias("ReLU6", TORCH)], "`min(max(x, 0), 6)`", Activation::Relu6, "torch.nn.ReLU6"),
    LayerWords {
        positional: Positional::Field("slope"),
        fields: &[SLOPE],
        python: &[(TORCH, &["slope", "inplace"]), (KERAS, &["slope"])],
        ..activation(
            "LeakyRelu",
            "leaky_relu",
            &[alias("LeakyReLU", &[Torch, Keras])],
            "`x` above zero, `slope * x` below",
            Defaults::Of(|dialect, _| {
                Op::Activation(Activation::LeakyRelu { slope: if dialect == Keras { 0.3 } else { 0.01 } })
            }),
            elementwise("torch.nn.LeakyReLU"),
        )
    },
    LayerWords {
        positional: Positional::Field("alpha"),
        fields: &[ALPHA],
        python: &[(TORCH, &["alpha", "inplace"])],
        ..function(
            "Elu",
            "elu",
            &[alias("ELU", &[Torch, Keras])],
            "`x` above zero, `alpha * (exp(x) - 1)` below",
            Activation::Elu { alpha: 1.0 },
            "torch.nn.ELU",
        )
    },
    LayerWords {
        fields: &[APPROXIMATE],
        python: &[(TORCH, &["approximate"])],
        ..activation(
            "Gelu",
            "gelu",
            &[alias("GELU", TORCH)],
            "`x * Phi(x)`",
            Defaults::Of(|dialect, _| Op::Activation(Activation::Gelu { tanh: matches!(dialect, Flax | Jax) })),
            elementwise("torch.nn.GELU"),
        )
    },
    function(
        "Silu",
        "silu",
        &[alias("SiLU", TORCH), alias("Swish", ONNX), alias("swish", &[Keras, Flax, Jax])],
        "`x * sigmoid(x)`",
        Activation::Silu,
        "torch.nn.SiLU",
    ),
    function("Sigmoid", "sigmoid", &[], "`1 / (1 + exp(-x))`", Activation::Sigmoid, "torch.nn.Sigmoid"),
    function("Tanh", "tanh", &[], "hyperbolic tangent", Activation::Tanh, "torch.nn.Tanh"),
    function("Softplus", "softplus", &[], "`ln(1 + exp(x))`", Activation::Softplus, "torch.nn.Softplus"),
    function(
        "Hardswish",
        "hardswish",
        &[alias("HardSwish", ONNX), alias("hard_swish", &[Keras, Flax, Jax])],
        "`x * clamp(x + 3, 0, 6) / 6`",
        Activation::Hardswish,
        "torch.nn.Hardswish",
    ),
    LayerWords {
        fields: &[LINE_SLOPE],
        ..activation(
            "Hardsigmoid",
            "hardsigmoid",
            &[alias("HardSigmoid", ONNX), alias("hard_sigmoid", &[Keras, Flax, Jax])],
            "`clamp(x / 6 + 1 / 2, 0, 1)`; in onnx `clamp(0.2 * x + 1 / 2, 0, 1)`",
            Defaults::Of(|dialect, _| {
                Op::Activation(Activation::Hardsigmoid { alpha: if dialect == Onnx { 0.2 } else { 1.0 / 6.0 } })
            }),
            elementwise("torch.nn.Hardsigmoid"),
        )
    },
    LayerWords {
        required: &[(&["min", "max"], ALL)],
        fields: &[MIN, MAX],
        python: &[(ALL, &["min", "max"])],
        ..activation(
            "Clamp",
            "clamp",
            &[alias("Clip", ONNX)],
            "`min(max(x, min), max)`",
            Defaults::Op(Op::Activation(Activation::Clamp { min: f64::NEG_INFINITY, max: f64::INFINITY })),
            rule(
                SAME,
                Definition::Torch("torch.clamp"),
                Example { fields: &[("min", "0.0", ALL), ("max", "1.0", ALL)], ..IMAGE },
            ),
        )
    },
    LayerWords {
        positional: Positional::Field("channels"),
        fields: &[CHANNELS],
        python: &[(TORCH, &["channels", "init"])],
        ..activation(
            "Prelu",
            "prelu",
            &[alias("PReLU", &[Torch, Keras, Flax]), alias("PRelu", ONNX)],
            "`x` above zero, `weight * x` below",
            Defaults::Op(Op::Prelu { channels: 1 }),
            rule(
                SAME,
                Definition::Torch("torch.nn.PReLU"),
                Example { input: ExampleInput::Image(64), leading: "64", symbols: CHANNEL_SIZES, ..IMAGE },
            ),
        )
    },
    LayerWords {
        positional: Positional::Field("channels"),
        fields: &[CHANNELS],
        ..activation(
            "Snake",
            "snake",
            &[],
            "`x + sin(weight * x)^2 / weight`",
            Defaults::Op(Op::Snake { channels: None }),
            rule(
                SAME,
                Definition::Page("Ziyin, 2020", "https://arxiv.org/abs/2006.08195"),
                Example { input: ExampleInput::Image(64), symbols: CHANNEL_SIZES, ..IMAGE },
            ),
        )
    },
    LayerWords {
        fields: &[AXIS],
        python: &[(ALL, &["axis"])],
        ..activation(
            "Softmax",
            "softmax",
            &[],
            "softmax over channels, or over the axis that is named",
            Defaults::Of(|dialect, _| softmax(dialect, false)),
            elementwise("torch.nn.Softmax"),
        )
    },
    LayerWords {
        fields: &[AXIS],
        python: &[(ALL, &["axis"])],
        ..activation(
            "LogSoftmax",
            "log_softmax",
            &[],
            "the logarithm of the softmax",
            Defaults::Of(|dialect, _| softmax(dialect, true)),
            elementwise("torch.nn.LogSoftmax"),
        )
    },
    LayerWords {
        aliases: &[alias("GLU", TORCH)],
        fields: &[AXIS],
        python: &[(ALL, &["axis"])],
        ..layer(
            Group::Dense,
            "Glu",
            "glu",
            "the first half of the last axis times the sigmoid of the second",
            Defaults::Op(Op::Glu { axis: Axis::At(-1) }),
            rule("`[.., 2 * n] -> [.., n]`", Definition::Torch("torch.nn.GLU"), plain(&[6, 14], "")),
        )
    },
    LayerWords {
        fields: &[MIN, MAX],
        python: &[(TORCH, &["min", "max", "inplace"])],
        ..function(
            "Hardtanh",
            "hardtanh",
            &[alias("hard_tanh", &[Keras, Flax, Jax])],
            "`min(max(x, -1), 1)`, or with other bounds",
            Activation::Hardtanh { min: -1.0, max: 1.0 },
            "torch.nn.Hardtanh",
        )
    },
    function("Mish", "mish", &[], "`x * tanh(ln(1 + exp(x)))`", Activation::Mish, "torch.nn.Mish"),
    function(
        "Selu",
        "selu",
        &[alias("SELU", TORCH)],
        "`1.0507 * x` above zero, `1.7581 * (exp(x) - 1)` below",
        Activation::Selu,
        "torch.nn.SELU",
    ),
    LayerWords {
        positional: Positional::Field("alpha"),
        fields: &[ALPHA],
        python: &[(TORCH, &["alpha", "inplace"])],
        ..function(
            "Celu",
            "celu",
            &[alias("CELU", TORCH)],
            "`x` above zero, `alpha * (exp(x / alpha) - 1)` below",
            Activation::Celu { alpha: 1.0 },
            "torch.nn.CELU",
        )
    },
    function(
        "Softsign",
        "softsign",
        &[alias("soft_sign", &[Flax, Jax])],
        "`x / (1 + |x|)`",
        Activation::Softsign,
        "torch.nn.Softsign",
    ),
    function(
        "LogSigmoid",
        "log_sigmoid",
        &[alias("Logsigmoid", TORCH)],
        "`ln(sigmoid(x))`",
        Activation::LogSigmoid,
        "torch.nn.LogSigmoid",
    ),
    function("Sqrt", "sqrt", &[], "square root", Activation::Sqrt, "torch.sqrt"),
    function("Rsqrt", "rsqrt", &[], "`1 / sqrt(x)`", Activation::Rsqrt, "torch.rsqrt"),
    function("Square", "square", &[], "`x * x`", Activation::Square, "torch.square"),
    function("Abs", "abs", &[], "absolute value", Activation::Abs, "torch.abs"),
    activation(
        "Neg",
        "neg",
        &[alias("negative", KERAS)],
        "`-x`",
        Defaults::Op(Op::Scale { by: -1.0 }),
        elementwise("torch.neg"),
    ),
    function("Log", "log", &[], "natural logarithm", Activation::Log, "torch.log"),
    function("Sin", "sin", &[], "sine", Activation::Sin, "torch.sin"),
    function("Cos", "cos", &[], "cosine", Activation::Cos, "torch.cos"),
    LayerWords {
        required: &[(&["exponent"], ALL)],
        positional: Positional::Field("exponent"),
        fields: &[EXPONENT],
        ..activation(
            "Pow",
            "pow",
            &[],
            "`x` to a constant power",
            Defaults::Op(Op::Activation(Activation::Pow { exponent: 1.0 })),
            rule(SAME, Definition::Torch("torch.pow"), leading("2.0")),
        )
    },
    LayerWords {
        required: &[(&["by"], ALL)],
        positional: Positional::Field("by"),
        fields: &[ADDED],
        ..activation(
            "AddScalar",
            "add_scalar",
            &[],
            "adds a constant",
            Defaults::Op(Op::Activation(Activation::AddScalar { by: 0.0 })),
            rule(SAME, Definition::Torch("torch.add"), leading("1.0")),
        )
    },
    function("Exp", "exp", &[alias("exponential", KERAS)], "`exp(x)`", Activation::Exp, "torch.exp"),
    LayerWords {
        kind: Kind::Dropout,
        positional: Positional::Field("p"),
        fields: &[P],
        python: &[(TORCH, &["p", "inplace"]), (&[Keras, Flax], &["p"])],
        ..activation(
            "Dropout",
            "dropout",
            &[],
            "the identity outside training",
            Defaults::Op(Op::Dropout { p: 0.5, together: DropTogether::Element }),
            elementwise("torch.nn.Dropout"),
        )
    },
    LayerWords {
        ranks: RANKS,
        dialects: &[Torch, Flax, Keras],
        positional: Positional::Field("p"),
        fields: &[P],
        python: &[(TORCH, &["p", "inplace"]), (&[Keras, Flax], &["p"])],
        ..activation(
            "Dropout#d",
            "dropout",
            &[alias("SpatialDropout#D", KERAS)],
            "drops whole channels in training",
            Defaults::Op(Op::Dropout { p: 0.5, together: DropTogether::Channel }),
            elementwise("torch.nn.Dropout2d"),
        )
    },
    LayerWords {
        required: &[(&["p"], ALL)],
        positional: Positional::Field("p"),
        fields: &[DEPTH_P, DEPTH_MODE],
        python: &[(TORCH, &["p", "mode"])],
        ..activation(
            "StochasticDepth",
            "stochastic_depth",
            &[],
            "drops whole samples in training",
            Defaults::Op(Op::Dropout { p: 0.5, together: DropTogether::Sample }),
            rule(
                SAME,
                Definition::Page(
                    "torchvision.ops.stochastic_depth",
                    "https://docs.pytorch.org/vision/stable/generated/torchvision.ops.stochastic_depth.html",
                ),
                leading("0.2"),
            ),
        )
    },
    activation(
        "Identity",
        "identity",
        &[alias("linear", KERAS)],
        "what comes in",
        Defaults::Op(Op::Identity),
        elementwise("torch.nn.Identity"),
    ),
    LayerWords {
        kind: Kind::Activation,
        required: &[(&["function"], ALL)],
        dialects: KERAS,
        positional: Positional::Field("function"),
        fields: &[FUNCTION],
        ..activation(
            "Activation",
            "activation",
            &[],
            "an activation by its name",
            Defaults::None,
            rule(SAME, Definition::Keras("Activation", "core_layers/activation"), leading("relu")),
        )
    },
    LayerWords {
        kind: Kind::Input,
        required: &[(&["shape"], ALL)],
        dialects: KERAS,
        positional: Positional::Field("shape"),
        fields: &[SHAPE],
        ..activation(
            "Input",
            "input_layer",
            &[alias("InputLayer", KERAS)],
            "the input shape, checked",
            Defaults::Op(Op::Identity),
            rule(SAME, Definition::Keras("Input", "core_layers/input"), plain(&[8, 10, 14], "[8, 10, 14]")),
        )
    },
];

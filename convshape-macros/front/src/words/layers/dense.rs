//! Dense layers, operations on several values, and values that read nothing.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Torch};
use convshape_arith::op::Init;
use convshape_arith::op::{Attention, Axes, Axis, Constant, Custom, MultiHead, Op, Reduction, Source};
use convshape_arith::shape::Shape;

use super::*;

const fn reduction(
    name: &'static str,
    snake: &'static str,
    aliases: &'static [Alias],
    doc: &'static str,
    kind: Reduction,
    source: &'static str,
) -> LayerWords {
    let op = Op::Reduce { kind, axes: None, keep: false };
    let rule = rule(
        "`[a, b, ..] -> [b, ..]` for axis 0; `[1]` over all axes",
        Definition::Torch(source),
        Example { fields: &[("axes", "0", ALL)], ..plain(&[6, 14], "") },
    );
    LayerWords {
        aliases,
        fields: &[REDUCED, KEEP_AXES],
        ..layer(Group::Dense, name, snake, doc, Defaults::Op(op), rule)
    }
}

pub(super) static ROWS: &[LayerWords] = &[
    LayerWords {
        kind: Kind::Linear,
        required: &[(&["out_channels"], ALL)],
        aliases: &[alias("Dense", &[Keras, Flax]), alias("Gemm", ONNX), alias("LazyLinear", TORCH)],
        positional: Positional::Channels,
        fields: &[IN_CHANNELS, OUT_CHANNELS, BIAS],
        python: &[
            (TORCH, &["in_channels", "out_channels", "bias"]),
            (KERAS, &["out_channels", "activation", "bias"]),
            (FLAX, &["out_channels", "bias"]),
        ],
        ..layer(
            Group::Dense,
            "Linear",
            "linear",
            "a dense layer over the last axis: `Linear(784 -> 10)`",
            Defaults::Of(|dialect, _| Op::Linear { dialect, inputs: None, outputs: 0, bias: true }),
            rule(
                "`[.., in] -> [.., out]`",
                Definition::Torch("torch.nn.Linear"),
                Example { symbols: DENSE_SIZES, ..plain(&[14], "14 -> 22") },
            ),
        )
    },
    LayerWords {
        kind: Kind::Flatten,
        fields: &[FROM_AXIS, TO_AXIS],
        python: &[(TORCH, &["from", "to"])],
        ..layer(
            Group::Dense,
            "Flatten",
            "flatten",
            "merges all axes into one, or the axes given",
            Defaults::Op(Op::FLATTEN),
            rule("`[a, b, ..] -> [a * b * ..]`", Definition::Torch("torch.nn.Flatten"), IMAGE),
        )
    },
    LayerWords {
        required: &[(&["axis"], ALL), (&["sizes"], ALL)],
        positional: Positional::Two("axis", "sizes"),
        fields: &[AXIS, SPLIT_SIZES],
        ..layer(
            Group::Dense,
            "Unflatten",
            "unflatten",
            "splits one axis into several: `Unflatten(0, [8, 8])`",
            Defaults::Op(Op::Unflatten { axis: Axis::At(0), sizes: Shape::of(&[]) }),
            rule(
                "`[a * b, ..] -> [a, b, ..]` for axis 0",
                Definition::Torch("torch.nn.Unflatten"),
                plain(&[6, 14], "0, [2, 3]"),
            ),
        )
    },
    LayerWords {
        kind: Kind::Reshape,
        required: &[(&["shape", "like"], ALL)],
        exclusive: &["shape", "like"],
        positional: Positional::Field("shape"),
        fields: &[SHAPE, RESHAPE_LIKE],
        ..layer(
            Group::Dense,
            "Reshape",
            "reshape",
            "the same elements in a new shape",
            Defaults::Op(Op::Reshape { shape: Shape::of(&[]) }),
            rule(
                "any shape `->` `shape`, of as many elements; one size may be `_`",
                Definition::Torch("torch.reshape"),
                plain(&[6, 14], "[14, 6]"),
            ),
        )
    },
    LayerWords {
        aliases: &[alias("Concatenate", KERAS), alias("concatenate", KERAS)],
        positional: Positional::Names,
        fields: &[AXIS],
        ..layer(
            Group::Dense,
            "Concat",
            "concat",
            "joins along the channels, or along the axis given, in the order written",
            Defaults::Op(Op::CONCAT),
            rule("`[a, ..]`, `[b, ..] -> [a + b, ..]` on channels", Definition::Torch("torch.cat"), PAIR),
        )
    },
    LayerWords {
        positional: Positional::Names,
        fields: &[AXIS],
        ..layer(
            Group::Dense,
            "Stack",
            "stack",
            "joins values of equal shape along a new axis, by default the first",
            Defaults::Op(Op::Stack { axis: Axis::At(0) }),
            rule("`[a, ..]`, `[a, ..] -> [2, a, ..]`", Definition::Torch("torch.stack"), PAIR),
        )
    },
    LayerWords {
        positional: Positional::Names,
        fields: &[TRANSPOSE_A, TRANSPOSE_B],
        ..layer(
            Group::Dense,
            "MatMul",
            "mat_mul",
            "the matrix product over the last two axes: `MatMul(a, b)`",
            Defaults::Op(Op::MatMul { transpose_a: false, transpose_b: false }),
            rule(
                "`[.., m, k]`, `[.., k, n] -> [.., m, n]`",
                Definition::Torch("torch.matmul"),
                Example { before: "a: Transpose(0, 1);", ..plain(&[6, 6], "a, input") },
            ),
        )
    },
    LayerWords {
        kind: Kind::Attention,
        positional: Positional::Names,
        fields: &[HEADS, CAUSAL, SCORE_SCALE, ATTENTION_DROPOUT],
        ..layer(
            Group::Dense,
            "Attention",
            "attention",
            "scaled dot-product attention on `[.., tokens, features]`: `Attention(q, k, v, heads: 8)`",
            Defaults::Of(|dialect, _| Op::Attention(Attention::new(dialect, 1))),
            rule(
                "`[.., tokens, features]`, `[.., keys, features]`, `[.., keys, values] -> [.., tokens, values]`",
                Definition::Torch("torch.nn.functional.scaled_dot_product_attention"),
                Example { fields: &[("heads", "4", ALL)], ..plain(&[6, 24], "input, input, input") },
            ),
        )
    },
    LayerWords {
        kind: Kind::MultiHead,
        aliases: &[alias("MultiheadAttention", TORCH), alias("MultiHeadDotProductAttention", FLAX)],
        dialects: MULTI_HEAD,
        positional: Positional::Field("features"),
        fields: &[
            TOKEN_FEATURES,
            HEADS,
            BIAS,
            ATTENTION_DROPOUT,
            CAUSAL,
            KEY_FEATURES,
            VALUE_FEATURES,
            KEY_DIM,
            VALUE_DIM,
            QKV_FEATURES,
            OUT_FEATURES,
        ],
        python: &[
            (TORCH, &["features", "heads", "dropout", "bias"]),
            (KERAS, &["heads", "key_dim", "value_dim", "dropout", "bias"]),
            (FLAX, &["heads"]),
        ],
        ..layer(
            Group::Dense,
            "MultiHeadAttention",
            "multi_head_attention",
            "attention between linear layers: `MultiHeadAttention(64, heads: 8)`, reading one value or `from (q, k, v)`",
            Defaults::Of(|dialect, _| Op::MultiHead(MultiHead::new(dialect))),
            rule(
                "`[.., tokens, features] -> [.., tokens, features]`",
                Definition::Torch("torch.nn.MultiheadAttention"),
                Example { fields: &[("heads", "4", ALL)], symbols: TOKEN_SIZES, ..plain(&[6, 24], "24") },
            ),
        )
    },
    LayerWords {
        aliases: &[alias("add", KERAS)],
        positional: Positional::Names,
        ..layer(
            Group::Dense,
            "Add",
            "add",
            "the sum; axes of size 1 are broadcast",
            Defaults::Op(Op::Add),
            of_two("torch.add"),
        )
    },
    LayerWords {
        aliases: &[alias("Multiply", KERAS), alias("multiply", KERAS)],
        positional: Positional::Names,
        ..layer(
            Group::Dense,
            "Mul",
            "mul",
            "the product; axes of size 1 are broadcast",
            Defaults::Op(Op::Mul),
            of_two("torch.mul"),
        )
    },
    LayerWords {
        aliases: &[alias("Subtract", KERAS), alias("subtract", KERAS)],
        positional: Positional::Names,
        ..layer(
            Group::Dense,
            "Sub",
            "sub",
            "the first minus the second; axes of size 1 are broadcast",
            Defaults::Op(Op::Sub),
            of_two("torch.sub"),
        )
    },
    LayerWords {
        positional: Positional::Names,
        ..layer(
            Group::Dense,
            "Div",
            "div",
            "the first divided by the second; axes of size 1 are broadcast",
            Defaults::Op(Op::Div),
            of_two("torch.div"),
        )
    },
    LayerWords {
        aliases: &[alias("maximum", KERAS)],
        positional: Positional::Names,
        ..layer(
            Group::Dense,
            "Maximum",
            "maximum",
            "the larger of each; axes of size 1 are broadcast",
            Defaults::Op(Op::Maximum),
            of_two("torch.maximum"),
        )
    },
    LayerWords {
        aliases: &[alias("minimum", KERAS)],
        positional: Positional::Names,
        ..layer(
            Group::Dense,
            "Minimum",
            "minimum",
            "the smaller of each; axes of size 1 are broadcast",
            Defaults::Op(Op::Minimum),
            of_two("torch.minimum"),
        )
    },
    LayerWords {
        kind: Kind::Permute,
        required: &[(&["axes"], ALL)],
        positional: Positional::Axes,
        fields: &[AXES],
        ..layer(
            Group::Dense,
            "Permute",
            "permute",
            "reorders the axes: `Permute(1, 2, 0)`",
            Defaults::Op(Op::Permute { axes: Axes::NONE, swap: false }),
            rule(
                "`[a, b, c] -> [b, c, a]` for `Permute(1, 2, 0)`",
                Definition::Torch("torch.permute"),
                plain(&[6, 14, 8], "1, 2, 0"),
            ),
        )
    },
    LayerWords {
        required: &[(&["axes"], &[Torch, Jax, Flax, Keras]), (&["axes", "perm"], ONNX)],
        positional: Positional::Axes,
        fields: &[AXES, PERM],
        ..layer(
            Group::Dense,
            "Transpose",
            "transpose",
            "swaps two axes",
            Defaults::Op(Op::Permute { axes: Axes::NONE, swap: true }),
            rule(
                "`[a, b] -> [b, a]` for `Transpose(0, 1)`",
                Definition::Torch("torch.transpose"),
                plain(&[6, 14], "0, 1"),
            ),
        )
    },
    reduction(
        "Mean",
        "mean",
        &[alias("ReduceMean", ONNX)],
        "the mean over axes: `Mean(axis: 0)`",
        Reduction::Mean,
        "torch.mean",
    ),
    reduction(
        "Sum",
        "sum",
        &[alias("ReduceSum", ONNX)],
        "the sum over axes: `Sum(axis: 0)`",
        Reduction::Sum,
        "torch.sum",
    ),
    reduction(
        "Max",
        "max",
        &[alias("ReduceMax", ONNX)],
        "the largest over axes: `Max(axis: 0)`",
        Reduction::Max,
        "torch.max",
    ),
    reduction(
        "Min",
        "min",
        &[alias("ReduceMin", ONNX)],
        "the smallest over axes: `Min(axis: 0)`",
        Reduction::Min,
        "torch.min",
    ),
    LayerWords {
        kind: Kind::Scale,
        required: &[(&["by"], ALL)],
        aliases: &[alias("Rescaling", KERAS)],
        positional: Positional::Field("by"),
        fields: &[BY],
        ..layer(
            Group::Dense,
            "Scale",
            "scale",
            "multiplies by a constant",
            Defaults::Op(Op::Scale { by: 1.0 }),
            rule(SAME, Definition::Torch("torch.mul"), leading("2.0")),
        )
    },
    LayerWords {
        kind: Kind::Chain,
        positional: Positional::Path,
        ..layer(
            Group::Dense,
            "Chain",
            "chain",
            "another checked chain as a layer: `Chain(path::Type)`",
            Defaults::None,
            rule("those of the other chain", Definition::Own, leading("Encoder")),
        )
    },
    LayerWords {
        kind: Kind::Custom,
        positional: Positional::Path,
        ..layer(
            Group::Dense,
            "Custom",
            "custom",
            "your own layer, a type that implements `convshape::CustomLayer`: `q: Custom(path::Type) -> [16, 14, 14]`",
            Defaults::Op(Op::Custom { layer: Custom::later(0), count: 1, shape: Shape::unknown(1) }),
            rule("those of its type", Definition::Own, Example { claim: "-> [14, 8, 10]", ..leading("Own") }),
        )
    },
    LayerWords {
        kind: Kind::Parameter,
        required: &[(&["shape"], ALL)],
        positional: Positional::Field("shape"),
        fields: &[OWN_SHAPE, INIT, TRAIN],
        ..layer(
            Group::Dense,
            "Parameter",
            "parameter",
            "a free parameter, which reads nothing: `gamma: Parameter([96], init: 1e-6)`",
            Defaults::Op(Op::Source {
                of: Source::Parameter { init: Init::Constant(0.0), trained: true },
                shape: Shape::of(&[1]),
            }),
            rule(
                "`-> shape`",
                Definition::Torch("torch.nn.parameter.Parameter"),
                Example { before: "a: Relu;", after: "Add(a, l);", symbols: &[(14, "shape")], ..plain(&[14], "[14]") },
            ),
        )
    },
    LayerWords {
        kind: Kind::Arange,
        required: &[(&["count"], ALL)],
        positional: Positional::Field("count"),
        fields: &[COUNT],
        ..layer(
            Group::Dense,
            "Arange",
            "arange",
            "the numbers 0, 1, 2, ..: `Arange(64)`",
            Defaults::Op(Op::Source { of: Source::Arange, shape: Shape::of(&[1]) }),
            rule(
                "`-> [count]`",
                Definition::Torch("torch.arange"),
                Example { before: "a: Relu;", after: "Add(a, l);", ..plain(&[14], "14") },
            ),
        )
    },
    LayerWords {
        kind: Kind::Constant,
        required: &[(&["array"], ALL), (&["shape"], ALL)],
        positional: Positional::Two("array", "shape"),
        fields: &[ARRAY, OWN_SHAPE],
        ..layer(
            Group::Dense,
            "Constant",
            "constant",
            "the elements of a `const` or `static`, which are not trained: `Constant(tables::ANCHORS, [2, 8400])`",
            Defaults::Op(Op::Source { of: Source::Constant(Constant::later(0)), shape: Shape::of(&[1]) }),
            rule(
                "`-> shape`",
                Definition::Torch("torch.nn.parameter.Buffer"),
                Example { before: "a: Relu;", after: "Add(a, l);", ..plain(&[14], "GRID, [14]") },
            ),
        )
    },
    LayerWords {
        kind: Kind::OneHot,
        required: &[(&["array"], ALL), (&["shape"], ALL)],
        positional: Positional::Two("array", "shape"),
        fields: &[ARRAY, OWN_SHAPE],
        ..layer(
            Group::Dense,
            "OneHot",
            "one_hot",
            "a row for each position in a `const` or `static` array, 1 at the position and 0 elsewhere; with `MatMul` it \
             reads rows of a table: `r: OneHot(RELATIVE, [2401, 169]); MatMul(r, table);`",
            Defaults::Op(Op::Source { of: Source::OneHot(Constant::later(0)), shape: Shape::of(&[1]) }),
            rule(
                "`-> shape`",
                Definition::Torch("torch.nn.functional.one_hot"),
                Example { before: "a: Relu;", after: "MatMul(l, a);", ..plain(&[5, 14], "GRID, [14, 5]") },
            ),
        )
    },
];

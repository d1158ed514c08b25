//! How a layer changes shapes, where that is defined, and an example: what a row says for the reference alone.

use super::Dialects;

/// A layer in the reference.
#[derive(Clone, Copy)]
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
pub(super) const CONV_SIZES: &[(i64, &str)] = &[
    (14, "in"),
    (22, "out"),
    (7, "in / groups"),
    (11, "out / groups"),
    (3, "kernel"),
    (5, "kernel"),
    (2, "multiplier"),
    (28, "in * multiplier"),
];
const STEP_SIZES: &[(i64, &str)] = &[(14, "in"), (22, "out"), (44, "2 * out"), (66, "3 * out"), (88, "4 * out")];
pub(super) const DENSE_SIZES: &[(i64, &str)] = &[(14, "in"), (22, "out")];
pub(super) const CHANNEL_SIZES: &[(i64, &str)] = &[(64, "channels")];
pub(super) const IMAGE_SIZES: &[(i64, &str)] = &[(14, "C"), (8, "H"), (10, "W")];
pub(super) const TOKEN_SIZES: &[(i64, &str)] =
    &[(24, "features"), (72, "3 * features"), (4, "heads"), (6, "features / heads")];

pub(super) const SAME: &str = "unchanged";
const BROADCAST: &str = "`[a..]`, `[b..]` -> the larger of both on each axis";

pub(super) const IMAGE: Example = Example {
    input: ExampleInput::Image(14),
    before: "",
    leading: "",
    fields: &[],
    claim: "",
    after: "",
    symbols: &[],
};
/// With two inputs.
pub(super) const PAIR: Example = Example { before: "a: Relu;", leading: "a, input", ..IMAGE };
pub(super) const STEPS_IN: Example =
    Example { input: ExampleInput::Plain(&[6, 14]), leading: "14 -> 22", symbols: STEP_SIZES, ..IMAGE };

pub(super) const fn leading(leading: &'static str) -> Example {
    Example { leading, ..IMAGE }
}

pub(super) const fn plain(shape: &'static [i64], leading: &'static str) -> Example {
    Example { input: ExampleInput::Plain(shape), leading, ..IMAGE }
}

pub(super) const fn rule(shapes: &'static str, source: Definition, example: Example) -> Rule {
    Rule { shapes, source, example }
}

/// A layer that computes each element separately.
pub(super) const fn elementwise(source: &'static str) -> Rule {
    rule(SAME, Definition::Torch(source), IMAGE)
}

pub(super) const fn of_two(source: &'static str) -> Rule {
    rule(BROADCAST, Definition::Torch(source), PAIR)
}

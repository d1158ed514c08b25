//! The words that are values: `padding: same`, `mode: nearest`.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx};

use super::{ALL, Dialects, FLAX, KERAS, ONNX, Word};

const fn word(name: &'static str, dialects: Dialects, doc: &'static str) -> Word {
    Word { name, dialects, doc }
}

const SAME: Word = word("same", ALL, "as many rows as it takes to get `ceil(input / stride)`, the odd one at the end");
const VALID: Word = word("valid", ALL, "no border: only whole windows");

pub(super) const CONV_PADDING: &[Word] = &[
    SAME,
    VALID,
    word("same_lower", &[Jax, Flax, Onnx], "like `same`, with the odd row at the start"),
    word("causal", &[Flax, Keras], "all rows at the start, so that no output sees later inputs"),
    word("circular", FLAX, "the border wraps around to the other side"),
    word("reflect", FLAX, "the border mirrors the rows without repeating the edge"),
];
/// Python's `None` in two fields of Keras.
pub(super) const NONE: Word = word(
    "none",
    KERAS,
    "for `output_padding`: as many rows as the stride allows; for `approximate`: the exact formula",
);
pub(super) const POOL_PADDING: &[Word] =
    &[SAME, VALID, word("same_lower", &[Jax, Flax, Onnx], "like `same`, with the odd row at the start")];
pub(super) const AUTO_PAD_WORDS: &[Word] = &[
    word("notset", ONNX, "use `padding`"),
    word("same_upper", ONNX, "like `same`, with the odd row at the end"),
    word("same_lower", ONNX, "like `same`, with the odd row at the start"),
    word("valid", ONNX, "no border: only whole windows"),
];
pub(super) const BORDERS: &[Word] = &[
    word("zeros", ALL, "the border is zero, or the constant `value`"),
    word("reflect", ALL, "the border mirrors the rows without repeating the edge"),
    word("replicate", ALL, "the border repeats the edge"),
    word("circular", ALL, "the border wraps around to the other side"),
];
pub(super) const INTERPOLATIONS: &[Word] = &[
    word("nearest", ALL, "the element at the position rounded down; in jax and flax the one whose centre is nearest"),
    word("nearest_exact", ALL, "the element whose centre is nearest"),
    word("linear", ALL, "between the two nearest, on one axis"),
    word("bilinear", ALL, "between the four nearest, on two axes"),
    word("trilinear", ALL, "between the eight nearest, on three axes"),
    word("bicubic", ALL, "cubic, between the sixteen nearest"),
];
pub(super) const NONLINEARITIES: &[Word] =
    &[word("tanh", ALL, "the hyperbolic tangent"), word("relu", ALL, "zero below zero")];
pub(super) const ALLOWED: &[Word] = &[word("allow", ALL, "no warning: it is meant")];
pub(super) const ALIGNS: &[Word] =
    &[word("center", ALL, "in the middle, the odd row at the end"), word("start", ALL, "at the first row and column")];
pub(super) const DEPTH_ORDERS: &[Word] = &[
    word("dcr", ALL, "the offset in the block varies slowest, as in ONNX and TensorFlow"),
    word("crd", ALL, "the offset in the block varies fastest, as in PyTorch"),
];
pub(super) const MASKS: &[Word] = &[
    word("a", ALL, "the middle element and all after it are zero"),
    word("b", ALL, "all elements after the middle one are zero"),
];
pub(super) const DEPTH_MODES: &[Word] =
    &[word("row", ALL, "each sample by itself"), word("batch", ALL, "the whole batch together")];
pub(super) const APPROXIMATIONS: &[Word] = &[
    word("none", ALL, "for `output_padding`: as many rows as the stride allows; for `approximate`: the exact formula"),
    word("tanh", ALL, "the formula with the hyperbolic tangent"),
];

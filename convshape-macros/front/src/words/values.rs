//! The words that are values: `padding: same`, `mode: nearest`.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx};

use super::fields::{ALL, FLAX, KERAS, ONNX};
use super::{Dialects, Word};

const fn word(name: &'static str, dialects: Dialects, doc: &'static str) -> Word {
    Word { name, dialects, doc }
}

const SAME: Word = word("same", ALL, "as many rows as give `ceil(input / stride)` of them, the odd one at the end");
const VALID: Word = word("valid", ALL, "no border: only whole windows count");

pub(super) const CONV_PADDING: &[Word] = &[
    SAME,
    VALID,
    word("same_lower", &[Jax, Flax, Onnx], "as `same`, the odd row at the start"),
    word("causal", &[Flax, Keras], "all rows in front, so that no output sees what comes after it"),
    word("circular", FLAX, "the border continues on the other side"),
    word("reflect", FLAX, "the border mirrors the rows, the edge itself not repeated"),
];
/// Python's `None` in two fields of Keras.
pub(super) const NONE: Word =
    word("none", KERAS, "of `output_padding`, what the stride leaves room for; of `approximate`, the exact formula");
pub(super) const POOL_PADDING: &[Word] =
    &[SAME, VALID, word("same_lower", &[Jax, Flax, Onnx], "as `same`, the odd row at the start")];
pub(super) const AUTO_PAD_WORDS: &[Word] = &[
    word("notset", ONNX, "`padding` says how much"),
    word("same_upper", ONNX, "as `same`: the odd row at the end"),
    word("same_lower", ONNX, "as `same`, the odd row at the start"),
    word("valid", ONNX, "no border: only whole windows count"),
];
pub(super) const BORDERS: &[Word] = &[
    word("zeros", ALL, "the border is zero, or the constant `value`"),
    word("reflect", ALL, "the border mirrors the rows, the edge itself not repeated"),
    word("replicate", ALL, "the border repeats the edge"),
    word("circular", ALL, "the border continues on the other side"),
];
pub(super) const INTERPOLATIONS: &[Word] = &[
    word("nearest", ALL, "the element at the floor of the position; in jax and flax the one whose centre is nearest"),
    word("nearest_exact", ALL, "the element whose centre is nearest"),
    word("linear", ALL, "between the two nearest, on one axis"),
    word("bilinear", ALL, "between the four nearest, on two axes"),
    word("trilinear", ALL, "between the eight nearest, on three axes"),
    word("bicubic", ALL, "between the sixteen nearest, by cubic curves"),
];
pub(super) const NONLINEARITIES: &[Word] =
    &[word("tanh", ALL, "the hyperbolic tangent"), word("relu", ALL, "zero below zero")];
pub(super) const ALLOWED: &[Word] = &[word("allow", ALL, "what is meant: no warning")];
pub(super) const ALIGNS: &[Word] =
    &[word("center", ALL, "in the middle, the odd row at the end"), word("start", ALL, "at the first row and column")];
pub(super) const DEPTH_ORDERS: &[Word] = &[
    word("dcr", ALL, "the block's offsets are the slow channels, as in ONNX and TensorFlow"),
    word("crd", ALL, "the block's offsets are the fast channels, as in PyTorch"),
];
pub(super) const MASKS: &[Word] = &[
    word("a", ALL, "the middle tap and all after it are zero"),
    word("b", ALL, "all taps after the middle one are zero"),
];
pub(super) const DEPTH_MODES: &[Word] =
    &[word("row", ALL, "each sample by itself"), word("batch", ALL, "the whole batch together")];
pub(super) const APPROXIMATIONS: &[Word] = &[
    word("none", ALL, "of `output_padding`, what the stride leaves room for; of `approximate`, the exact formula"),
    word("tanh", ALL, "the formula with the hyperbolic tangent"),
];

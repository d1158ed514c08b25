//! The words of the grammar itself.

use convshape_arith::op::Dialect;

use super::{ALL, Word};

/// A word of the grammar and its meaning, in one line.
pub(crate) struct GrammarWord {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
}

const fn word(name: &'static str, doc: &'static str) -> GrammarWord {
    GrammarWord { name, doc }
}

/// The words that give a chain its structure, with their docs for hovering.
pub(crate) static GRAMMAR: &[GrammarWord] = &[
    word("input", "the chain's input shape without the batch axis; in a `repeat` or `block`, the body's input"),
    word("output", "the chain's output shape without the batch axis; it is checked"),
    word("from", "reads the named statement, not the previous one"),
    word("restores", "requires the output shape to be the named layer's input shape"),
    word("undo", "the transposed convolution whose shape map is the exact reverse of the named layer"),
    word("repeat", "repeats statements that keep their shape"),
    word("block", "a group of statements with parameters, used like a layer"),
    word("for", "declares run-time sizes with their ranges"),
    word("in", "the values of a `for` size or a `repeat` variable"),
    word("dialect", "the framework whose rules apply: torch, onnx, jax, flax or keras"),
    word("lossy", "what to do if a stride drops rows: allow, warn or deny"),
    word("lint", "what to do about code that is legal but surely a mistake: allow, warn or deny"),
    word("weights", "a safetensors file to check at compile time"),
    word("data", "array files (npy, npz, safetensors, IDX) to check against inputs and outputs at compile time"),
    word("as", "the names of arrays in a `data` file, in the order of inputs and outputs"),
    word("torch", "PyTorch; shapes are `[C, spatial...]`"),
    word("onnx", "ONNX, as its engines agree; shapes are `[C, spatial...]`"),
    word("jax", "`jax.lax`; shapes are `[C, spatial...]`"),
    word("flax", "Flax; shapes are `[spatial..., C]`"),
    word("keras", "Keras 3; shapes are `[spatial..., C]`"),
];

/// The headers that are written `name: value;`.
pub(crate) const HEADERS: &[&str] = &["dialect", "lossy", "lint", "weights", "data"];

/// The values of `lossy`.
pub(crate) static LOSSY: &[Word] = &[
    Word { name: "allow", dialects: ALL, doc: "a stride may drop rows that nothing reads" },
    Word { name: "warn", dialects: ALL, doc: "a stride that drops rows is a warning" },
    Word { name: "deny", dialects: ALL, doc: "a stride that drops rows is an error" },
];

/// The values of `lint`.
pub(crate) static LINTS: &[Word] = &[
    Word { name: "allow", dialects: ALL, doc: "lints are silent" },
    Word { name: "warn", dialects: ALL, doc: "a lint is a warning" },
    Word { name: "deny", dialects: ALL, doc: "a lint is an error" },
];

/// The dialect of that name.
pub(crate) fn dialect_from_name(name: &str) -> Option<Dialect> {
    ALL.iter().copied().find(|dialect| dialect.name() == name)
}

/// The dialect that a name must mean: of a framework with another name, or mistyped.
pub(crate) fn nearest_dialect(name: &str) -> Option<Dialect> {
    let plain = name.to_ascii_lowercase();
    let dialect = match plain.as_str() {
        "tensorflow" | "tf" | "tf2" => Dialect::Keras,
        "linen" | "nnx" => Dialect::Flax,
        "lax" | "stax" => Dialect::Jax,
        "ort" | "onnxruntime" => Dialect::Onnx,
        "libtorch" | "pytorch" | "tch" => Dialect::Torch,
        _ => {
            return super::nearest(&plain, dialect_names().map(str::to_owned))
                .and_then(|name| dialect_from_name(&name));
        }
    };
    Some(dialect)
}

/// The names of all dialects.
pub(crate) fn dialect_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|dialect| dialect.name())
}

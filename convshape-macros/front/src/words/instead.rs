//! What to write for framework operations that are not layers here; used in messages only.

use super::Kind;

/// Operations, compared ignoring case, `_` and a final number of axes (`2d`), with the text of their help.
const OPERATIONS: &[(&[&str], &str)] = &[
    (
        &["rearrange"],
        "say what moves: `Permute(1, 2, 0)` orders axes, `Flatten(from: 1)` merges them, `Unflatten(0, [8, 8])` splits \
         one, `Reshape([16, 4, 4])` gives the whole shape",
    ),
    (
        &["einsum", "einmix", "einsumdense", "dotgeneral", "tensordot"],
        "a product of two values is `MatMul(a, b)`, with `transpose_b: true` for the other order; a product with weights \
         is `Linear`; `Permute` before and after it puts the axes in place",
    ),
    (
        &["squeeze"],
        "`Flatten(from: 0, to: 1)` merges an axis of size 1 with the next, `Reshape([16, 4])` gives the whole shape",
    ),
    (
        &["unsqueeze", "expanddims", "newaxis"],
        "`Unflatten(0, [1, 64])` puts an axis of size 1 before the first, `Reshape([1, 16, 16])` gives the whole shape",
    ),
    (
        &["chunk", "unbind", "tensorsplit", "unstack"],
        "`parts: Split(2);` cuts the channels into equal parts, `Split([64, 80])` into parts of these sizes; read them as \
         `parts.0` and `parts.1`",
    ),
    (
        &[
            "narrow",
            "select",
            "indexselect",
            "gather",
            "take",
            "gatherelements",
            "gathernd",
            "dynamicslice",
            "stridedslice",
        ],
        "`Slice(0..4, axis: 1)` takes a range of an axis; a choice that depends on values is a layer of your own: \
         `Custom(path::Type)`",
    ),
    (
        &["movedim", "moveaxis", "swapaxes", "swapdims", "t", "transposeaxes"],
        "`Transpose(0, 1)` swaps two axes, `Permute(1, 2, 0)` orders all of them",
    ),
    (
        &["expand", "expandas", "broadcastto", "broadcastindim", "tile", "repeatinterleave", "repeatvector"],
        "axes of size 1 stretch by themselves in `Add`, `Mul` and other sums; `Upsample(like: x)` repeats the rows of a \
         map, `Concat(a, a)` its channels",
    ),
    (&["roll"], "write `s: Split([4, 60], axis: 0); Concat(s.1, s.0, axis: 0);` for an axis of 64 that moves by -4"),
    (
        &["layernorm2d", "channellayernorm", "layernormchannelsfirst"],
        "to normalise over channels in front, write `Permute(1, 2, 0); LayerNorm(96); Permute(2, 0, 1);`",
    ),
    (
        &["normalization"],
        "write `BatchNorm(affine: false, eps: 1e-14)`, whose `moving_mean` and `moving_variance` are the `mean` and \
         `variance` of the layer",
    ),
    (
        &["contiguous", "clone", "item", "cast", "cuda", "cpu", "float", "half", "astype", "optimizationbarrier"],
        "leave it out: values are `f32` and need no copy",
    ),
    (
        &[
            "detach",
            "stopgradient",
            "lambda",
            "bilinear",
            "deformconv",
            "gridsample",
            "affinegrid",
            "roialign",
            "roipool",
            "maxroipool",
            "fractionalmaxpool",
            "lppool",
            "globallppool",
            "where",
            "maskedfill",
            "scatter",
            "scatternd",
            "scatterelements",
            "cumsum",
            "cumprod",
            "flip",
            "reverse",
            "reversesequence",
            "sort",
            "unique",
            "loop",
            "scan",
            "round",
            "floor",
            "ceil",
            "sign",
            "erf",
            "fmod",
            "mod",
            "tan",
            "atan",
            "asin",
            "acos",
            "sinh",
            "cosh",
            "prod",
            "reduceprod",
            "median",
            "stft",
            "istft",
            "fft",
            "rfft",
            "irfft",
            "dft",
            "tril",
            "triu",
            "trilu",
            "hardshrink",
            "softshrink",
            "shrink",
            "threshold",
            "thresholdedrelu",
            "hardmax",
            "gumbelsoftmax",
            "adaptivelogsoftmax",
            "reducewindow",
            "minpool",
            "pool",
            "spectralnormalization",
            "meanvariancenormalization",
            "convlocal",
            "locallyconnected",
            "convlstm",
            "convlstmcell",
            "additiveattention",
            "groupqueryattention",
            "maxoutdense",
            "highway",
            "isnan",
            "isinf",
            "equal",
            "greater",
            "less",
            "lessorequal",
            "greaterorequal",
            "and",
            "or",
            "not",
            "xor",
            "bitshift",
            "diagonal",
            "diag",
            "det",
            "inverse",
            "lerp",
            "squareplus",
            "sparseplus",
            "cropandresize",
        ],
        "a layer of your own is a type that implements `convshape::CustomLayer`: `Custom(path::Type) -> [16, 14, 14]`",
    ),
    (&["reduce"], "`Mean(axis: 1)`, `Sum`, `Max` and `Min` reduce axes"),
    (&["layerscale"], "write `gamma: Parameter([96, 1, 1], init: 1e-6); Mul(_, gamma);`"),
    (&["softmin"], "write `Neg; Softmax;`"),
    (&["tanhshrink"], "write `x: Identity; Tanh; Sub(x, _);`"),
    (&["rrelu"], "outside training it is `LeakyRelu(0.2292)`, the mean of its slopes"),
    (&["reciprocal"], "write `Pow(-1.0)`, or `Div(a, b)` for a quotient of two values"),
    (&["log1p"], "write `AddScalar(1.0); Log;`"),
    (&["expm1"], "write `Exp; AddScalar(-1.0);`"),
    (&["logsumexp", "reducelogsumexp"], "write `Exp; Sum(axis: 0); Log;`"),
    (&["reducel1"], "write `Abs; Sum(axis: 0);`"),
    (&["reducel2"], "write `Square; Sum(axis: 0); Sqrt;`"),
    (&["reducesumsquare"], "write `Square; Sum(axis: 0);`"),
    (
        &["var", "std", "variance", "moments", "standardize"],
        "write `x: Identity; m: Mean(axis: 0, keep: true); Sub(x, m); Square; Mean(axis: 0);`, and `Sqrt;` for the deviation",
    ),
    (&["cosinesimilarity", "pairwisedistance"], "write `LpNorm` on both, then `Mul(a, b)` and `Sum(axis: 0)`"),
    (&["average"], "write `Add(a, b)`, then `Scale(0.5)`"),
    (
        &["argmax", "argmin", "topk", "nms", "nonmaxsuppression", "nonzero"],
        "do it in the program, with the output of the chain",
    ),
    (
        &[
            "embedding",
            "embed",
            "embeddingbag",
            "categoryencoding",
            "hashing",
            "discretization",
            "textvectorization",
            "stringlookup",
            "integerlookup",
        ],
        "inputs are real numbers: give one-hot rows `[length, words]` to `Linear(words -> features, bias: false)`, or look \
         rows up before the chain",
    ),
    (
        &["randomflip", "randomrotation", "randomzoom", "randomcrop", "randomtranslation", "randomcontrast", "masking"],
        "prepare samples before the chain reads them",
    ),
    (
        &["rnncell", "mgucell", "simplernncell", "stackedrnncells"],
        "one layer runs all steps, on `[length, features]`: `Lstm(64 -> 128)`, `Gru(64 -> 128)` or `Rnn(64 -> 128)`",
    ),
    (&["bidirectional"], "write `Lstm(64 -> 128, bidirectional: true)`, or the same with `Gru` or `Rnn`"),
    (
        &["timedistributed", "vmap"],
        "`Linear` acts on each step by itself; let a convolution read one step as one sample, in a chain of its own before \
         the recurrent layer",
    ),
    (
        &[
            "transformer",
            "transformerencoder",
            "transformerdecoder",
            "transformerencoderlayer",
            "transformerdecoderlayer",
        ],
        "write it as a block of `MultiHeadAttention`, `LayerNorm`, `Linear` and `Add`, used in a `repeat`",
    ),
    (
        &["sequential", "modulelist", "moduledict", "module", "model", "compact", "parameterlist"],
        "write the layers one after the other; layers that are used several times are a `block` or a `repeat`",
    ),
    (
        &["unfold", "im2col", "extractpatches", "patchembed", "patchembedding"],
        "patches and the layer after them are one convolution: `Conv2d(3 -> 768, kernel: 16, stride: 16)`",
    ),
    (&["fold", "col2im"], "a layer and the patches that it adds up are one convolution: `ConvTranspose2d`"),
    (
        &["alphadropout", "featurealphadropout", "gaussiandropout", "gaussiannoise"],
        "`Dropout(0.1)` is the only random layer; make your own noise an input: `input: x [3, 32, 32], noise [3, 32, 32];`",
    ),
    (
        &["randn", "rand", "randnlike", "randlike", "normal", "randomnormal", "randomuniform", "randomnormallike"],
        "make random numbers an input: `input: x [3, 32, 32], noise [64];`; in Python, a parameter of `forward`",
    ),
    (
        &[
            "zeros",
            "ones",
            "zeroslike",
            "oneslike",
            "full",
            "fulllike",
            "eye",
            "linspace",
            "constantofshape",
            "tensor",
            "meshgrid",
            "positionalencoding",
            "makecausalmask",
        ],
        "numbers of your own are `Constant(path::NAME, [2, 8])`, trained ones `Parameter([2, 8])`, and 0, 1, 2, .. is \
         `Arange(64)`",
    ),
    (&["param", "variable", "registerbuffer", "addweight"], "a free parameter is `Parameter([96, 1, 1], init: 1e-6)`"),
    (&["size", "shape", "numel", "dim"], "sizes are known at compile time: write them, or `like: name`"),
    (&["weightnorm"], "write the layer without it: `load` folds PyTorch's weight norm into the weight"),
    (
        &["spectralnorm"],
        "write the layer without it, and save the weights after PyTorch's `parametrize.remove_parametrizations`",
    ),
    (
        &["weightstandardization"],
        "a convolution reads a weight that other statements computed: `Conv2d(3 -> 8, kernel: 3) from (x, w)`",
    ),
    (
        &[
            "quantizelinear",
            "dequantizelinear",
            "dynamicquantizelinear",
            "qlinearconv",
            "convinteger",
            "matmulinteger",
            "quantstub",
            "dequantstub",
        ],
        "use the model from before it was quantised",
    ),
    (&["if", "cond"], "`if` compares sizes and bools that are known at compile time: `if a == b { .. } else { .. }`"),
    (&["mask", "causalmask"], "`Attention(q, k, v, heads: 8, causal: true)` masks later tokens"),
];

/// Functions that a program uses for training.
const LOSSES: &[&str] = &["crossentropy", "kldiv", "binarycrossentropy", "nll", "mse", "mae", "huber"];

const LOSS: &str = "a loss is not a layer: give it to `Fit` or to `gradients` (`convshape::train::CrossEntropy`)";

/// What to write for an operation that is not a layer here.
pub(crate) fn instead(name: &str) -> Option<&'static str> {
    let whole = name.replace('_', "").to_ascii_lowercase();
    let plain = ["1d", "2d", "3d"].iter().find_map(|rank| whole.strip_suffix(rank)).unwrap_or(&whole);
    let loss = plain.ends_with("loss") || LOSSES.contains(&plain);
    let named = |name: &str| OPERATIONS.iter().find(|(names, _)| names.contains(&name)).map(|(_, help)| *help);
    if loss { Some(LOSS) } else { named(&whole).or_else(|| named(plain)) }
}

/// What to write for an argument that makes a layer a different one.
pub(crate) fn instead_of_field(kind: Kind, name: &str) -> Option<&'static str> {
    match (kind, name) {
        (Kind::Dropout, "noise_shape") => Some(
            "`StochasticDepth(0.2)` drops whole samples, as `(None, 1, 1, 1)` does, and `Dropout2d(0.2)` whole channels",
        ),
        (_, "max_value") => {
            Some("a bound makes it a layer of its own: `Relu6;`, or `Clamp(min: 0.0, max: 1.0);` for another")
        }
        (Kind::Scale, "offset") => Some("what is added is a layer of its own: `AddScalar(-1.0);`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{is_layer, layers};

    #[test]
    fn helps_name_layers_that_exist() {
        let quoted = OPERATIONS.iter().flat_map(|(_, help)| help.split('`').skip(1).step_by(2));
        let words = quoted.flat_map(|code| code.split(['(', ' ', ';', ','])).filter(|word| {
            let upper = word.starts_with(|first: char| first.is_ascii_uppercase());
            upper && !word.contains("::") && word.chars().any(|letter| letter.is_ascii_lowercase())
        });
        let unknown: Vec<&str> = words.filter(|word| !is_layer(word)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn no_operation_is_a_layer_or_there_twice() {
        let mut seen = std::collections::HashSet::new();
        for name in OPERATIONS.iter().flat_map(|(names, _)| *names) {
            assert!(seen.insert(*name), "{name} occurs twice");
            let alike = |known: &str| known.replace('_', "").to_ascii_lowercase() == **name;
            let layer = layers().flat_map(|row| row.names()).find(|(known, _)| alike(known));
            assert!(layer.is_none(), "{name} is the layer {layer:?}");
        }
    }

    #[test]
    fn names_are_read_in_every_spelling() {
        assert_eq!(instead("Rearrange"), instead("rearrange"));
        assert_eq!(instead("expand_dims"), instead("ExpandDims"));
        assert_eq!(instead("LPPool2d"), instead("GridSample"));
        assert_eq!(instead("BCEWithLogitsLoss"), Some(LOSS));
        assert_eq!(instead("Conv2d"), None);
    }
}

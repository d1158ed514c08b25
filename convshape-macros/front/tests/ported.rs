//! Lines of the frameworks that can be kept as they are, and framework words that would mean something else.

mod support;

use self::support::{accepted, errors, refused, told};

#[test]
fn torch() {
    accepted(
        "input: [3, 8, 8]; ZeroPad2d((1, 0, 2, 0)); ReflectionPad2d(1); ReplicationPad2d([1, 2]); CircularPad2d(1);
         ConstantPad2d(1, value: 0.5); UpsamplingNearest2d(scale_factor: 2); UpsamplingBilinear2d(scale_factor: 2);
         ReLU(inplace: true); Identity; Dropout2d(p: 0.2, inplace: true); MaxPool2d(2, return_indices: false);
         LazyConv2d(4, kernel_size: 1); SyncBatchNorm; GlobalMaxPool; output: [4];",
    );
    refused(
        "input: [8, 64]; MaxPool1d(2, return_indices: true); output: [8, 32];",
        "[CS0105] `return_indices` can only be `false` here, found `true`",
    );
}

/// (left, right, top, bottom); fewer numbers apply to the last axes.
#[test]
fn sides_in_pytorchs_order() {
    accepted("input: [1, 8, 8]; ZeroPad2d((1, 2, 3, 4)); output: [1, 15, 11];");
    accepted("input: [1, 8, 8]; ZeroPad2d((1, 2)); output: [1, 8, 11];");
    accepted("input: [1, 8, 8]; ZeroPad2d(2); output: [1, 12, 12];");
    accepted("dialect: keras; input: [4, 1]; ZeroPadding1D(padding: (1, 2)); output: [7, 1];");
}

#[test]
fn onnx() {
    accepted(
        "dialect: onnx; input: [2, 3, 6, 5];
         MaxPool(kernel_shape: [3, 3, 3], pads: [1, 1, 1, 1, 1, 1], strides: [3, 3, 3], ceil_mode: 1);
         output: [2, 2, 3, 2];",
    );
    // All low sides, then all high ones.
    accepted(
        "dialect: onnx; lint: allow; input: [1, 6, 6]; Conv(1 -> 4, kernel_shape: [3, 3], pads: [0, 1, 4, 1]); output: [4, 8, 6];",
    );
    accepted("dialect: onnx; input: [1, 6]; Conv(1 -> 4, kernel_shape: [3], pads: [0, 1]); output: [4, 5];");
    accepted("dialect: onnx; input: [4]; Gemm(4 -> 3, transB: 1); output: [3];");
    refused(
        "dialect: onnx; input: [4]; Gemm(4 -> 3, transB: 0); output: [3];",
        "[CS0105] `transB` can only be `1` here, found `0`",
    );
}

/// `Conv`, `MaxPool` and others without a number of axes take it from their input, after any layer.
#[test]
fn ranks_that_follow() {
    accepted(
        "dialect: onnx; input: [1, 16]; a: Conv(1 -> 4, kernel_shape: 3); r: Relu; Reshape([4, 7, 2]);
         b: MaxPool(kernel_shape: 2, strides: 1); c: Conv(4 -> 1, kernel_shape: 1) from r;
         d: MaxPool(kernel_shape: 1) from b; output: c [1, 14], d [4, 6, 1];",
    );
    accepted(
        "dialect: flax; input: [8, 8, 3]; Conv(features: 4, kernel_size: (3, 3));
         max_pool(window_shape: (2, 2), strides: (2, 2)); Conv(features: 4, kernel_size: 3); output: [4, 4, 4];",
    );
}

#[test]
fn keras() {
    accepted(
        "dialect: keras; lint: allow; input: [28, 28, 1]; Input(shape: (28, 28, 1));
         Convolution2D(32, kernel_size: (3, 3), activation: \"relu\", name: \"c1\"); MaxPool2D; Activation(\"relu\");
         a: Conv2D(32, kernel_size: 3, padding: \"same\", data_format: \"channels_last\"); Add([a, a]); UpSampling2D;
         SpatialDropout2D(0.1); BatchNormalization(axis: -1); GlobalMaxPool2D; Dense(10, activation: \"linear\");
         output: [10];",
    );
    refused(
        "dialect: keras; input: [4, 4, 1]; Conv2D(1, kernel_size: 1, data_format: \"channels_first\"); output: [4, 4, 1];",
        "[CS0105] `data_format` can only be `\"channels_last\"` here, found `\"channels_first\"`",
    );
    refused(
        "dialect: keras; input: [4, 4, 1]; UpSampling2D(1.5); output: [6, 6, 1];",
        "[CS0105] `scale` takes a whole factor, or one per axis in brackets, found `1.5`",
    );
    refused(
        "dialect: keras; input: [28, 28, 2]; Input(shape: (28, 28, 1)); output: [28, 28, 2];",
        "[CS0202] `input_layer1` gives [28, 28, 2], not [28, 28, 1]",
    );
}

/// The number of axes in a name is checked as in PyTorch.
#[test]
fn ranks_in_names() {
    for (input, layer, message) in [
        ("[64, 1, 200]", "BatchNorm1d(64)", "`x` takes 1 or 2 axes, but its input is [64, 1, 200]"),
        ("[100]", "BatchNorm2d(100)", "`x` takes 3 axes, but its input is [100]"),
        ("[8, 4, 16, 16]", "BatchNorm2d(8)", "`x` takes 3 axes, but its input is [8, 4, 16, 16]"),
        ("[8, 64]", "InstanceNorm2d(8)", "`x` takes 3 axes, but its input is [8, 64]"),
        ("[8, 64]", "Dropout2d(0.5)", "`x` takes 3 axes, but its input is [8, 64]"),
        ("[8, 64]", "ZeroPad2d(0)", "`x` takes 3 axes, but its input is [8, 64]"),
        ("[8, 64]", "GlobalAveragePooling2D(dialect: keras)", "`x` takes 3 axes, but its input is [8, 64]"),
    ] {
        let found = errors(&format!("input: {input}; x: {layer}; output: {input};"));
        assert_eq!(found.first(), Some(&format!("[CS0208] {message}")), "{layer}: {found:?}");
    }
    accepted("input: [8, 64]; BatchNorm1d(8); InstanceNorm1d(8); Dropout1d(0.5); Flatten; BatchNorm1d; output: [512];");
    accepted("input: [8, 4, 4, 4]; BatchNorm; InstanceNorm; Dropout; output: [8, 4, 4, 4];");
}

#[test]
fn layers_that_a_framework_does_not_have() {
    refused(
        "dialect: onnx; input: [3, 12, 12]; AdaptiveAvgPool2d(7); output: [3, 7, 7];",
        "[CS0109] `AdaptiveAvgPool2d` is a layer of torch or keras, this chain is in onnx",
    );
    refused("dialect: jax; input: [4, 6]; LayerNorm; output: [4, 6];", "[CS0103] `LayerNorm` needs `size`");
    accepted("dialect: jax; input: [4, 6]; LayerNorm(6); output: [4, 6];");
}

/// A given name in a block is relative to where the block is used, even if the block itself adds nothing.
#[test]
fn given_names_in_transparent_blocks() {
    let names = |inner: &str| {
        let text = format!(
            "struct M {{ block Unit(c) {{ conv1: Conv1d(c, kernel: 1, bias: false); #[name = \"downsample.0\"] \
             d: Conv1d(c, kernel: 1, bias: false); }} input: [1, 4]; {inner} output: [1, 4]; }}"
        );
        let graph = convshape_front::graph(text.parse().expect("tokens"), std::path::Path::new("."));
        let params = graph.expect("a chain").params().to_vec();
        params.into_iter().map(|param| param.name).collect::<Vec<String>>()
    };
    assert_eq!(names("#[name(transparent)] Unit(1);"), ["conv1.weight", "downsample.0.weight"]);
    assert_eq!(names("u: Unit(1);"), ["u.conv1.weight", "u.downsample.0.weight"]);
    let turns = ["r.0.conv1.weight", "r.0.downsample.0.weight", "r.1.conv1.weight", "r.1.downsample.0.weight"];
    assert_eq!(names("r: repeat 2 { #[name(transparent)] Unit(1); }"), turns);
}

/// Braces in a name in files contain a number; anything else is an error.
#[test]
fn names_in_files() {
    let repeated = |name: &str| {
        format!("input: [1, 4]; repeat i in 0..2 {{ #[name = \"{name}\"] Conv1d(1, kernel: 1); }} output: [1, 4];")
    };
    for name in ["layer{i}.c", "layer{i + 1}", "{ 2 * i }.c", "{#}.c"] {
        accepted(&repeated(name));
    }
    let unknown = |inside: &str| {
        format!(
            "[CS0005] `{{{inside}}}` is no number here: a name in files takes variables of a repeat, parameters of a \
             block and arithmetic on them"
        )
    };
    refused(&repeated("layer{j}"), &unknown("j"));
    refused("input: [1, 4]; #[name = \"a{i}\"] Conv1d(1, kernel: 1); output: [1, 4];", &unknown("i"));
    refused("input: [1, 4]; #[name = \"a{#}\"] Conv1d(1, kernel: 1); output: [1, 4];", &unknown("#"));
    refused(
        "input: [1, 4]; #[name = \"\"] Conv1d(1, kernel: 1); output: [1, 4];",
        "[CS0005] a name in files has at least one letter",
    );
    refused(&repeated("a{i"), "[CS0005] `a{i` has a brace without its other one");
    // Both passes would have the same name.
    refused(&repeated("a{i / 2}"), "[CS0107] two layers keep their parameters as `a0` in files");
}

/// Fields that would be dropped or read as a different one.
#[test]
fn fields_that_mean_nothing_alone() {
    refused(
        "input: [1, 4, 4]; Pad(1, align: start); output: [1, 6, 6];",
        "[CS0103] `align` says where the layer of `like` is, and there is no `like`",
    );
    accepted("input: [1, 4, 4]; p: Pad(1); Pad(like: p, align: start) from input; output: [1, 6, 6];");
    refused(
        "input: [1, 4, 4]; Chain(Encoder, activation: Relu); output: [8, 2, 2];",
        "[CS0105] a sub-chain takes no `activation`",
    );
}

/// Rejected for one reason, with its further lines.
fn refused_with(chain: &str, message: &str) {
    assert_eq!(told(chain), [message], "{chain}");
}

/// keras and flax count the batch: the number of the last axis says how many axes come in.
#[test]
fn the_last_axis_of_a_normalisation() {
    accepted(
        "dialect: keras; input: [8, 8, 4]; BatchNormalization(axis: 3); BatchNormalization(axis: -1); output: [8, 8, 4];",
    );
    accepted("dialect: flax; input: [4]; BatchNorm(axis: 1); LayerNorm; output: [4];");
    refused_with(
        "dialect: keras; input: [8, 8, 4]; b: BatchNormalization(axis: 1); output: [8, 8, 4];",
        "[CS0208] `b` takes 1 or 2 axes, but its input is [8, 8, 4] | help: in `b`, set `axis: -1` \
         | help: write `[8, 4, 8]` in `input` and `[8, 4, 8]` in `output` and set `axis: -1` in `b` \
         | help: write `[8, 4]` in `input` and `[8, 4]` in `output`",
    );
}

#[test]
fn words_of_keras_for_inputs_and_dropout() {
    accepted("dialect: keras; input: [8, 8, 3]; Rescaling(1.0 / 255); Rescaling(scale: 2); output: [8, 8, 3];");
    refused_with(
        "dialect: keras; input: [8, 8, 3]; Rescaling(2, offset: -1); output: [8, 8, 3];",
        "[CS0102] `Scale` has no field `offset` | help: what is added is a layer of its own: `AddScalar(-1.0);`",
    );
    refused_with(
        "dialect: keras; input: [8, 8, 3]; Dropout(0.2, noise_shape: (1, 1, 1)); output: [8, 8, 3];",
        "[CS0102] `Dropout` has no field `noise_shape` | help: `StochasticDepth(0.2)` drops whole samples, as \
         `(None, 1, 1, 1)` does, and `Dropout2d(0.2)` whole channels",
    );
}

/// A block may have the name of another framework's layer.
#[test]
fn a_block_with_parameters_in_order() {
    accepted(
        "block Dense(c, growth) { Conv2d(c -> growth, kernel: 3, padding: 1); Concat(input, _); }
         input: [8, 4, 4]; Dense(8, 4); Dense(12, 4); output: [16, 4, 4];",
    );
}

/// flax runs a cell over all steps; its names have a kernel for each gate.
#[test]
fn cells_of_flax() {
    accepted(
        "dialect: flax; input: [5, 3]; l: LSTMCell(4); c: Dense(3) from l.c_n; GRUCell(features: 4) from l;
         OptimizedLSTMCell(4 -> 6); s: SimpleCell(2, bidirectional: true); output: s [5, 4], c [1, 3];",
    );
    refused_with(
        "dialect: flax; input: [5, 3]; nn.RNN(nn.LSTMCell(4)); output: [5, 4];",
        "[CS0001] `RNN` has layers in its parentheses; each is a statement and reads the one before it \
         | help: write `LSTMCell(4);`",
    );
    refused_with(
        "input: [5, 3]; l: nn.LSTMCell(3, 4); output: [5, 4];",
        "[CS0002] `nn.LSTMCell` is written as in Python; a layer has no module | help: write `l: Lstm(3 -> 4)`",
    );
}

/// Keys and values of other widths than the queries: flax and keras take them from the shapes.
#[test]
fn widths_of_keys_and_values() {
    accepted(
        "dialect: keras; input: q [5, 8], k [7, 6], v [7, 4];
         a: MultiHeadAttention(num_heads: 2, key_dim: 4) from (q, k, v); output: a [5, 8];",
    );
    accepted(
        "dialect: flax; input: q [5, 8], k [7, 6];
         a: MultiHeadDotProductAttention(num_heads: 2) from (q, k, k); output: a [5, 8];",
    );
    refused_with(
        "input: q [5, 8], k [7, 6]; a: MultiheadAttention(8, num_heads: 2) from (q, k, k); output: a [5, 8];",
        "[CS0209] `a` has key_features 8, but the last axis of [7, 6] has 6 | help: in `a`, set `kdim: 6, vdim: 6` \
         | help: in `k`, write `[7, 8]`",
    );
}

/// A mistake in a block is one mistake, however often the block is used.
#[test]
fn a_block_used_twice() {
    assert_eq!(
        told("block B() { Relux; s: Tanh; s: Silu; } input: [4]; B(); B(); repeat 3 { B(); } output: [4];"),
        [
            "[CS0101] there is no layer `Relux` | help: did you mean `Relu`?",
            "[CS0107] the name `s` is given twice | help: write `s2` instead of `s`",
        ],
    );
}

/// Names in files that occur twice: one error for each name that needs a change.
#[test]
fn names_in_files_that_occur_twice() {
    let twice = |name: &str, help: &str| {
        format!("[CS0107] two layers keep their parameters as `{name}` in files | help: {help}")
    };
    refused_with(
        "block B() { a: Linear(4); b: Linear(4); } input: [4]; repeat 3 { #[name = \"x\"] u: B(); } output: [4];",
        &twice(
            "x.a",
            "in a repeat, put its variable into the name, or `{#}`, the number of the turn: `#[name = \"blocks.{i}.conv\"]`",
        ),
    );
    refused_with(
        "block B() { a: Linear(4); b: Linear(4); } input: [4]; #[name(transparent)] u: B(); #[name(transparent)] v: B();
         output: [4];",
        &twice(
            "a",
            "two uses of a block need two names: give each its own `#[name = \"..\"]`, or put a parameter of the block \
             into the names inside it: `#[name = \"conv{i}\"]`",
        ),
    );
    refused_with(
        "input: [4]; #[name = \"b\"] a: Linear(4); b: Linear(4); output: [4];",
        &twice("b", "give one of them another `#[name = \"..\"]`"),
    );
}

/// `None` for what has a default can be left out. Anywhere else it is an error, and no help guesses a value.
#[test]
fn a_none_that_cannot_be_left_out() {
    for layer in ["AdaptiveAvgPool2d((None, 1))", "AdaptiveAvgPool2d(output_size=(None, 1))", "Dropout(None)"] {
        refused_with(
            &format!("input: [8, 12, 12]; {layer}; output: [_, _, _];"),
            "[CS0001] expected a value, found `None` | help: write the value that `None` stands for",
        );
    }
}

//! Statements that read nothing.

mod support;

use self::support::{accepted, refused, told};

#[test]
fn they_are_not_the_previous_statement() {
    accepted("input: [6, 8, 8]; gamma: Parameter([6, 1, 1], init: 1e-6); Mul(_, gamma); output: [6, 8, 8];");
    accepted(
        "input: [6, 8, 8]; Relu; gamma: Parameter([6], init: normal(0.02)); Conv2d(6, kernel: 1); Mul(_, gamma); output: [6, 8, 8];",
    );
    accepted("input: [6, 8, 8]; g: Parameter(6, init: uniform(1/8), train: false); Mul(g); output: [6, 8, 8];");
    accepted("for h in 1..; input: [6, 4 * h]; g: Parameter([6]); Mul(_, g); output: [6, 4 * h];");
    accepted("dialect: keras; input: [8, 8, 6]; g: Parameter([6]); Mul(_, g); output: [8, 8, 6];");
    accepted("input: [64]; t: Arange(64); Add(_, t); output: [64];");
    accepted("input: [64]; t: Arange(64); output: t [64];");
    accepted("input: [2, 9]; t: Constant(tables::ROWS, [2, 9]); Add(_, t); output: [2, 9];");
    accepted("input: [2, 9]; Relu; t: Constant(array: ROWS, shape: [2, 1]); Mul(_, t); output: [2, 9];");
    accepted("input: [6]; t: Constant(tables::Of::<3>::ALL, 6); Add(_, t); output: [6];");
}

#[test]
fn rows_of_a_table() {
    accepted(
        "input: [16, 8]; table: Parameter([49, 3]); r: OneHot(tables::RELATIVE, [256, 49]); MatMul(r, table); output: [256, 3];",
    );
    accepted(
        "dialect: keras; input: [16, 8]; r: OneHot(tables::RELATIVE, [16, 16]); MatMul(r, input); output: [16, 8];",
    );
    refused(
        "input: [16, 8]; r: OneHot(tables::RELATIVE); MatMul(r, input); output: [16, 8];",
        "[CS0103] `OneHot` needs `shape`",
    );
}

#[test]
fn constants_that_do_not_fit() {
    refused("input: [6]; t: Constant(ROWS); Add(_, t); output: [6];", "[CS0103] `Constant` needs `shape`");
    refused(
        "input: [6]; t: Constant([1, 2], [2]); Add(_, t); output: [6];",
        "[CS0105] `array` takes the path of a `const` or `static` array such as `tables::ANCHORS`, found `[1, 2]`",
    );
    refused(
        "for h in 1..; input: [2, h]; t: Constant(ROWS, [2, h]); Add(_, t); output: [2, h];",
        "[CS0403] `t` needs a fixed size: a size of its own is h",
    );
    refused(
        "input: [2, 9]; t: Constant(ROWS, [2, 8]); Add(_, t); output: [2, 9];",
        "[CS0206] `add1` joins shapes that do not fit: `input` gives [2, 9] and `t` gives [2, 8]",
    );
}

#[test]
fn weights_that_are_read() {
    let says = |chain: &str, message: &str| assert_eq!(told(chain), [message], "{chain}");
    let weight = "w: Parameter([8, 6, 3, 3]); Scale(0.5) from w;";
    accepted(&format!("input: [6, 9, 9]; {weight} c: Conv2d(6 -> 8, kernel: 3) from (input, _); output: [8, 7, 7];"));
    accepted(
        "input: [6, 9, 9]; a: Conv2d(12, kernel: 3); b: Conv2d(12 -> 12, kernel: 3); d: Abs from b.weight; c: Conv2d(12, kernel: 3) from (a, d); output: [12, 5, 5];",
    );
    accepted(
        "input: [6, 9]; w: Parameter([6, 2, 4]); c: ConvTranspose1d(6 -> 4, kernel: 4, groups: 2, stride: 2) from (input, w); output: [4, 20];",
    );
    accepted(
        "dialect: flax; input: [9, 9, 6]; w: Parameter([3, 3, 6, 8]); c: Conv(8, kernel_size: (3, 3)) from (input, w); output: [9, 9, 8];",
    );
    accepted(
        "dialect: flax; input: [9, 6]; w: Parameter([3, 6, 8]); c: Conv(8, kernel_size: 3) from (input, w); output: [9, 8];",
    );
    accepted(
        "dialect: keras; input: [9, 9, 6]; w: Parameter([3, 3, 6, 2]); c: DepthwiseConv2d(depth_multiplier: 2, kernel: 3) from (input, w); output: [7, 7, 12];",
    );
    accepted(
        "dialect: jax; input: [6, 9, 9]; w: Parameter([8, 6, 3, 3]); c: ConvGeneralDilated2d(8, kernel: 3, padding: valid) from (input, w); output: [8, 7, 7];",
    );
    accepted(
        "for h in 4..; input: [6, h, 9]; w: Parameter([8, 6, 3, 3]); c: Conv2d(8, kernel: 3, padding: 1) from (input, w); output: [8, h, 9];",
    );
    accepted(
        "input: [3, 9, 9]; enc: Conv2d(6, kernel: 3); w: Parameter([6, 3, 3, 3]); ConvTranspose2d(undo enc) from (enc, w); output: [3, 9, 9];",
    );
    accepted(
        "input: [6, 9, 9]; w: Parameter([6, 6, 3, 3]); c: Conv2d(6, kernel: 3, padding: 1) from (input, w); reuse c from (c, w); output: [6, 9, 9];",
    );
    says(
        "input: [6, 9, 9]; w: Parameter([8, 6, 5, 5]); c: Conv2d(8, kernel: 3) from (input, w); output: [8, 5, 5];",
        "[CS0220] `c` takes a weight of [8, 6, 3, 3], but `w` gives [8, 6, 5, 5] | help: in `c`, set `kernel: 5`",
    );
    says(
        "input: [6, 9, 9]; w: Parameter([8, 6, 3, 3]); Tanh from w; c: Conv2d(6 -> 10, kernel: 3) from (input, _); output: [8, 7, 7];",
        "[CS0220] `c` takes a weight of [10, 6, 3, 3], but `tanh1` gives [8, 6, 3, 3] | help: in `c`, write `6 -> 8`",
    );
    says(
        "input: [6, 9, 9]; w: Parameter([6, 8, 3, 3]); c: Conv2d(6 -> 8, kernel: 3) from (input, w); output: [8, 7, 7];",
        "[CS0220] `c` takes a weight of [8, 6, 3, 3], but `w` gives [6, 8, 3, 3] | help: in `w`, write `[8, 6, 3, 3]`",
    );
    says(
        "input: [6, 9, 9]; a: Tanh; c: Conv2d(6 -> 8, kernel: 3) from (input, a); output: [8, 7, 7];",
        "[CS0220] `c` takes a weight of [8, 6, 3, 3], but `a` gives [6, 9, 9] | help: a second value is read as the \
         weight: to read both, join them first with `Concat(a, b);`",
    );
    says(
        "input: [6, 9, 9]; a: Tanh; c: Conv2d(6 -> 8, kernel: 3) from (input, a, a); output: [8, 7, 7];",
        "[CS0108] `Conv2d` reads one statement, or one and its weight, here are several | help: join them first: \
         `Concat(a, b);`",
    );
    says(
        "input: [3, 9, 9]; enc: Conv2d(6, kernel: 3); w: Parameter([6, 3, 3, 3]); d: ConvTranspose2d(undo enc, tied: true) from (enc, w); output: [3, 9, 9];",
        "[CS0112] `d` has two weights: that of the layer that it undoes, and the second value it reads | help: leave out \
         `tied`, or the second value",
    );
    says(
        "input: [3, 9, 9]; w: Parameter([6, 3, 3, 3]); enc: Conv2d(6, kernel: 3) from (input, w); d: ConvTranspose2d(undo enc, tied: true); output: [3, 9, 9];",
        "[CS0112] `enc` has no weight of its own to share: it reads one | help: leave out `tied` and read the same value \
         as the weight: `from (x, w)`",
    );
    says(
        "input: [6, 9, 9]; w: Parameter([8, 6, 3, 3]); c: Conv2d(6 -> 8, kernel: 3) from (input, w); Mul(c.weight, w); output: [8, 6, 3, 3];",
        "[CS0106] `c` is one value, without an output or parameter `weight` | help: write `c`, or one of its parameters: \
         `c.bias`",
    );
}

#[test]
fn what_does_not_fit() {
    refused(
        "input: [6]; g: Parameter([6]) from input; Mul(input, g); output: [6];",
        "[CS0108] `Parameter` reads nothing, here is something to read",
    );
    refused(
        "input: [6]; g: Parameter([6], init: normal(0)); Mul(input, g); output: [6];",
        "[CS0317] `g` has init 0: it must be above 0",
    );
    refused("input: [6]; g: Parameter; Mul(input, g); output: [6];", "[CS0103] `Parameter` needs `shape`");
    refused(
        "input: [6]; g: Parameter([6], init: relu(1)); Mul(input, g); output: [6];",
        "[CS0105] `init` takes a number, `normal(0.02)` or `uniform(0.1)`, found `relu(1)`",
    );
    refused(
        "input: [6]; g: Parameter([0]); Mul(input, g); output: [6];",
        "[CS0302] `g` has shape 0: it must be at least 1",
    );
}

#[test]
fn parameters_of_layers_as_values() {
    accepted(
        "input: [3, 8, 8]; c: Conv2d(4, kernel: 3, padding: 1); Flatten(from: 1) from c.weight; \
         s: Mean(axis: 1); Add(c, c.bias); Mul(_, s); output: [4, 8, 8];",
    );
    accepted("input: [6]; l: Linear(6 -> 4); MatMul(l.weight, l.weight, transpose_b: true); output: [4, 4];");
    accepted("input: [6, 5]; n: BatchNorm; Add(n, n.running_mean); output: [6, 5];");
    accepted(
        "dialect: keras; input: [8, 8, 3]; c: Conv2D(4, kernel_size: 3); y: Reshape([108]) from c.weight; output: c [6, 6, 4], y [108];",
    );
    accepted("input: [20, 8]; l: Lstm(8 -> 6); y: Linear(2) from l.weight_ih_l0; output: l [20, 6], y [24, 2];");
    accepted(
        "input: [3, 8, 8]; c: Conv2d(4, kernel: 3); d: ConvTranspose2d(undo c, tied: true); y: Reshape([108]) from d.weight; output: d [3, 8, 8], y [108];",
    );
    accepted("input: [6]; a: Linear(6 -> 6); b: reuse a; Add(b, b.bias); output: [6];");
    accepted("input: [6]; repeat 2 { a: Linear(6 -> 6); Add(a, a.bias); } output: [6];");
}

#[test]
fn parameters_that_a_layer_does_not_have() {
    refused(
        "input: [3, 8, 8]; c: Conv2d(4, kernel: 3); Add(c, c.wieght); output: [4, 6, 6];",
        "[CS0106] `c` is one value, without an output or parameter `wieght`",
    );
    refused(
        "input: [3, 8, 8]; c: Conv2d(4, kernel: 3, bias: false); Add(c, c.bias); output: [4, 6, 6];",
        "[CS0106] `c` is one value, without an output or parameter `bias`",
    );
    refused(
        "input: [6]; r: Relu; Add(r, r.weight); output: [6];",
        "[CS0106] `r` is one value, without an output or parameter `weight`",
    );
    refused(
        "input: [3, 8, 8]; c: Conv2d(4, kernel: 3); Add(c, c.weight); output: [4, 6, 6];",
        "[CS0206] `add1` joins shapes that do not fit, of different numbers of axes: `c.weight` gives [4, 3, 3, 3] and `c` gives [4, 6, 6]",
    );
}

#[test]
fn pieces_without_a_part_in_names() {
    accepted(
        "block Res(c) { a: Conv2d(c, kernel: 1); Add(input); } input: [4, 8, 8]; \
         #[name(transparent)] Res(4); outer: repeat 2 { b: Conv2d(4, kernel: 1); Add(input); } output: [4, 8, 8];",
    );
    accepted(
        "#[name(transparent)] block Res(c) { a: Conv2d(c, kernel: 1); Add(input); } input: [4, 8, 8]; \
         Res(4); output: [4, 8, 8];",
    );
    refused(
        "input: [4, 8, 8]; #[name(transparent)] c: Conv2d(4, kernel: 1); output: [4, 8, 8];",
        "[CS0005] `#[name(transparent)]` is for blocks and repeats, `Conv2d` is a layer",
    );
}

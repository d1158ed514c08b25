//! Statements that read nothing.

mod support;

use self::support::{accepted, refused};

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

//! Axes by number, from the end and by name, in the order of every dialect.

mod support;

use self::support::{accepted, refused};

#[test]
fn borders_of_one_axis() {
    accepted("input: [8, 9, 9]; Pad([(0, 8)], axis: channels); Pad(1, axis: 2); output: [16, 9, 11];");
    accepted("input: [8, 9, 9]; Pad([(0, 8)], dim: 1); output: [16, 9, 9];");
    accepted("input: [8]; Pad([(2, 0)], axis: 0, mode: reflect); output: [10];");
    accepted("dialect: keras; input: [9, 9, 8]; Pad(4, axis: channels); output: [9, 9, 16];");
    accepted(
        "input: [8, 9]; c: Conv1d(12, kernel: 1); Pad(like: c, axis: channels, align: start) from input; output: [12, 9];",
    );
    accepted(
        "for h in 1..; input: [8, 2 * h]; Pad(4, axis: channels); Pad([(0, 1)], axis: length); output: [16, 2 * h + 1];",
    );
    accepted(
        "dialect: onnx; input: [8, 9, 9]; Pad(pads: [0, 0, 1, 2, 0, 0, 1, 2]); Pad(pads: [1, 0, 1, 0]); output: [8, 13, 13];",
    );
    refused(
        "input: [8, 9, 9]; Pad([(0, 8), (1, 1)], axis: channels); output: [16, 9, 9];",
        "[CS0315] `pad1` has amount for 2 axes, but there is 1",
    );
    refused(
        "dialect: onnx; input: [8, 9, 9]; Pad(pads: [0, 0, 0, 0, 0, 8, 0, 0]); output: [16, 9, 9];",
        "[CS0315] `pads` adds a border to the channels, which `Pad` does along one axis",
    );
    refused(
        "input: [8, 9, 9]; Pad((0, 0, 0, 0, 0, 8)); output: [16, 9, 9];",
        "[CS0315] here are 6 numbers in a row: both sides of an axis are written as a pair",
    );
    refused(
        "input: [8, 3]; w: Parameter([4, 3]); Linear(3 -> 4) from (input, w); output: [8, 4];",
        "[CS0108] `Linear` has its own weight and reads one statement, here are several",
    );
}

#[test]
fn orders_of_axes() {
    for layer in [
        "Permute(1, 2, 0)",
        "Permute((1, 2, 0))",
        "Permute([-2, -1, 0])",
        "Permute(height, width, channels)",
        "Permute(axes: (1, 2, 0))",
        "Permute(dims: (0, 2, 3, 1))",
    ] {
        accepted(&format!("input: [3, 28, 14]; {layer}; output: [28, 14, 3];"));
    }
    accepted("input: [3, 28, 14]; Transpose(0, -1); output: [14, 28, 3];");
    accepted("dialect: keras; input: [28, 14, 3]; Permute(channels, height, width); output: [3, 28, 14];");
    // keras, and only keras, counts from 1 there.
    accepted("dialect: keras; input: [28, 3]; Permute((2, 1)); output: [3, 28];");
    accepted("dialect: keras; input: [28, 14, 3]; Permute(dims: (3, 1, 2)); output: [3, 28, 14];");
    accepted("dialect: keras; input: [28, 14, 3]; Permute((2, 0, 1)); output: [3, 28, 14];");
    accepted("input: [28, 14, 3]; Permute(3, 1, 2, dialect: keras); output: [3, 28, 14];");
    refused(
        "input: [28, 3]; Permute((2, 1)); output: [3, 28];",
        "[CS0318] `permute1` takes axis 2, but [28, 3] has 2 axes: 0 to 1, without the batch",
    );
    refused(
        "dialect: keras; input: [28, 3]; Permute((3, 1)); output: [3, 28];",
        "[CS0318] `permute1` takes axis 3, but [28, 3] has 2 axes: 0 to 1, without the batch",
    );
    // onnx names all axes, including the batch.
    accepted("dialect: onnx; input: [3, 28, 14]; Transpose(perm: [0, 2, 3, 1]); output: [28, 14, 3];");
    accepted("dialect: onnx; input: [3, 28, 14]; Transpose(0, 2); output: [14, 28, 3];");
    refused(
        "dialect: onnx; input: [3, 28]; Transpose(perm: [1, 0, 2]); output: [28, 3];",
        "[CS0105] `perm` takes an axis such as `1`, `-1` or `channels`, or several, found `[1, 0, 2]`",
    );
    accepted("input: [2, 3, 4, 5]; Transpose(depth, width); output: [2, 5, 4, 3];");
    accepted("for h in 1..; input: [3, 4 * h]; Permute(1, 0); output: [4 * h, 3];");
    refused(
        "input: [3, 28, 28]; Permute(0, 2, 3, 1); output: [28, 28, 3];",
        "[CS0318] `permute1` names 4 axes of [3, 28, 28], which has 3",
    );
    refused(
        "input: [3, 28, 28]; Permute(0, 1, 1); output: [3, 28, 28];",
        "[CS0318] `permute1` takes axis 1 of [3, 28, 28] twice",
    );
    refused(
        "input: [3, 28, 28]; Transpose(length, 0); output: [3, 28, 28];",
        "[CS0318] `transpose1` takes axis length, but [3, 28, 28] has channels, height and width",
    );
}

#[test]
fn reductions() {
    accepted("input: [3, 28, 14]; Mean(axis: (height, width)); output: [3];");
    accepted("input: [3, 28, 14]; Max(axis: channels, keep: true); output: [1, 28, 14];");
    accepted("input: [3, 28, 14]; Sum; output: [1];");
    accepted("input: [3, 28, 14]; Min(dim: 1); output: [28, 14];");
    accepted("input: [3, 28, 14]; Mean(dim: (2, 3), keepdim: true); output: [3, 1, 1];");
    accepted("for h in 1..; input: [3, 4 * h]; Mean(axis: length); output: [3];");
    refused(
        "input: [3, 28, 28]; Mean(axis: 3); output: [3, 28];",
        "[CS0318] `mean1` takes axis 3, but [3, 28, 28] has 3 axes: 0 to 2, without the batch",
    );
}

#[test]
fn joins_of_two() {
    accepted("input: a [3, 8], b [3, 1]; Sub(a, b); output: [3, 8];");
    accepted("input: a [3, 8], b [3]; Div(a, b); output: [3, 8];");
    accepted("input: a [3, 8], b [3, 8], c [3, 8]; Maximum(a, b, c); output: [3, 8];");
    refused(
        "input: a [3, 8], b [4, 8]; Minimum(a, b); output: [3, 8];",
        "[CS0206] `minimum1` joins shapes that do not fit: `a` gives [3, 8] and `b` gives [4, 8]",
    );
}

//! Numbers as written: arithmetic on sizes, real quotients in fields that take real numbers, lists.

mod support;

use self::support::{accepted, refused};

#[test]
fn operators_of_sizes() {
    for (written, size) in [
        ("2 ** 3 ** 2", 512),
        ("(2 ** 3) ** 2", 64),
        ("-2 ** 2 + 8", 4),
        ("1 + 2 << 3", 24),
        ("64 >> 1 + 1", 16),
        ("17 % 5 * 2", 4),
        ("7 / 2", 3),
        ("max(3, 2 + 2, min(9, 1))", 4),
        ("10 - 3 - 2", 5),
        ("2 * -(1 - 4)", 6),
    ] {
        accepted(&format!("input: [{written}, 2]; output: [{size}, 2];"));
    }
    // In a list, in a field, and between the values of a block.
    accepted("block B(a, b) { Conv1d(a -> b, kernel: 1); } input: [2, 4]; B(1 << 1, 32 >> 2); output: [8, 4];");
    refused("input: [1 << 63, 2]; output: [1, 2];", "[CS0402] `1 << 63` does not fit 64 bits");
    refused(
        "input: [2 ** -1, 2]; output: [1, 2];",
        "[CS0403] `2 ** -1` has a negative exponent, which gives no whole number",
    );
    refused("input: [4 % 0, 2]; output: [1, 2];", "[CS0403] division by zero");
    refused(
        "input: [max(4), 2]; output: [1, 2];",
        "[CS0001] expected two values or more, as in `max(a, b)`, found `(`",
    );
}

#[test]
fn symbols_keep_their_form() {
    accepted("for h in 1..; input: [1, (16 * h) >> 2]; Conv1d(1 -> 1, kernel: 2, stride: 2); output: [1, 2 * h];");
    accepted("for h in 1..; input: [1, max(h, h + 1)]; output: [1, h + 1];");
    refused(
        "for h in 1..; input: [1, h % 2]; output: [1, 1];",
        "[CS0403] `h % 2` is not of the form `a*h + b` with whole numbers a and b",
    );
}

/// `<` opens generic arguments only if the text after its `>` says so.
#[test]
fn generic_arguments() {
    accepted("input: [Encoder<28, 3>::C, 4]; Conv1d(Encoder::<{ 28 }>::C -> 1, kernel: 1); output: [1, 4];");
    accepted("input: [1, 28]; Chain(models::Encoder<28, 3>); output: [8, 4];");
    accepted("input: [<T as Sizes<1, 2>>::C, 4]; output: [_, 4];");
}

#[test]
fn lists_per_axis() {
    accepted("input: [1, 8, 8]; Conv2d(1 -> 2, kernel: [3, 5], padding: [1, 2], stride: [1, 1]); output: [2, 8, 8];");
    accepted("input: [1, 8, 8]; Conv2d(1 -> 2, kernel: 3, padding: [[1, 1], [0, 2]]); output: [2, 8, 8];");
    accepted("input: [1, 8, 8]; Upsample(scale: [1.5, 2]); output: [1, 12, 16];");
    accepted("input: [2, 8, 8]; Reshape((2, _)); output: [2, 64];");
    refused(
        "input: [1, 8, 8]; Conv2d(1 -> 2, kernel: [3, 3, 3]); output: [2, 6, 6];",
        "[CS0315] `Conv2d` has 2 spatial axes, `kernel` is given for 3",
    );
    refused(
        "input: [1, 8, 8]; Conv2d(1 -> 2, kernel: 3, padding: [(0, 1), 3]); output: [2, 6, 6];",
        "[CS0105] expected `(low, high)`, found `3`",
    );
    refused(
        "input: [1, 8, 8]; Reshape([-1, 64]); output: [1, 64];",
        "[CS0002] `-1` is Python's batch axis, which no shape has here: a chain takes batches of any size",
    );
    // A word stays a word if its letters are capitals.
    refused(
        "input: [1, 8, 8]; Conv2d(1 -> 2, kernel: 3, padding: SAME); output: [2, 8, 8];",
        "[CS0105] `padding` has no word `SAME`",
    );
}

#[test]
fn real_numbers() {
    accepted("input: [1, 6, 6]; Upsample(3/2); Upsample(scale: 1.0 / 3); output: [1, 3, 3];");
    accepted("input: [8]; Scale(1/255); Scale(2 ** -0.5); Scale(-1 / 2.5 + 1e-3); output: [8];");
    refused("input: [8]; Scale(1e308 * 10); output: [8];", "[CS0402] `1e308 * 10` is not a finite number");
    refused("input: [8]; Scale(1 / 0); output: [8];", "[CS0403] division by zero");
    refused(
        "input: [1, 8]; Conv1d(1 -> 2, kernel: 6 / 2.0); output: [2, 6];",
        "[CS0105] `kernel` takes a whole number, or one per axis in brackets, found `6 / 2.0`",
    );
    refused(
        "for h in 1..; input: [1, h]; Scale(1 / h); output: [1, h];",
        "[CS0403] `h` is known only at run time: here a plain number is needed",
    );
}

#[test]
fn arguments_of_an_activation() {
    accepted("input: [1, 4]; Conv1d(1 -> 1, kernel: 1, activation: Relu(dialect: torch)); output: [1, 4];");
    refused(
        "input: [1, 4]; Conv1d(1 -> 1, kernel: 1, activation: Clamp); output: [1, 4];",
        "[CS0103] `Clamp` needs `min` or `max`",
    );
    refused(
        "input: [1, 4]; Conv1d(1 -> 1, kernel: 1, activation: LeakyRelu(0.1, slope: 0.2)); output: [1, 4];",
        "[CS0104] `slope` is given twice: the value in front is it already",
    );
    refused(
        "input: [1, 4]; Conv1d(1 -> 1, kernel: 1, activation: Elu(alpha: _)); output: [1, 4];",
        "[CS0105] `alpha` cannot be left open",
    );
}

#[test]
fn ranges_of_real_numbers() {
    for (layer, message) in [
        ("Dropout(50)", "`dropout1` has p 50: it must be from 0 to 1"),
        ("Dropout(-0.1)", "`dropout1` has p -0.1: it must be from 0 to 1"),
        ("BatchNorm(eps: -1.0)", "`batch_norm1` has eps -1: it must be above 0"),
        ("BatchNorm(momentum: 1.5)", "`batch_norm1` has momentum 1.5: it must be from 0 to 1"),
        ("BatchNorm(momentum: -1, dialect: keras)", "`batch_norm1` has momentum -1: it must be from 0 to 1"),
        ("LayerNorm(eps: 0)", "`layer_norm1` has eps 0: it must be above 0"),
        ("Clamp(min: 1, max: 1)", "`clamp1` has min 1 and max 1: min must be below max"),
        ("Linear(8, activation: Clamp(min: 1, max: -1/2))", "`linear1` has min 1 and max -0.5: min must be below max"),
    ] {
        refused(&format!("input: [8]; {layer}; output: [8];"), &format!("[CS0317] {message}"));
    }
    accepted(
        "lint: allow; input: [8]; Dropout(0); Dropout(1); BatchNorm(momentum: 1, eps: 1e-12); Clamp(max: 6); output: [8];",
    );
}

/// What such a number leaves open is not taken for what comes in.
#[test]
fn the_output_of_a_layer_with_a_number_known_later() {
    accepted(
        "dialect: keras; input: [8, 8, 3]; SeparableConv2d(3 -> WIDTH, kernel: 3); Conv2d(16 -> 4, kernel: 1); \
         output: [6, 6, 4];",
    );
}

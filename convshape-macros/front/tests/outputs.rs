//! Layers with several outputs: `Split`, `Lstm`, `Gru`, `Rnn`.

use convshape_front::findings;

/// The codes and first lines of a chain's findings, and the suggestions.
fn errors(chain: &str) -> Vec<String> {
    let tokens = format!("pub struct Model {{ {chain} }}").parse().expect("the chain is made of tokens");
    let text = |finding: &convshape_front::Finding| {
        let lines = finding.lines.iter().map(|line| format!(" | {line}"));
        format!("[{}] {}{}", finding.code, finding.message, lines.collect::<String>())
    };
    findings(tokens).iter().map(text).collect()
}

fn accepted(chain: &str) {
    assert_eq!(errors(chain), [""; 0], "{chain}");
}

/// Rejected for one reason.
fn refused(chain: &str, message: &str) {
    assert_eq!(errors(chain), [message], "{chain}");
}

#[test]
fn pieces() {
    accepted("input: [8, 4]; s: Split(2); Add(s.1, s.0); output: [4, 4];");
    accepted("input: [8, 4]; s: Split([2, 6]); Conv1d(6, kernel: 1) from s.1; Concat(s, _); output: [8, 4];");
    accepted("for n in 1..; input: [8, 6 * n]; s: Split(3, axis: length); Add(s.2, s.1); output: [8, 2 * n];");
    accepted("dialect: keras; input: [4, 8]; s: Split(2, axis: -1); Add(s.0, s.1); output: [4, 4];");
    refused(
        "input: [8, 4]; s: Split(2); Add(s.1, s.2); output: [4, 4];",
        "[CS0117] `s` has no output `2` | help: its outputs are `s.0`, `s.1`",
    );
    refused(
        "input: [144, 4]; s: Split([64, 64]); Concat(s.1, s.0); output: [128, 4];",
        "[CS0319] `s` splits 144 channels into pieces that add up to 128 | help: in `input`, write `[128, 4]`",
    );
    refused(
        "input: [15, 4]; s: Split(2); Add(s.1, s.0); output: [7, 4];",
        "[CS0319] `s` splits 15 channels into 2 equal pieces: 15 / 2 leaves 1 | help: in `input`, write `[14, 4]`",
    );
    refused(
        "input: [8, 4]; s: Split(2, axis: 2); Add(s.1, s.0); output: [8, 4];",
        "[CS0318] `s` takes axis 2, but [8, 4] has 2 axes: 0 to 1, without the batch",
    );
}

#[test]
fn states() {
    accepted("input: [20, 64]; l: Lstm(64 -> 128); Add(l.h_n, l.c_n); output: [1, 128];");
    accepted("input: x [20, 64], h [1, 128]; l: Gru(128) from (x, h); reuse l from (x, l.h_n); output: [20, 128];");
    accepted("dialect: keras; input: [20, 64]; LSTM(32, activation: \"tanh\"); Dense(10); output: [10];");
    refused(
        "input: [20, 80]; l: Lstm(64 -> 128, bidirectional: true); output: [20, 256];",
        "[CS0209] `l` takes 64 features, but the last axis of [20, 80] has 80 | help: in `l`, write `80 -> 128` | help: in \
         `input`, write `[20, 64]`",
    );
    refused(
        "input: [512, 1, 26]; l: Lstm(512 -> 256); output: [26, 256];",
        "[CS0208] `l` takes [length, features], two axes, but its input is [512, 1, 26] \
          | help: insert `Flatten(from: 1); Permute(1, 0);` before `l` \
          | help: insert `Flatten(from: 0, to: 1); Permute(1, 0);` before `l`",
    );
    refused(
        "input: x [20, 64], h [128], c [1, 128]; l: Lstm(64 -> 128) from (x, h, c); output: [20, 128];",
        "[CS0215] `l` takes a first state `h_0` of [1, 128] (layers * directions, hidden), but is given [128] \
         | help: write `[1, 128]` in `h` and `[1, 128]` in `c`",
    );
    refused(
        "input: x [20, 64], h [1, 128]; l: Lstm(64 -> 128) from (x, h); output: [20, 128];",
        "[CS0108] `Lstm` reads its input, or `(x, h_0, c_0)`, here are 2 values | help: write `from (x, h_0, c_0)`",
    );
    refused(
        "input: [20, 64]; g: Gru(64 -> 128); Identity from g.c_n; output: [1, 128];",
        "[CS0117] `g` has no output `c_n` | help: its outputs are `g.output`, `g.h_n`",
    );
    refused(
        "dialect: keras; input: [20, 64]; LSTM(32, activation: \"relu\"); output: [32];",
        "[CS0105] `LSTM` has the activation `tanh` in each step, and no other | help: leave out `activation`; what follows \
         the layer is a statement of its own",
    );
}

/// A branch that is not taken reads a piece first.
#[test]
fn pieces_read_in_both_branches() {
    accepted(
        "block Part(first: bool) { s: Split(2); if first { a: Tanh from s.1; } else { a: Relu from s.1; } Add(s.0, a); }
         input: [4, 8, 8]; p: Part(false); q: Part(true) from input; Concat(p, q); output: [4, 8, 8];",
    );
}

#[test]
fn parameters_named_like_a_slip() {
    accepted(
        "block Deep(times) { r: repeat i in 1..times { c: Conv2d(4, kernel: 1); } }
         input: [4, 8, 8]; s: Deep(3); output: [4, 8, 8];",
    );
}

//! `Attention` and `MultiHeadAttention`.

mod support;

use support::{accepted, told};

/// Rejected for one reason, with the suggestions.
fn refused(chain: &str, message: &str) {
    assert_eq!(told(chain), [message], "{chain}");
}

#[test]
fn shapes() {
    accepted("input: q [16, 64], k [20, 64], v [20, 32]; a: Attention(q, k, v, heads: 4); output: a [16, 32];");
    accepted("input: [16, 64]; Attention(_, _, _, heads: 8, causal: true, scale: 0.5); output: [16, 64];");
    accepted("input: x [16, 64], m [4, 16, 16]; a: Attention(x, x, x, m, heads: 4); output: a [16, 64];");
    accepted("for n in 1..; input: [4 * n, 64]; MultiHeadAttention(64, heads: 8); output: [4 * n, 64];");
    accepted(
        "for n in 1.., m in 1..; input: x [n, 64], y [m, 64]; a: MultiHeadAttention(heads: 8) from (x, y, y); output: a [n, 64];",
    );
    accepted("for n in 1..; input: x [n, 64], add [n, n]; a: Attention(x, x, x, add); output: a [n, 64];");
    refused(
        "input: q [16, 64], k [20, 32], v [20, 64]; a: Attention(q, k, v, heads: 4); output: a [16, 64];",
        "[CS0216] `a` multiplies queries and keys of different features: `q` gives [16, 64] and `k` gives [20, 32] \
         | help: in `k`, write `[20, 64]` | help: in `q`, write `[16, 32]`",
    );
    refused(
        "input: q [16, 64], k [20, 64], v [16, 64]; a: Attention(q, k, v, heads: 4); output: a [16, 64];",
        "[CS0216] `a` has different numbers of keys and values: `k` gives [20, 64] and `v` gives [16, 64]",
    );
    refused(
        "input: x [16, 64], m [16, 20]; a: Attention(x, x, x, m, heads: 4); output: a [16, 64];",
        "[CS0216] `a` adds [16, 20] to scores of [16, 16], tokens of queries and keys, or for each head apart \
         [4, 16, 16] | help: in `m`, write `[16, 16]`",
    );
    refused(
        "input: x [16, 64], y [16, 64]; a: Attention(x, y, heads: 4); output: a [16, 64];",
        "[CS0108] `Attention` reads queries, keys and values, and perhaps what is added to the scores, here are 2 values \
         | help: name them: `Attention(q, k, v)`, of one value `Attention(_, _, _)`",
    );
}

#[test]
fn heads() {
    refused(
        "input: [197, 384]; MultiHeadAttention(384, heads: 7); output: [197, 384];",
        "[CS0320] `multi_head_attention1` splits 384 features into 7 heads: 384 / 7 leaves 6 \
         | help: in `multi_head_attention1`, set `heads: 8`",
    );
    refused(
        "input: [16, 100]; a: Attention(_, _, _, num_heads: 8); output: [16, 100];",
        "[CS0320] `a` splits 100 features into 8 heads: 100 / 8 leaves 4 \
         | help: in `a`, set `num_heads: 10` | help: write `[16, 104]` in `input` and `[16, 104]` in `output` \
         | help: write `[16, 96]` in `input` and `[16, 96]` in `output`",
    );
    refused(
        "input: [16, 64]; a: MultiHeadAttention(64, heads: 0); output: [16, 64];",
        "[CS0302] `a` has heads 0: it must be at least 1",
    );
}

#[test]
fn features() {
    refused(
        "input: [197, 384]; a: MultiHeadAttention(768, heads: 12); output: [197, 384];",
        "[CS0209] `a` has features 768, but the last axis of [197, 384] has 384 | help: in `a`, write `384`",
    );
    refused(
        "input: q [16, 64], k [20, 32]; a: MultiHeadAttention(64, heads: 4) from (q, k, k); output: a [16, 64];",
        "[CS0209] `a` has key_features 64, but the last axis of [20, 32] has 32 \
         | help: in `a`, set `key_features: 32, value_features: 32` | help: in `k`, write `[20, 64]`",
    );
    refused(
        "input: [64, 8, 8]; a: MultiHeadAttention(64, heads: 4); output: [64, 8, 8];",
        "[CS0209] `a` has features 64, but the last axis of [64, 8, 8] has 8 \
         | help: positions become tokens with `Flatten(from: 1);` and `Permute(1, 0);` before it \
         | help: in `a`, write `8`",
    );
}

/// Axes in front of the tokens are a batch.
#[test]
fn windows() {
    accepted("input: [4, 16, 64]; a: MultiHeadAttention(64, heads: 4); output: [4, 16, 64];");
    accepted("dialect: flax; input: [2, 4, 16, 64]; a: MultiHeadAttention(heads: 4); output: [2, 4, 16, 64];");
    accepted("for h in 1..; input: [h, 16, 64]; Attention(_, _, _, heads: 4); output: [h, 16, 64];");
    accepted("input: x [4, 16, 64], m [4, 1, 16, 16]; a: Attention(x, x, x, m, heads: 8); output: a [4, 16, 64];");
    accepted("input: x [4, 16, 64], m [8, 16, 16]; a: Attention(x, x, x, m, heads: 8); output: a [4, 16, 64];");
    refused(
        "input: x [4, 16, 64], y [3, 16, 64]; a: Attention(x, y, y, heads: 4); output: a [4, 16, 64];",
        "[CS0216] `a` attends within windows that differ: `x` gives [4, 16, 64] and `y` gives [3, 16, 64]",
    );
    refused(
        "input: x [4, 16, 64], m [3, 1, 16, 16]; a: Attention(x, x, x, m, heads: 8); output: a [4, 16, 64];",
        "[CS0216] `a` adds [3, 1, 16, 16] to scores of [16, 16], tokens of queries and keys, or for each window and head \
         apart [4, 8, 16, 16]",
    );
    // Keras attends over all positions, not within the rows.
    refused(
        "dialect: keras; input: [8, 8, 64]; a: MultiHeadAttention(num_heads: 4, key_dim: 16); output: [64, 64];",
        "[CS0208] `a` takes [tokens, features], two axes, but `input` gives [8, 8, 64] \
         | help: insert `Flatten(from: 0, to: -2);` before `a`",
    );
}

#[test]
fn dialects() {
    accepted("dialect: keras; input: [16, 64]; MultiHeadAttention(num_heads: 8, key_dim: 16); output: [16, 64];");
    accepted(
        "dialect: flax; input: [16, 64]; MultiHeadDotProductAttention(num_heads: 4, qkv_features: 32, out_features: 48); \
         output: [16, 48];",
    );
    accepted(
        "input: [16, 64]; nn: MultiheadAttention(embed_dim: 64, num_heads: 8, dropout: 0.1, batch_first: true); output: [16, 64];",
    );
}

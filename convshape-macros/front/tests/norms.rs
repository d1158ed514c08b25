//! Small norms, shuffles and stochastic depth, in the words of every framework.

mod support;

use self::support::{accepted, refused};

#[test]
fn words_of_the_frameworks() {
    for layer in [
        "ChannelShuffle(2)",
        "ChannelShuffle(groups: 3)",
        "RmsNorm",
        "RmsNorm(8)",
        "RMSNorm([8, 8], eps: 1e-6)",
        "RMSNorm(8, elementwise_affine: true)",
        "LocalResponseNorm(5)",
        "LocalResponseNorm(size: 5, alpha: 0.0001, beta: 0.75, k: 2)",
        "LpNorm",
        "LpNorm(1, dim: 1)",
        "LpNorm(2, axis: (height, width))",
        "StochasticDepth(0.2)",
        "StochasticDepth(p: 0.2, mode: batch)",
    ] {
        accepted(&format!("input: [6, 8, 8]; {layer}; output: [6, 8, 8];"));
    }
    accepted("dialect: keras; input: [8, 8, 6]; RMSNormalization(epsilon: 0.001); output: [8, 8, 6];");
    accepted("dialect: keras; input: [8, 8, 6]; UnitNormalization(axis: -1); output: [8, 8, 6];");
    accepted("dialect: flax; input: [8, 8, 6]; RMSNorm(use_scale: true); output: [8, 8, 6];");
    accepted("dialect: onnx; input: [6, 8, 8]; LRN(size: 5, bias: 2.0); output: [6, 8, 8];");
    accepted("dialect: onnx; input: [6, 8, 8]; LpNormalization(axis: 0, p: 2); output: [6, 8, 8];");
    accepted("for h in 1..; input: [6, 4 * h, 8]; ChannelShuffle(2); LocalResponseNorm(5); output: [6, 4 * h, 8];");
}

#[test]
fn what_does_not_fit() {
    refused(
        "input: [6, 8, 8]; ChannelShuffle(4); output: [6, 8, 8];",
        "[CS0308] `channel_shuffle1` has 6 channels, which do not divide into 4 groups",
    );
    refused("input: [6, 8, 8]; ChannelShuffle; output: [6, 8, 8];", "[CS0103] `ChannelShuffle` needs `groups`");
    refused(
        "input: [6, 8, 8]; StochasticDepth(1.5); output: [6, 8, 8];",
        "[CS0317] `stochastic_depth1` has p 1.5: it must be from 0 to 1",
    );
    refused(
        "input: [6]; LocalResponseNorm(5); output: [6];",
        "[CS0208] `local_response_norm1` takes 2 axes (channels and length), but its input is [6]",
    );
    refused(
        "input: [6, 8, 8]; LpNorm(axis: 3); output: [6, 8, 8];",
        "[CS0318] `lp_norm1` takes axis 3, but [6, 8, 8] has 3 axes: 0 to 2, without the batch",
    );
}

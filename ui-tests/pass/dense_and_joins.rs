//! The dense layers, reshaping, and the layers that join.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Dense {
        input: [3, 8, 8];
        flat: Flatten;
        gate: Linear(192 -> 192, bias: false, activation: Sigmoid);
        gated: Mul(flat, gate);
        scaled: Scale(0.5) from flat;
        Add(gated, scaled);
        Linear(10);
        Concat(flat, _);
        Linear(202 -> 3 * 8 * 8);
        shaped: Reshape([3, 8, 8]);
        Concat(input, _);
        all: Concat(shaped);
        GlobalAvgPool;
        Mul(all, _);
        output: [9, 8, 8];
    }
}

fn main() {
    assert_eq!(Dense::OUTPUT.to_string(), "[9, 8, 8]");
}

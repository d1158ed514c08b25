//! Every normalisation layer and field, with and without its channels.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Norms {
        input: [16, 8, 8];
        BatchNorm;
        BatchNorm(16, eps: 1e-3, affine: false, momentum: 0.2);
        GroupNorm(groups: 4);
        GroupNorm(16, groups: 8, eps: 1e-6);
        InstanceNorm;
        InstanceNorm(channels: 16, eps: 1e-5, affine: true);
        LayerNorm;
        LayerNorm([8, 8], eps: 1e-5);
        LayerNorm(size: [8]);
        output: [16, 8, 8];
    }
}

fn main() {
    assert_eq!(Norms::OUTPUT.to_string(), "[16, 8, 8]");
}

//! Several inputs and outputs, branches, and names for both.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Vae {
        input: image [1, 28, 28], eps [8];
        Flatten from image;
        hidden: Linear(784 -> 64, activation: Relu);
        mu: Linear(64 -> 8) from hidden;
        logvar: Linear(64 -> 8) from hidden;
        Scale(0.5);
        Exp;
        Mul(eps, _);
        Add(mu, _);
        Linear(8 -> 784, activation: Sigmoid);
        picture: Reshape([1, 28, 28]);
        output: picture [1, 28, 28], mu [8], logvar [8];
    }
}

conv_chain! {
    pub struct Skips {
        input: [4, 16, 16];
        a: MaxPool2d(2) from input;
        b: AvgPool2d(2) from input;
        Concat(a, b, a);
        output: [12, 8, 8];
    }
}

fn main() {
    assert_eq!(Vae::INPUTS.len(), 2);
    assert_eq!(Vae::OUTPUTS.len(), 3);
    assert_eq!(Skips::OUTPUT.to_string(), "[12, 8, 8]");
}

//! Every activation and its field, as a statement and as a field.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Activations {
        lint: allow;
        input: [4, 8];
        Relu;
        Relu6;
        LeakyRelu;
        LeakyRelu(slope: 0.1);
        Elu(alpha: 0.9);
        Gelu;
        Gelu(approximate: tanh);
        Silu;
        Sigmoid;
        Tanh;
        Softplus;
        Hardswish;
        Hardsigmoid;
        Clamp(min: -1.0, max: 1.0);
        Prelu;
        Prelu(4);
        Snake;
        Snake(channels: 4);
        Exp;
        Dropout(0.5);
        Dropout(p: 0.1);
        Softmax;
        Conv1d(4, kernel: 1, activation: Clamp(min: 0.0, max: 6.0));
        Conv1d(4, kernel: 1, activation: "relu");
        MaxPool1d(1, activation: Gelu(approximate: tanh));
        Linear(8, activation: LeakyRelu(slope: 0.3));
        output: [4, 8];
    }
}

fn main() {
    assert_eq!(Activations::LAYERS.len(), 26);
}

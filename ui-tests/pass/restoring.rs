//! `restores`, `undo` with and without fields after it, and holes.

use convshape::{Chain, conv_chain};

conv_chain! {
    /// The chain on the first page.
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1) -> [16, 14, 14];
        Relu;
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 64, kernel: 7, activation: Relu) -> [_, 1, 1];
        ConvTranspose2d(undo code);
        Relu;
        ConvTranspose2d(undo enc2, bias: false, activation: Relu) restores enc2;
        dec1: ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: _) restores enc1;
        Sigmoid;
        output: [1, 28, 28];
    }
}

conv_chain! {
    pub struct Holes {
        input: [1, 28, 28];
        up: ConvTranspose2d(1 -> 8, kernel: 4, stride: 2, padding: _) -> [8, 56, 56];
        Conv2d(undo up) restores up;
        Conv2d(_ -> _, kernel: 3, padding: _) -> [12, 28, 28];
        Conv2d(12 -> 4, kernel: _);
        Relu;
        BatchNorm(_);
        output: [4, 24, 24];
    }
}

fn main() {
    assert_eq!(Autoencoder::OUTPUT.to_string(), "[1, 28, 28]");
    assert_eq!(Holes::OUTPUT.to_string(), "[4, 24, 24]");
}

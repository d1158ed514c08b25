//! Every field of the convolutions, in one to three spatial axes.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Signal {
        input: [4, 32];
        Conv1d(4 -> 8, kernel: 5, stride: 1, padding: 2, dilation: 1, groups: 4, bias: false, padding_mode: circular);
        Conv1d(8, kernel: 3, padding: [(2, 0)], padding_mode: zeros);
        Conv1d(_ -> 8, kernel: 4, padding: "same");
        ConvTranspose1d(8 -> 4, kernel: 3, stride: 2, padding: 1, output_padding: 1, dilation: 1, groups: 2, bias: true);
        output: [4, 64];
    }
}

conv_chain! {
    pub struct Image {
        input: [1, 28, 28];
        Conv2d(in_channels: 1, out_channels: 8, kernel: (3, 5), stride: (1, 2), padding: (1, 2), padding_mode: reflect);
        Conv2d(8 -> 8, kernel: 3, padding: same, padding_mode: replicate, activation: LeakyRelu(0.2));
        Conv2d(8 -> 8, kernel: 3, padding: valid, dilation: (2, 1));
        ConvTranspose2d(8 -> 8, kernel: (5, 3), output_size: (28, 14));
        ConvTranspose2d(8 -> 1, kernel: 4, stride: 2, padding: [(1, 1), (2, 0)]);
        output: [1, 56, 28];
    }
}

conv_chain! {
    pub struct Volume {
        input: [1, 8, 8, 8];
        enc: Conv3d(1 -> 4, kernel: 3, stride: 2, padding: 1) -> [4, 4, 4, 4];
        ConvTranspose3d(4 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1) restores enc;
        output: [1, 8, 8, 8];
    }
}

fn main() {
    assert_eq!(Signal::OUTPUT.to_string(), "[4, 64]");
    assert_eq!(Image::OUTPUT.to_string(), "[1, 56, 28]");
    assert_eq!(Volume::OUTPUT.to_string(), "[1, 8, 8, 8]");
}

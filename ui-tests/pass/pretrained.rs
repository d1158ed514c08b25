//! The file fits, and the model has its elements; under strict lints, among the user's own names.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, nonstandard_style, trivial_casts, unreachable_pub, unused, unused_qualifications)]
#![allow(dead_code, non_camel_case_types)]

struct Aligned;
struct Stored;
mod core {}

convshape::conv_chain! {
    struct Model {
        weights: "data/right.safetensors";
        input: [1, 9, 9];
        enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
        dec: ConvTranspose2d(4 -> 1, kernel: 3, stride: 2, bias: false) restores enc;
        output: [1, 9, 9];
    }
}

const CHANNELS: usize = 4;

convshape::conv_chain! {
    struct Encoder {
        weights: "data/right.safetensors";
        input: [1, 9, 9];
        enc: Conv2d(1 -> CHANNELS, kernel: 3, stride: 2);
        output: [CHANNELS, 4, 4];
    }
}

fn main() {
    assert_eq!(Model::pretrained().enc.bias.as_slice(), [0.0; 4]);
    assert_eq!(Encoder::pretrained().enc.weight.shape(), [4, 1, 3, 3]);
}

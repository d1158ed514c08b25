convshape::conv_chain! {
    struct Model {
        weights: "weights/prefixed.safetensors";
        input: [1, 9, 9];
        enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
        dec: ConvTranspose2d(4 -> 1, kernel: 3, stride: 2, bias: false) restores enc;
        output: [1, 9, 9];
    }
}

fn main() {}

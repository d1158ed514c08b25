convshape::conv_chain! {
    struct Net {
        dialect: onnx;
        input: [8, 16, 16];
        ConvTranspose(8 -> 4, kernel_shape: [2, 2], strides: [2, 2], output_shape: [1, 4, 32, 32]);
        output: [4, 32, 32];
    }
}

fn main() {}

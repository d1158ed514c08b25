convshape::conv_chain! {
    struct Net {
        dialect: onnx;
        input: [16, 32, 32];
        Pad(pads: [0, 0, 0, 0, 0, 16, 0, 0]);
        output: [32, 32, 32];
    }
}

fn main() {}

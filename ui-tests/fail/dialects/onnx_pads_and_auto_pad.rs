convshape::conv_chain! {
    pub struct Model {
        dialect: onnx;
        input: [3, 16, 16];
        Conv(3 -> 8, kernel_shape: (3, 3), pads: [(1, 1), (1, 1)], auto_pad: same_upper);
        output: [8, 16, 16];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2) -> [16, 14, 14];
        Relu;
        output: [16, 14, 14];
    }
}

fn main() {}

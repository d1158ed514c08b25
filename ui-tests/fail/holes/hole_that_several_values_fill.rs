convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 4, padding: _) -> [16, 7, 7];
        Relu;
        output: [16, 7, 7];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: _, stride: 2) -> [16, 13, 13];
        output: [16, 13, 13];
    }
}

fn main() {}

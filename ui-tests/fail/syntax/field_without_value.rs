convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 8, kernel: , stride: 2);
        Relu;
        output: [8, 13, 13];
    }
}

fn main() {}

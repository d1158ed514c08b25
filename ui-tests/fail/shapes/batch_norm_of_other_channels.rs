convshape::conv_chain! {
    pub struct Encoder {
        input: [3, 32, 32];
        Conv2d(3 -> 16, kernel: 3, padding: 1);
        BatchNorm2d(32);
        Relu;
        output: [16, 32, 32];
    }
}

fn main() {}

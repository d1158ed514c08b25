convshape::conv_chain! {
    pub struct Encoder {
        input: [16, 28, 28];
        SeparableConv2d(16 -> 32, kernel: 3);
        output: [32, 26, 26];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        conv: Conv2d(1 -> 8, kernel: 3);
        conv: Conv2d(8 -> 16, kernel: 3);
        output: [16, 24, 24];
    }
}

fn main() {}

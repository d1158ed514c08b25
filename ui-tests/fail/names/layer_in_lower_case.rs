convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        conv2d(1 -> 8, kernel: 3);
        relu;
        output: [8, 26, 26];
    }
}

fn main() {}

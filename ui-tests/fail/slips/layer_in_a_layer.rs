convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Relu(Conv2d(1 -> 16, kernel: 3));
        output: [16, 26, 26];
    }
}

fn main() {}

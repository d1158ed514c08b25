convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        type: Conv2d(1 -> 16, kernel: 3);
        Relu from type;
        output: [16, 26, 26];
    }
}

fn main() {}

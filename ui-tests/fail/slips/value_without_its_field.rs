convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 16, kernel: 3, 2);
        output: [16, 13, 13];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 8, stride: 2);
        output: [8, 13, 13];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 3, strides: 2, dilation_rate: 1);
        output: [8, 13, 13];
    }
}

fn main() {}

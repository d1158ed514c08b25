convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 3, stride: 1, kernel_size: 5);
        output: [8, 24, 24];
    }
}

fn main() {}

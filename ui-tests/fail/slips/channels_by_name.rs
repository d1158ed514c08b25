convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(in: 1, out: 16, kernel: 3);
        Conv2d((16, 32), kernel: 3);
        output: [32, 24, 24];
    }
}

fn main() {}

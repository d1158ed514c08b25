convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 => 16, kernel: 3);
        Conv2d(16 - > 16, kernel: 3);
        Conv2d(16 to 32, kernel: 3);
        output: [32, 22, 22];
    }
}

fn main() {}

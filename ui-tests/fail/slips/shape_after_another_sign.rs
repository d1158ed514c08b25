convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 16, kernel: 3) => [16, 26, 26];
        Conv2d(16 -> 16, kernel: 3) -> (16, 24, 24);
        output: [16, 24, 24];
    }
}

fn main() {}

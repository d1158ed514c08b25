convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3) -> [26, 26];
        output: [16, 26, 26];
    }
}

fn main() {}

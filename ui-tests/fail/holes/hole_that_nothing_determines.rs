convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, padding: _);
        Conv2d(16 -> 32, kernel: 3);
        output: [32, 26, 26];
    }
}

fn main() {}

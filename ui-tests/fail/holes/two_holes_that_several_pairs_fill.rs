convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: _, padding: _) -> [16, 28, 28];
        output: [16, 28, 28];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        # The encoder.
        Conv2d(1 -> 16, kernel: 3);  # half the channels
        output: [16, 26, 26];
    }
}

fn main() {}

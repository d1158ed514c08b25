convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 3, colour: 0);
        output: [8, 26, 26];
    }
}

fn main() {}

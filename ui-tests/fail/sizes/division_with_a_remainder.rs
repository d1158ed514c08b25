convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 100 / 8, kernel: 3);
        output: [12, 26, 26];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [8, 28, 28];
        Conv2d(8 -> 8, kernel: 3, groups: 0);
        output: [8, 26, 26];
    }
}

fn main() {}

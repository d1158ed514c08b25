convshape::conv_chain! {
    pub struct Encoder {
        input: [8, 28, 28];
        Conv2d(8 -> _, kernel: 3, groups: 4) -> [10, 26, 26];
        output: [10, 26, 26];
    }
}

fn main() {}

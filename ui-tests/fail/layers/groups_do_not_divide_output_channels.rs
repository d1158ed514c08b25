convshape::conv_chain! {
    pub struct Mobilenet {
        input: [32, 28, 28];
        Conv2d(32 -> 48, kernel: 3, groups: 32);
        output: [48, 26, 26];
    }
}

fn main() {}

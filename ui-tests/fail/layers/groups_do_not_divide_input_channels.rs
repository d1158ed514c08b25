convshape::conv_chain! {
    pub struct Mobilenet {
        input: [30, 28, 28];
        Conv2d(30 -> 64, kernel: 3, groups: 32);
        output: [64, 26, 26];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Net {
        input: [3, 32, 32];
        s: Conv2d(8, kernel: 3);
        output: features: s [8, 30, 30];
    }
}

fn main() {}

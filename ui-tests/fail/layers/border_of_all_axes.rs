convshape::conv_chain! {
    struct Net {
        input: [16, 32, 32];
        AvgPool2d(2);
        Pad([(0, 16), (0, 0), (0, 0)]);
        output: [32, 16, 16];
    }
}

fn main() {}

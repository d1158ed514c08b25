convshape::conv_chain! {
    struct Net {
        input: [16, 32, 32];
        Pad((0, 0, 0, 0, 0, 16));
        output: [32, 32, 32];
    }
}

fn main() {}

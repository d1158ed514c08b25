convshape::conv_chain! {
    struct Net {
        lint: deny;
        input: [1, 8, 8];
        c: Conv2d(1 -> 4, kernel: 3, padding: 3);
        output: [4, 12, 12];
    }
}

fn main() {}

convshape::conv_chain! {
    struct Net {
        lint: deny;
        input: [3, 16, 16];
        enc: Conv2d(3 -> 32, kernel: 3, padding: 1);
        Attention(_, _, _, heads: 4);
        output: [32, 16, 16];
    }
}

fn main() {}

convshape::conv_chain! {
    struct Net {
        block B(c, bias: bool) { Conv2d(c -> c, kernel: 1, bias: bias); }
        input: [4, 8, 8];
        B(4, 1);
        output: [4, 8, 8];
    }
}

fn main() {}

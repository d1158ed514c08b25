convshape::conv_chain! {
    struct Net {
        lint: deny;
        input: [1, 8, 8];
        c: Conv2d(1 -> 4, kernel: 3, activation: Relu);
        Sigmoid;
        output: [4, 6, 6];
    }
}

fn main() {}

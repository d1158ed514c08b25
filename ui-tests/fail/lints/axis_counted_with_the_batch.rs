convshape::conv_chain! {
    struct Net {
        dialect: keras;
        lint: deny;
        input: [28, 20, 8];
        Softmax(axis: 1);
        output: [28, 20, 8];
    }
}

fn main() {}

convshape::conv_chain! {
    struct Chain {
        input: [4, 6, 8];
        Flatten(1..);
        output: [4, 48];
    }
}

fn main() {}

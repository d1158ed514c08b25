convshape::conv_chain! {
    struct Model {
        input: [1, 28, 28];
        enc: Chain();
        output: [8, 14, 14];
    }
}

fn main() {}

convshape::conv_chain! {
    struct Classes {
        input: [128];
        Linear(128 -> 10, activation: Softmax(axis: 1));
        output: [10];
    }
}

fn main() {}

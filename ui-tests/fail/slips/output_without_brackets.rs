convshape::conv_chain! {
    pub struct Encoder {
        input: 1x28x28;
        Flatten;
        Linear(784 -> 10);
        output: 10;
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Classifier {
        input: [784];
        Linear(784 -> 128, activation: Relu);
        Linear(64 -> 10);
        output: [10];
    }
}

fn main() {}

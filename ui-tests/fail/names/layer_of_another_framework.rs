convshape::conv_chain! {
    pub struct Classifier {
        input: [784];
        Dense(784 -> 10);
        output: [10];
    }
}

fn main() {}

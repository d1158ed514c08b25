convshape::conv_chain! {
    pub struct Classifier {
        input: [64];
        drop: Dropout(50);
        Linear(64 -> 10);
        output: [10];
    }
}

fn main() {}

const RATE: f64 = 1.5;

convshape::conv_chain! {
    pub struct Classifier {
        input: [64];
        drop: Dropout(RATE);
        Linear(64 -> 10);
        output: [10];
    }
}

fn main() {}

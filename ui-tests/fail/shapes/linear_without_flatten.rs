convshape::conv_chain! {
    pub struct Classifier {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 1, activation: Relu);
        Linear(1568 -> 10);
        output: [10];
    }
}

fn main() {}

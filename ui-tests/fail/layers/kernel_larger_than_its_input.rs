convshape::conv_chain! {
    pub struct Classifier {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 5, stride: 4);
        MaxPool2d(2);
        Conv2d(8 -> 16, kernel: 5);
        output: [16, 1, 1];
    }
}

fn main() {}

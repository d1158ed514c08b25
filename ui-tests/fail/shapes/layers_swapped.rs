convshape::conv_chain! {
    pub struct Classifier {
        input: [3, 32, 32];
        conv1: Conv2d(3 -> 32, kernel: 3, padding: 1);
        Relu;
        conv3: Conv2d(64 -> 128, kernel: 3, padding: 1);
        Relu;
        conv2: Conv2d(32 -> 64, kernel: 3, padding: 1);
        Relu;
        output: [128, 32, 32];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Stages {
        input: [3, 32, 32];
        stages: repeat (a, b) in [(3, 32), (32, 64), (46, 128)] {
            c: Conv2d(a -> b, kernel: 3, stride: 2, padding: 1, activation: Relu);
        }
        output: [128, 4, 4];
    }
}

fn main() {}

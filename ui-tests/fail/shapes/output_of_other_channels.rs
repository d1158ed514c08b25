convshape::conv_chain! {
    pub struct Segmenter {
        input: [3, 32, 32];
        Conv2d(3 -> 16, kernel: 3, padding: 1, activation: Relu);
        Conv2d(16 -> 8, kernel: 1);
        output: [10, 32, 32];
    }
}

fn main() {}

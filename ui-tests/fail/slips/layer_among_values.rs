convshape::conv_chain! {
    pub struct Net {
        input: [8, 32, 32];
        c: Conv2d(8 -> 16, 3, padding: 1, BatchNorm, Relu);
        Conv2d(16 -> 16, kernel: 3, padding: 1, activation: BatchNorm);
        output: [16, 32, 32];
    }
}

fn main() {}

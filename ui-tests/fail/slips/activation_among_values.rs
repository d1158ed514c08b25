convshape::conv_chain! {
    pub struct Net {
        input: [3, 32, 32];
        Conv2d(3 -> 8, 3, LeakyRelu(0.2));
        Flatten;
        Linear(7200 -> 10, Softmax);
        output: [10];
    }
}

fn main() {}

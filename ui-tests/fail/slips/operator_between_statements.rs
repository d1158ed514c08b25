convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        a: Relu;
        b: Tanh from input;
        c: a + b;
        c * 0.5;
        output: [1, 28, 28];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        a: Relu;
        b: Tanh from input;
        Concat([a, b]);
        output: [2, 28, 28];
    }
}

fn main() {}

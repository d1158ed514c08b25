convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28 / 0, 28];
        Relu;
        output: [1, 28, 28];
    }
}

fn main() {}

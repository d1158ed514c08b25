convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28px];
        Relu;
        output: [1, 28, 28];
    }
}

fn main() {}

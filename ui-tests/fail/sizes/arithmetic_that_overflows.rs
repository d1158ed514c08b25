convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 4000000000 * 4000000000, 28];
        Relu;
        output: [1, 28, 28];
    }
}

fn main() {}

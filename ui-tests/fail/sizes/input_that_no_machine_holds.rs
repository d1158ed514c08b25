convshape::conv_chain! {
    pub struct Encoder {
        input: [4, 9223372036854775807, 28];
        Relu;
        output: [4, 9223372036854775807, 28];
    }
}

fn main() {}

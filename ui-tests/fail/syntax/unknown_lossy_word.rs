convshape::conv_chain! {
    pub struct Encoder {
        lossy: forbid;
        input: [1, 28, 28];
        Relu;
        output: [1, 28, 28];
    }
}

fn main() {}

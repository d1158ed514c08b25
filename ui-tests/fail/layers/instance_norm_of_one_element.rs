convshape::conv_chain! {
    pub struct Encoder {
        input: [16, 1, 1];
        InstanceNorm(16);
        output: [16, 1, 1];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28];
        Capsule(28 -> 64);
        output: [64];
    }
}

fn main() {}

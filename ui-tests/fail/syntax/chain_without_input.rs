convshape::conv_chain! {
    pub struct Decoder {
        Linear(16 -> 784);
        output: [784];
    }
}

fn main() {}

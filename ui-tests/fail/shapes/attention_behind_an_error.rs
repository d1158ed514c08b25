convshape::conv_chain! {
    pub struct Encoder {
        input: [49, 608];
        Linear(640 -> 256);
        MultiHeadAttention(256, heads: 4);
        output: [49, 256];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Model {
        input: [64, 8, 8];
        MultiHeadAttention(64, heads: 4);
        output: [64, 8, 8];
    }
}

fn main() {}

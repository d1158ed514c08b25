convshape::conv_chain! {
    pub struct Model {
        input: [197, 384];
        MultiHeadAttention(384, heads: 7);
        output: [197, 384];
    }
}

fn main() {}

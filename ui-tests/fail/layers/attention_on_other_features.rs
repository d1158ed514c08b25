convshape::conv_chain! {
    pub struct Model {
        input: q [16, 64], k [20, 32];
        a: MultiHeadAttention(64, heads: 4) from (q, k, k);
        output: a [16, 64];
    }
}

fn main() {}

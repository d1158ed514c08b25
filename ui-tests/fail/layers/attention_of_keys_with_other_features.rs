convshape::conv_chain! {
    pub struct Model {
        input: q [16, 64], k [20, 32], v [20, 64];
        a: Attention(q, k, v, heads: 4);
        output: a [16, 64];
    }
}

fn main() {}

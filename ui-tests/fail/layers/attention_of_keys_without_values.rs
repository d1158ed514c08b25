convshape::conv_chain! {
    pub struct Model {
        input: q [16, 64], k [20, 64], v [16, 64];
        a: Attention(q, k, v, heads: 4);
        output: a [16, 64];
    }
}

fn main() {}

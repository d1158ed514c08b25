convshape::conv_chain! {
    pub struct Model {
        input: x [16, 64], y [16, 64];
        a: Attention(x, y, heads: 4);
        output: a [16, 64];
    }
}

fn main() {}

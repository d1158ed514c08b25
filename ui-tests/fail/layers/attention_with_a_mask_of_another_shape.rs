convshape::conv_chain! {
    pub struct Model {
        input: x [16, 64], mask [16, 20];
        a: Attention(x, x, x, mask, heads: 4);
        output: a [16, 64];
    }
}

fn main() {}

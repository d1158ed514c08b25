convshape::conv_chain! {
    pub struct Windows {
        input: x [16, 49, 96], y [4, 49, 96];
        a: Attention(x, y, y, heads: 3);
        output: a [16, 49, 96];
    }
}

fn main() {}

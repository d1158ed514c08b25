convshape::conv_chain! {
    pub struct Net {
        input: [4, 8, 16];
        Transpose(2, 0, 1);
        output: [16, 4, 8];
    }
}

fn main() {}

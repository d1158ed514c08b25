convshape::conv_chain! {
    pub struct Encoder {
        input: [16, 64];
        LayerNorm([128]);
        output: [16, 64];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Decoder {
        input: [8, 7, 7];
        Upsample(-2.0);
        output: [8, 14, 14];
    }
}

fn main() {}

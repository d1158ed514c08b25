convshape::conv_chain! {
    pub struct Decoder {
        input: [8, 7, 7];
        Upsample(scale: 2, size: (14, 14));
        output: [8, 14, 14];
    }
}

fn main() {}

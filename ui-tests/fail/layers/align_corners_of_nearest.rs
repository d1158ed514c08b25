convshape::conv_chain! {
    pub struct Decoder {
        input: [8, 7, 7];
        Upsample(2, mode: nearest, align_corners: true);
        output: [8, 14, 14];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Upscaler {
        input: [1, 27, 28];
        PixelUnshuffle(2);
        output: [4, 14, 14];
    }
}

fn main() {}

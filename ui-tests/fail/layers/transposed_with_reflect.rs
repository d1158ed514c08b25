convshape::conv_chain! {
    pub struct Decoder {
        input: [8, 14, 14];
        ConvTranspose2d(8 -> 1, kernel: 4, stride: 2, padding: 1, padding_mode: reflect);
        output: [1, 28, 28];
    }
}

fn main() {}

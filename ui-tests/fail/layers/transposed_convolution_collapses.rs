convshape::conv_chain! {
    pub struct Decoder {
        input: [8, 1, 1];
        ConvTranspose2d(8 -> 1, kernel: 2, padding: 1);
        output: [1, 1, 1];
    }
}

fn main() {}

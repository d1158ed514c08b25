convshape::conv_chain! {
    pub struct Decoder {
        input: [64, 7, 7];
        up1: ConvTranspose2d(32 -> 64, kernel: 4, stride: 2, padding: 1);
        up2: ConvTranspose2d(32 -> 1, kernel: 4, stride: 2, padding: 1);
        output: [1, 28, 28];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc: Conv2d(1 -> 8, kernel: 3);
        ConvTranspose1d(undo enc);
        output: [1, 28, 28];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc: Conv2d(1 -> 8, kernel: 4, stride: 2, padding: 1);
        ConvTranspose2d(undo enc, kernel: 6, padding: 2, tied: true);
        output: [1, 28, 28];
    }
}

fn main() {}

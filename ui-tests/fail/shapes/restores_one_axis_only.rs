convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 27];
        enc1: Conv2d(1 -> 16, kernel: 5, stride: 2);
        dec1: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2) restores enc1;
        output: [1, 28, 27];
    }
}

fn main() {}

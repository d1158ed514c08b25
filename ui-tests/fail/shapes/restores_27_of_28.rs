convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 5, stride: 2) -> [16, 12, 12];
        dec1: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2) restores enc1;
        output: [1, 28, 28];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1);
        dec2: ConvTranspose2d(32 -> 16, kernel: 3, stride: 2, padding: 1) restores enc2;
        dec1: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2, padding: 1) restores enc1;
        output: [1, 28, 28];
    }
}

fn main() {}

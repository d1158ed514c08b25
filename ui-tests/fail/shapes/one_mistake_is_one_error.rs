convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc1: Conv2d(2 -> 16, kernel: 3, stride: 2, padding: 1) -> [16, 14, 14];
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1) -> [32, 7, 7];
        dec2: ConvTranspose2d(undo enc2) restores enc2;
        dec1: ConvTranspose2d(16 -> 1, kernel: 4, stride: 2, padding: 1) restores enc1;
        output: [1, 28, 28];
    }
}

fn main() {}

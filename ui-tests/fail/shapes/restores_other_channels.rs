convshape::conv_chain! {
    pub struct Autoencoder {
        input: [3, 32, 32];
        enc1: Conv2d(3 -> 16, kernel: 4, stride: 2, padding: 1);
        dec1: ConvTranspose2d(16 -> 1, kernel: 4, stride: 2, padding: 1) restores enc1;
        Sigmoid;
        output: [3, 32, 32];
    }
}

fn main() {}

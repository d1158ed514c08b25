convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, paddding: 1);
        enc2: Conv2d(16 -> 32, kernel: 3, groups: 3) from input;
        Convv2d(32 -> 64, kernel: 3);
        ConvTranspose2d(64 -> 1, kernel: 3) restores enc3;
        output: [1, 28, 28];
    }
}

fn main() {}

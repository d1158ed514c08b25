convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 8, kernel: 3, stride: 2);
        enc2: Conv2d(8 -> 16, kernel: 3, stride: 2);
        ConvTranspose2d(undo enc1);
        ConvTranspose2d(undo enc2);
        output: [1, 28, 28];
    }
}

fn main() {}

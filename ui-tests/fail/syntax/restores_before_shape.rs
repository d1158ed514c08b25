convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc: Conv2d(1 -> 8, kernel: 3);
        ConvTranspose2d(undo enc) restores enc -> [1, 28, 28];
        output: [1, 28, 28];
    }
}

fn main() {}

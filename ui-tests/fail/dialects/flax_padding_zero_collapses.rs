convshape::conv_chain! {
    pub struct Autoencoder {
        dialect: flax;
        input: [4, 4, 1];
        enc: Conv2d(1 -> 8, kernel: 3, padding: 0);
        dec: ConvTranspose2d(8 -> 1, kernel: 3, padding: 0) restores enc;
        output: [4, 4, 1];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Autoencoder {
        dialect: jax;
        input: [1, 16, 16];
        enc: Conv2d(1 -> 8, kernel: 3, stride: 3, padding: same);
        dec: ConvTranspose2d(8 -> 1, kernel: 3, stride: 3, padding: same) restores enc;
        output: [1, 16, 16];
    }
}

fn main() {}

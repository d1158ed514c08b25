const ROWS: usize = 28;

convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, ROWS, 28];
        enc: Conv2d(1 -> 16, kernel: 5, stride: 2);
        dec: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2) restores enc;
        output: [1, ROWS, 28];
    }
}

fn main() {}

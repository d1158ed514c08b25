convshape::conv_chain! {
    pub struct Autoencoder {
        input: [8, 14, 14];
        dec1: ConvTranspose2d(8 -> 1, kernel: 3, padding: 1, output_padding: 1);
        output: [1, 28, 28];
    }
}

fn main() {}

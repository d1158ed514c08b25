convshape::conv_chain! {
    pub struct Autoencoder {
        input: [8, 14, 14];
        dec1: ConvTranspose2d(8 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 2);
        output: [1, 28, 28];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Autoencoder {
        input: [8, 14, 14];
        dec1: ConvTranspose2d(8 -> 1, kernel: 3, stride: 2, padding: 1, output_size: (30, 30));
        output: [1, 30, 30];
    }
}

fn main() {}

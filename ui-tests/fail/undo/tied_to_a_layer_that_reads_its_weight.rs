convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        w: Parameter([8, 1, 4, 4]);
        enc: Conv2d(1 -> 8, kernel: 4, stride: 2, padding: 1) from (input, w);
        dec: ConvTranspose2d(undo enc, tied: true);
        output: [1, 28, 28];
    }
}

fn main() {}

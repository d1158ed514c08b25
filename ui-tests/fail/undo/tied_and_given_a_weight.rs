convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        enc: Conv2d(1 -> 8, kernel: 4, stride: 2, padding: 1);
        w: Parameter([8, 1, 4, 4]);
        dec: ConvTranspose2d(undo enc, tied: true) from (enc, w);
        output: [1, 28, 28];
    }
}

fn main() {}

convshape::conv_chain! {
    pub struct Autoencoder {
        input: [8, 28, 28];
        enc: repeat 2 { Conv2d(8, kernel: 3, padding: 1); }
        ConvTranspose2d(undo enc);
        output: [8, 28, 28];
    }
}

fn main() {}

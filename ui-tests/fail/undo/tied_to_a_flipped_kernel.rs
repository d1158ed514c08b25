convshape::conv_chain! {
    pub struct Autoencoder {
        dialect: flax;
        input: [14, 14, 8];
        up: ConvTranspose2d(8 -> 1, kernel: 4, strides: 2);
        Conv2d(undo up, tied: true);
        output: [14, 14, 8];
    }
}

fn main() {}

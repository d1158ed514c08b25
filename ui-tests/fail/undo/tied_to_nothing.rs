convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 4, stride: 2, padding: 1);
        ConvTranspose2d(8 -> 1, kernel: 4, stride: 2, padding: 1, tied: true);
        output: [1, 28, 28];
    }
}

fn main() {}

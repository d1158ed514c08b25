convshape::conv_chain! {
    pub struct Autoencoder {
        input: [1, 28, 28];
        Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        Conv2d(32 -> 64, kernel: 3, stride: 2, padding: 1, activation: Relu);
        ConvTranspose2d(64 -> 32, kernel: 4, stride: 2, padding: 1);
        ConvTranspose2d(32 -> 16, kernel: 4, stride: 2, padding: 1);
        ConvTranspose2d(16 -> 1, kernel: 4, stride: 2, padding: 1);
        output: [1, 28, 28];
    }
}

fn main() {}

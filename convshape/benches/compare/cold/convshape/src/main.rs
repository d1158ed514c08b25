//! Runs an autoencoder once.

use convshape::rand::SeedableRng;
use convshape::rand::rngs::SmallRng;
use convshape::{Tensor, conv_chain};

conv_chain! {
    struct MnistAe {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 64, kernel: 7, activation: Relu);
        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, activation: Sigmoid);
        output: [1, 28, 28];
    }
}

fn main() {
    let model = MnistAe::init(&mut SmallRng::seed_from_u64(1));
    let y = model.forward(&Tensor::zeros());
    println!("{}", y.as_slice()[0]);
}

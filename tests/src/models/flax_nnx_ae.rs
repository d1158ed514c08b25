//! `flax_nnx_ae` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// An autoencoder of images, channels last.
    pub struct FlaxNnxAe {
        dialect: flax;
        weights: "data/models/flax_nnx_ae.weights.safetensors";
        input: [10, 14, 1];
        enc1: Conv2d(1 -> 6, kernel: 3, stride: 2, padding: same);
        Relu;
        enc2: Conv2d(features: 12, kernel_size: (3, 3), strides: 2, padding: "SAME");
        bn: BatchNorm;
        Relu;
        dec1: ConvTranspose2d(12 -> 6, kernel: 3, stride: 2, padding: same);
        Relu;
        dec2: ConvTranspose2d(6 -> 1, kernel: 4, stride: 2, padding: same);
        Sigmoid;
        output: [12, 16, 1];
    }
}

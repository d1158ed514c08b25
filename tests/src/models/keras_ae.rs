//! `keras_ae` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// An autoencoder of images, channels last.
    pub struct KerasAe {
        dialect: keras;
        weights: "data/models/keras_ae.weights.safetensors";
        input: [12, 10, 1];
        #[name = "ae/l0_conv2d"]
        l0_conv2d: Conv2D(filters: 6, kernel_size: 3, strides: 2, padding: "same", activation: "relu");
        #[name = "ae/l1_conv2d"]
        l1_conv2d: Conv2d(6 -> 12, kernel: 4, stride: 2, padding: same, activation: Relu);
        #[name = "ae/l2_conv2dtranspose"]
        l2_conv2dtranspose: Conv2DTranspose(12 -> 6, kernel_size: 3, strides: 2, padding: "same", activation: relu);
        #[name = "ae/l3_conv2dtranspose"]
        l3_conv2dtranspose: ConvTranspose2d(6 -> 1, kernel: 4, stride: 2, padding: same, activation: Sigmoid);
        output: [12, 12, 1];
    }
}

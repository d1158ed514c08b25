//! `torch_mnist_ae` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// An autoencoder of 28x28 images.
    pub struct MnistAe {
        weights: "data/models/torch_mnist_ae.weights.safetensors";
        input: [1, 28, 28];
        #[name = "encoder.0"]
        encoder_0: Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 1);
        encoder_1: Relu;
        #[name = "encoder.2"]
        encoder_2: Conv2d(8 -> 16, kernel: 3, stride: 2, padding: 1);
        encoder_3: Relu;
        #[name = "encoder.4"]
        encoder_4: Conv2d(16 -> 24, kernel: 7);
        #[name = "decoder.0"]
        decoder_0: ConvTranspose2d(24 -> 16, kernel: 7);
        decoder_1: Relu;
        #[name = "decoder.2"]
        decoder_2: ConvTranspose2d(16 -> 8, kernel: 3, stride: 2, padding: 1, output_padding: 1);
        decoder_3: Relu;
        #[name = "decoder.4"]
        decoder_4: ConvTranspose2d(8 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1);
        decoder_5: Sigmoid;
        output: [1, 28, 28];
    }
}

//! `torch_dcgan_discriminator` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// The discriminator of DCGAN, narrow.
    pub struct DcganDiscriminator {
        weights: "data/models/torch_dcgan_discriminator.weights.safetensors";
        input: [3, 64, 64];
        #[name = "main.0"]
        main_0: Conv2d(3 -> 6, kernel: 4, stride: 2, padding: 1, bias: false);
        main_1: LeakyRelu(slope: 0.2);
        #[name = "main.2"]
        main_2: Conv2d(6 -> 12, kernel: 4, stride: 2, padding: 1, bias: false);
        #[name = "main.3"]
        main_3: BatchNorm(12);
        main_4: LeakyRelu(slope: 0.2);
        #[name = "main.5"]
        main_5: Conv2d(12 -> 24, kernel: 4, stride: 2, padding: 1, bias: false);
        #[name = "main.6"]
        main_6: BatchNorm(24);
        main_7: LeakyRelu(slope: 0.2);
        #[name = "main.8"]
        main_8: Conv2d(24 -> 48, kernel: 4, stride: 2, padding: 1, bias: false);
        #[name = "main.9"]
        main_9: BatchNorm(48);
        main_10: LeakyRelu(slope: 0.2);
        #[name = "main.11"]
        main_11: Conv2d(48 -> 1, kernel: 4, bias: false);
        main_12: Sigmoid;
        output: [1, 1, 1];
    }
}

//! `torch_dcgan_generator` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// The generator of DCGAN, narrow.
    pub struct DcganGenerator {
        weights: "data/models/torch_dcgan_generator.weights.safetensors";
        input: [24, 1, 1];
        #[name = "main.0"]
        main_0: ConvTranspose2d(24 -> 48, kernel: 4, bias: false);
        #[name = "main.1"]
        main_1: BatchNorm(48);
        main_2: Relu;
        #[name = "main.3"]
        main_3: ConvTranspose2d(48 -> 24, kernel: 4, stride: 2, padding: 1, bias: false);
        #[name = "main.4"]
        main_4: BatchNorm(24);
        main_5: Relu;
        #[name = "main.6"]
        main_6: ConvTranspose2d(24 -> 12, kernel: 4, stride: 2, padding: 1, bias: false);
        #[name = "main.7"]
        main_7: BatchNorm(12);
        main_8: Relu;
        #[name = "main.9"]
        main_9: ConvTranspose2d(12 -> 6, kernel: 4, stride: 2, padding: 1, bias: false);
        #[name = "main.10"]
        main_10: BatchNorm(6);
        main_11: Relu;
        #[name = "main.12"]
        main_12: ConvTranspose2d(6 -> 3, kernel: 4, stride: 2, padding: 1, bias: false);
        main_13: Tanh;
        output: [3, 64, 64];
    }
}

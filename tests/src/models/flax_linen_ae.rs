//! `flax_linen_ae` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// An autoencoder of sequences, with the names that linen gives unnamed layers.
    pub struct FlaxLinenAe {
        dialect: flax;
        weights: "data/models/flax_linen_ae.weights.safetensors";
        input: [24, 3];
        #[name = "Conv_0"] conv_0: Conv(3 -> 6, kernel_size: (5), strides: 2, padding: "SAME");
        Relu;
        #[name = "Conv_1"] conv_1: Conv1d(6 -> 8, kernel: 3, stride: 3, padding: causal, kernel_dilation: 2);
        Relu;
        #[name = "ConvTranspose_0"] conv_transpose_0: ConvTranspose1d(8 -> 6, kernel: 3, stride: 3);
        Relu;
        #[name = "ConvTranspose_1"] conv_transpose_1: ConvTranspose1d(6 -> 2, kernel: 4, stride: 2, padding: valid);
        output: [26, 2];
    }
}

//! `torch_ae3d` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// An autoencoder of volumes.
    pub struct Ae3d {
        weights: "data/models/torch_ae3d.weights.safetensors";
        input: [1, 8, 8, 12];
        #[name = "enc.0"]
        enc_0: Conv3d(1 -> 4, kernel: 3, stride: 2, padding: 1);
        enc_1: Relu;
        #[name = "enc.2"]
        enc_2: Conv3d(4 -> 8, kernel: 3, stride: 2, padding: 1);
        enc_3: Relu;
        #[name = "dec.0"]
        dec_0: ConvTranspose3d(8 -> 4, kernel: 3, stride: 2, padding: 1, output_padding: 1);
        dec_1: Relu;
        #[name = "dec.2"]
        dec_2: ConvTranspose3d(4 -> 1, kernel: 4, stride: 2, padding: 1);
        dec_3: Sigmoid;
        output: [1, 8, 8, 12];
    }
}

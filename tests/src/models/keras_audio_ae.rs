//! `keras_audio_ae` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// An autoencoder of sequences, channels last.
    pub struct KerasAudioAe {
        dialect: keras;
        weights: "data/models/keras_audio_ae.weights.safetensors";
        input: [22, 2];
        #[name = "ae/l0_conv1d"]
        l0_conv1d: Conv1d(2 -> 6, kernel: 5, stride: 2, padding: causal, activation: Relu);
        #[name = "ae/l1_conv1d"]
        l1_conv1d: Conv1d(6 -> 8, kernel: 3, padding: causal, dilation: 2, activation: Relu);
        #[name = "ae/l2_conv1dtranspose"]
        l2_conv1dtranspose: ConvTranspose1d(8 -> 6, kernel: 3, stride: 2, output_padding: none, activation: Relu);
        #[name = "ae/l3_conv1dtranspose"]
        l3_conv1dtranspose: ConvTranspose1d(6 -> 1, kernel: 2, stride: 3);
        output: [69, 1];
    }
}

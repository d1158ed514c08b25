//! `torch_audio_ae` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// An autoencoder of waveforms, with a dilated code.
    pub struct AudioAe {
        weights: "data/models/torch_audio_ae.weights.safetensors";
        input: [1, 96];
        #[name = "enc.0"]
        enc_0: Conv1d(1 -> 4, kernel: 7, padding: 3);
        enc_1: Elu(alpha: 1.0);
        #[name = "enc.2"]
        enc_2: Conv1d(4 -> 8, kernel: 4, stride: 2, padding: 1);
        enc_3: Elu(alpha: 1.0);
        #[name = "enc.4"]
        enc_4: Conv1d(8 -> 16, kernel: 8, stride: 4, padding: 2);
        enc_5: Elu(alpha: 1.0);
        #[name = "enc.6"]
        enc_6: Conv1d(16 -> 16, kernel: 3, padding: 2, dilation: 2);
        #[name = "dec.0"]
        dec_0: ConvTranspose1d(16 -> 8, kernel: 8, stride: 4, padding: 2);
        dec_1: Elu(alpha: 1.0);
        #[name = "dec.2"]
        dec_2: ConvTranspose1d(8 -> 4, kernel: 4, stride: 2, padding: 1);
        dec_3: Elu(alpha: 1.0);
        #[name = "dec.4"]
        dec_4: Conv1d(4 -> 1, kernel: 7, padding: 3);
        dec_5: Tanh;
        output: [1, 96];
    }
}

//! Published audio networks, with their published parameter counts and PyTorch's outputs.

use convshape::conv_chain;
use convshape_tests::networks;

conv_chain! {
    /// Kim, Salamon, Li and Bello, "CREPE" (2018), the full size: the pitch of 1024 samples at 16 kHz.
    pub struct Crepe {
        input: [1, 1024];
        #[name(transparent)]
        repeat (to, kernel, stride, low, high) in [
            (1024, 512, 4, 254, 254), (128, 64, 1, 31, 32), (128, 64, 1, 31, 32),
            (128, 64, 1, 31, 32), (256, 64, 1, 31, 32), (512, 64, 1, 31, 32)
        ] {
            #[name = "convs.{#}"] conv: Conv1d(to, kernel: kernel, stride: stride, padding: [(low, high)], activation: Relu);
            #[name = "norms.{#}"] norm: BatchNorm(eps: 1e-3);
            MaxPool1d(2);
        }
        Transpose(0, 1);
        Flatten;
        classifier: Linear(2048 -> 360, activation: Sigmoid);
        output: [360];
    }
}

#[test]
fn crepe() {
    networks::check::<Crepe>("crepe");
}

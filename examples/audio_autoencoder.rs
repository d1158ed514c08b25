//! An audio autoencoder: strides 2, 4 and 5 make one step of the code out of 40 samples, and the decoder gives back
//! exactly the number of input samples.
//!
//! Three ways to restore a layer's input shape, each checked at compile time: `undo` makes the reverse layer,
//! `restores` checks a layer written out, and a hole (`_`) lets the compiler find the number.
//!
//! ```sh
//! cargo run --release --example audio_autoencoder
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use convshape::{Chain, Cl, Shape, Tensor, conv_chain};
use rand::{SeedableRng, rngs::StdRng};

conv_chain! {
    /// A tenth of a second at 16 kHz.
    struct AudioAutoencoder {
        input: [1, 1600];

        enc1: Conv1d(1 -> 16, kernel: 7, padding: 3, activation: Elu);
        enc2: Conv1d(16 -> 32, kernel: 4, stride: 2, padding: 1, activation: Elu) -> [32, 800];
        enc3: Conv1d(32 -> 64, kernel: 8, stride: 4, padding: 2, activation: Elu) -> [64, 200];
        code: Conv1d(64 -> 64, kernel: 10, stride: 5, padding: 3, activation: Elu) -> [64, 40];

        // The compiler finds `output_padding: 1`: with stride 5, 199 to 203 samples give 40 steps.
        dec4: ConvTranspose1d(64 -> 64, kernel: 10, stride: 5, padding: 3, output_padding: _, activation: Elu)
            restores code;
        dec3: ConvTranspose1d(64 -> 32, kernel: 8, stride: 4, padding: 2, activation: Elu) restores enc3;
        dec2: ConvTranspose1d(undo enc2, activation: Elu);
        dec1: ConvTranspose1d(undo enc1);

        output: [1, 1600];
    }
}

fn main() {
    println!("{}\n", AudioAutoencoder::summary());

    let lengths: Vec<Shape> = AudioAutoencoder::LAYERS.iter().map(|layer| layer.output).collect();
    assert!(lengths.contains(&Shape::of(&[64, 40])));
    assert_eq!(AudioAutoencoder::OUTPUT, AudioAutoencoder::INPUT);

    // A tone of 440 Hz; the shapes are part of the types.
    let model = AudioAutoencoder::init(&mut StdRng::seed_from_u64(1));
    let tone: Tensor<f32, Cl<1, 1600>> =
        Tensor::from_fn(|[_, t]| (t as f32 / 16_000.0 * 440.0 * std::f32::consts::TAU).sin());
    let back: Tensor<f32, Cl<1, 1600>> = model.forward(&tone);
    assert!(back.as_slice().iter().all(|sample| sample.is_finite()));
    println!("{} samples in, {} samples out", tone.as_slice().len(), back.as_slice().len());
}

//! The autoencoder of the `digits` example, trained here from scratch.
//!
//! It reaches a test error no worse than PyTorch's after the same 120 epochs, and writes a picture (digits above their
//! reconstructions) and the loss curves next to it.
//!
//! ```sh
//! cargo run --release --example train_digits               # the picture goes to the target directory
//! cargo run --release --example train_digits digits.png    # or where you say
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::time::Instant;

use convshape::conv_chain;
use convshape::ndarray::{Array4, s};
use convshape::train::{Adam, Cosine, Data, Fit, Mse, evaluate};
use convshape_examples::{TEST_ROWS, digits, picture_path, write_pairs};
use rand::{SeedableRng, rngs::StdRng};

conv_chain! {
    /// 8x8 digits through a code of 16 numbers and back.
    struct Digits {
        input: [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu) -> [16, 1, 1];

        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, activation: Sigmoid);

        output: [1, 8, 8];
    }
}

/// The mean squared error of the same autoencoder on the same rows, trained in PyTorch.
const PYTORCH: f64 = 0.0136;

fn main() -> Result<(), Box<dyn Error>> {
    let images: Array4<f32> = digits()?;
    let (training, test) = (images.slice(s![..TEST_ROWS, .., .., ..]), images.slice(s![TEST_ROWS.., .., .., ..]));
    let data = Data::new(training, training)?;
    let test_data = Data::new(test, test)?;

    let start = Instant::now();
    let mut model = Digits::init(&mut StdRng::seed_from_u64(1));
    println!("untrained: {:.4}", evaluate(&model, &test_data, 64, &mut Mse)?);
    let history = Fit::new(Adam::new(3e-3), Mse)
        .epochs(120)
        .batch(32)
        .seed(1)
        .schedule(Cosine { epochs: 120.0, floor: 0.01 })
        .validation(test_data.clone())
        .run(&mut model, &data)?;
    let error = evaluate(&model, &test_data, 64, &mut Mse)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("trained for {} epochs, {seconds:.1} s: {error:.5}, PyTorch {PYTORCH}", history.epochs.len());
    assert!(error <= PYTORCH, "the test error is {error}");

    let picture = picture_path()?;
    history.write_svg(picture.with_extension("svg"))?;
    history.write_csv(picture.with_extension("csv"))?;
    let reconstructed = model.forward_batch(test)?;
    write_pairs(&picture, test, reconstructed.view())?;
    println!("digits above their reconstructions: {}", picture.display());
    Ok(())
}

//! A denoising autoencoder (Vincent et al., 2008): it sees noisy digits and learns the clean ones.
//!
//! The noise is new in every step and drawn by the step's own generator, so that training is reproducible bit for bit.
//!
//! ```sh
//! cargo run --release --example denoise
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;

use convshape::conv_chain;
use convshape::ndarray::{ArrayViewMutD, s};
use convshape::train::{Adam, Cosine, Data, Fit, Mse, Warmup, evaluate};
use convshape_examples::{TEST_ROWS, digits, picture_path, write_pairs};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

conv_chain! {
    /// 8x8 digits with a skip connection from end to end.
    struct Denoiser {
        input: [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu) -> [32, 4, 4];
        enc3: Conv2d(32 -> 32, kernel: 3, padding: 1, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu) restores enc2;
        Concat(enc1, dec2);
        head: Conv2d(32 -> 1, kernel: 3, padding: 1, activation: Sigmoid);

        output: [1, 8, 8];
    }
}

/// Adds normally distributed noise with deviation 0.3.
fn add_noise(mut images: ArrayViewMutD<'_, f32>, rng: &mut dyn Rng) {
    images.mapv_inplace(|pixel| {
        // The sum of twelve uniform numbers has variance 1 and is close enough to normal.
        let sum: f32 = (0..12).map(|_| rng.random::<f32>() - 0.5).sum();
        (pixel + 0.3 * sum).clamp(0.0, 1.0)
    });
}

fn main() -> Result<(), Box<dyn Error>> {
    let images = digits()?;
    let (training, clean) = (images.slice(s![..TEST_ROWS, .., .., ..]), images.slice(s![TEST_ROWS.., .., .., ..]));
    let mut noisy = clean.to_owned();
    add_noise(noisy.view_mut().into_dyn(), &mut StdRng::seed_from_u64(2));
    let (data, test) = (Data::new(training, training)?, Data::new(noisy.view(), clean)?);

    let mut model = Denoiser::init(&mut StdRng::seed_from_u64(1));
    let history = Fit::new(Adam::new(3e-3), Mse)
        .epochs(15)
        .schedule(Warmup::new(1.0, Cosine { epochs: 14.0, floor: 0.02 }))
        .prepare(|batch, rng| add_noise(batch.inputs[0].view_mut(), rng))
        .validation(test.clone())
        .run(&mut model, &data)?;

    let before = noisy.iter().zip(clean).map(|(a, b)| f64::from((a - b).powi(2))).sum::<f64>() / clean.len() as f64;
    let after = evaluate(&model, &test, 64, &mut Mse)?;
    println!("mean squared error of noisy digits: {before:.4}, after {} epochs: {after:.4}", history.epochs.len());
    assert!(after < before / 2.5, "{after} of {before}");

    let picture = picture_path()?;
    write_pairs(&picture, noisy.view(), model.forward_batch(noisy.view())?.view())?;
    println!("noisy digits above what is made of them: {}", picture.display());
    Ok(())
}

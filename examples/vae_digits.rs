//! A variational autoencoder (Kingma and Welling, 2013) trained on digits. Afterwards its decoder draws new ones.
//!
//! The loss has two parts: the reconstruction error as a sum over pixels, and the distance of the codes from a standard
//! normal distribution. The decoder is a separate chain with the same layer names, so it loads the whole model's file.
//!
//! ```sh
//! cargo run --release --example vae_digits
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::fs;

use convshape::conv_chain;
use convshape::ndarray::{Array2, Array4, Axis, s};
use convshape::train::{Adam, BinaryCrossEntropy, Data, Fit, KlDivergence, Weighted, write_grid};
use convshape_examples::{TEST_ROWS, digits, picture_path};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

conv_chain! {
    /// 8x8 digits through a distribution over 8 numbers.
    struct Vae {
        input: image [1, 8, 8], eps [8];

        enc1: Conv2d(1 -> 16, kernel: 4, stride: 2, padding: 1, activation: Relu) from image;
        enc2: Conv2d(16 -> 32, kernel: 4, stride: 2, padding: 1, activation: Relu) -> [32, 2, 2];
        features: Flatten;
        mu: Linear(128 -> 8);
        logvar: Linear(128 -> 8) from features;
        Scale(by: 0.5);
        deviation: Exp;
        noise: Mul(deviation, eps);
        Add(mu, noise);

        dec3: Linear(8 -> 128, activation: Relu);
        Reshape([32, 2, 2]);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        reconstruction: ConvTranspose2d(undo enc1, activation: Sigmoid);

        output: reconstruction [1, 8, 8], mu [8], logvar [8];
    }
}

conv_chain! {
    /// The second half of [`Vae`].
    struct Decoder {
        input: [8];

        dec3: Linear(8 -> 128, activation: Relu);
        Reshape([32, 2, 2]);
        dec2: ConvTranspose2d(32 -> 16, kernel: 4, stride: 2, padding: 1, activation: Relu);
        reconstruction: ConvTranspose2d(16 -> 1, kernel: 4, stride: 2, padding: 1, activation: Sigmoid);

        output: [1, 8, 8];
    }
}

/// A number from the standard normal distribution (Box and Muller, 1958).
fn normal(rng: &mut dyn Rng) -> f32 {
    let (a, b): (f32, f32) = (1.0 - rng.random::<f32>(), rng.random());
    (-2.0 * a.ln()).sqrt() * (std::f32::consts::TAU * b).cos()
}

fn main() -> Result<(), Box<dyn Error>> {
    let images = digits()?;
    let training = images.slice(s![..TEST_ROWS, .., .., ..]);
    let eps = Array2::zeros((TEST_ROWS, 8));
    let data = Data::new((training, eps.view()), training)?;

    let mut vae = Vae::init(&mut StdRng::seed_from_u64(1));
    // A mean over 64 pixels, times 64, is the sum over an image.
    let loss = (Weighted(64.0, BinaryCrossEntropy), KlDivergence);
    let history = Fit::new(Adam::new(3e-3), loss)
        .epochs(30)
        .prepare(|batch, rng| batch.inputs[1].mapv_inplace(|_| normal(rng)))
        .run(&mut vae, &data)?;
    let (first, last) = (&history.epochs[0], &history.epochs[29]);
    println!("negative evidence lower bound: {:.2} after the first epoch, {:.2} after the last", first.loss, last.loss);
    assert!(last.loss < 0.85 * first.loss);

    let picture = picture_path()?;
    let file = picture.with_extension("safetensors");
    vae.save(&file)?;
    let decoder = Decoder::load(&file)?;
    fs::remove_file(&file)?;
    let mut rng = StdRng::seed_from_u64(3);
    let codes = Array2::from_shape_simple_fn((64, 8), || normal(&mut rng));
    let drawn: Array4<f32> = decoder.forward_batch(codes.view())?;

    // New digits look like digits: each has a neighbour in the data that is nearer than grey noise's.
    let nearest = |image: &[f32]| {
        let distance = |other: &[f32]| image.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
        training.as_slice().map_or(f32::NAN, |all| all.chunks(64).map(distance).fold(f32::INFINITY, f32::min)) / 64.0
    };
    let pixels: Vec<f32> = drawn.iter().copied().collect();
    let mean = pixels.chunks(64).map(nearest).sum::<f32>() / 64.0;
    let noise: Vec<f32> = (0..64).map(|_| rng.random()).collect();
    println!("mean squared distance to the nearest digit: {mean:.4}, of noise {:.4}", nearest(&noise));
    assert!(mean < nearest(&noise) / 3.0);

    let rows: Vec<_> = drawn.axis_chunks_iter(Axis(0), 16).collect();
    write_grid(&picture, &rows, 6)?;
    println!("new digits: {}", picture.display());
    Ok(())
}

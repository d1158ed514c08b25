//! Two models against each other (Goodfellow et al., 2014; shapes as in DCGAN, Radford et al., 2015): one draws digits,
//! the other distinguishes them from real ones.
//!
//! The generator's loss is written by hand: the discriminator's verdict on the drawings and its gradient with respect
//! to the pixels, computed by `vjp`. The discriminator learns from the same drawings.
//!
//! ```sh
//! cargo run --release --example dcgan_digits             # some steps, enough to see where it goes
//! cargo run --release --example dcgan_digits gan.png 60  # 60 epochs
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;

use convshape::ndarray::{Array2, Array4, ArrayView4, ArrayViewD, Axis, Ix4};
use convshape::train::{Adam, BinaryCrossEntropyWithLogits, Custom, Data, Loader, Loss, write_grid};
use convshape::{ShapeError, conv_chain};
use convshape_examples::{digits, picture_path};
use rand::{RngExt, SeedableRng, rngs::StdRng};

conv_chain! {
    /// Noise to digits.
    struct Generator {
        input: [16];
        Reshape([16, 1, 1]);
        up1: ConvTranspose2d(16 -> 64, kernel: 2, bias: false);
        norm1: BatchNorm;
        Relu;
        up2: ConvTranspose2d(64 -> 32, kernel: 4, stride: 2, padding: 1, bias: false);
        norm2: BatchNorm;
        Relu;
        up3: ConvTranspose2d(32 -> 1, kernel: 4, stride: 2, padding: 1, activation: Sigmoid);
        output: [1, 8, 8];
    }
}

conv_chain! {
    /// Digits to a number: above zero means real.
    struct Discriminator {
        input: [1, 8, 8];
        down1: Conv2d(1 -> 32, kernel: 4, stride: 2, padding: 1, activation: LeakyRelu(0.2));
        down2: Conv2d(32 -> 64, kernel: 4, stride: 2, padding: 1, activation: LeakyRelu(0.2));
        head: Conv2d(64 -> 1, kernel: 2);
        Flatten;
        output: [1];
    }
}

const BATCH: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let epochs = std::env::args().nth(2).map_or(Ok(8), |epochs| epochs.parse::<u64>())?;
    let images = digits()?;
    let mut rng = StdRng::seed_from_u64(1);
    let mut generator = Generator::init(&mut rng);
    let mut discriminator = Discriminator::init(&mut rng);
    let mut draw = Adam::new(2e-3).betas(0.5, 0.999);
    let mut judge = Adam::new(1e-3).betas(0.5, 0.999);
    let before = mean_image_error(&generator, images.view())?;

    let (real, drawn) = (Array2::ones((BATCH, 1)), Array2::zeros((BATCH, 1)));
    let loader = Loader::new(Data::new(images.view(), ())?, BATCH).shuffled(1).whole_batches_only();
    for epoch in 0..epochs {
        let (mut losses, mut opinions) = (0.0, 0.0);
        for batch in loader.epoch(epoch) {
            let batch = batch?;
            let digits = batch.inputs[0].view().into_dimensionality::<Ix4>()?;
            let noise = Array2::from_shape_simple_fn((BATCH, 16), || rng.random_range(-1.0..1.0));
            let loss = Custom(|drawings: &ArrayViewD<'_, f32>| {
                let drawings = fourfold(drawings);
                let (_, by_real) = discriminator.gradients(digits, real.view(), BinaryCrossEntropyWithLogits)?;
                judge.step(&mut discriminator, &by_real)?;
                let (wrong, by_drawn) =
                    discriminator.gradients(drawings, drawn.view(), BinaryCrossEntropyWithLogits)?;
                judge.step(&mut discriminator, &by_drawn)?;
                opinions += wrong;

                // The drawings should be taken for real.
                let opinion = discriminator.forward_batch(drawings)?.into_dyn();
                let loss = BinaryCrossEntropyWithLogits.evaluate(&[opinion.view()], &[real.view().into_dyn()])?;
                let cotangent = loss.gradients[0].to_shape((BATCH, 1)).expect("one number each").to_owned();
                let (by_pixels, _) = discriminator.vjp(drawings, cotangent.view())?;
                Ok((loss.value, by_pixels.into_dyn()))
            });
            let (loss, gradients) = generator.gradients_train(noise.view(), (), loss, &mut rng)?;
            draw.step(&mut generator, &gradients)?;
            losses += loss;
        }
        let steps = loader.batches() as f32;
        println!("epoch {}: generator {:.3}, discriminator {:.3}", epoch + 1, losses / steps, opinions / steps);
        assert!(losses.is_finite() && opinions.is_finite());
    }

    let after = mean_image_error(&generator, images.view())?;
    println!("from the mean digit the mean drawing is off by {before:.4} before, {after:.4} after");
    assert!(after < before / 2.0);

    let picture = picture_path()?;
    let drawings = drawings(&generator, 64)?;
    let rows: Vec<_> = drawings.axis_chunks_iter(Axis(0), 16).collect();
    write_grid(&picture, &rows, 6)?;
    println!("drawings: {}", picture.display());
    Ok(())
}

/// The drawings as the discriminator's input.
fn fourfold<'a>(drawings: &ArrayViewD<'a, f32>) -> ArrayView4<'a, f32> {
    drawings.clone().into_dimensionality().expect("the generator gives batches of images")
}

/// Drawings from noise that is always the same.
fn drawings(generator: &Generator, count: usize) -> Result<Array4<f32>, ShapeError> {
    let mut rng = StdRng::seed_from_u64(2);
    let noise = Array2::from_shape_simple_fn((count, 16), || rng.random_range(-1.0..1.0));
    generator.forward_batch(noise.view())
}

/// The mean squared difference between the mean drawing and the mean digit.
fn mean_image_error(generator: &Generator, digits: ArrayView4<'_, f32>) -> Result<f32, ShapeError> {
    let drawings = drawings(generator, 256)?;
    let mean = |images: ArrayView4<'_, f32>| images.mean_axis(Axis(0)).expect("there are images");
    let difference = mean(drawings.view()) - mean(digits);
    Ok(difference.mapv(|d| d * d).mean().expect("there are pixels"))
}

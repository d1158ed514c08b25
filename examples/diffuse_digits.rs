//! A denoising diffusion model (Ho, Jain and Abbeel, 2020) that draws handwritten digits out of noise.
//!
//! Noise is added to a digit in a hundred steps. The model sees a partly noisy digit and the amount of noise, and
//! learns to predict the noise. New digits begin as pure noise, which is removed step by step.
//!
//! ```sh
//! cargo run --release --example diffuse_digits               # pictures go to the target directory
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;

use convshape::conv_chain;
use convshape::ndarray::{Array4, ArrayView4, ArrayViewD, Axis, Ix4, Zip, concatenate, s};
use convshape::train::{Adam, Batch, Cosine, Data, Fit, Mse, write_grid};
use convshape_examples::{TEST_ROWS, digits, picture_path};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

conv_chain! {
    /// The noise in an image, whose second channel holds the amount of noise.
    struct Denoiser {
        block Residual(channels) {
            n1: GroupNorm(channels, groups: 8);
            c1: Conv2d(channels -> channels, kernel: 3, padding: 1, activation: Silu);
            c2: Conv2d(channels -> channels, kernel: 3, padding: 1);
            Add(input, c2);
        }

        input: [2, 8, 8];
        first: Conv2d(2 -> 48, kernel: 3, padding: 1);
        high: Residual(48);
        down: Conv2d(48 -> 64, kernel: 3, stride: 2, padding: 1, activation: Silu) -> [64, 4, 4];
        low: Residual(64);
        low2: Residual(64);
        up: ConvTranspose2d(undo down, activation: Silu);
        Concat(high, up);
        joined: Conv2d(96 -> 48, kernel: 1);
        high2: Residual(48);
        last: Conv2d(48 -> 1, kernel: 3, padding: 1);
        output: [1, 8, 8];
    }
}

const STEPS: usize = 100;

/// The share of a digit's variance that is left after each number of steps (Nichol and Dhariwal, 2021).
fn left() -> Vec<f32> {
    let at = |step: usize| ((step as f32 / STEPS as f32 + 0.008) / 1.008 * std::f32::consts::FRAC_PI_2).cos().powi(2);
    (0..=STEPS).map(|step| (at(step) / at(0)).clamp(1e-3, 1.0)).collect()
}

/// A normally distributed number: the sum of twelve uniform ones is close enough.
fn normal(rng: &mut dyn Rng) -> f32 {
    (0..12).map(|_| rng.random::<f32>() - 0.5).sum()
}

/// Noisy digits with the channel for the amount of noise, and the noise.
fn noisy(digits: ArrayView4<'_, f32>, left: &[f32], rng: &mut dyn Rng) -> (Array4<f32>, Array4<f32>) {
    let noise = Array4::from_shape_simple_fn(digits.raw_dim(), || normal(rng));
    let mut images = Array4::zeros((digits.len_of(Axis(0)), 2, 8, 8));
    for ((mut image, digit), noise) in images.outer_iter_mut().zip(digits.outer_iter()).zip(noise.outer_iter()) {
        let step = rng.random_range(1..=STEPS);
        let (signal, rest) = (left[step].sqrt(), (1.0 - left[step]).sqrt());
        let pixels = Zip::from(&digit.slice(s![0, .., ..]))
            .and(&noise.slice(s![0, .., ..]))
            .map_collect(|x, e| signal * x + rest * e);
        image.slice_mut(s![0, .., ..]).assign(&pixels);
        image.slice_mut(s![1, .., ..]).fill(2.0 * rest - 1.0);
    }
    (images, noise)
}

/// Removes noise step by step until digits are left; `shown` receives the intermediate images.
fn draw(
    model: &Denoiser,
    count: usize,
    left: &[f32],
    rng: &mut StdRng,
    shown: &mut Vec<Array4<f32>>,
) -> Result<Array4<f32>, Box<dyn Error>> {
    let mut images = Array4::from_shape_simple_fn((count, 1, 8, 8), || normal(rng));
    for step in (1..=STEPS).rev() {
        let amount = Array4::from_elem((count, 1, 8, 8), 2.0 * (1.0 - left[step]).sqrt() - 1.0);
        let noise = model.forward_batch(concatenate![Axis(1), images, amount].view())?;
        // The digit implied by this noise, and the mean of the previous step given both (equation 7).
        let (now, before) = (left[step], left[step - 1]);
        let digit = Zip::from(&images)
            .and(&noise)
            .map_collect(|x, e| ((x - (1.0 - now).sqrt() * e) / now.sqrt()).clamp(-1.0, 1.0));
        let beta = 1.0 - now / before;
        let (of_digit, of_image) =
            (before.sqrt() * beta / (1.0 - now), (now / before).sqrt() * (1.0 - before) / (1.0 - now));
        let deviation = (beta * (1.0 - before) / (1.0 - now)).sqrt();
        images = Zip::from(&digit)
            .and(&images)
            .map_collect(|digit, x| of_digit * digit + of_image * x + deviation * normal(rng));
        if (step - 1) % 20 == 0 {
            shown.push(images.clone());
        }
    }
    Ok(images)
}

/// For each image the index of the nearest of `others`, and its distance: the root mean squared difference.
fn nearest(images: ArrayView4<'_, f32>, others: ArrayView4<'_, f32>) -> Vec<(usize, f32)> {
    let of = |image: ArrayViewD<'_, f32>| {
        let distances = others
            .outer_iter()
            .map(|other| (image.iter().zip(&other).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / 64.0).sqrt());
        distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, f32::INFINITY))
    };
    images.outer_iter().map(|image| of(image.into_dyn())).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let images = digits()?.mapv(|pixel| 2.0 * pixel - 1.0);
    let (training, test) = (images.slice(s![..TEST_ROWS, .., .., ..]), images.slice(s![TEST_ROWS.., .., .., ..]));
    let left = left();
    let mut model = Denoiser::init(&mut StdRng::seed_from_u64(1));
    // The batch holds digits; the step gets noisy digits, and the noise as the target.
    let prepare = |batch: &mut Batch, rng: &mut dyn Rng| {
        if let Ok(digits) = batch.inputs[0].view().into_dimensionality::<Ix4>() {
            let (images, noise) = noisy(digits, &left, rng);
            (batch.inputs[0], batch.targets) = (images.into_dyn(), vec![noise.into_dyn()]);
        }
    };
    let history = Fit::new(Adam::new(2e-3), Mse)
        .epochs(60)
        .batch(64)
        .seed(1)
        .schedule(Cosine { epochs: 60.0, floor: 0.02 })
        .average(0.998)
        .prepare(prepare)
        .run(&mut model, &Data::new(training, ())?)?;
    let loss = history.epochs.last().ok_or("no epochs")?.loss;

    let mut shown = Vec::new();
    let drawn = draw(&model, 160, &left, &mut StdRng::seed_from_u64(2), &mut shown)?;
    let mean = |of: &[(usize, f32)]| of.iter().map(|(_, distance)| distance).sum::<f32>() / of.len() as f32;
    let (own, real) = (nearest(drawn.view(), training), nearest(test, training));
    let noise = Array4::from_shape_simple_fn((160, 1, 8, 8), {
        let mut rng = StdRng::seed_from_u64(3);
        move || rng.random_range(-1.0..1.0)
    });
    let labels = convshape_examples::digit_labels()?;
    let classes = (0..10).filter(|class| own.iter().any(|(place, _)| labels[*place] == *class)).count();
    let (own, real, none) = (mean(&own), mean(&real), mean(&nearest(noise.view(), training)));
    println!("the noise is found with an error of {loss:.4}, of 1");
    println!(
        "distance to the nearest digit: drawn {own:.3}, real ones that were not trained on {real:.3}, noise {none:.3}"
    );
    println!("{classes} of the ten digits are drawn");
    assert!(own < 1.35 * real && classes == 10, "{own}, {real}, {classes}");

    let picture = picture_path()?;
    let shown: Vec<Array4<f32>> = shown.iter().map(|images| images.mapv(|x| (x + 1.0) / 2.0)).collect();
    let rows: Vec<_> = shown.iter().map(|images| images.slice(s![..20, .., .., ..])).collect();
    write_grid(&picture, &rows, 6)?;
    history.write_svg(picture.with_extension("svg"))?;
    println!("from noise to digits: {}, with the curve beside it", picture.display());
    Ok(())
}

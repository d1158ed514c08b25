//! A U-Net (Ronneberger, Fischer and Brox, 2015) that finds the handwritten digit in a photo, pixel by pixel.
//!
//! A digit is drawn into a piece of a photo, darker or brighter than the background. Images and masks are flipped
//! together. The model is tested with the Dice coefficient (Dice, 1945) and the intersection over union, on digits and
//! a photo that it has not seen.
//!
//! ```sh
//! cargo run --release --example segment               # pictures go to the target directory
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;

use convshape::conv_chain;
use convshape::ndarray::{Array2, ArrayView2, Axis, Zip, s};
use convshape::train::data::{Augment, Dataset, Pass};
use convshape::train::{AdamW, BinaryCrossEntropy, Cosine, Dice, Fit, Iou, Sample, write_grid};
use convshape_examples::{TEST_ROWS, digits, enlarged, photo, picture_path};
use rand::{RngExt, SeedableRng, rngs::StdRng};

conv_chain! {
    /// How likely it is that each pixel belongs to the digit.
    struct Unet {
        block Double(from, to) {
            c1: Conv2d(from -> to, kernel: 3, padding: 1, bias: false);
            n1: BatchNorm(to);
            Relu;
            c2: Conv2d(to -> to, kernel: 3, padding: 1, bias: false);
            n2: BatchNorm(to);
            Relu;
        }

        input: [1, 48, 48];
        skip1: Double(1, 12);
        MaxPool2d(2);
        skip2: Double(12, 24);
        MaxPool2d(2);
        bottom: Double(24, 48) -> [48, 12, 12];
        up2: ConvTranspose2d(48 -> 24, kernel: 2, stride: 2);
        Concat(skip2, _);
        d2: Double(48, 24);
        up1: ConvTranspose2d(24 -> 12, kernel: 2, stride: 2);
        Concat(skip1, _);
        d1: Double(24, 12);
        head: Conv2d(12 -> 1, kernel: 1, activation: Sigmoid);
        output: [1, 48, 48];
    }
}

const SIDE: usize = 48;
const DIGIT: usize = 24;

/// A piece of a photo with a digit somewhere, and the mask of the digit.
fn scene(photo: &Array2<f32>, digit: ArrayView2<'_, f32>, rng: &mut StdRng) -> Sample {
    let (height, width) = photo.dim();
    let (y, x) = (rng.random_range(0..=height - SIDE), rng.random_range(0..=width - SIDE));
    let mut image = photo.slice(s![y..y + SIDE, x..x + SIDE]).to_owned();
    let mut mask = Array2::<f32>::zeros((SIDE, SIDE));
    let (y, x) = (rng.random_range(0..=SIDE - DIGIT), rng.random_range(0..=SIDE - DIGIT));
    let ink = enlarged(digit, DIGIT / 8);
    mask.slice_mut(s![y..y + DIGIT, x..x + DIGIT]).assign(&ink.mapv(|ink| f32::from(u8::from(ink > 0.35))));
    let grey = if image.slice(s![y..y + DIGIT, x..x + DIGIT]).mean().unwrap_or(0.0) > 0.5 { -0.5 } else { 0.5 };
    Zip::from(image.slice_mut(s![y..y + DIGIT, x..x + DIGIT])).and(&ink).for_each(|pixel, ink| *pixel += grey * ink);
    Sample::new(image.insert_axis(Axis(0)), mask.insert_axis(Axis(0)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (digits, china, flower) = (digits()?, photo("china")?, photo("flower")?);
    let scenes = |photo: &Array2<f32>, first: usize, count: usize| -> Vec<Sample> {
        let mut rng = StdRng::seed_from_u64(first as u64);
        (first..first + count).map(|row| scene(photo, digits.slice(s![row, 0, .., ..]), &mut rng)).collect()
    };
    let training = scenes(&china, 0, 800).augment(Augment::new().flip(0).flip(1).masks(0.0).contrast(0.2).noise(0.02));
    let test = scenes(&flower, TEST_ROWS, 120);

    let mut model = Unet::init(&mut StdRng::seed_from_u64(1));
    let history = Fit::new(AdamW::new(3e-3), BinaryCrossEntropy)
        .epochs(14)
        .batch(16)
        .seed(1)
        .schedule(Cosine { epochs: 14.0, floor: 0.01 })
        .prefetch(2)
        .validation(&test)
        .metric(Dice::default())
        .metric(Iou::default())
        .run(&mut model, &training)?;
    let metrics = &history.epochs.last().ok_or("no epochs")?.metrics;
    println!(
        "Dice's coefficient on a photo that was not trained on: {:.4}, intersection over union: {:.4}",
        metrics[0].1, metrics[1].1
    );
    assert!(metrics[0].1 > 0.85, "{metrics:?}");

    // Scenes, the true masks of their digits, and the model's.
    let places: Vec<usize> = (0..16).collect();
    let shown = test.gather(&places, Pass::default())?;
    let found = model.forward_batch(shown.inputs[0].view().into_dimensionality()?)?;
    let (scenes, masks) = (shown.inputs[0].view(), shown.targets[0].view());
    let picture = picture_path()?;
    write_grid(&picture, &[scenes.into_dimensionality()?, masks.into_dimensionality()?, found.view()], 2)?;
    history.write_svg(picture.with_extension("svg"))?;
    println!("scenes, their digits, and what is found: {}, with the curves beside it", picture.display());
    Ok(())
}

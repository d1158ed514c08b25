//! Photos at twice their resolution (Shi et al., 2016): the model adds the details that linear interpolation lacks.
//!
//! It is trained on pieces of one photo and tested on another. The chain takes images of any size, so the whole photo
//! goes through the model trained on pieces.
//!
//! ```sh
//! cargo run --release --example super_resolution               # pictures go to the target directory
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;

use convshape::conv_chain;
use convshape::ndarray::{Array2, ArrayView2, Axis, concatenate, s};
use convshape::train::data::{Dataset, from_fn};
use convshape::train::{Adam, Cosine, Fit, L1, Psnr, Sample, write_grid};
use convshape_examples::{mean_squared_error, photo, picture_path};
use rand::{RngExt, SeedableRng, rngs::StdRng};

conv_chain! {
    /// Twice the height and width.
    struct Doubled {
        for h in 8.., w in 8..;
        input: [1, h, w];
        coarse: Upsample(scale: 2, mode: bilinear);
        c1: Conv2d(1 -> 32, kernel: 5, padding: 2, activation: Relu) from input;
        c2: Conv2d(32 -> 32, kernel: 3, padding: 1, activation: Relu);
        c3: Conv2d(32 -> 4, kernel: 3, padding: 1);
        detail: PixelShuffle(2);
        Add(coarse, detail);
        output: [1, 2 * h, 2 * w];
    }
}

/// The side of a piece, in pixels of the small photo.
const SIDE: usize = 20;

/// Half the resolution: the mean of each square of four pixels.
fn halved(photo: ArrayView2<'_, f32>) -> Array2<f32> {
    let (height, width) = photo.dim();
    Array2::from_shape_fn((height / 2, width / 2), |(y, x)| {
        photo.slice(s![2 * y..2 * y + 2, 2 * x..2 * x + 2]).iter().sum::<f32>() / 4.0
    })
}

/// The peak signal-to-noise ratio of values in `0.0..=1.0`, in decibels.
fn psnr(found: &[f32], expected: &[f32]) -> f64 {
    -10.0 * mean_squared_error(found, expected).log10()
}

fn main() -> Result<(), Box<dyn Error>> {
    let (china, flower) = (photo("china")?, photo("flower")?);
    // Pieces are cut on demand, the same one for the same index.
    let pieces = from_fn(1024, |index| {
        let mut rng = StdRng::seed_from_u64(index as u64);
        let (height, width) = china.dim();
        let (y, x) = (rng.random_range(0..=height - 2 * SIDE), rng.random_range(0..=width - 2 * SIDE));
        let large = china.slice(s![y..y + 2 * SIDE, x..x + 2 * SIDE]).to_owned();
        Sample::new(halved(large.view()).insert_axis(Axis(0)), large.insert_axis(Axis(0)))
    });
    // Flips a piece and its target together. They differ in size, so shifts by pixels would not match.
    let pieces = pieces.map(|sample, rng| {
        if rng.random::<bool>() {
            for array in sample.inputs.iter_mut().chain(&mut sample.targets) {
                array.invert_axis(Axis(2));
            }
        }
    });

    let mut model = Doubled::init(&mut StdRng::seed_from_u64(1));
    // Without details the model is linear interpolation.
    model.c3.weight.as_mut_slice().fill(0.0);
    model.c3.bias.as_mut_slice().fill(0.0);
    let large = flower.slice(s![..426, ..]);
    let small = halved(large).insert_axis(Axis(0)).insert_axis(Axis(0));
    let expected: Vec<f32> = large.iter().copied().collect();
    let linear = model.forward_batch(small.view())?;
    let before = psnr(linear.as_slice().ok_or("an array in order")?, &expected);

    let history = Fit::new(Adam::new(2e-3), L1)
        .epochs(12)
        .batch(16)
        .seed(1)
        .schedule(Cosine { epochs: 12.0, floor: 0.02 })
        .metric(Psnr::new(1.0))
        .prefetch(2)
        .run(&mut model, &pieces)?;
    let found = model.forward_batch(small.view())?;
    let after = psnr(found.as_slice().ok_or("an array in order")?, &expected);
    println!("a photo that was not trained on: {before:.2} dB by linear interpolation, {after:.2} dB by the model");
    assert!(after > before + 0.5, "{before} dB, {after} dB");

    // The same piece interpolated, from the model, and from the photo.
    let picture = picture_path()?;
    const SHOWN: usize = 96;
    let large = large.insert_axis(Axis(0)).insert_axis(Axis(0));
    let images = concatenate(Axis(0), &[linear.view(), found.view(), large])?;
    let pieces = [(150, 260), (60, 300), (260, 180)];
    let rows = pieces.map(|(y, x)| images.slice(s![.., .., y..y + SHOWN, x..x + SHOWN]));
    write_grid(&picture, &rows, 3)?;
    history.write_svg(picture.with_extension("svg"))?;
    println!("linear, the model's, the photo: {}, with the curves beside it", picture.display());
    Ok(())
}

//! A classifier of handwritten digits of 24 x 24 pixels, with augmentation and metrics.
//!
//! The digits are enlarged from 8 x 8. In every epoch each one is rotated, scaled and shifted a little differently, on
//! a thread that works ahead of the training. Every class has the same share in training and test.
//!
//! ```sh
//! cargo run --release --example classify_digits               # pictures go to the target directory
//! cargo run --release --example classify_digits digits.png    # or where you say
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;

use convshape::conv_chain;
use convshape::ndarray::{Array3, Array4, Axis, Ix4, arr0, s};
use convshape::train::data::{Augment, Dataset, Pass, Split, from_fn};
use convshape::train::{
    Accuracy, Adam, Cosine, CrossEntropy, F1, Fit, Sample, TopK, Train, Warmup, feature_maps, write_grid,
};
use convshape_examples::{digit_labels, digits, enlarged, picture_path, write_pairs};
use rand::{SeedableRng, rngs::StdRng};

conv_chain! {
    /// The scores of ten digits.
    struct Classifier {
        block Level(from, to) {
            conv: Conv2d(from -> to, kernel: 3, padding: 1, bias: false);
            norm: BatchNorm(to);
            Relu;
            MaxPool2d(2);
        }

        input: [1, 24, 24];
        level1: Level(1, 16) -> [16, 12, 12];
        level2: Level(16, 32) -> [32, 6, 6];
        level3: Level(32, 64) -> [64, 3, 3];
        Flatten;
        Dropout(0.2);
        scores: Linear(576 -> 10);
        output: [10];
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (small, labels) = (digits()?, digit_labels()?);
    let images: Vec<Array3<f32>> =
        small.outer_iter().map(|digit| enlarged(digit.slice(s![0, .., ..]), 3).insert_axis(Axis(0))).collect();
    let data = from_fn(images.len(), |index| Sample::new(images[index].clone(), arr0(labels[index] as f32)));
    let [training, test] = data.split(Split::fractions([0.8, 0.2]).seed(1).by_class(&labels))?;
    let training = training.augment(Augment::new().rotate(12.0).scale(0.85, 1.15).shift(0.08).noise(0.03));

    let mut model = Classifier::init(&mut StdRng::seed_from_u64(1));
    let history = Fit::new(Adam::new(3e-3), CrossEntropy.smoothing(0.05))
        .epochs(15)
        .seed(1)
        .schedule(Warmup::new(1.0, Cosine { epochs: 14.0, floor: 0.01 }))
        .prefetch(2)
        .validation(&test)
        .metric(Accuracy::default())
        .metric(F1::default())
        .metric(TopK::new(2))
        .run(&mut model, &training)?;

    let metrics = &history.epochs.last().ok_or("no epochs")?.metrics;
    let accuracy = metrics[0].1;
    println!("of {} digits that were not trained on, the share recognised is {accuracy:.4}", test.len());
    assert!(accuracy >= 0.98, "{metrics:?}");

    // Digits above their augmented versions.
    let places: Vec<usize> = (0..64).collect();
    let changed = training.gather(&places, Pass::new(1, 0))?.inputs.remove(0).into_dimensionality::<Ix4>()?;
    let [before, _] = data.split(Split::fractions([0.8, 0.2]).seed(1).by_class(&labels))?;
    let before: Array4<f32> = before.batch(&places)?.inputs.remove(0).into_dimensionality::<Ix4>()?;
    let picture = picture_path()?;
    write_pairs(&picture, before.view(), changed.view())?;
    // What the first convolution makes of four digits: an image for each channel.
    let layers = model.layer_outputs(&[before.slice(s![..4, .., .., ..]).into_dyn()])?;
    let (_, output) = layers.into_iter().find(|(name, _)| name == "level1.conv").ok_or("no such layer")?;
    let maps: Vec<Array4<f32>> = output.into_dimensionality::<Ix4>()?.outer_iter().map(feature_maps).collect();
    let rows: Vec<_> = maps.iter().map(|maps| maps.view()).collect();
    write_grid(picture.with_extension("maps.png"), &rows, 3)?;
    history.write_svg(picture.with_extension("svg"))?;
    println!(
        "digits above what they were turned to: {}, with the curves and the first layer's maps beside it",
        picture.display()
    );
    Ok(())
}

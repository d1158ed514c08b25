//! Data that is checked at compile time: 8 by 8 images of four classes in an npz file, used for training with metrics.
//! Change `images` to `last` in the header and it no longer compiles, because that array has its channels last.
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::ops::ControlFlow;

use convshape::conv_chain;
use convshape::train::{Accuracy, Adam, CrossEntropy, Fit};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

conv_chain! {
    struct Classifier {
        data: "../convshape/src/docs/errors/examples.npz" as (images, labels);
        input: [1, 8, 8];
        conv: Conv2d(1 -> 4, kernel: 3, activation: Relu);
        Flatten;
        fc: Linear(144 -> 4);
        output: [4];
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Samples are read on demand; these few fit into memory.
    let samples = Classifier::dataset()?.read()?;
    let mut model = Classifier::init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
    let fit = Fit::new(Adam::new(3e-2), CrossEntropy).epochs(200).batch(4).metric(Accuracy::default());
    let history = fit.run_with(&mut model, &samples.data()?, |_: &mut Classifier, epoch| {
        if epoch.metrics[0].1 == 1.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    print!("{}", history.json_lines());
    let last = history.epochs.last().ok_or("no epoch")?;
    assert_eq!(last.metrics, [("accuracy".to_owned(), 1.0)], "all four samples are told apart");
    Ok(())
}

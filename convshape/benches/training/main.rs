//! Times steps of training (forward, mean squared error, backward, descent) and says how much of the
//! processor's peak that is.
//!
//! ```sh
//! cargo bench -p convshape --bench training
//! RAYON_NUM_THREADS=1 cargo bench -p convshape --bench training -- unet
//! ```
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]

mod chains;
#[path = "../suite/mod.rs"]
#[expect(dead_code, reason = "one of the networks is trained")]
mod suite;

use std::time::Instant;

use chains::{CifarPool, ConvNext, Depthwise, SqueezeExcite, UnetGn};
use convshape::Chain;
use convshape::ndarray::{Array2, Array4};
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::train::{Mse, Sgd};
use suite::MnistAe;

/// How long a network is trained in all, in seconds.
const TIME: f64 = 3.0;
const LEAST_STEPS: usize = 20;

/// Numbers from -1 to 1.
fn numbers() -> impl FnMut() -> f32 {
    let mut state = 1_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from((state >> 20) as u16) / 2048.0 - 1.0
    }
}

fn report<C: Chain>(name: &str, batch: usize, mut step: impl FnMut()) {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
        return;
    }
    step();
    let mut times: Vec<f64> = Vec::new();
    while times.len() < LEAST_STEPS || times.iter().sum::<f64>() < TIME {
        let start = Instant::now();
        step();
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    // Forward once, and back by the inputs of all layers but the first, and by all weights.
    let macs: Vec<f64> = C::LAYERS.iter().map(|layer| layer.macs as f64 * batch as f64).collect();
    let operations = 2.0 * (3.0 * macs.iter().sum::<f64>() - macs[0]);
    let (best, median, peak) = (times[0], times[times.len() / 2], convshape::__private::peak_flops());
    println!(
        "{name:<12} batch {batch:>3}: best {:>7.2} ms, median {:>7.2} ms, {:>6.1} GFLOP/s, {:>3.0} % of one core's {:.0}",
        best * 1e3,
        median * 1e3,
        operations / best / 1e9,
        100.0 * operations / best / peak,
        peak / 1e9
    );
}

macro_rules! train {
    ($model:ident, $name:literal, $batch:literal, $x:expr, $target:expr) => {{
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut model = $model::init(&mut rng);
        let mut optimizer = Sgd::new(1e-3);
        let (x, target) = ($x, $target);
        report::<$model>($name, $batch, || {
            let found = model.gradients_train(x.view(), target.view(), Mse, &mut rng);
            let (loss, gradients) = found.expect("shapes that fit");
            optimizer.step(&mut model, &gradients).expect("parameters of their own shapes");
            assert!(loss.is_finite());
        });
    }};
}

fn main() {
    let images = |shape| Array4::from_shape_simple_fn(shape, numbers());
    let digits = images((64, 1, 28, 28));
    train!(MnistAe, "mnist_ae", 64, digits.clone(), digits.clone());
    let classes = |batch| Array2::from_shape_simple_fn((batch, 10), numbers());
    train!(CifarPool, "cifar_pool", 32, images((32, 3, 32, 32)), classes(32));
    train!(UnetGn, "unet_gn", 4, images((4, 3, 64, 64)), images((4, 3, 64, 64)));
    train!(Depthwise, "depthwise", 32, images((32, 3, 32, 32)), classes(32));
    train!(SqueezeExcite, "squeeze_excite", 32, images((32, 3, 32, 32)), classes(32));
    train!(ConvNext, "convnext", 16, images((16, 32, 32, 3)), classes(16));
}

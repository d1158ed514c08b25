//! Times one step of training (forward, mean squared error, backward, descent) of the suite's
//! autoencoder at batch 64, and says how much of the processor's peak that is.
//!
//! ```sh
//! cargo bench -p convshape --bench training
//! RAYON_NUM_THREADS=1 cargo bench -p convshape --bench training
//! ```
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]

#[expect(dead_code, reason = "one of the networks is trained")]
mod suite;

use std::time::Instant;

use convshape::Chain;
use convshape::ndarray::Array4;
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::train::{Mse, Sgd};
use suite::MnistAe;

const BATCH: usize = 64;
const ROUNDS: usize = 10;
const STEPS: usize = 50;

fn main() {
    let mut model = MnistAe::init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
    let mut optimizer = Sgd::new(1e-2);
    let mut state = 1_u32;
    let x = Array4::from_shape_simple_fn((BATCH, 1, 28, 28), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from((state >> 20) as u16) / 4096.0
    });
    let mut step = || {
        let (loss, gradients) = model.gradients(x.view(), x.view(), Mse).expect("shapes that fit");
        optimizer.step(&mut model, &gradients).expect("parameters of their own shapes");
        assert!(loss.is_finite());
    };
    step();
    let (mut mean, mut best, mut peak) = (f64::INFINITY, f64::INFINITY, 0.0);
    for _ in 0..ROUNDS {
        peak = f64::max(peak, convshape::__private::peak_flops());
        let round = Instant::now();
        for _ in 0..STEPS {
            let start = Instant::now();
            step();
            best = best.min(start.elapsed().as_secs_f64());
        }
        mean = mean.min(round.elapsed().as_secs_f64() / STEPS as f64);
    }
    // Forward once, and back by the inputs of all layers but the first, and by all weights.
    let macs: Vec<f64> = MnistAe::LAYERS.iter().map(|layer| layer.macs as f64 * BATCH as f64).collect();
    let operations = 2.0 * (3.0 * macs.iter().sum::<f64>() - macs[0]);
    println!(
        "train_mnist_ae_b64: mean {:.2} ms, best {:.2} ms, {:.1} GFLOP/s, {:.0} % of one core's {:.0}",
        mean * 1e3,
        best * 1e3,
        operations / mean / 1e9,
        100.0 * operations / mean / peak,
        peak / 1e9
    );
}

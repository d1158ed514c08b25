//! Times training steps (forward, mean squared error, backward, gradient descent) and compares with the processor's
//! peak.
//!
//! ```sh
//! cargo bench -p convshape --bench training
//! RAYON_NUM_THREADS=1 cargo bench -p convshape --bench training -- unet
//! ```
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]

mod chains;
#[path = "../suite/numbers.rs"]
mod numbers;
#[path = "../suite/mod.rs"]
#[expect(dead_code, reason = "one of the networks is trained")]
mod suite;

use std::time::Instant;

use chains::{
    AudioAe, CifarPool, ConvNext, DcganD, DcganG, Depthwise, Lstm2, Mlp, Points, ResNet18, SqueezeExcite, Style,
    Tagger, Tokens, UnetGn, VoxelAe,
};
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::train::{Mse, Sgd, Train};
use numbers::numbers;
use suite::MnistAe;

/// The total time that a network is trained, in seconds.
const TIME: f64 = 3.0;
const LEAST_STEPS: usize = 20;

fn train<M: Train>(name: &str, init: fn(&mut Xoshiro256PlusPlus) -> M, batch: usize) {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
        return;
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut model = init(&mut rng);
    let mut optimizer = Sgd::new(1e-3);
    let (x, target) = (numbers(batch, &M::INPUT), numbers(batch, &M::OUTPUT));
    let mut step = || {
        let found = model.loss_gradients_train(&[x.view()], &[target.view()], &mut Mse, &mut rng);
        let (loss, gradients) = found.expect("shapes that fit");
        optimizer.step(&mut model, &gradients).expect("parameters of their own shapes");
        assert!(loss.is_finite());
    };
    step();
    let mut times: Vec<f64> = Vec::new();
    while times.len() < LEAST_STEPS || times.iter().sum::<f64>() < TIME {
        let start = Instant::now();
        step();
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    // The forward pass, the gradients of the inputs of all layers but the first, and those of all weights.
    let macs: Vec<f64> = M::LAYERS.iter().map(|layer| layer.macs as f64 * batch as f64).collect();
    let operations = 2.0 * (3.0 * macs.iter().sum::<f64>() - macs[0]);
    let (best, median, peak) = (times[0], times[times.len() / 2], convshape::__private::peak_flops());
    println!(
        "{name:<14} batch {batch:>3}: best {:>7.2} ms, median {:>7.2} ms, {:>6.1} GFLOP/s, {:>3.0} % of one core's {:.0}",
        best * 1e3,
        median * 1e3,
        operations / best / 1e9,
        100.0 * operations / best / peak,
        peak / 1e9
    );
}

fn main() {
    train("mnist_ae", MnistAe::init, 64);
    train("cifar_pool", CifarPool::init, 32);
    train("resnet18", ResNet18::init, 32);
    train("depthwise", Depthwise::init, 32);
    train("squeeze_excite", SqueezeExcite::init, 32);
    train("convnext", ConvNext::init, 16);
    train("unet_gn", UnetGn::init, 4);
    train("style", Style::init, 8);
    train("dcgan_d", DcganD::init, 16);
    train("dcgan_g", DcganG::init, 16);
    train("audio", AudioAe::init, 8);
    train("voxels", VoxelAe::init, 8);
    train("tokens", Tokens::init, 16);
    train("tagger", Tagger::init, 16);
    train("mlp", Mlp::init, 128);
    train("points", Points::init, 8);
    train("lstm2", Lstm2::init, 16);
}

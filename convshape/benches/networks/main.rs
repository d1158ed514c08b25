//! Times whole networks on one image each, and compares with the processor's peak.
//!
//! ```sh
//! cargo bench -p convshape --bench networks                       # all
//! cargo bench -p convshape --bench networks -- resnet mobile      # those whose names contain a word
//! cargo bench -p convshape --bench networks -- resnet --profile   # layer by layer
//! RAYON_NUM_THREADS=1 CONVSHAPE_SIMD=avx2 cargo bench -p convshape --bench networks
//! ```
//!
//! The weights are random, because times do not depend on them.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]
#![allow(missing_docs, reason = "the networks' names say what they are")]

mod chains;
#[path = "../suite/numbers.rs"]
mod numbers;

use std::time::Instant;

use chains::{
    ConvNextT, DenseNet121, EfficientNetB0, HifiGan, MobileNetV2, R2Plus1D18, RegNet, ResNet50, ShuffleNetV2, Style,
    VaeDecoder,
};
use convshape::Model;
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use numbers::numbers;

/// The total time that a network runs, in seconds.
const TIME: f64 = 2.0;
const LEAST_RUNS: usize = 10;

fn time<M: Model>(name: &str, init: fn(&mut Xoshiro256PlusPlus) -> M, words: &[String]) {
    let profile = words.iter().any(|word| word == "--profile");
    let mut names = words.iter().filter(|word| !word.starts_with('-')).peekable();
    if names.peek().is_some() && !names.any(|word| name.contains(word.as_str())) {
        return;
    }
    let model = init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
    let x = numbers(1, &M::INPUT);
    if profile {
        let profile = model.profile(&[x.view()]).expect("the input has the chain's shape");
        println!("{}", profile.expect("a model with an engine"));
        return;
    }
    let run = || {
        let start = Instant::now();
        std::hint::black_box(model.run_batch(&[x.view()]).expect("the input has the chain's shape"));
        start.elapsed().as_secs_f64()
    };
    let first = run();
    let mut times: Vec<f64> = Vec::new();
    while times.len() < LEAST_RUNS || times.iter().sum::<f64>() < TIME {
        times.push(run());
    }
    times.sort_by(f64::total_cmp);
    let macs: u64 = M::LAYERS.iter().map(|layer| layer.macs).sum();
    let (best, median) = (times[0], times[times.len() / 2]);
    let (speed, peak) = (2.0 * macs as f64 / best / 1e9, convshape::__private::peak_flops() / 1e9);
    println!(
        "{name:<16} best {:>8.2} ms, median {:>8.2} ms, first {:>8.1} ms, {speed:>6.1} GFLOP/s, {:>3.0} % of one core's {peak:.0}",
        1e3 * best,
        1e3 * median,
        1e3 * first,
        100.0 * speed / peak,
    );
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    time("resnet50", ResNet50::init, &words);
    time("mobilenet_v2", MobileNetV2::init, &words);
    time("efficientnet_b0", EfficientNetB0::init, &words);
    time("shufflenet_v2", ShuffleNetV2::init, &words);
    time("regnet", RegNet::init, &words);
    time("densenet121", DenseNet121::init, &words);
    time("convnext_t", ConvNextT::init, &words);
    time("vae_decoder", VaeDecoder::init, &words);
    time("style", Style::init, &words);
    time("hifigan", HifiGan::init, &words);
    time("r2plus1d_18", R2Plus1D18::init, &words);
}

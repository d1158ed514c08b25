//! Times the suite and compares with the processor's peak.
//!
//! ```sh
//! cargo bench -p convshape --bench speed                # all
//! cargo bench -p convshape --bench speed -- l_t mnist    # those whose names contain a word
//! RAYON_NUM_THREADS=1 cargo bench -p convshape --bench speed
//! ```
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]

mod suite;

use std::time::{Duration, Instant};

use convshape::ndarray::{ArrayD, IxDyn};
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::{Chain, Model};
use suite::{CASES, Visit, split, with_case};

/// How long a case runs in each round.
const ROUND: Duration = Duration::from_millis(150);
const ROUNDS: usize = 5;

struct Time {
    batch: usize,
}

struct Timed {
    /// Of one run: the mean of the best round.
    seconds: f64,
    /// Of the best run.
    best: f64,
    /// The peak measured at the same time, because the clock and other loads change.
    peak: f64,
    /// Multiply-adds of one run.
    macs: f64,
}

impl Visit for Time {
    type Output = Timed;

    fn visit<M: Model>(self, init: fn(&mut Xoshiro256PlusPlus) -> M) -> Timed {
        let model = init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        let sizes = <M as Chain>::INPUT.sizes().iter().filter_map(|size| usize::try_from(size.number()?).ok());
        let dims: Vec<usize> = [self.batch].into_iter().chain(sizes).collect();
        let mut state = 1_u32;
        let x = ArrayD::from_shape_simple_fn(IxDyn(&dims), || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from((state >> 20) as u16) / 2048.0 - 1.0
        });
        let run = || {
            std::hint::black_box(model.run_batch(&[x.view()]).expect("the input has the chain's shape"));
        };
        run();
        let start = Instant::now();
        run();
        let once = start.elapsed().max(Duration::from_nanos(100));
        let times = (ROUND.as_secs_f64() / once.as_secs_f64()).ceil().max(1.0);
        let (mut seconds, mut best, mut peak) = (f64::INFINITY, f64::INFINITY, 0.0);
        for _ in 0..ROUNDS {
            peak = f64::max(peak, convshape::__private::peak_flops());
            let start = Instant::now();
            let mut left = times;
            while left > 0.0 {
                let start = Instant::now();
                run();
                best = best.min(start.elapsed().as_secs_f64());
                left -= 1.0;
            }
            seconds = seconds.min(start.elapsed().as_secs_f64() / times);
        }
        let macs: u64 = M::LAYERS.iter().map(|layer| layer.macs).sum();
        Timed { seconds, best, peak, macs: macs as f64 * self.batch as f64 }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!("{:<18} {:>12} {:>12} {:>9} {:>24}", "case", "mean", "best", "GFLOP/s", "of one core's peak");
    for case in CASES {
        if !words.is_empty() && !words.iter().any(|word| case.contains(word.as_str())) {
            continue;
        }
        let (_, batch) = split(case);
        let Timed { seconds, best, peak, macs } = with_case(case, Time { batch }).expect("a case of the suite");
        let speed = 2.0 * macs / best / 1e9;
        let share = 100.0 * speed / (peak / 1e9);
        println!(
            "{case:<18} {:>9.1} us {:>9.1} us {speed:>9.1} {share:>12.0}% of {:>5.0}",
            seconds * 1e6,
            best * 1e6,
            peak / 1e9
        );
    }
}

//! The processor's peak speed, for reports of how much of it a run reaches.

use std::hint::black_box;

use super::clock::Clock;
use super::simd::{Kernel, Level, Simd};

/// Floating-point operations per second of one core: multiply-adds in registers, the best of several short runs.
/// Infinity on targets without a clock.
pub fn peak_flops() -> f64 {
    const ROUNDS: u32 = 100_000;
    let level = Level::best();
    let run = || {
        let start = Clock::start();
        black_box(level.run(Spin(black_box(ROUNDS))));
        f64::from(ROUNDS) * (CHAINS * level.lanes() * 2) as f64 / start.elapsed().as_secs_f64()
    };
    (0..20).map(|_| run()).fold(0.0, f64::max)
}

/// Independent sums: enough to hide the latency of one multiply-add.
const CHAINS: usize = 12;

struct Spin(u32);

impl Kernel for Spin {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let (a, b) = (simd.splat(black_box(0.999)), simd.splat(black_box(0.001)));
        let mut sums = [a; CHAINS];
        for _ in 0..self.0 {
            for sum in &mut sums {
                // Added to in place, as NEON has it: of a sum that is multiplied, it would copy `b` first.
                *sum = simd.mul_add(a, b, *sum);
            }
        }
        sums.into_iter().map(|sum| simd.sum(sum)).sum()
    }
}

//! Random generators that depend only on their use, so no state has to be saved.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use crate::methods::init::normal;

/// One pass over a data set. Random changes of a sample depend on it and the sample's index.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Pass {
    /// The seed.
    pub seed: u64,
    /// The epoch, counted from 0.
    pub epoch: u64,
}

impl Pass {
    /// The pass for a seed and an epoch.
    #[must_use]
    pub fn new(seed: u64, epoch: u64) -> Pass {
        Pass { seed, epoch }
    }

    /// The generator of a sample in this pass.
    #[must_use]
    pub fn rng(self, index: usize) -> Xoshiro256PlusPlus {
        // No data set has enough samples to reach the bits of the epoch.
        generator(self.seed, Use::Sample, self.epoch.rotate_left(40) ^ index as u64)
    }

    /// The pass of a data set inside another one, which draws different random numbers.
    pub(super) fn inner(self) -> Pass {
        Pass { seed: self.seed.wrapping_add(0x6a09_e667_f3bc_c909), ..self }
    }
}

/// The uses of random generators.
#[derive(Clone, Copy)]
pub(in crate::train) enum Use {
    Order,
    Sample,
    Step,
}

/// A separate generator for each use and index, so that no state has to be saved.
pub(in crate::train) fn generator(seed: u64, to: Use, number: u64) -> Xoshiro256PlusPlus {
    // The seeding itself mixes consecutive indices; the factor separates the seeds.
    let purpose: u64 = match to {
        Use::Order => 0x6f72_6465_7200_0000,
        Use::Sample => 0x7361_6d70_6c65_0000,
        Use::Step => 0x7374_6570_0000_0000,
    };
    Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(purpose) ^ number)
}

/// A number from the beta distribution with both parameters `alpha`.
pub(super) fn beta(alpha: f64, rng: &mut dyn Rng) -> f64 {
    let (a, b) = (gamma(alpha, rng), gamma(alpha, rng));
    // With a tiny parameter both may underflow to zero; the result is then 0 or 1.
    if a + b > 0.0 { a / (a + b) } else { f64::from(u8::from(rng.random::<bool>())) }
}

/// A number from the gamma distribution with scale 1 (Marsaglia and Tsang, 2000).
fn gamma(shape: f64, rng: &mut dyn Rng) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, rng) * libm::pow(rng.random::<f64>(), 1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = normal(rng);
        let v = libm::pow(1.0 + c * x, 3.0);
        let u = 1.0 - rng.random::<f64>();
        if v > 0.0 && libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// The mean and the variance of many numbers.
    fn moments(mut draw: impl FnMut(&mut dyn Rng) -> f64) -> (f64, f64) {
        const COUNT: usize = 40_000;
        let mut rng = Pass::new(1, 2).rng(3);
        let numbers: Vec<f64> = (0..COUNT).map(|_| draw(&mut rng)).collect();
        let mean = numbers.iter().sum::<f64>() / COUNT as f64;
        (mean, numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / COUNT as f64)
    }

    #[test]
    fn distributions_have_their_moments() {
        let close = |(mean, variance): (f64, f64), expected: (f64, f64)| {
            let off = ((mean - expected.0).abs(), (variance / expected.1 - 1.0).abs());
            assert!(off.0 < 0.03 && off.1 < 0.05, "{mean}, {variance}, expected {expected:?}");
        };
        close(moments(|rng| normal(rng)), (0.0, 1.0));
        for alpha in [0.1, 0.2, 0.4, 1.0, 2.0, 8.0] {
            // The variance of Beta(a, a) is 1 / (4 (2 a + 1)).
            close(moments(|rng| beta(alpha, rng)), (0.5, 1.0 / (4.0 * (2.0 * alpha + 1.0))));
        }
        assert!((0..100).all(|index| (0.0..=1.0).contains(&beta(1e-6, &mut Pass::default().rng(index)))));
    }
}

//! Gradient clipping.

use super::Train;

/// Scales all gradients down so that the root of the sum of their squares is at most `max`, as
/// `torch.nn.utils.clip_grad_norm_` does. Returns the root before scaling.
pub fn clip_norm<M: Train>(gradients: &mut M, max: f64) -> f64 {
    let mut squares = 0.0;
    gradients.for_each_param(|_, gradient| {
        squares += sum_of_squares(gradient.as_slice());
    });
    let norm = squares.sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    let factor = (max / (norm + 1e-6)) as f32;
    if factor < 1.0 {
        gradients.for_each_param_mut(|_, gradient| scale(gradient.as_mut_slice(), factor));
    }
    norm
}

/// Brings every gradient into `-max..=max`, as `torch.nn.utils.clip_grad_value_` does.
pub fn clip_value<M: Train>(gradients: &mut M, max: f32) {
    gradients.for_each_param_mut(|_, gradient| clamp(gradient.as_mut_slice(), max.abs()));
}

// Not generic, so that they are compiled with the library, which can be optimised in a program's debug build.

fn sum_of_squares(gradient: &[f32]) -> f64 {
    gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum()
}

fn scale(gradient: &mut [f32], factor: f32) {
    gradient.iter_mut().for_each(|g| *g *= factor);
}

fn clamp(gradient: &mut [f32], max: f32) {
    gradient.iter_mut().for_each(|g| *g = g.clamp(-max, max));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::init::init;
    use crate::methods::model::Model;
    use crate::model::test_model::Small;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    #[test]
    fn the_norm_is_at_most_the_maximum() {
        let mut gradients: Small = init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        let norm = clip_norm(&mut gradients, 1e6);
        assert!((clip_norm(&mut gradients, norm / 2.0) - norm).abs() < 1e-6 * norm);
        let halved = clip_norm(&mut gradients, 1e6);
        assert!((halved - norm / 2.0).abs() < 1e-5 * norm, "{halved} of {norm}");
    }

    #[test]
    fn no_value_is_beyond_the_maximum() {
        let mut gradients: Small = init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        clip_value(&mut gradients, 0.1);
        gradients.for_each_param(|_, g| assert!(g.as_slice().iter().all(|g| g.abs() <= 0.1)));
    }
}

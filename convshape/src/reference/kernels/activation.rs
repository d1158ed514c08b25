//! Elementwise functions.

use convshape_arith::op::{Activation, SELU_ALPHA, SELU_SCALE};

use super::layout::ChannelLayout;
use super::number::Number;

/// One value of an activation. Propagates NaN.
pub(crate) fn activation(function: Activation, x: f64) -> f64 {
    match function {
        Activation::Relu => at_least(x, 0.0),
        Activation::Relu6 => clamp(x, 0.0, 6.0),
        Activation::LeakyRelu { slope } => leaky(x, slope),
        Activation::Elu { alpha } => {
            if x > 0.0 {
                x
            } else {
                alpha * libm::expm1(x)
            }
        }
        Activation::Gelu { tanh: false } => 0.5 * x * (1.0 + libm::erf(x * core::f64::consts::FRAC_1_SQRT_2)),
        Activation::Gelu { tanh: true } => {
            // sqrt(2 / pi)
            const SCALE: f64 = core::f64::consts::FRAC_2_SQRT_PI * core::f64::consts::FRAC_1_SQRT_2;
            0.5 * x * (1.0 + libm::tanh(SCALE * (x + 0.044_715 * x * x * x)))
        }
        Activation::Silu => x * sigmoid(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => libm::tanh(x),
        Activation::Softplus => {
            if x > 20.0 {
                x
            } else {
                libm::log1p(libm::exp(x))
            }
        }
        Activation::Hardswish => x * clamp(x + 3.0, 0.0, 6.0) / 6.0,
        Activation::Hardsigmoid { alpha } => clamp(alpha * x + 0.5, 0.0, 1.0),
        Activation::Clamp { min, max } | Activation::Hardtanh { min, max } => clamp(x, min, max),
        Activation::Exp => libm::exp(x),
        Activation::Mish => x * libm::tanh(libm::log1p(libm::exp(x))),
        Activation::Selu if x > 0.0 => SELU_SCALE * x,
        Activation::Selu => SELU_SCALE * SELU_ALPHA * libm::expm1(x),
        Activation::Celu { .. } if x > 0.0 => x,
        Activation::Celu { alpha } => alpha * libm::expm1(x / alpha),
        Activation::Softsign => x / (1.0 + x.abs()),
        Activation::LogSigmoid if x < 0.0 => x - libm::log1p(libm::exp(x)),
        Activation::LogSigmoid => -libm::log1p(libm::exp(-x)),
        Activation::Sqrt => libm::sqrt(x),
        Activation::Rsqrt => 1.0 / libm::sqrt(x),
        Activation::Square => x * x,
        Activation::Abs => x.abs(),
        Activation::Log => libm::log(x),
        Activation::Sin => libm::sin(x),
        Activation::Cos => libm::cos(x),
        Activation::Pow { exponent } => libm::pow(x, exponent),
        Activation::AddScalar { by } => x + by,
    }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn leaky(x: f64, slope: f64) -> f64 {
    if x > 0.0 { x } else { slope * x }
}

fn at_least(x: f64, min: f64) -> f64 {
    if x < min { min } else { x }
}

/// `min(max(x, low), high)`; if the bounds cross, the result is `high`.
fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = at_least(x, low);
    if x > high { high } else { x }
}

/// Applies a function to every element.
pub(super) fn map<T: Number>(y: &mut [T], function: impl Fn(f64) -> f64) {
    for y in y {
        *y = T::of(function(y.get()));
    }
}

/// Multiplies negative elements by a slope: one for all channels, or one for each.
pub(super) fn prelu<T: Number>(slopes: &[T], layout: &ChannelLayout, y: &mut [T]) {
    for (channel, position) in layout.iter() {
        let y = &mut y[layout.at(channel, position)];
        let slope = slopes[if slopes.len() == 1 { 0 } else { channel }];
        *y = T::of(leaky(y.get(), slope.get()));
    }
}

/// `x + sin(w x)^2 / (w + 1e-9)` (Ziyin et al. 2020, <https://arxiv.org/abs/2006.08195>), with the `1e-9` of the audio
/// codecs that use it.
pub(super) fn snake<T: Number>(weight: &[T], layout: &ChannelLayout, y: &mut [T]) {
    for (channel, position) in layout.iter() {
        let y = &mut y[layout.at(channel, position)];
        let (w, x) = (weight[channel].get(), y.get());
        let sine = libm::sin(w * x);
        *y = T::of(x + sine * sine / (w + 1e-9));
    }
}

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

/// Derivatives of elementwise functions. At a kink they are those of PyTorch.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use alloc::vec::Vec;

    use convshape_arith::op::{Activation, SELU_ALPHA, SELU_SCALE};

    use super::sigmoid;
    use crate::reference::kernels::layout::ChannelLayout;
    use crate::reference::kernels::number::Real;

    /// The derivative at `x`, where the function's value is `y`.
    pub(crate) fn derivative(function: Activation, x: f64, y: f64) -> f64 {
        let inside = |inside: bool| if inside { 1.0 } else { 0.0 };
        match function {
            Activation::Relu => inside(x > 0.0),
            Activation::Relu6 => inside(x > 0.0 && x < 6.0),
            Activation::LeakyRelu { slope } => {
                if x > 0.0 {
                    1.0
                } else {
                    slope
                }
            }
            Activation::Elu { alpha } => {
                if x > 0.0 {
                    1.0
                } else {
                    alpha * libm::exp(x)
                }
            }
            Activation::Gelu { tanh: false } => {
                let density =
                    libm::exp(-0.5 * x * x) * core::f64::consts::FRAC_2_SQRT_PI * core::f64::consts::FRAC_1_SQRT_2;
                0.5 * (1.0 + libm::erf(x * core::f64::consts::FRAC_1_SQRT_2)) + 0.5 * x * density
            }
            Activation::Gelu { tanh: true } => {
                const SCALE: f64 = core::f64::consts::FRAC_2_SQRT_PI * core::f64::consts::FRAC_1_SQRT_2;
                let tanh = libm::tanh(SCALE * (x + 0.044_715 * x * x * x));
                let inner = SCALE * (1.0 + 3.0 * 0.044_715 * x * x);
                0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner
            }
            Activation::Silu => {
                let s = sigmoid(x);
                s * (1.0 + x * (1.0 - s))
            }
            Activation::Sigmoid => y * (1.0 - y),
            Activation::Tanh => 1.0 - y * y,
            Activation::Softplus => {
                if x > 20.0 {
                    1.0
                } else {
                    sigmoid(x)
                }
            }
            Activation::Hardswish => {
                if x <= -3.0 {
                    0.0
                } else if x < 3.0 {
                    x / 3.0 + 0.5
                } else {
                    1.0
                }
            }
            Activation::Hardsigmoid { alpha } => alpha * inside((alpha * x).abs() < 0.5),
            Activation::Clamp { min, max } => inside(x >= min && x <= max),
            Activation::Exp => y,
            Activation::Hardtanh { min, max } => inside(x > min && x < max),
            Activation::Mish => {
                let t = libm::tanh(libm::log1p(libm::exp(x)));
                t + x * (1.0 - t * t) * sigmoid(x)
            }
            Activation::Selu if x > 0.0 => SELU_SCALE,
            Activation::Selu => SELU_SCALE * SELU_ALPHA * libm::exp(x),
            Activation::Celu { .. } if x > 0.0 => 1.0,
            Activation::Celu { alpha } => libm::exp(x / alpha),
            Activation::Softsign => 1.0 / ((1.0 + x.abs()) * (1.0 + x.abs())),
            Activation::LogSigmoid => sigmoid(-x),
            Activation::Sqrt => 0.5 / y,
            Activation::Rsqrt => -0.5 * y * y * y,
            Activation::Square => 2.0 * x,
            Activation::Abs => inside(x > 0.0) - inside(x < 0.0),
            Activation::Log => 1.0 / x,
            Activation::Sin => libm::cos(x),
            Activation::Cos => -libm::sin(x),
            // The derivative of a constant is 0, even at 0.
            Activation::Pow { exponent: 0.0 } => 0.0,
            Activation::Pow { exponent } => exponent * libm::pow(x, exponent - 1.0),
            Activation::AddScalar { .. } => 1.0,
        }
    }

    pub(in crate::reference::kernels) fn map<T: Real>(function: Activation, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
        let zero = T::default();
        if function == Activation::Relu {
            for ((x, dy), dx) in x.iter().zip(dy).zip(dx) {
                *dx += if *x > zero { *dy } else { zero };
            }
            return;
        }
        for (((x, y), dy), dx) in x.iter().zip(y).zip(dy).zip(dx) {
            *dx += T::of(dy.get() * derivative(function, x.get(), y.get()));
        }
    }

    pub(in crate::reference::kernels) fn prelu<T: Real>(
        slopes: &[T],
        layout: &ChannelLayout,
        x: &[T],
        dy: &[T],
        dparams: &mut [Vec<T>],
        dx: &mut [T],
    ) {
        for channel in 0..layout.count {
            let index = if slopes.len() == 1 { 0 } else { channel };
            let slope = slopes[index].get();
            let mut sum = 0.0;
            for position in 0..layout.positions {
                let at = layout.at(channel, position);
                let (x, dy) = (x[at].get(), dy[at].get());
                if x > 0.0 {
                    dx[at] += T::of(dy);
                } else {
                    dx[at] += T::of(slope * dy);
                    sum += x * dy;
                }
            }
            dparams[0][index] += T::of(sum);
        }
    }

    /// Of `x + sin(w x)^2 / (w + 1e-9)`; the derivative of the squared sine is `sin(2 w x)`.
    pub(in crate::reference::kernels) fn snake<T: Real>(
        weight: &[T],
        layout: &ChannelLayout,
        x: &[T],
        dy: &[T],
        dparams: &mut [Vec<T>],
        dx: &mut [T],
    ) {
        for channel in 0..layout.count {
            let w = weight[channel].get();
            let by = w + 1e-9;
            let mut sum = 0.0;
            for position in 0..layout.positions {
                let at = layout.at(channel, position);
                let (x, dy) = (x[at].get(), dy[at].get());
                let (sine, double) = (libm::sin(w * x), libm::sin(2.0 * w * x));
                dx[at] += T::of(dy * (1.0 + w * double / by));
                sum += dy * (x * double / by - sine * sine / (by * by));
            }
            dparams[0][channel] += T::of(sum);
        }
    }
}

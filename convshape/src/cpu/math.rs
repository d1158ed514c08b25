//! Element-wise functions on vectors. An activation without such code is computed by the reference, one element at a
//! time.

use convshape_arith::op::{Activation, SELU_ALPHA, SELU_SCALE};

use super::simd::{Kernel, Level, MOST_LANES, Simd, Wide};
use crate::reference::kernels::activation;
#[cfg(feature = "train")]
use crate::reference::kernels::derivative;

/// An epilogue: the activation at the end of a step. Cheap ones are applied while the sums are in registers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Epilogue {
    /// Nothing.
    None,
    /// `max(x, 0)`
    Relu,
    /// `x` above zero, `slope * x` below.
    Leaky(f32),
    /// `min(max(x, low), high)`
    Clamp(f32, f32),
    /// Any other, applied to the stored output.
    Other(Activation),
}

impl Epilogue {
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    pub(super) fn of(activation: Activation) -> Epilogue {
        match activation {
            Activation::Relu => Epilogue::Relu,
            Activation::Relu6 => Epilogue::Clamp(0.0, 6.0),
            Activation::LeakyRelu { slope } => Epilogue::Leaky(slope as f32),
            Activation::Clamp { min, max } | Activation::Hardtanh { min, max } => {
                Epilogue::Clamp(min as f32, max as f32)
            }
            other => Epilogue::Other(other),
        }
    }

    /// The time per element including the read and the write, in multiply-adds.
    pub(super) fn work(self) -> usize {
        if matches!(self, Epilogue::Other(_)) { 32 } else { 4 }
    }

    /// Applies the part that is done in registers.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(self, simd: S, x: S::F) -> S::F {
        let zero = simd.splat(0.0);
        match self {
            Epilogue::Relu => simd.at_least(x, zero),
            Epilogue::Leaky(slope) => simd.select(x, zero, x, simd.mul(x, simd.splat(slope))),
            Epilogue::Clamp(low, high) => simd.at_most(simd.at_least(x, simd.splat(low)), simd.splat(high)),
            Epilogue::None | Epilogue::Other(_) => x,
        }
    }

    /// [`Epilogue::apply`] for many vectors: one `match` for all of them keeps the code short.
    #[inline(always)]
    pub(super) fn apply_all<S: Simd, const R: usize, const V: usize>(self, simd: S, x: &mut [[S::F; V]; R]) {
        macro_rules! each {
            ($epilogue:expr) => {
                for r in 0..R {
                    for v in 0..V {
                        x[r][v] = $epilogue.apply(simd, x[r][v]);
                    }
                }
            };
        }
        match self {
            Epilogue::None | Epilogue::Other(_) => {}
            Epilogue::Relu => each!(Epilogue::Relu),
            Epilogue::Leaky(slope) => each!(Epilogue::Leaky(slope)),
            Epilogue::Clamp(low, high) => each!(Epilogue::Clamp(low, high)),
        }
    }

    /// Applies the part that is done on stored elements.
    #[inline(always)]
    pub(super) fn rest<S: Simd>(self, simd: S, y: &mut [f32]) {
        if let Epilogue::Other(_) = self {
            self.stored(simd, y);
        }
    }

    /// [`Epilogue::rest`] of some channels at each of these places. Positions that follow one another take one call.
    #[inline(always)]
    pub(super) fn rest_at<S: Simd>(self, simd: S, y: &mut [f32], places: impl Iterator<Item = usize>, channels: usize) {
        if let Epilogue::Other(_) = self {
            let mut run = 0..0;
            for place in places {
                if place != run.end {
                    self.all(simd, &mut y[run.clone()]);
                    run.start = place;
                }
                run.end = place + channels;
            }
            self.all(simd, &mut y[run]);
        }
    }

    /// [`Epilogue::rest`] of vectors.
    #[inline(always)]
    pub(super) fn rest_all<S: Simd, const R: usize, const V: usize>(
        self,
        simd: S,
        mut x: [[S::F; V]; R],
    ) -> [[S::F; V]; R] {
        if let Epilogue::Other(_) = self {
            // A copy in memory, so that without such an activation the vectors stay in registers.
            let mut stored = x;
            self.stored(simd, S::elements(stored.as_flattened_mut()));
            x = stored;
        }
        x
    }

    /// Applies all of it; one copy of the code for all callers.
    #[inline(never)]
    fn stored<S: Simd>(self, simd: S, y: &mut [f32]) {
        simd.call(Over { epilogue: self, y });
    }

    /// Applies all of it; for callers outside of kernels.
    pub(super) fn over(self, level: Level, y: &mut [f32]) {
        if let Epilogue::Other(_) = self {
            level.run(Over { epilogue: self, y });
        }
    }

    /// Applies all of it to stored elements.
    #[inline(always)]
    pub(super) fn all<S: Simd>(self, simd: S, y: &mut [f32]) {
        if self != Epilogue::None && !y.is_empty() {
            self.stored(simd, y);
        }
    }
}

/// Stored elements.
struct Over<'a> {
    epilogue: Epilogue,
    y: &'a mut [f32],
}

impl Kernel for Over<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (whole, rest) = self.y.split_at_mut(self.y.len() - self.y.len() % S::LANES);
        simd.call(Whole { epilogue: self.epilogue, y: whole });
        if !rest.is_empty() {
            // The last vector is padded with zeros.
            let mut last = [0.0; MOST_LANES];
            last[..rest.len()].copy_from_slice(rest);
            simd.call(Whole { epilogue: self.epilogue, y: &mut last[..S::LANES] });
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

/// Whole vectors.
struct Whole<'a> {
    epilogue: Epilogue,
    y: &'a mut [f32],
}

impl Kernel for Whole<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    fn run<S: Simd>(self, simd: S) {
        let y = self.y;
        let function = match self.epilogue {
            Epilogue::Other(function) => function,
            cheap => return over(simd, y, cheap),
        };
        match function {
            Activation::Sigmoid => over(simd, y, Sigmoid),
            Activation::Tanh => over(simd, y, Tanh),
            Activation::Silu => over(simd, y, Silu),
            Activation::Elu { alpha } => over(simd, y, Elu(alpha as f32)),
            Activation::Gelu { tanh: true } => over(simd, y, GeluTanh),
            Activation::Gelu { tanh: false } => over(simd, y, Gelu),
            Activation::Hardswish => over(simd, y, Hardswish),
            Activation::Hardsigmoid { alpha } => over(simd, y, Hardsigmoid(alpha as f32)),
            Activation::Softplus => over(simd, y, Softplus),
            Activation::Exp => over(simd, y, Exp),
            Activation::Mish => over(simd, y, Mish),
            Activation::Selu => over(simd, y, Selu),
            Activation::Celu { alpha } => over(simd, y, Celu(alpha as f32)),
            Activation::Softsign => over(simd, y, Softsign),
            Activation::LogSigmoid => over(simd, y, LogSigmoid),
            Activation::Square => over(simd, y, Square),
            Activation::Abs => over(simd, y, Abs),
            Activation::AddScalar { by } => over(simd, y, AddScalar(by as f32)),
            Activation::Sqrt => y.iter_mut().for_each(|y| *y = y.sqrt()),
            Activation::Rsqrt => y.iter_mut().for_each(|y| *y = 1.0 / y.sqrt()),
            Activation::Sin => y.iter_mut().for_each(|y| *y = y.sin()),
            Activation::Cos => y.iter_mut().for_each(|y| *y = y.cos()),
            Activation::Pow { exponent: 2.0 } => over(simd, y, Square),
            Activation::Pow { exponent } => y.iter_mut().for_each(|y| *y = y.powf(exponent as f32)),
            cheap @ (Activation::Relu
            | Activation::Relu6
            | Activation::LeakyRelu { .. }
            | Activation::Clamp { .. }
            | Activation::Hardtanh { .. }) => over(simd, y, Epilogue::of(cheap)),
            rare => y.iter_mut().for_each(|y| *y = activation(rare, f64::from(*y)) as f32),
        }
    }
}

/// An elementwise function. It is a type because a closure cannot be `#[inline(always)]`, which all code with vectors
/// must be.
trait Function: Copy {
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F;
}

macro_rules! maps {
    ($($(#[$doc:meta])* $name:ident $(($field:ident))? |$simd:ident, $x:ident| $body:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        struct $name $((maps!(@type $field)))?;

        impl Function for $name {
            #[inline(always)]
            fn map<S: Simd>(self, $simd: S, $x: S::F) -> S::F {
                $(let $name($field) = self;)?
                $body
            }
        }
    )+};
    (@type $field:ident) => { f32 };
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
const SELU: [f32; 2] = [SELU_SCALE as f32, (SELU_SCALE * SELU_ALPHA) as f32];

maps! {
    Sigmoid |simd, x| sigmoid(simd, x);
    Tanh |simd, x| tanh(simd, x);
    Silu |simd, x| simd.mul(x, sigmoid(simd, x));
    Elu(alpha) |simd, x| {
        let (_, less) = exp(simd, x);
        simd.select(x, simd.splat(0.0), x, simd.mul(simd.splat(alpha), less))
    };
    Gelu |simd, x| {
        let half = simd.mul(x, simd.splat(0.5));
        simd.mul_add(half, erf(simd, simd.mul(x, simd.splat(core::f32::consts::FRAC_1_SQRT_2))), half)
    };
    /// `max(x, 0) + ln(1 + exp(-|x|))`, where the logarithm vanishes in `f32` above 20.
    Softplus |simd, x| {
        let zero = simd.splat(0.0);
        let (low, high) = (simd.at_most(x, zero), simd.at_least(x, zero));
        let (power, _) = exp(simd, simd.sub(low, high));
        simd.add(high, ln_1p(simd, power))
    };
    Exp |simd, x| {
        // For larger `x`, where `2^n` would be infinite, it is `exp(x - 1) e`.
        let limit = simd.splat(88.0);
        let x = simd.at_most(x, simd.splat(89.0));
        let (power, _) = exp(simd, simd.select(x, limit, simd.sub(x, simd.splat(1.0)), x));
        simd.select(x, limit, simd.mul(power, simd.splat(core::f32::consts::E)), power)
    };
    /// The approximation with the hyperbolic tangent.
    GeluTanh |simd, x| {
        // sqrt(2 / pi)
        const SCALE: f32 = core::f32::consts::FRAC_2_SQRT_PI * core::f32::consts::FRAC_1_SQRT_2;
        let cube = simd.mul(simd.mul(x, x), x);
        let inner = simd.mul(simd.splat(SCALE), simd.mul_add(cube, simd.splat(0.044_715), x));
        let half = simd.mul(x, simd.splat(0.5));
        simd.mul_add(half, tanh(simd, inner), half)
    };
    Hardswish |simd, x| {
        // `x * clamp(x + 3, 0, 6) / 6`
        let clamped = simd.at_most(simd.at_least(simd.add(x, simd.splat(3.0)), simd.splat(0.0)), simd.splat(6.0));
        simd.mul(x, simd.mul(clamped, simd.splat(1.0 / 6.0)))
    };
    /// With `e = exp(x)`, `tanh(ln(1 + e))` is `e (e + 2) / (e (e + 2) + 2)`, which is 1 above 20.
    Mish |simd, x| {
        let part = mish_part(simd, x);
        simd.mul(x, simd.mul(part, simd.recip(simd.add(part, simd.splat(2.0)))))
    };
    Selu |simd, x| {
        let (_, less) = exp(simd, x);
        let below = simd.mul(simd.splat(SELU[1]), less);
        simd.select(x, simd.splat(0.0), simd.mul(simd.splat(SELU[0]), x), below)
    };
    Celu(alpha) |simd, x| {
        let (_, less) = exp(simd, simd.mul(x, simd.splat(1.0 / alpha)));
        simd.select(x, simd.splat(0.0), x, simd.mul(simd.splat(alpha), less))
    };
    Softsign |simd, x| simd.mul(x, simd.recip(simd.add(simd.splat(1.0), abs(simd, x))));
    /// `min(x, 0) - ln(1 + exp(-|x|))`
    LogSigmoid |simd, x| {
        let zero = simd.splat(0.0);
        let (low, high) = (simd.at_most(x, zero), simd.at_least(x, zero));
        let (power, _) = exp(simd, simd.sub(low, high));
        simd.sub(low, ln_1p(simd, power))
    };
    Square |simd, x| simd.mul(x, x);
    Abs |simd, x| abs(simd, x);
    AddScalar(by) |simd, x| simd.add(x, simd.splat(by));
    Hardsigmoid(alpha) |simd, x| {
        let line = simd.mul_add(x, simd.splat(alpha), simd.splat(0.5));
        simd.at_most(simd.at_least(line, simd.splat(0.0)), simd.splat(1.0))
    };
}

impl Function for Epilogue {
    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F {
        self.apply(simd, x)
    }
}

/// Every vector of a slice.
#[inline(always)]
fn over<S: Simd>(simd: S, y: &mut [f32], map: impl Function) {
    let mut blocks = y.chunks_exact_mut(Wide::<S>::LANES);
    for y in &mut blocks {
        let wide = Wide(simd);
        wide.store(map.map(wide, wide.load(y)), y);
    }
    for y in blocks.into_remainder().chunks_exact_mut(S::LANES) {
        simd.store(map.map(simd, simd.load(y)), y);
    }
}

/// `exp(x)` and `exp(x) - 1`, each accurate to a few units in the last place. `x` is clamped so that the result is a
/// normal number.
///
/// With `x = n ln 2 + r`, `exp(x)` is `2^n exp(r)`. A polynomial approximates `exp(r)` for `|r| <= ln 2 / 2` with a
/// relative error of at most `2^-28`; it was fitted by weighted least squares.
#[inline(always)]
pub(super) fn exp<S: Simd>(simd: S, x: S::F) -> (S::F, S::F) {
    // ln 2 in two parts. The first has few digits, so that its multiples are exact.
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    let x = simd.at_most(simd.at_least(x, simd.splat(-87.0)), simd.splat(88.37));
    let n = simd.round(simd.mul(x, simd.splat(core::f32::consts::LOG2_E)));
    let r = simd.mul_add(n, simd.splat(-HIGH), x);
    let r = simd.mul_add(n, simd.splat(-LOW), r);
    let series = polynomial(simd, r, [1.381_454e-3, 8.368_745e-3, 0.041_668_39, 0.166_665_21, 0.499_999_94, 1.0]);
    let less = simd.mul(series, r);
    let power = simd.exp2(n);
    (simd.mul_add(power, less, power), simd.mul_add(power, less, simd.sub(power, simd.splat(1.0))))
}

/// `e (e + 2)` with `e = exp(x)`, `x` cut at 20.
#[inline(always)]
fn mish_part<S: Simd>(simd: S, x: S::F) -> S::F {
    let (e, _) = exp(simd, simd.at_most(x, simd.splat(20.0)));
    simd.mul(e, simd.add(e, simd.splat(2.0)))
}

#[inline(always)]
fn abs<S: Simd>(simd: S, x: S::F) -> S::F {
    simd.at_least(x, simd.sub(simd.splat(0.0), x))
}

#[inline(always)]
fn sigmoid<S: Simd>(simd: S, x: S::F) -> S::F {
    let (grown, _) = exp(simd, simd.sub(simd.splat(0.0), x));
    simd.recip(simd.add(simd.splat(1.0), grown))
}

/// `(exp(2x) - 1) / (exp(2x) + 1)`
#[inline(always)]
fn tanh<S: Simd>(simd: S, x: S::F) -> S::F {
    let x = simd.at_most(simd.at_least(x, simd.splat(-20.0)), simd.splat(20.0));
    let (grown, less) = exp(simd, simd.add(x, x));
    simd.mul(less, simd.recip(simd.add(grown, simd.splat(1.0))))
}

/// Evaluates a polynomial by Horner's rule, the coefficient of the highest power first.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: S::F, factors: [f32; N]) -> S::F {
    let mut sum = simd.splat(factors[0]);
    for i in 1..N {
        sum = simd.mul_add(sum, x, simd.splat(factors[i]));
    }
    sum
}

/// The error function. A quotient of polynomials in `x^2` approximates `erf(x) / x` for `|x| < 4` with a relative error
/// of at most `2^-25`; it was fitted by weighted least squares. For larger `x` the result is 1.
#[inline(always)]
fn erf<S: Simd>(simd: S, x: S::F) -> S::F {
    const ABOVE: [f32; 6] =
        [1.986_648e-6, 2.845_554_6e-4, 3.883_340_6e-3, 5.310_175_6e-2, 0.193_546_47, core::f32::consts::FRAC_2_SQRT_PI];
    const BELOW: [f32; 6] = [3.741_820_5e-5, 1.185_549_7e-3, 1.520_727_3e-2, 0.115_350_425, 0.504_858_7, 1.0];
    let x = simd.at_most(simd.at_least(x, simd.splat(-4.0)), simd.splat(4.0));
    let square = simd.mul(x, x);
    let above = simd.mul(x, polynomial(simd, square, ABOVE));
    let quotient = simd.mul(above, simd.recip(polynomial(simd, square, BELOW)));
    simd.at_most(simd.at_least(quotient, simd.splat(-1.0)), simd.splat(1.0))
}

/// `ln(1 + x)` for `x` from 0 to 1: a quotient of polynomials with a relative error of at most `2^-30`, fitted in the
/// same way.
#[inline(always)]
fn ln_1p<S: Simd>(simd: S, x: S::F) -> S::F {
    const ABOVE: [f32; 4] = [3.417_273_5e-3, 0.238_157_24, 1.066_218, 1.0];
    const BELOW: [f32; 4] = [7.528_717e-2, 0.687_935_77, 1.566_217_8, 1.0];
    simd.mul(simd.mul(x, polynomial(simd, x, ABOVE)), simd.recip(polynomial(simd, x, BELOW)))
}

/// Multiplies gradients by the derivative of a function at `x`.
#[cfg(feature = "train")]
pub(in crate::cpu) struct Differentiate<'a> {
    pub(super) function: Activation,
    pub(super) x: &'a [f32],
    pub(super) dy: &'a [f32],
    pub(super) dx: &'a mut [f32],
}

#[cfg(feature = "train")]
impl Kernel for Differentiate<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    fn run<S: Simd>(self, simd: S) {
        let Differentiate { function, x, dy, dx } = self;
        match function {
            Activation::Relu => slopes(simd, x, dy, dx, LeakySlope(0.0)),
            Activation::LeakyRelu { slope } => slopes(simd, x, dy, dx, LeakySlope(slope as f32)),
            Activation::Relu6 => slopes(simd, x, dy, dx, HardtanhSlope(0.0, 6.0)),
            Activation::Hardtanh { min, max } => slopes(simd, x, dy, dx, HardtanhSlope(min as f32, max as f32)),
            Activation::Clamp { min, max } => slopes(simd, x, dy, dx, ClampSlope(min as f32, max as f32)),
            Activation::Elu { alpha } => slopes(simd, x, dy, dx, EluSlope(alpha as f32)),
            Activation::Gelu { tanh: false } => slopes(simd, x, dy, dx, GeluSlope),
            Activation::Gelu { tanh: true } => slopes(simd, x, dy, dx, GeluTanhSlope),
            Activation::Silu => slopes(simd, x, dy, dx, SiluSlope),
            Activation::Sigmoid => slopes(simd, x, dy, dx, SigmoidSlope),
            Activation::Tanh => slopes(simd, x, dy, dx, TanhSlope),
            Activation::Softplus => slopes(simd, x, dy, dx, Sigmoid),
            Activation::Hardswish => slopes(simd, x, dy, dx, HardswishSlope),
            Activation::Hardsigmoid { alpha } => slopes(simd, x, dy, dx, HardsigmoidSlope(alpha as f32)),
            Activation::Exp => slopes(simd, x, dy, dx, Exp),
            Activation::Mish => slopes(simd, x, dy, dx, MishSlope),
            Activation::Selu => slopes(simd, x, dy, dx, SeluSlope),
            Activation::Celu { alpha } => slopes(simd, x, dy, dx, CeluSlope(alpha as f32)),
            Activation::Softsign => slopes(simd, x, dy, dx, SoftsignSlope),
            Activation::LogSigmoid => slopes(simd, x, dy, dx, LogSigmoidSlope),
            Activation::Square | Activation::Pow { exponent: 2.0 } => slopes(simd, x, dy, dx, SquareSlope),
            Activation::Abs => slopes(simd, x, dy, dx, AbsSlope),
            Activation::AddScalar { .. } => dx.copy_from_slice(dy),
            Activation::Sqrt => each(x, dy, dx, |x| 0.5 / x.sqrt()),
            Activation::Rsqrt => each(x, dy, dx, |x| -0.5 / (x * x.sqrt())),
            Activation::Sin => each(x, dy, dx, f32::cos),
            Activation::Cos => each(x, dy, dx, |x| -x.sin()),
            Activation::Pow { exponent: 0.0 } => dx.fill(0.0),
            Activation::Pow { exponent } => {
                let exponent = exponent as f32;
                each(x, dy, dx, |x| exponent * x.powf(exponent - 1.0));
            }
            rare => each(x, dy, dx, |x| {
                let x = f64::from(x);
                derivative(rare, x, activation(rare, x)) as f32
            }),
        }
    }
}

/// [`slopes`] for functions without vector code.
#[cfg(feature = "train")]
fn each(x: &[f32], dy: &[f32], dx: &mut [f32], slope: impl Fn(f32) -> f32) {
    for ((x, dy), dx) in x.iter().zip(dy).zip(dx) {
        *dx = dy * slope(*x);
    }
}

#[cfg(feature = "train")]
#[inline(always)]
fn slopes<S: Simd>(simd: S, x: &[f32], dy: &[f32], dx: &mut [f32], slope: impl Function) {
    let (wide, whole) = (Wide(simd), dx.len() - dx.len() % Wide::<S>::LANES);
    for at in (0..whole).step_by(Wide::<S>::LANES) {
        let (x, dy) = (wide.load(&x[at..]), wide.load(&dy[at..]));
        wide.store(wide.mul(dy, slope.map(wide, x)), &mut dx[at..]);
    }
    for at in (whole..dx.len()).step_by(S::LANES) {
        let count = S::LANES.min(dx.len() - at);
        let (x, dy) = (simd.load_some(&x[at..], count), simd.load_some(&dy[at..], count));
        simd.store_some(simd.mul(dy, slope.map(simd, x)), &mut dx[at..][..count], count);
    }
}

#[cfg(feature = "train")]
maps! {
    LeakySlope(slope) |simd, x| simd.select(x, simd.splat(0.0), simd.splat(1.0), simd.splat(slope));
    MishSlope |simd, x| {
        let (part, one) = (mish_part(simd, x), simd.splat(1.0));
        let t = simd.mul(part, simd.recip(simd.add(part, simd.splat(2.0))));
        simd.mul_add(simd.mul(x, simd.sub(one, simd.mul(t, t))), sigmoid(simd, x), t)
    };
    SeluSlope |simd, x| {
        let (power, _) = exp(simd, x);
        let below = simd.mul(simd.splat(SELU[1]), power);
        simd.select(x, simd.splat(0.0), simd.splat(SELU[0]), below)
    };
    CeluSlope(alpha) |simd, x| {
        let (power, _) = exp(simd, simd.mul(x, simd.splat(1.0 / alpha)));
        simd.select(x, simd.splat(0.0), simd.splat(1.0), power)
    };
    SoftsignSlope |simd, x| {
        let part = simd.recip(simd.add(simd.splat(1.0), abs(simd, x)));
        simd.mul(part, part)
    };
    LogSigmoidSlope |simd, x| sigmoid(simd, simd.sub(simd.splat(0.0), x));
    SquareSlope |simd, x| simd.add(x, x);
    AbsSlope |simd, x| {
        let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
        let below = simd.select(simd.sub(zero, x), zero, simd.sub(zero, one), zero);
        simd.select(x, zero, one, below)
    };
    EluSlope(alpha) |simd, x| {
        let (power, _) = exp(simd, x);
        simd.select(x, simd.splat(0.0), simd.splat(1.0), simd.mul(simd.splat(alpha), power))
    };
    /// `Phi(x) + x phi(x)`
    GeluSlope |simd, x| {
        let (half, square) = (simd.splat(0.5), simd.mul(x, x));
        let below = simd.mul_add(half, erf(simd, simd.mul(x, simd.splat(core::f32::consts::FRAC_1_SQRT_2))), half);
        let (power, _) = exp(simd, simd.mul(square, simd.splat(-0.5)));
        // 1 / sqrt(2 pi)
        let density = simd.mul(power, simd.splat(0.398_942_3));
        simd.mul_add(x, density, below)
    };
    GeluTanhSlope |simd, x| {
        const SCALE: f32 = core::f32::consts::FRAC_2_SQRT_PI * core::f32::consts::FRAC_1_SQRT_2;
        let (square, one) = (simd.mul(x, x), simd.splat(1.0));
        let inner = simd.mul(simd.splat(SCALE), simd.mul_add(simd.mul(square, x), simd.splat(0.044_715), x));
        let t = tanh(simd, inner);
        let steep = simd.mul(simd.splat(SCALE), simd.mul_add(square, simd.splat(3.0 * 0.044_715), one));
        let bend = simd.mul(simd.mul(x, steep), simd.sub(one, simd.mul(t, t)));
        simd.mul(simd.splat(0.5), simd.add(simd.add(one, t), bend))
    };
    /// `s (1 + x (1 - s))` with the sigmoid `s`
    SiluSlope |simd, x| {
        let (s, one) = (sigmoid(simd, x), simd.splat(1.0));
        simd.mul(s, simd.mul_add(x, simd.sub(one, s), one))
    };
    SigmoidSlope |simd, x| {
        let s = sigmoid(simd, x);
        simd.mul(s, simd.sub(simd.splat(1.0), s))
    };
    TanhSlope |simd, x| {
        let t = tanh(simd, x);
        simd.sub(simd.splat(1.0), simd.mul(t, t))
    };
    HardswishSlope |simd, x| {
        let limit = simd.splat(-3.0);
        let line = simd.mul_add(x, simd.splat(1.0 / 3.0), simd.splat(0.5));
        let low = simd.select(x, limit, line, simd.splat(0.0));
        simd.select(simd.sub(simd.splat(0.0), x), limit, low, simd.splat(1.0))
    };
    HardsigmoidSlope(alpha) |simd, x| {
        let line = simd.mul(x, simd.splat(alpha));
        let size = simd.at_least(line, simd.sub(simd.splat(0.0), line));
        simd.select(simd.splat(0.5), size, simd.splat(alpha), simd.splat(0.0))
    };
}

/// 1 strictly between the two limits, 0 elsewhere.
#[cfg(feature = "train")]
#[derive(Clone, Copy)]
struct HardtanhSlope(f32, f32);

#[cfg(feature = "train")]
impl Function for HardtanhSlope {
    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F {
        let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
        simd.select(x, simd.splat(self.0), simd.select(simd.splat(self.1), x, one, zero), zero)
    }
}

/// 1 from the first limit to the second inclusive, 0 elsewhere.
#[cfg(feature = "train")]
#[derive(Clone, Copy)]
struct ClampSlope(f32, f32);

#[cfg(feature = "train")]
impl Function for ClampSlope {
    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F {
        let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
        simd.select(simd.splat(self.0), x, zero, simd.select(x, simd.splat(self.1), zero, one))
    }
}

//! The language's arithmetic on numbers: on sizes, which are integers, and in fields that take a real number.

use crate::size::{Size, SizeError, div_floor};

/// An operator between two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`, rounded down for sizes.
    Div,
    /// `a % b`: the remainder of rounding down, with the sign of `b`.
    Rem,
    /// `a ** b`
    Pow,
    /// `a << b`: `a * 2 ** b`.
    Shl,
    /// `a >> b`: `a / 2 ** b` rounded down.
    Shr,
    /// `min(a, b)`
    Min,
    /// `max(a, b)`
    Max,
}

impl Operator {
    /// The operator as written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Sub => "-",
            Operator::Mul => "*",
            Operator::Div => "/",
            Operator::Rem => "%",
            Operator::Pow => "**",
            Operator::Shl => "<<",
            Operator::Shr => ">>",
            Operator::Min => "min",
            Operator::Max => "max",
        }
    }

    /// The result for two sizes.
    ///
    /// # Errors
    /// [`SizeError::NotLinear`] if the result does not have the form `a*h + b`.
    pub const fn apply(self, a: Size, b: Size) -> Result<Size, SizeError> {
        match (self, a, b) {
            (_, Size::Unknown, _) | (_, _, Size::Unknown) => Ok(Size::Unknown),
            (Operator::Add, a, b) => a.add(b),
            (Operator::Sub, a, b) => a.sub(b),
            (Operator::Mul, a, b) => a.mul(b),
            (Operator::Div | Operator::Rem, _, Size::Number(0)) => Err(SizeError::DivisionByZero),
            (Operator::Div, Size::Symbolic { scale, offset, .. }, Size::Number(b))
                if b > 0 && (scale % b != 0 || offset % b != 0) =>
            {
                Err(SizeError::NotLinear)
            }
            (Operator::Div, a, Size::Number(b)) => a.div_floor(b),
            (Operator::Rem, Size::Number(a), Size::Number(b)) => whole(remainder(a, b)),
            (Operator::Rem, Size::Symbolic { scale, offset, .. }, Size::Number(b)) if b > 0 && scale % b == 0 => {
                whole(remainder(offset, b))
            }
            (Operator::Pow, Size::Number(a), Size::Number(b)) => power(a, b),
            (Operator::Shl, a, Size::Number(b)) => match power(2, b) {
                Ok(Size::Number(factor)) => a.times(factor),
                Ok(_) => Err(SizeError::Overflow),
                Err(error) => Err(error),
            },
            (Operator::Shr, Size::Number(a), Size::Number(b)) if b > 62 => Ok(Size::Number(if a < 0 { -1 } else { 0 })),
            (Operator::Shr, a, Size::Number(b)) => match power(2, b) {
                Ok(factor) => Operator::Div.apply(a, factor),
                Err(error) => Err(error),
            },
            (Operator::Min, Size::Number(a), Size::Number(b)) => Ok(Size::Number(if a < b { a } else { b })),
            (Operator::Max, Size::Number(a), Size::Number(b)) => Ok(Size::Number(if a < b { b } else { a })),
            (Operator::Min | Operator::Max, a, b) => match a.sub(b) {
                Ok(Size::Number(more)) => Ok(if (more > 0) == matches!(self, Operator::Max) { a } else { b }),
                Ok(_) => Err(SizeError::NotLinear),
                Err(error) => Err(error),
            },
            (Operator::Div | Operator::Rem | Operator::Pow | Operator::Shl | Operator::Shr, ..) => {
                Err(SizeError::NotLinear)
            }
        }
    }

    /// The result for two real numbers. `**` takes only integer exponents, because `const` code has no other power.
    ///
    /// # Errors
    /// [`SizeError::DivisionByZero`]; [`SizeError::Overflow`] if the result is not finite; [`SizeError::NotLinear`] if
    /// the exponent is not an integer.
    pub const fn apply_real(self, a: f64, b: f64) -> Result<f64, SizeError> {
        let result = match self {
            Operator::Add => a + b,
            Operator::Sub => a - b,
            Operator::Mul => a * b,
            Operator::Div | Operator::Rem if b == 0.0 => return Err(SizeError::DivisionByZero),
            Operator::Div => a / b,
            Operator::Rem => {
                let rest = a % b;
                if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
            }
            Operator::Pow => match exponent(b) {
                Some(_) if a == 0.0 && b < 0.0 => return Err(SizeError::DivisionByZero),
                Some(exponent) => real_power(a, exponent),
                None => return Err(SizeError::NotLinear),
            },
            Operator::Shl | Operator::Shr => match exponent(b) {
                Some(exponent) if matches!(self, Operator::Shl) => a * real_power(2.0, exponent),
                Some(exponent) => floor(a / real_power(2.0, exponent)),
                None => return Err(SizeError::NotLinear),
            },
            Operator::Min => a.min(b),
            Operator::Max => a.max(b),
        };
        if result.is_finite() { Ok(result) } else { Err(SizeError::Overflow) }
    }
}

const fn whole(result: Option<i64>) -> Result<Size, SizeError> {
    match result {
        Some(number) => Ok(Size::Number(number)),
        None => Err(SizeError::Overflow),
    }
}

/// The remainder of rounding `a / b` down.
const fn remainder(a: i64, b: i64) -> Option<i64> {
    match div_floor(a, b) {
        // The product differs from it by at most `a`.
        Some(quotient) => Some(a.wrapping_sub(quotient.wrapping_mul(b))),
        // Only `i64::MIN / -1` overflows, and its remainder is zero.
        None if b == -1 => Some(0),
        None => None,
    }
}

const fn power(a: i64, exponent: i64) -> Result<Size, SizeError> {
    if exponent < 0 {
        return Err(SizeError::NegativeExponent);
    }
    if exponent > 64 && a.unsigned_abs() > 1 {
        return Err(SizeError::Overflow);
    }
    // For 0, 1 and -1 it only matters whether the exponent is zero or odd.
    let exponent = if exponent > 64 { 64 + exponent % 2 } else { exponent };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 65")]
    whole(a.checked_pow(exponent as u32))
}

/// An integer in the range of exponents.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked for range and fraction")]
const fn exponent(x: f64) -> Option<i64> {
    if x >= -2_000.0 && x <= 2_000.0 && (x as i64) as f64 == x { Some(x as i64) } else { None }
}

const fn real_power(a: f64, exponent: i64) -> f64 {
    let (mut square, mut rest, mut result) = (a, exponent.unsigned_abs(), 1.0);
    while rest > 0 {
        if rest % 2 == 1 {
            result *= square;
        }
        square *= square;
        rest /= 2;
    }
    if exponent < 0 { 1.0 / result } else { result }
}

/// `f64::floor`, which is missing in `core`.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked for range")]
const fn floor(x: f64) -> f64 {
    // Beyond 2^52 every number is an integer.
    if !(x > -4_503_599_627_370_496.0 && x < 4_503_599_627_370_496.0) {
        return x;
    }
    let whole = (x as i64) as f64;
    if whole > x { whole - 1.0 } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> impl Iterator<Item = i64> {
        (-9..10).chain([62, 63, 64, 100, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1])
    }

    #[test]
    fn whole_numbers_as_in_wider_arithmetic() {
        for (a, b) in numbers().flat_map(|a| numbers().map(move |b| (a, b))) {
            let (wide_a, wide_b) = (i128::from(a), i128::from(b));
            let floor = |a: i128, b: i128| a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0);
            let expected = |operator| match operator {
                Operator::Add => Some(wide_a + wide_b),
                Operator::Sub => Some(wide_a - wide_b),
                Operator::Mul => Some(wide_a * wide_b),
                Operator::Div => (b != 0).then(|| floor(wide_a, wide_b)),
                Operator::Rem => (b != 0).then(|| wide_a - wide_b * floor(wide_a, wide_b)),
                Operator::Pow if matches!(a, -1..=1) && b >= 0 => Some(match (a, b) {
                    (_, 0) | (1, _) => 1,
                    (0, _) => 0,
                    _ => 1 - 2 * (wide_b % 2),
                }),
                Operator::Pow => u32::try_from(b).ok().and_then(|b| wide_a.checked_pow(b)),
                Operator::Shl => (0..=62).contains(&b).then(|| wide_a << b),
                Operator::Shr => (b >= 0).then(|| wide_a >> b.min(100)),
                Operator::Min => Some(wide_a.min(wide_b)),
                Operator::Max => Some(wide_a.max(wide_b)),
            };
            for operator in ALL {
                let expected = expected(operator).and_then(|wide| i64::try_from(wide).ok());
                let found = operator.apply(Size::Number(a), Size::Number(b)).ok().and_then(Size::number);
                assert_eq!(found, expected, "{a} {operator:?} {b}");
            }
        }
    }

    const ALL: [Operator; 10] = [
        Operator::Add,
        Operator::Sub,
        Operator::Mul,
        Operator::Div,
        Operator::Rem,
        Operator::Pow,
        Operator::Shl,
        Operator::Shr,
        Operator::Min,
        Operator::Max,
    ];

    #[test]
    fn real_numbers_agree_with_whole_ones() {
        for (a, b) in (-9_i32..10).flat_map(|a| (-9_i32..10).map(move |b| (a, b))) {
            for operator in ALL {
                let whole = operator.apply(Size::Number(a.into()), Size::Number(b.into()));
                let real = operator.apply_real(a.into(), b.into());
                match (operator, whole, real) {
                    (Operator::Div, _, Ok(real)) => assert_eq!(real, f64::from(a) / f64::from(b)),
                    (_, Ok(Size::Number(whole)), Ok(real)) => assert_eq!(real, whole as f64, "{a} {operator:?} {b}"),
                    // A negative exponent only makes sense for real numbers.
                    (_, Err(SizeError::NegativeExponent), _) => assert!(b < 0),
                    (_, Err(whole), Err(real)) => assert_eq!(whole, real, "{a} {operator:?} {b}"),
                    other => panic!("{a} {operator:?} {b}: {other:?}"),
                }
            }
        }
        assert_eq!(Operator::Pow.apply_real(10.0, -6.0), Ok(1.0 / 1e6));
        assert_eq!(Operator::Mul.apply_real(1e300, 1e300), Err(SizeError::Overflow));
        assert_eq!(Operator::Pow.apply_real(2.0, 0.5), Err(SizeError::NotLinear));
    }

    #[test]
    fn symbols_where_the_form_stays() {
        let h = |scale, offset| Size::Symbolic { scale, symbol: 0, offset };
        assert_eq!(Operator::Rem.apply(h(16, 20), Size::Number(16)), Ok(Size::Number(4)));
        assert_eq!(Operator::Rem.apply(h(3, 0), Size::Number(2)), Err(SizeError::NotLinear));
        assert_eq!(Operator::Shl.apply(h(1, 1), Size::Number(3)), Ok(h(8, 8)));
        assert_eq!(Operator::Shr.apply(h(8, 8), Size::Number(3)), Ok(h(1, 1)));
        assert_eq!(Operator::Max.apply(h(2, 1), h(2, 3)), Ok(h(2, 3)));
        assert_eq!(Operator::Max.apply(h(2, 1), Size::Number(3)), Err(SizeError::NotLinear));
        assert_eq!(Operator::Pow.apply(h(2, 1), Size::Number(2)), Err(SizeError::NotLinear));
    }
}

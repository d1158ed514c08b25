//! One size: a number, a number that depends on a run-time symbol, or unknown.

/// A symbol declared by `for h in 1..=64;`: a size known only at run time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// The name as written.
    pub name: &'static str,
    /// Its smallest value.
    pub low: i64,
    /// Its largest value; `i64::MAX` if the range is open.
    pub high: i64,
}

/// The symbols of one chain. A [`Size::Symbolic`] refers to one by its index.
pub type Scope = &'static [Symbol];

/// The length of one axis.
///
/// Every operation is checked: a result that does not fit `i64` is [`SizeError::Overflow`], never a wrapped number. The
/// result of an operation on `Unknown` is `Unknown`, so that arithmetic can go on after an error without reporting
/// consequences of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// A plain number. It may be negative in the middle of a calculation.
    Number(i64),
    /// `scale * symbol + offset` with `scale > 0`.
    Symbolic {
        /// The factor of the symbol.
        scale: i64,
        /// Index of the symbol in the chain's [`Scope`].
        symbol: u8,
        /// The number added.
        offset: i64,
    },
    /// `_` in a pattern, or a size that could not be computed.
    Unknown,
}

/// Why a size has no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SizeError {
    /// The number does not fit `i64`.
    Overflow,
    /// A division leaves a remainder that depends on the symbol: `scale` is not a multiple of `by`.
    Indivisible {
        /// The factor of the symbol.
        scale: i64,
        /// The divisor.
        by: i64,
    },
    /// Two symbols were combined, or a symbol was multiplied by itself.
    NotLinear,
    /// The divisor is zero.
    DivisionByZero,
    /// A size is raised to or shifted by a negative number.
    NegativeExponent,
}

impl Size {
    /// The number, if the size is one.
    pub const fn number(self) -> Option<i64> {
        match self {
            Size::Number(n) => Some(n),
            _ => None,
        }
    }

    /// Whether the size is known, as a number or through a symbol.
    pub const fn is_known(self) -> bool {
        !matches!(self, Size::Unknown)
    }

    /// `self + n`.
    pub const fn plus(self, n: i64) -> Result<Size, SizeError> {
        match self {
            Size::Number(a) => number(a.checked_add(n)),
            Size::Symbolic { scale, symbol, offset } => match offset.checked_add(n) {
                Some(offset) => Ok(Size::Symbolic { scale, symbol, offset }),
                None => Err(SizeError::Overflow),
            },
            Size::Unknown => Ok(Size::Unknown),
        }
    }

    /// `self * n`.
    pub const fn times(self, n: i64) -> Result<Size, SizeError> {
        match self {
            Size::Number(a) => number(a.checked_mul(n)),
            Size::Symbolic { scale, symbol, offset } => match (scale.checked_mul(n), offset.checked_mul(n)) {
                (Some(0), Some(_)) => Ok(Size::Number(0)),
                (Some(scale), Some(offset)) if scale > 0 => Ok(Size::Symbolic { scale, symbol, offset }),
                (Some(_), Some(_)) => Err(SizeError::NotLinear),
                _ => Err(SizeError::Overflow),
            },
            Size::Unknown => Ok(Size::Unknown),
        }
    }

    /// The sum of two sizes.
    pub const fn add(self, other: Size) -> Result<Size, SizeError> {
        match (self, other) {
            (Size::Unknown, _) | (_, Size::Unknown) => Ok(Size::Unknown),
            (size, Size::Number(n)) | (Size::Number(n), size) => size.plus(n),
            (
                Size::Symbolic { scale, symbol, offset },
                Size::Symbolic { scale: other_scale, symbol: other_symbol, offset: other_offset },
            ) => {
                if symbol != other_symbol {
                    return Err(SizeError::NotLinear);
                }
                match (scale.checked_add(other_scale), offset.checked_add(other_offset)) {
                    (Some(scale), Some(offset)) => Ok(Size::Symbolic { scale, symbol, offset }),
                    _ => Err(SizeError::Overflow),
                }
            }
        }
    }

    /// The difference of two sizes. A symbol in both may cancel out.
    pub const fn sub(self, other: Size) -> Result<Size, SizeError> {
        match (self, other) {
            (Size::Unknown, _) | (_, Size::Unknown) => Ok(Size::Unknown),
            (Size::Number(a), Size::Number(n)) => number(a.checked_sub(n)),
            (size, Size::Number(n)) => match n.checked_neg() {
                Some(n) => size.plus(n),
                None => Err(SizeError::Overflow),
            },
            (
                Size::Symbolic { scale, symbol, offset },
                Size::Symbolic { scale: other_scale, symbol: other_symbol, offset: other_offset },
            ) if symbol == other_symbol && scale >= other_scale => {
                match (scale - other_scale, offset.checked_sub(other_offset)) {
                    (0, Some(offset)) => Ok(Size::Number(offset)),
                    (scale, Some(offset)) => Ok(Size::Symbolic { scale, symbol, offset }),
                    (_, None) => Err(SizeError::Overflow),
                }
            }
            _ => Err(SizeError::NotLinear),
        }
    }

    /// The product of two sizes.
    pub const fn mul(self, other: Size) -> Result<Size, SizeError> {
        match (self, other) {
            (Size::Unknown, _) | (_, Size::Unknown) => Ok(Size::Unknown),
            (size, Size::Number(n)) | (Size::Number(n), size) => size.times(n),
            _ => Err(SizeError::NotLinear),
        }
    }

    /// `floor(self / by)`. For a symbolic size, `by` must divide the factor; otherwise the result does not have the
    /// form `a*h + b`.
    pub const fn div_floor(self, by: i64) -> Result<Size, SizeError> {
        if by == 0 {
            return Err(SizeError::DivisionByZero);
        }
        match self {
            Size::Number(a) => match div_floor(a, by) {
                Some(n) => Ok(Size::Number(n)),
                None => Err(SizeError::Overflow),
            },
            Size::Symbolic { scale, symbol, offset } => {
                if by < 0 || scale % by != 0 {
                    return Err(SizeError::Indivisible { scale, by });
                }
                match div_floor(offset, by) {
                    Some(offset) => Ok(Size::Symbolic { scale: scale / by, symbol, offset }),
                    None => Err(SizeError::Overflow),
                }
            }
            Size::Unknown => Ok(Size::Unknown),
        }
    }

    /// The smallest value the size takes over the range of its symbol; `None` if unknown.
    pub const fn smallest(self, scope: Scope) -> Option<i64> {
        match self {
            Size::Number(n) => Some(n),
            Size::Symbolic { scale, symbol, offset } => {
                if symbol as usize >= scope.len() {
                    return None;
                }
                Some(scale.saturating_mul(scope[symbol as usize].low).saturating_add(offset))
            }
            Size::Unknown => None,
        }
    }

    /// The largest value the size takes over the range of its symbol, `i64::MAX` if the range is open; `None` if
    /// unknown.
    pub const fn largest(self, scope: Scope) -> Option<i64> {
        match self {
            Size::Number(n) => Some(n),
            Size::Symbolic { scale, symbol, offset } => {
                if symbol as usize >= scope.len() {
                    return None;
                }
                match scope[symbol as usize].high {
                    i64::MAX => Some(i64::MAX),
                    high => Some(scale.saturating_mul(high).saturating_add(offset)),
                }
            }
            Size::Unknown => None,
        }
    }

    /// Whether the two may be equal: an unknown size matches every other.
    pub const fn fits(self, other: Size) -> bool {
        match (self, other) {
            (Size::Unknown, _) | (_, Size::Unknown) => true,
            _ => self.same(other),
        }
    }

    /// Whether both are the same; two unknown sizes are.
    pub const fn same(self, other: Size) -> bool {
        match (self, other) {
            (Size::Number(a), Size::Number(b)) => a == b,
            (
                Size::Symbolic { scale, symbol, offset },
                Size::Symbolic { scale: other_scale, symbol: other_symbol, offset: other_offset },
            ) => scale == other_scale && symbol == other_symbol && offset == other_offset,
            (Size::Unknown, Size::Unknown) => true,
            _ => false,
        }
    }
}

const fn number(n: Option<i64>) -> Result<Size, SizeError> {
    match n {
        Some(n) => Ok(Size::Number(n)),
        None => Err(SizeError::Overflow),
    }
}

/// `floor(a / b)`, also for negative numbers; `None` if `b == 0` or on overflow.
pub const fn div_floor(a: i64, b: i64) -> Option<i64> {
    match (a.checked_div(b), a.checked_rem(b)) {
        (Some(q), Some(r)) => Some(if r != 0 && (r < 0) != (b < 0) { q - 1 } else { q }),
        _ => None,
    }
}

/// `ceil(a / b)`, also for negative numbers; `None` if `b == 0` or on overflow.
pub const fn div_ceil(a: i64, b: i64) -> Option<i64> {
    match (a.checked_div(b), a.checked_rem(b)) {
        (Some(q), Some(r)) => Some(if r != 0 && (r < 0) == (b < 0) { q + 1 } else { q }),
        _ => None,
    }
}

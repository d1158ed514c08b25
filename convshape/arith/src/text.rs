//! A string that const evaluation can build. Messages are assembled here, both in the macro and in checks that run
//! while rustc evaluates a constant.

use core::fmt;

use crate::shape::Shape;
use crate::size::{Scope, Size};

/// The most bytes of a message. The rest is cut off.
pub const CAPACITY: usize = 2048;

/// A string of bounded length, built piece by piece.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Text {
    /// The empty text.
    pub const fn new() -> Text {
        Text { bytes: [0; CAPACITY], len: 0 }
    }

    /// Appends a string.
    pub const fn str(&mut self, s: &str) -> &mut Text {
        let s = s.as_bytes();
        // A piece that does not fit is left out entirely, so that no character is cut in two.
        if self.len + s.len() <= CAPACITY {
            let mut i = 0;
            while i < s.len() {
                self.bytes[self.len + i] = s[i];
                i += 1;
            }
            self.len += s.len();
        }
        self
    }

    /// Appends a number in decimal.
    pub const fn num(&mut self, n: i64) -> &mut Text {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = n.unsigned_abs();
        loop {
            at -= 1;
            let digit = (rest % 10) as u8;
            digits[at] = b'0' + digit;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if n < 0 {
            self.str("-");
        }
        match core::str::from_utf8(digits.split_at(at).1) {
            Ok(digits) => self.str(digits),
            Err(_) => self,
        }
    }

    /// Appends a positive factor with up to four decimals.
    pub const fn float(&mut self, x: f64) -> &mut Text {
        if !(x > 0.0 && x < 1e14) {
            return self.str("?");
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked for range")]
        let scaled = (x * 10_000.0 + 0.5) as i64;
        self.num(scaled / 10_000);
        let mut rest = scaled % 10_000;
        if rest > 0 {
            self.str(".");
            while rest > 0 {
                self.num(rest / 1_000);
                rest = rest % 1_000 * 10;
            }
        }
        self
    }

    /// Appends a real number with up to six significant digits: `0.5`, `-1`, `1e-5`.
    pub const fn real(&mut self, x: f64) -> &mut Text {
        if x.is_nan() {
            return self.str("NaN");
        }
        if x.is_sign_negative() {
            self.str("-");
        }
        let mut rest = x.abs();
        if rest.is_infinite() {
            return self.str("infinity");
        }
        if rest == 0.0 {
            return self.str("0");
        }
        let mut exponent = 0;
        let plain = rest >= 1e-3 && rest < 1e9;
        while !plain && rest >= 10.0 {
            rest /= 10.0;
            exponent += 1;
        }
        while !plain && rest < 1.0 {
            rest *= 10.0;
            exponent -= 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 10^9")]
        let millionths = (rest * 1e6 + 0.5) as i64;
        self.num(millionths / 1_000_000);
        let mut decimals = millionths % 1_000_000;
        if decimals > 0 {
            self.str(".");
        }
        while decimals > 0 {
            self.num(decimals / 100_000);
            decimals = decimals % 100_000 * 10;
        }
        if exponent == 0 { self } else { self.str("e").num(exponent) }
    }

    /// Appends a size as in the language: `14`, `16*h + 4`, `_`.
    pub const fn size(&mut self, size: Size, scope: Scope) -> &mut Text {
        match size {
            Size::Number(n) => self.num(n),
            Size::Unknown => self.str("_"),
            Size::Symbolic { scale, symbol, offset } => {
                if scale != 1 {
                    self.num(scale).str("*");
                }
                self.str(if (symbol as usize) < scope.len() { scope[symbol as usize].name } else { "?" });
                if offset > 0 {
                    self.str(" + ").num(offset);
                } else if offset < 0 {
                    self.str(" - ").num(offset.saturating_neg());
                }
                self
            }
        }
    }

    /// Appends a size that is multiplied: `(2*w + 1)`.
    pub const fn factor(&mut self, size: Size, scope: Scope) -> &mut Text {
        match size {
            Size::Symbolic { offset, .. } if offset != 0 => self.str("(").size(size, scope).str(")"),
            Size::Symbolic { .. } | Size::Number(_) | Size::Unknown => self.size(size, scope),
        }
    }

    /// Appends a shape: `[16, 14, 14]`.
    pub const fn shape(&mut self, shape: &Shape) -> &mut Text {
        self.str("[");
        let mut axis = 0;
        while axis < shape.rank() {
            if axis > 0 {
                self.str(", ");
            }
            self.size(shape.size(axis), shape.scope());
            axis += 1;
        }
        self.str("]")
    }

    /// Appends one number per axis as a field's value: `3` if all are equal, otherwise `(3, 5)`.
    pub const fn per_axis(&mut self, numbers: &[i64]) -> &mut Text {
        let mut equal = true;
        let mut i = 1;
        while i < numbers.len() {
            equal &= numbers[i] == numbers[0];
            i += 1;
        }
        if equal && !numbers.is_empty() {
            return self.num(numbers[0]);
        }
        self.str("(");
        let mut i = 0;
        while i < numbers.len() {
            if i > 0 {
                self.str(", ");
            }
            self.num(numbers[i]);
            i += 1;
        }
        self.str(")")
    }

    /// The text so far.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

impl Default for Text {
    fn default() -> Text {
        Text::new()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Text::new();
        text.shape(self);
        f.write_str(text.as_str())
    }
}

/// A number with commas between its thousands: `1,234,567`.
#[derive(Clone, Copy, Debug)]
pub struct Thousands(pub u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 / 1000 {
            0 => write!(f, "{}", self.0),
            more => write!(f, "{},{:03}", Thousands(more), self.0 % 1000),
        }
    }
}

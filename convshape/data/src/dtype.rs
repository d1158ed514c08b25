//! Element types.

use std::fmt;

/// The type of an array's elements.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dtype {
    kind: Kind,
    bytes: u8,
    big_endian: bool,
    /// As written in the file.
    word: String,
}

/// The kind of element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// 0 or 1.
    Bool,
    /// An unsigned integer.
    Unsigned,
    /// A signed integer.
    Signed,
    /// An IEEE 754 floating-point number.
    Float,
    /// The upper half of a single-precision number.
    Bfloat16,
    /// Not a number that can be read: complex, text, objects.
    Other,
}

impl Dtype {
    pub(crate) fn new(kind: Kind, bytes: u8, big_endian: bool, word: impl Into<String>) -> Dtype {
        Dtype { kind, bytes, big_endian, word: word.into() }
    }

    /// numpy's notation: `<f4` and so on.
    pub(crate) fn of_numpy(word: &str) -> Dtype {
        let other = || Dtype::new(Kind::Other, 0, false, crate::brief(word));
        let mut letters = word.chars();
        let (order, kind) = match letters.next() {
            Some(order @ ('<' | '>' | '|' | '=')) => (order, letters.next()),
            kind => ('=', kind),
        };
        let (kind, name, sizes): (Kind, &str, &[u8]) = match kind {
            Some('b') => (Kind::Bool, "bool", &[1]),
            Some('u') => (Kind::Unsigned, "uint", &[1, 2, 4, 8]),
            Some('i') => (Kind::Signed, "int", &[1, 2, 4, 8]),
            Some('f') => (Kind::Float, "float", &[2, 4, 8]),
            Some('c') => return Dtype::new(Kind::Other, 0, false, "complex"),
            Some('U' | 'S') => return Dtype::new(Kind::Other, 0, false, "text"),
            Some('O') => return Dtype::new(Kind::Other, 0, false, "Python objects"),
            Some('M') => return Dtype::new(Kind::Other, 0, false, "dates"),
            Some('m') => return Dtype::new(Kind::Other, 0, false, "time spans"),
            _ => return other(),
        };
        let Ok(size) = letters.as_str().parse::<u8>() else { return other() };
        let word = if kind == Kind::Bool { name.to_owned() } else { format!("{name}{}", 8 * u16::from(size)) };
        // numpy's longdouble is a float128 that no other program reads.
        if sizes.contains(&size) {
            Dtype::new(kind, size, order == '>', word)
        } else {
            Dtype::new(Kind::Other, 0, false, word)
        }
    }

    /// `F32`, as safetensors files write it.
    pub(crate) fn of_safetensors(word: &str) -> Dtype {
        let (kind, bytes, name) = match word {
            "BOOL" => (Kind::Bool, 1, "bool"),
            "U8" => (Kind::Unsigned, 1, "uint8"),
            "U16" => (Kind::Unsigned, 2, "uint16"),
            "U32" => (Kind::Unsigned, 4, "uint32"),
            "U64" => (Kind::Unsigned, 8, "uint64"),
            "I8" => (Kind::Signed, 1, "int8"),
            "I16" => (Kind::Signed, 2, "int16"),
            "I32" => (Kind::Signed, 4, "int32"),
            "I64" => (Kind::Signed, 8, "int64"),
            "F16" => (Kind::Float, 2, "float16"),
            "BF16" => (Kind::Bfloat16, 2, "bfloat16"),
            "F32" => (Kind::Float, 4, "float32"),
            "F64" => (Kind::Float, 8, "float64"),
            other => return Dtype::new(Kind::Other, 0, false, crate::brief(other)),
        };
        Dtype::new(kind, bytes, false, name)
    }

    /// The kind of element.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Bytes per element; 0 for [`Kind::Other`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::from(self.bytes)
    }

    /// Whether elements are integers, so that they can be class indices.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.kind, Kind::Bool | Kind::Unsigned | Kind::Signed)
    }

    /// The element stored in these bytes.
    pub(crate) fn number(&self, bytes: &[u8]) -> f64 {
        let mut wide = [0; 8];
        for (place, byte) in bytes.iter().enumerate().take(wide.len()) {
            let place = if self.big_endian { bytes.len() - 1 - place } else { place };
            wide[place] = *byte;
        }
        let bits = u64::from_le_bytes(wide);
        let [a, b, c, d, ..] = wide;
        match (self.kind, self.bytes) {
            (Kind::Bool, _) => f64::from(u8::from(bits != 0)),
            (Kind::Unsigned, _) => bits as f64,
            (Kind::Signed, 1) => f64::from(i8::from_le_bytes([a])),
            (Kind::Signed, 2) => f64::from(i16::from_le_bytes([a, b])),
            (Kind::Signed, 4) => f64::from(i32::from_le_bytes([a, b, c, d])),
            (Kind::Signed, _) => i64::from_le_bytes(wide) as f64,
            (Kind::Float, 2) => half(u16::from_le_bytes([a, b])),
            (Kind::Float, 4) => f64::from(f32::from_le_bytes([a, b, c, d])),
            (Kind::Float, _) => f64::from_le_bytes(wide),
            (Kind::Bfloat16, _) => f64::from(f32::from_le_bytes([0, 0, a, b])),
            (Kind::Other, _) => f64::NAN,
        }
    }
}

/// A number in half precision: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 0x3ff);
    match i32::from((bits >> 10) & 0x1f) {
        0 => sign * fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        exponent => sign * (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    }
}

/// numpy's name: `float32`.
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word)
    }
}

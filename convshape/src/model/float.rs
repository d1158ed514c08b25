//! The floating-point formats in which weights are stored.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// An element type, with its name in safetensors files; little-endian.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Float {
    /// IEEE 754 single precision, which models compute in.
    F32,
    /// IEEE 754 double precision.
    F64,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of an `f32`.
    BF16,
}

impl Float {
    /// Converts each number in `bytes`, given together with its index.
    ///
    /// # Errors
    /// The first error of `convert`.
    #[cfg(feature = "alloc")]
    pub(crate) fn decode<E>(
        self,
        bytes: &[u8],
        convert: impl FnMut((usize, f64)) -> Result<f32, E>,
    ) -> Result<Vec<f32>, E> {
        match self {
            Float::F32 => each(bytes, |bytes| f64::from(f32::from_le_bytes(bytes)), convert),
            Float::F64 => each(bytes, f64::from_le_bytes, convert),
            Float::F16 => each(bytes, |bytes| half(u16::from_le_bytes(bytes)), convert),
            Float::BF16 => each(bytes, |bytes| brain(u16::from_le_bytes(bytes)), convert),
        }
    }
}

#[cfg(feature = "alloc")]
fn each<const N: usize, E>(
    bytes: &[u8],
    value: impl Fn([u8; N]) -> f64,
    convert: impl FnMut((usize, f64)) -> Result<f32, E>,
) -> Result<Vec<f32>, E> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|chunk| value(*chunk)).enumerate().map(convert).collect()
}

/// Converts an `f16`. Shifting moves its exponent and fraction to those of an `f32`, but the exponent's bias is 15
/// instead of 127.
#[cfg(feature = "alloc")]
fn half(bits: u16) -> f64 {
    const REBASE: f64 = (1_u128 << (127 - 15)) as f64;
    const INFINITY: u16 = 0x7c00;
    let magnitude = bits & 0x7fff;
    let value = match magnitude {
        ..INFINITY => f64::from(f32::from_bits(u32::from(magnitude) << 13)) * REBASE,
        INFINITY => f64::INFINITY,
        _ => f64::NAN,
    };
    if bits == magnitude { value } else { -value }
}

/// Converts a `bf16`.
#[cfg(feature = "alloc")]
fn brain(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_two_bytes_is_converted() {
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        for bits in 0..=u16::MAX {
            assert!(same(half(bits), half::f16::from_bits(bits).to_f64()), "{bits:#x}");
            assert!(same(brain(bits), half::bf16::from_bits(bits).to_f64()), "{bits:#x}");
        }
    }
}

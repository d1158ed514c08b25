//! NumPy's `.npy` files, as far as the examples' data goes: `u8` and little-endian `f32` in C order.

use std::fs;
use std::io;
use std::path::Path;

/// An array as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Npy<T> {
    /// Length of each axis, slowest first.
    pub shape: Vec<usize>,
    /// The elements, the last axis fastest.
    pub data: Vec<T>,
}

/// An array of bytes (`|u1`).
///
/// # Errors
/// If the file cannot be read, or is not such an array.
pub fn read_u8(path: impl AsRef<Path>) -> io::Result<Npy<u8>> {
    read(path.as_ref(), "|u1", |[byte]| byte)
}

/// An array of single precision numbers (`<f4`).
///
/// # Errors
/// If the file cannot be read, or is not such an array.
pub fn read_f32(path: impl AsRef<Path>) -> io::Result<Npy<f32>> {
    read(path.as_ref(), "<f4", f32::from_le_bytes)
}

fn read<T, const SIZE: usize>(path: &Path, descr: &str, element: fn([u8; SIZE]) -> T) -> io::Result<Npy<T>> {
    let in_file = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", path.display()));
    let bytes = fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    let (header, data) = split(&bytes).ok_or_else(|| in_file("not an .npy file of version 1"))?;
    if entry(header, "descr") != Some(&format!("'{descr}'")) || entry(header, "fortran_order") != Some("False") {
        return Err(in_file(&format!("expected '{descr}' in C order, found {}", header.trim_end())));
    }
    let shape = shape(header).ok_or_else(|| in_file(&format!("no shape in {}", header.trim_end())))?;
    let length = shape.iter().try_fold(SIZE, |product, axis| product.checked_mul(*axis));
    if length != Some(data.len()) {
        return Err(in_file(&format!("shape {shape:?} does not fit {} bytes of data", data.len())));
    }
    let (elements, _) = data.as_chunks();
    Ok(Npy { shape, data: elements.iter().copied().map(element).collect() })
}

/// The header, a Python dictionary, and the data after it.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.strip_prefix(b"\x93NUMPY\x01\x00")?.split_first_chunk()?;
    let (header, data) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    Some((str::from_utf8(header).ok()?, data))
}

/// The text after a key, up to the next comma.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}': "))?;
    rest.split(',').next()
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let (_, rest) = header.split_once("'shape': (")?;
    let (axes, _) = rest.split_once(')')?;
    axes.split(',').map(str::trim).filter(|axis| !axis.is_empty()).map(|axis| axis.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits");

    #[test]
    fn the_digits_are_read() {
        let images = read_u8(format!("{DIGITS}/images.npy")).expect("images");
        assert_eq!(images.shape, [1797, 8, 8]);
        assert!(images.data.iter().all(|grey| *grey <= 16));
        assert_eq!(read_u8(format!("{DIGITS}/labels.npy")).expect("labels").shape, [1797]);
        assert_eq!(read_f32(format!("{DIGITS}/reconstructed_first_64.npy")).expect("f32").data.len(), 64 * 8 * 8);
    }

    #[test]
    fn another_type_is_an_error() {
        let error = read_f32(format!("{DIGITS}/images.npy")).expect_err("these are bytes").to_string();
        assert!(error.contains("expected '<f4'") && error.contains("'|u1'"), "{error}");
    }
}

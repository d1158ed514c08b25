//! Files in the IDX format, the format of MNIST.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::io;
use std::path::Path;

use ndarray::{ArrayD, IxDyn};

use crate::weights::files;

/// The elements of an IDX file as numbers: bytes become `0.0..=255.0`. `train-images-idx3-ubyte` of MNIST gives
/// `[60000, 28, 28]`.
///
/// # Errors
/// If the file cannot be read, is compressed, or is not an IDX file.
pub fn read_idx(path: impl AsRef<Path>) -> io::Result<ArrayD<f32>> {
    let path = path.as_ref();
    let bytes =
        files::read(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    parse(&bytes).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display())))
}

fn parse(bytes: &[u8]) -> Result<ArrayD<f32>, String> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err("compressed with gzip; unpack it first".into());
    }
    let Some(([0, 0, kind, rank], mut rest)) = bytes.split_first_chunk() else {
        return Err("no IDX file: it does not begin with two zeros".into());
    };
    let mut sizes = Vec::new();
    for _ in 0..*rank {
        let (size, behind) = rest.split_first_chunk().ok_or("the header is not complete")?;
        sizes.push(usize::try_from(u32::from_be_bytes(*size)).map_err(|error| format!("{error}"))?);
        rest = behind;
    }
    let elements: Vec<f32> = match kind {
        0x08 => elements(rest, |[byte]| f32::from(byte)),
        0x09 => elements(rest, |byte| f32::from(i8::from_be_bytes(byte))),
        0x0b => elements(rest, |bytes| f32::from(i16::from_be_bytes(bytes))),
        0x0c => elements(rest, |bytes| i32::from_be_bytes(bytes) as f32),
        0x0d => elements(rest, f32::from_be_bytes),
        0x0e => elements(rest, |bytes| super::single(f64::from_be_bytes(bytes))),
        other => return Err(format!("elements of the unknown type {other:#04x}")),
    };
    let count = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    if count != Some(elements.len()) {
        return Err(format!("the header says {sizes:?}, but {} elements follow", elements.len()));
    }
    ArrayD::from_shape_vec(IxDyn(&sizes), elements).map_err(|error| format!("{error}"))
}

fn elements<const SIZE: usize>(bytes: &[u8], element: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    let (elements, _) = bytes.as_chunks();
    elements.iter().copied().map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_big_endian() {
        let bytes = [0, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0xff, 0xff];
        let array = parse(&bytes).unwrap();
        assert_eq!((array.shape(), array.as_slice().unwrap()), (&[1, 2][..], &[256.0, -1.0][..]));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        for bytes in [&b""[..], b"\x1f\x8b", &[0, 0, 8, 1, 0, 0], &[0, 0, 8, 1, 0, 0, 0, 3, 1], &[0, 0, 7, 0]] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }
}

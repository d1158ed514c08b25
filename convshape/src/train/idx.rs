//! Files in the IDX format, the format of MNIST.

use alloc::format;
use alloc::vec::Vec;
use std::io;
use std::path::Path;

use convshape_data::{Samples, Unreadable};
use ndarray::{ArrayD, IxDyn};

/// The elements of an IDX file as numbers: bytes become `0.0..=255.0`. `train-images-idx3-ubyte` of MNIST gives
/// `[60000, 28, 28]`; so does the file as downloaded, compressed with gzip. An npy file is read too; [`Files`](crate::train::data::Files) reads samples as they are needed.
///
/// # Errors
/// If the file cannot be read, or has no array or several.
pub fn read_idx(path: impl AsRef<Path>) -> io::Result<ArrayD<f32>> {
    let path = path.as_ref();
    let named = |kind: io::ErrorKind, why: &str| io::Error::new(kind, format!("{}: {why}", path.display()));
    let arrays = convshape_data::arrays(path).map_err(|why| match &why {
        Unreadable::Io(error) => named(error.kind(), &format!("{why}")),
        _ => named(io::ErrorKind::InvalidData, &format!("{why}")),
    })?;
    let [array] = arrays.as_slice() else {
        return Err(named(io::ErrorKind::InvalidData, &format!("it has {} arrays, not one", arrays.len())));
    };
    let samples = Samples::open(path, array)?;
    let mut elements = Vec::new();
    for sample in 0..samples.len() {
        samples.read(sample, &mut elements)?;
    }
    ArrayD::from_shape_vec(IxDyn(&array.shape), elements).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn read(name: &str, bytes: &[u8]) -> io::Result<ArrayD<f32>> {
        let path = std::env::temp_dir().join(format!("convshape-idx-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        let array = read_idx(&path);
        std::fs::remove_file(&path).unwrap();
        array
    }

    #[test]
    fn elements_are_big_endian() {
        let bytes = [0, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0xff, 0xff];
        let array = read("elements", &bytes).unwrap();
        assert_eq!((array.shape(), array.as_slice().unwrap()), (&[1, 2][..], &[256.0, -1.0][..]));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        for (bytes, expected) in [
            (&b""[..], "it is empty"),
            (b"\x1f\x8b\x08", "it is truncated"),
            (&[0, 0, 8, 1, 0, 0], "it is truncated"),
            (&[0, 0, 8, 1, 0, 0, 0, 3, 1], "it is truncated: 3 takes 3 bytes, 1 follow the header"),
            (&[0, 0, 7, 0], "it is neither npy, npz, safetensors nor IDX"),
        ] {
            let error = read("damaged", bytes).unwrap_err();
            assert!(error.to_string().ends_with(expected), "{bytes:?}: {error}");
        }
        assert_eq!(read_idx("/nowhere/at-all").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

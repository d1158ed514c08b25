//! Arrays in files: what a header says, and the elements after it. Formats: `.npy`, `.npz` (stored or
//! compressed), safetensors and IDX, recognised by their first bytes; npy and IDX also compressed with gzip.
//!
//! A header is checked against the file before it is trusted: sizes that overflow, elements that the file does not
//! have, and lengths beyond it are a [`Damage`]. Memory grows with the bytes read, never with a number in a header.

mod damage;
mod dtype;
mod elements;
mod gzip;
mod idx;
mod inflate;
mod npy;
mod npz;
pub mod safetensors;
mod samples;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

pub use self::damage::{Damage, Unreadable};
pub use self::dtype::{Dtype, Kind};
pub use self::elements::Elements;
pub use self::samples::Samples;

/// The most axes of an array: numpy's limit.
pub const MOST_AXES: usize = 64;

/// The first bytes of a file, which show its format.
const MAGIC_BYTES: u64 = 8;

/// An array of a file, without its elements.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Array {
    /// Its name: its own in an npz or safetensors file, otherwise that of the file without extension.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its axes, with the axis of samples first.
    pub shape: Vec<usize>,
    /// Whether the first axis runs fastest (`fortran_order`).
    pub fortran: bool,
    /// Where its elements are stored.
    pub place: Place,
}

/// Where the elements of an array are stored in its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Place {
    /// Uncompressed, starting at this byte.
    Plain(u64),
    /// In a deflated stream.
    Deflated {
        /// The first byte of the stream.
        start: u64,
        /// Its length in bytes.
        length: u64,
        /// Bytes of its content before the first element.
        skip: u64,
    },
}

impl Array {
    /// How many elements it has.
    #[must_use]
    pub fn len(&self) -> usize {
        // Checked when the header was read.
        self.shape.iter().product()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of all elements, if they can be counted.
    fn bytes(&self) -> Option<u64> {
        count(&self.shape)?.checked_mul(self.dtype.bytes())
    }
}

/// The number of elements of a shape, if it fits the address space.
fn count(shape: &[usize]) -> Option<u64> {
    // An axis of size 0 must not hide sizes that overflow.
    let all = shape.iter().filter(|size| **size != 0).try_fold(1_usize, |product, size| product.checked_mul(*size))?;
    isize::try_from(all).ok()?;
    u64::try_from(if shape.contains(&0) { 0 } else { all }).ok()
}

/// The arrays of a file, in order. Only headers are read.
///
/// # Errors
/// If the file cannot be read, has another format, or does not match its header.
pub fn arrays(path: &Path) -> Result<Vec<Array>, Unreadable> {
    let (mut file, length) = open(path)?;
    Ok(headers(&mut file, length, &without_extension(path))?)
}

/// The name of a file without its extension.
fn without_extension(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Opens a regular file, and says how long it is.
fn open(path: &Path) -> Result<(File, u64), Unreadable> {
    // Before it is opened: opening a pipe waits for a writer.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(Unreadable::NoFile);
    }
    Ok((File::open(path)?, metadata.len()))
}

/// The arrays of a file of `length` bytes, whose name without extension is `stem`.
fn headers(file: &mut (impl Read + Seek), length: u64, stem: &str) -> Result<Vec<Array>, Damage> {
    let mut first = Vec::new();
    file.take(MAGIC_BYTES).read_to_end(&mut first)?;
    file.seek(SeekFrom::Start(0))?;
    let named = |array: Array, name: &str| vec![Array { name: name.to_owned(), ..array }];
    match first.as_slice() {
        [] => Err(Damage::Empty),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => npz::read(file, length),
        // `x.npy.gz` contains `x.npy`.
        [0x1f, 0x8b, ..] => gzip::read(file, length).map(|array| named(array, &without_extension(Path::new(stem)))),
        [0x89, b'H', b'D', b'F', ..] => Err(Damage::Other("an HDF5 file; write its arrays with `numpy.savez`")),
        [0x80, 2..=5, ..] => Err(Damage::Other("a pickle of Python; write its arrays with `numpy.savez`")),
        [b'M', b'A', b'T', b'L', b'A', b'B', ..] => {
            Err(Damage::Other("a file of MATLAB; write its arrays with `numpy.savez`"))
        }
        [b'v', b'e', b'r', b's', b'i', b'o', b'n', b' ', ..] => Err(Damage::Pointer),
        _ => match single(file, length)? {
            Some(array) => Ok(named(array, stem)),
            None => {
                file.seek(SeekFrom::Start(0))?;
                safetensors_arrays(file, length)
            }
        },
    }
}

/// The array of an npy or IDX file of `length` bytes; `None` if it is neither.
fn single(file: &mut impl Read, length: u64) -> Result<Option<Array>, Damage> {
    let mut first = Vec::new();
    file.by_ref().take(MAGIC_BYTES).read_to_end(&mut first)?;
    let file = &mut first.as_slice().chain(file);
    match first.as_slice() {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => npy::read(file, length).map(Some),
        [0, 0, 8..=14, rank, ..] if *rank > 0 => idx::read(file, length).map(Some),
        _ => Ok(None),
    }
}

fn safetensors_arrays(file: &mut impl Read, length: u64) -> Result<Vec<Array>, Damage> {
    let header = match safetensors::read(file, length) {
        Ok(header) => header,
        // If no JSON object follows the first 8 bytes, the file was never a safetensors file.
        Err(safetensors::HeaderDamage::Short { .. } | safetensors::HeaderDamage::Length { .. }) => {
            return Err(Damage::Unknown);
        }
        Err(safetensors::HeaderDamage::Read(error)) => return Err(Damage::Read(error)),
        Err(damage) => return Err(Damage::Safetensors(damage)),
    };
    let mut tensors: Vec<_> = header.tensors.into_iter().collect();
    tensors.sort_by_key(|(_, tensor)| tensor.bytes);
    let arrays = tensors.into_iter().map(|(name, tensor)| {
        let dtype = Dtype::of_safetensors(&tensor.dtype);
        let bytes = tensor.bytes.1 - tensor.bytes.0;
        let array = Array {
            name,
            dtype,
            shape: tensor.shape,
            fortran: false,
            place: Place::Plain(header.end + tensor.bytes.0),
        };
        fits(&array, bytes)?;
        Ok(array)
    });
    arrays.collect()
}

/// Checks that an array's elements are the `found` bytes that the file has for them.
fn fits(array: &Array, found: u64) -> Result<(), Damage> {
    match array.bytes() {
        None => Err(Damage::Sizes { shape: array.shape.clone() }),
        // Elements of an unknown type have no size.
        Some(_) if array.dtype.kind() == Kind::Other => Ok(()),
        Some(expected) if expected == found => Ok(()),
        Some(expected) => Err(Damage::Elements { shape: array.shape.clone(), expected, found }),
    }
}

/// A name or text in a file may be as long as the file.
pub(crate) fn brief(text: &str) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Unreadable {
        Unreadable::Io(error)
    }
}

#[cfg(test)]
mod tests;

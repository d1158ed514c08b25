//! The digits that the examples train on, and pictures of them.

use std::io;
use std::path::Path;

use convshape::ndarray::{Array4, ArrayView4, Axis};
use convshape::train::write_grid;

use crate::read_u8;

/// The remaining rows are for testing.
pub const TEST_ROWS: usize = 1437;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits");

/// All digits, `[1797, 1, 8, 8]`, with values in `0.0..=1.0`.
///
/// # Errors
/// If the file cannot be read.
pub fn digits() -> io::Result<Array4<f32>> {
    let pixels = read_u8(format!("{DATA}/images.npy"))?;
    let pixels: Vec<f32> = pixels.data.iter().map(|grey| f32::from(*grey) / 16.0).collect();
    Array4::from_shape_vec((pixels.len() / 64, 1, 8, 8), pixels).map_err(io::Error::other)
}

/// The class of each digit, 0 to 9.
///
/// # Errors
/// If the file cannot be read.
pub fn digit_labels() -> io::Result<Vec<usize>> {
    Ok(read_u8(format!("{DATA}/labels.npy"))?.data.into_iter().map(usize::from).collect())
}

/// Writes the first 64 images of two batches, each row of the first above that of the second.
///
/// # Errors
/// If the file cannot be written.
pub fn write_pairs(path: impl AsRef<Path>, above: ArrayView4<'_, f32>, below: ArrayView4<'_, f32>) -> io::Result<()> {
    let pairs = above.axis_chunks_iter(Axis(0), 16).zip(below.axis_chunks_iter(Axis(0), 16)).take(4);
    let rows: Vec<_> = pairs.flat_map(|(above, below)| [above, below]).collect();
    write_grid(path, &rows, 6)
}

//! What the examples share: reading arrays, writing pictures, comparing.

mod digits;
mod npy;
mod photo;
mod picture;

pub use digits::{TEST_ROWS, digit_labels, digits, write_pairs};
pub use npy::{Npy, read_f32, read_u8};
pub use photo::{enlarged, photo};
pub use picture::picture_path;

/// The mean of the squared differences of two slices of equal length; NaN if they are empty.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn mean_squared_error(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len(), "slices to compare differ in length");
    let squares = found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    squares.sum::<f64>() / found.len() as f64
}

#[cfg(test)]
mod tests {
    use super::mean_squared_error;

    #[test]
    fn squared_differences_are_averaged() {
        assert_eq!(mean_squared_error(&[1.0, 2.0], &[1.0, 5.0]), 4.5);
    }
}

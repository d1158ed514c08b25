//! Photos of ordinary size, and small images enlarged.

use std::io;

use convshape::ndarray::{Array2, ArrayView2};

/// A photo in grey, `[427, 640]`, with values in `0.0..=1.0`: `"china"` or `"flower"`.
///
/// # Errors
/// If there is no such file.
pub fn photo(name: &str) -> io::Result<Array2<f32>> {
    let path = format!("{}/data/photos/{name}.jpg", env!("CARGO_MANIFEST_DIR"));
    let grey = image::open(path).map_err(io::Error::other)?.into_luma8();
    let shape = (grey.height() as usize, grey.width() as usize);
    let pixels: Vec<f32> = grey.into_raw().into_iter().map(|grey| f32::from(grey) / 255.0).collect();
    Array2::from_shape_vec(shape, pixels).map_err(io::Error::other)
}

/// An image `factor` times as large, by linear interpolation between the middles of pixels.
#[must_use]
pub fn enlarged(image: ArrayView2<'_, f32>, factor: usize) -> Array2<f32> {
    let (height, width) = image.dim();
    let along = |place: usize, size: usize| {
        let source = ((place as f32 + 0.5) / factor as f32 - 0.5).clamp(0.0, size.saturating_sub(1) as f32);
        let low = (0..size).rev().find(|low| *low as f32 <= source).unwrap_or(0);
        (low, (low + 1).min(size.saturating_sub(1)), source - low as f32)
    };
    Array2::from_shape_fn((height * factor, width * factor), |(y, x)| {
        let ((top, bottom, down), (left, right, across)) = (along(y, height), along(x, width));
        let row = |y: usize| (1.0 - across) * image[[y, left]] + across * image[[y, right]];
        (1.0 - down) * row(top) + down * row(bottom)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use convshape::ndarray::arr2;

    #[test]
    fn a_photo_has_its_size() {
        assert_eq!(photo("china").expect("a photo").dim(), (427, 640));
        assert!(photo("absent").is_err());
    }

    #[test]
    fn a_larger_image_is_linear_between_pixels() {
        let large = enlarged(arr2(&[[0.0, 1.0]]).view(), 2);
        assert_eq!(large, arr2(&[[0.0, 0.25, 0.75, 1.0], [0.0, 0.25, 0.75, 1.0]]));
    }
}

//! Pictures of images side by side.

use std::io;
use std::path::Path;

use image::{GrayImage, Luma};

/// Grey pixels between the images of a grid.
const GAP: usize = 1;
const GAP_GREY: u8 = 64;

/// Writes grey images of one size, `[height, width]` with values in `0.0..=1.0` (black to white, others are clamped),
/// as a PNG: `rows` from top to bottom, each from left to right, every pixel enlarged to `zoom` x `zoom`.
///
/// # Errors
/// If an image does not have `height * width` values, or the file cannot be written.
pub fn write_grid(
    path: impl AsRef<Path>,
    rows: &[Vec<&[f32]>],
    [height, width]: [usize; 2],
    zoom: usize,
) -> io::Result<()> {
    if let Some(image) = rows.iter().flatten().find(|image| image.len() != height * width) {
        let found = format!("an image has {} values, expected {height} x {width}", image.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, found));
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // Of `count` images of `size`, with the gaps between and around them.
    let extent = |count: usize, size: usize| {
        u32::try_from((count * (size + GAP) + GAP) * zoom).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))
    };
    let grey = |x: u32, y: u32| {
        let (column, x) = cell(x as usize / zoom, width)?;
        let (row, y) = cell(y as usize / zoom, height)?;
        Some(to_byte(rows.get(row)?.get(column)?[y * width + x]))
    };
    let picture = GrayImage::from_fn(extent(columns, width)?, extent(rows.len(), height)?, |x, y| {
        Luma([grey(x, y).unwrap_or(GAP_GREY)])
    });
    picture.save(path).map_err(io::Error::other)
}

/// Which image of a row or column a pixel lies in, and where in it; `None` in a gap.
fn cell(pixel: usize, size: usize) -> Option<(usize, usize)> {
    let behind_gap = (pixel % (size + GAP)).checked_sub(GAP)?;
    Some((pixel / (size + GAP), behind_gap))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0.0..=255.0 before")]
fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_stand_side_by_side_with_gaps() {
        let path = std::env::temp_dir().join(format!("convshape-grid-{}.png", std::process::id()));
        let (black, white) = ([0.0, 0.5], [1.0, 2.0]);
        write_grid(&path, &[vec![&black, &white], vec![&white]], [1, 2], 3).expect("a picture");
        let picture = image::open(&path).expect("a PNG").into_luma8();
        std::fs::remove_file(&path).expect("the file is there");
        assert_eq!(picture.dimensions(), (7 * 3, 5 * 3));
        let grey = |x: u32, y: u32| picture.get_pixel(x * 3 + 1, y * 3 + 2).0[0];
        assert_eq!([grey(1, 1), grey(2, 1), grey(3, 1), grey(4, 1), grey(5, 1)], [0, 128, GAP_GREY, 255, 255]);
        assert_eq!([grey(1, 3), grey(4, 3)], [255, GAP_GREY]);
    }

    #[test]
    fn an_image_of_another_size_is_an_error() {
        let error = write_grid("unused.png", &[vec![&[0.0][..]]], [2, 2], 1).expect_err("too small");
        assert_eq!(error.to_string(), "an image has 1 values, expected 2 x 2");
    }
}

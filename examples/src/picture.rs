//! Pictures of images side by side.

use std::io;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};

/// Grey pixels between the images of a grid.
const GAP: usize = 1;
const GAP_GREY: u8 = 64;

/// Where an example writes its picture: the path given as its first argument, or else next to its own program in the
/// target directory.
///
/// # Errors
/// If the system does not say where the program is.
pub fn picture_path() -> io::Result<PathBuf> {
    match std::env::args_os().nth(1) {
        Some(path) => Ok(path.into()),
        None => Ok(std::env::current_exe()?.with_extension("png")),
    }
}

/// Writes images of one size, `[channels, height, width]` with values in `0.0..=1.0` (others are clamped), as a PNG:
/// `rows` from top to bottom, each from left to right, every pixel enlarged to `zoom` x `zoom`. One channel is grey,
/// three are red, green and blue.
///
/// # Errors
/// If the number of channels is not one or three, an image does not have `channels * height * width` values, or the
/// file cannot be written.
pub fn write_grid(
    path: impl AsRef<Path>,
    rows: &[Vec<&[f32]>],
    [channels, height, width]: [usize; 3],
    zoom: usize,
) -> io::Result<()> {
    let refused = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if ![1, 3].contains(&channels) {
        return refused(format!("images of {channels} channels, expected 1 or 3"));
    }
    let values = channels * height * width;
    if let Some(image) = rows.iter().flatten().find(|image| image.len() != values) {
        return refused(format!("an image has {} values, expected {channels} x {height} x {width}", image.len()));
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // The size of a grid of `count` images of `size`, including the gaps.
    let extent = |count: usize, size: usize| {
        u32::try_from((count * (size + GAP) + GAP) * zoom).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))
    };
    let colour = |x: u32, y: u32| {
        let (column, x) = cell(x as usize / zoom, width)?;
        let (row, y) = cell(y as usize / zoom, height)?;
        let image = rows.get(row)?.get(column)?;
        // A single channel is used for all three colours.
        let value = |colour: usize| image[(colour.min(channels - 1) * height + y) * width + x];
        Some([0, 1, 2].map(|colour| to_byte(value(colour))))
    };
    let picture = RgbImage::from_fn(extent(columns, width)?, extent(rows.len(), height)?, |x, y| {
        Rgb(colour(x, y).unwrap_or([GAP_GREY; 3]))
    });
    picture.save(path).map_err(io::Error::other)
}

/// The image of a row or column that a pixel belongs to, and its offset in it; `None` in a gap.
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

    /// Writes a grid and reads it again.
    fn written(name: &str, rows: &[Vec<&[f32]>], shape: [usize; 3], zoom: usize) -> RgbImage {
        let path = std::env::temp_dir().join(format!("convshape-{name}-{}.png", std::process::id()));
        write_grid(&path, rows, shape, zoom).expect("a picture");
        let picture = image::open(&path).expect("a PNG").into_rgb8();
        std::fs::remove_file(&path).expect("the file is there");
        picture
    }

    #[test]
    fn images_stand_side_by_side_with_gaps() {
        let (black, white) = ([0.0, 0.5], [1.0, 2.0]);
        let picture = written("grey", &[vec![&black, &white], vec![&white]], [1, 1, 2], 3);
        assert_eq!(picture.dimensions(), (7 * 3, 5 * 3));
        let grey = |x: u32, y: u32| picture.get_pixel(x * 3 + 1, y * 3 + 2).0[0];
        assert_eq!([grey(1, 1), grey(2, 1), grey(3, 1), grey(4, 1), grey(5, 1)], [0, 128, GAP_GREY, 255, 255]);
        assert_eq!([grey(1, 3), grey(4, 3)], [255, GAP_GREY]);
    }

    #[test]
    fn three_channels_are_colours() {
        let picture = written("colour", &[vec![&[1.0, 0.0, 0.0, 0.0, 0.0, 0.5]]], [3, 1, 2], 1);
        assert_eq!(picture.get_pixel(1, 1).0, [255, 0, 0]);
        assert_eq!(picture.get_pixel(2, 1).0, [0, 0, 128]);
    }

    #[test]
    fn an_image_of_another_size_is_an_error() {
        let error = write_grid("unused.png", &[vec![&[0.0][..]]], [1, 2, 2], 1).expect_err("too small");
        assert_eq!(error.to_string(), "an image has 1 values, expected 1 x 2 x 2");
        let error = write_grid("unused.png", &[], [2, 2, 2], 1).expect_err("neither grey nor colours");
        assert_eq!(error.to_string(), "images of 2 channels, expected 1 or 3");
    }
}

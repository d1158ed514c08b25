//! Pictures of images side by side.

use std::io;
use std::path::Path;

use alloc::format;
use alloc::string::String;

use image::{Rgb, RgbImage};
use ndarray::{Array4, ArrayView3, ArrayView4, Axis};

/// Grey pixels between the images of a grid.
const GAP: usize = 1;
const GAP_GREY: u8 = 64;

/// Writes images side by side as a PNG, such as inputs above their reconstructions. Each of `rows` is a batch
/// `[images, channels, height, width]` with values in `0.0..=1.0` (others are clamped); one channel is grey, three are
/// red, green and blue. Every pixel is enlarged to `zoom` x `zoom`.
///
/// ```
/// use convshape::ndarray::Array4;
/// use convshape::train::write_grid;
///
/// # fn main() -> std::io::Result<()> {
/// let images = Array4::from_shape_fn((8, 1, 16, 16), |(i, _, y, x)| (i * x * y) as f32 / 1800.0);
/// let inverted = images.mapv(|x| 1.0 - x);
/// let path = std::env::temp_dir().join("convshape-pairs.png");
/// write_grid(&path, &[images.view(), inverted.view()], 4)?;
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the images differ in size, do not have one or three channels, or the file cannot be written.
pub fn write_grid(path: impl AsRef<Path>, rows: &[ArrayView4<'_, f32>], zoom: usize) -> io::Result<()> {
    let refused = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    let size = |row: &ArrayView4<'_, f32>| (row.dim().1, row.dim().2, row.dim().3);
    let (channels, height, width) = rows.first().map_or((1, 0, 0), size);
    if ![1, 3].contains(&channels) {
        return refused(format!("images of {channels} channels, expected 1 or 3"));
    }
    if let Some(other) = rows.iter().map(size).find(|other| *other != (channels, height, width)) {
        return refused(format!("a row has images of {other:?}, the first has {:?}", (channels, height, width)));
    }
    let columns = rows.iter().map(|row| row.len_of(Axis(0))).max().unwrap_or(0);
    // The size of a grid of `count` images of `size`, including the gaps.
    let extent = |count: usize, size: usize| {
        let pixels = (size + GAP).checked_mul(count).and_then(|all| (all + GAP).checked_mul(zoom));
        pixels.and_then(|pixels| u32::try_from(pixels).ok()).ok_or(io::ErrorKind::InvalidInput)
    };
    let colour = |x: u32, y: u32| {
        let (column, x) = cell(x as usize / zoom, width)?;
        let (row, y) = cell(y as usize / zoom, height)?;
        // A single channel is used for all three colours.
        let value = |colour: usize| rows[row].get([column, colour.min(channels - 1), y, x]).copied();
        Some([to_byte(value(0)?), to_byte(value(1)?), to_byte(value(2)?)])
    };
    let picture = RgbImage::from_fn(extent(columns, width)?, extent(rows.len(), height)?, |x, y| {
        Rgb(colour(x, y).unwrap_or([GAP_GREY; 3]))
    });
    picture.save_with_format(path, image::ImageFormat::Png).map_err(io::Error::other)
}

/// The channels of a layer's output for one sample, `[channels, height, width]`, as a row of grey images for
/// [`write_grid`]. Each is scaled by itself: its smallest value is black, its largest white.
/// [`Train::layer_outputs`](super::Train::layer_outputs) gives the outputs of all layers.
#[must_use]
pub fn feature_maps(output: ArrayView3<'_, f32>) -> Array4<f32> {
    let mut maps = output.to_owned();
    for mut map in maps.outer_iter_mut() {
        let (low, high) =
            map.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
        map.mapv_inplace(|x| if low < high { (x - low) / (high - low) } else { 0.0 });
    }
    maps.insert_axis(Axis(1))
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
    use alloc::string::ToString;
    use ndarray::{arr1, arr3};

    /// A row of images in one list of values.
    fn row(values: &[f32], [channels, height, width]: [usize; 3]) -> Array4<f32> {
        let images = values.len() / (channels * height * width);
        arr1(values).into_shape_with_order((images, channels, height, width)).unwrap()
    }

    /// Writes a grid and reads it again.
    fn written(name: &str, rows: &[Array4<f32>], zoom: usize) -> RgbImage {
        let path = std::env::temp_dir().join(format!("convshape-{name}-{}.png", std::process::id()));
        let rows: alloc::vec::Vec<_> = rows.iter().map(|row| row.view()).collect();
        write_grid(&path, &rows, zoom).unwrap();
        let picture = image::open(&path).unwrap().into_rgb8();
        std::fs::remove_file(&path).unwrap();
        picture
    }

    #[test]
    fn images_are_side_by_side_with_gaps() {
        let rows = [row(&[0.0, 0.5, 1.0, 2.0], [1, 1, 2]), row(&[1.0, 2.0], [1, 1, 2])];
        let picture = written("grey", &rows, 3);
        assert_eq!(picture.dimensions(), (7 * 3, 5 * 3));
        let grey = |x: u32, y: u32| picture.get_pixel(x * 3 + 1, y * 3 + 2).0[0];
        assert_eq!([grey(1, 1), grey(2, 1), grey(3, 1), grey(4, 1), grey(5, 1)], [0, 128, GAP_GREY, 255, 255]);
        assert_eq!([grey(1, 3), grey(4, 3)], [255, GAP_GREY]);
    }

    #[test]
    fn three_channels_are_colours() {
        let picture = written("colour", &[row(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.5], [3, 1, 2])], 1);
        assert_eq!(picture.get_pixel(1, 1).0, [255, 0, 0]);
        assert_eq!(picture.get_pixel(2, 1).0, [0, 0, 128]);
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        let said = |rows: &[Array4<f32>], zoom| {
            let rows: alloc::vec::Vec<_> = rows.iter().map(|row| row.view()).collect();
            write_grid("unused.png", &rows, zoom).unwrap_err().to_string()
        };
        let (one, two) = (row(&[0.0], [1, 1, 1]), row(&[0.0; 2], [1, 1, 2]));
        assert_eq!(said(&[one.clone(), two], 1), "a row has images of (1, 1, 2), the first has (1, 1, 1)");
        assert_eq!(said(&[row(&[0.0; 2], [2, 1, 1])], 1), "images of 2 channels, expected 1 or 3");
        assert_eq!(said(&[one], usize::MAX), "invalid input parameter");
    }

    #[test]
    fn each_map_is_scaled_by_itself() {
        let maps = feature_maps(arr3(&[[[-1.0, 3.0]], [[5.0, 5.0]]]).view());
        assert_eq!(maps, row(&[0.0, 1.0, 0.0, 0.0], [1, 1, 2]));
    }
}

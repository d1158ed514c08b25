//! Changes of values.

use alloc::format;

use ndarray::{ArrayD, Axis, Slice};
use rand::{Rng, RngExt};

use super::geometry::SampleAxes;
use super::refuse;
use crate::methods::init::normal;
use crate::train::data::DataError;
use crate::train::single;

/// The weights of red, green and blue in grey (ITU-R BT.601).
const GREY: [f32; 3] = [0.299, 0.587, 0.114];

pub(super) fn brightness(image: &mut ArrayD<f32>, factor: f64) {
    *image *= single(factor);
}

pub(super) fn contrast(image: &mut ArrayD<f32>, factor: f64) {
    let mean = image.iter().map(|value| f64::from(*value)).sum::<f64>() / image.len() as f64;
    let (factor, rest) = (single(factor), single((1.0 - factor) * mean));
    image.mapv_inplace(|value| factor * value + rest);
}

pub(super) fn saturation(image: &mut ArrayD<f32>, grid: &SampleAxes, factor: f64) -> Result<(), DataError> {
    let (shape, factor) = (image.shape().to_vec(), single(factor));
    let Some(axis) = grid.channel.filter(|&axis| shape[axis] == GREY.len()) else {
        return refuse(format!("a saturation needs the channels red, green and blue, found the shape {shape:?}"));
    };
    for mut colour in image.lanes_mut(Axis(axis)) {
        let grey: f32 = colour.iter().zip(GREY).map(|(value, share)| share * value).sum();
        colour.mapv_inplace(|value| factor * value + (1.0 - factor) * grey);
    }
    Ok(())
}

pub(super) fn noise(image: &mut ArrayD<f32>, deviation: f64, rng: &mut dyn Rng) {
    image.mapv_inplace(|value| value + single(deviation * normal(rng)));
}

pub(super) fn cutout(image: &mut ArrayD<f32>, grid: &SampleAxes, side: usize, rng: &mut dyn Rng) {
    let mut hole = image.view_mut();
    for (&axis, &size) in grid.axes.iter().zip(&grid.sizes) {
        let middle = rng.random_range(0..size);
        let (start, end) = (middle.saturating_sub(side / 2), middle.saturating_add(side.div_ceil(2)).min(size));
        hole.slice_axis_inplace(Axis(axis), Slice::from(start..end));
    }
    hole.fill(0.0);
}

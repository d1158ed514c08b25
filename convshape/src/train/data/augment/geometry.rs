//! Geometric changes: every element comes from another position.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use ndarray::{ArrayD, Axis, IxDyn, Slice};
use rand::{Rng, RngExt};

use super::refuse;
use crate::train::data::DataError;
use crate::train::single;

/// The axes of an array.
pub(super) struct SampleAxes {
    /// The channel axis, if there is one.
    pub(super) channel: Option<usize>,
    /// The spatial axes.
    pub(super) axes: Vec<usize>,
    /// Their sizes.
    pub(super) sizes: Vec<usize>,
}

/// The values of positions between elements and outside the array.
#[derive(Clone, Copy)]
pub(super) enum Filter {
    /// Linear interpolation; zeros outside.
    Linear,
    /// The nearest element.
    Nearest { outside: f32 },
}

impl Filter {
    pub(super) fn outside(self) -> f32 {
        match self {
            Filter::Linear => 0.0,
            Filter::Nearest { outside } => outside,
        }
    }
}

impl SampleAxes {
    pub(super) fn of(shape: &[usize], channel: Option<usize>) -> SampleAxes {
        let axes: Vec<usize> = (0..shape.len()).filter(|axis| Some(*axis) != channel).collect();
        SampleAxes { channel, sizes: axes.iter().map(|&axis| shape[axis]).collect(), axes }
    }

    /// A random position of a window on the padded image.
    pub(super) fn window(&self, sizes: &[usize], padding: usize, rng: &mut dyn Rng) -> Result<Vec<isize>, DataError> {
        let free = |(&size, &window): (&usize, &usize)| size.checked_add(padding.checked_mul(2)?)?.checked_sub(window);
        let free: Option<Vec<usize>> = self.sizes.iter().zip(sizes).map(free).collect();
        match free {
            Some(free) if sizes.len() == self.sizes.len() && !sizes.contains(&0) => {
                let first = free.into_iter().map(|free| rng.random_range(0..=free).cast_signed());
                Ok(first.map(|first| first - padding.cast_signed()).collect())
            }
            _ => refuse(format!("cannot crop {sizes:?} out of {:?} with a padding of {padding}", self.sizes)),
        }
    }
}

/// The mirror image along a spatial axis.
pub(super) fn flip(array: &ArrayD<f32>, grid: &SampleAxes, axis: usize) -> ArrayD<f32> {
    let mut view = array.view();
    view.invert_axis(Axis(grid.axes[axis]));
    view.as_standard_layout().into_owned()
}

/// A window whose first element is at position `first`.
pub(super) fn window(
    array: &ArrayD<f32>,
    grid: &SampleAxes,
    first: &[isize],
    sizes: &[usize],
    outside: f32,
) -> ArrayD<f32> {
    let mut shape = array.shape().to_vec();
    for (&axis, &size) in grid.axes.iter().zip(sizes) {
        shape[axis] = size;
    }
    let mut result = ArrayD::from_elem(IxDyn(&shape), outside);
    let (mut from, mut to) = (array.view(), result.view_mut());
    for (index, &axis) in grid.axes.iter().enumerate() {
        // The overlap of both, as positions of the array.
        let end = first[index].saturating_add_unsigned(sizes[index]);
        let start = first[index].clamp(0, grid.sizes[index].cast_signed());
        let end = end.clamp(start, grid.sizes[index].cast_signed());
        from.slice_axis_inplace(Axis(axis), Slice::new(start, Some(end), 1));
        let (start, length) = ((start - first[index]).clamp(0, sizes[index].cast_signed()), end - start);
        to.slice_axis_inplace(Axis(axis), Slice::new(start, Some(start + length), 1));
    }
    to.assign(&from);
    result
}

/// The matrix of a rotation in the plane of the last two of `axes` axes. It is counterclockwise if the first of the two
/// points down.
pub(super) fn rotation(axes: usize, degrees: f64) -> Vec<f64> {
    // Quarter turns are exact.
    let (sin, cos) = match degrees.rem_euclid(360.0) {
        0.0 => (0.0, 1.0),
        90.0 => (1.0, 0.0),
        180.0 => (0.0, -1.0),
        270.0 => (-1.0, 0.0),
        other => (libm::sin(other.to_radians()), libm::cos(other.to_radians())),
    };
    let mut matrix = enlargement(axes, 1.0);
    let (y, x) = (axes - 2, axes - 1);
    matrix[y * axes + y] = cos;
    matrix[y * axes + x] = sin;
    matrix[x * axes + y] = -sin;
    matrix[x * axes + x] = cos;
    matrix
}

/// The matrix of an enlargement.
pub(super) fn enlargement(axes: usize, factor: f64) -> Vec<f64> {
    (0..axes * axes).map(|place| if place % (axes + 1) == 0 { 1.0 / factor } else { 0.0 }).collect()
}

/// Each element comes from `matrix` times its position, relative to the middle.
pub(super) fn affine(array: &ArrayD<f32>, grid: &SampleAxes, matrix: &[f64], filter: Filter) -> ArrayD<f32> {
    let array = array.as_standard_layout();
    let (shape, axes) = (array.shape(), grid.sizes.len());
    let step = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    let steps: Vec<usize> = grid.axes.iter().map(|&axis| step(axis)).collect();
    let (channels, channel_step) = grid.channel.map_or((1, 0), |axis| (shape[axis], step(axis)));
    let from: Vec<f32> = array.iter().copied().collect();
    let mut to = vec![0.0_f32; from.len()];
    let middle: Vec<f64> = grid.sizes.iter().map(|&size| (size as f64 - 1.0) / 2.0).collect();
    let (mut place, mut source, mut corners) = (vec![0; axes], vec![0.0; axes], Vec::new());
    for _ in 0..grid.sizes.iter().product() {
        for (row, source) in source.iter_mut().enumerate() {
            let seen = |axis: usize| place[axis] as f64 - middle[axis];
            *source = middle[row] + (0..axes).map(|axis| matrix[row * axes + axis] * seen(axis)).sum::<f64>();
        }
        let start: usize = place.iter().zip(&steps).map(|(place, step)| place * step).sum();
        let outside = around(&source, &grid.sizes, &steps, filter, &mut corners);
        for channel in 0..channels {
            let sum: f64 =
                corners.iter().map(|&(at, share)| share * f64::from(from[at + channel * channel_step])).sum();
            to[start + channel * channel_step] = if corners.is_empty() { outside } else { single(sum) };
        }
        advance(&mut place, &grid.sizes);
    }
    ArrayD::from_shape_vec(IxDyn(shape), to).expect("as many elements as before")
}

/// Calls `each` with the elements around a position and their weights. Returns the fill value if there are none.
fn around(source: &[f64], sizes: &[usize], steps: &[usize], filter: Filter, corners: &mut Vec<(usize, f64)>) -> f32 {
    corners.clear();
    corners.push((0, 1.0));
    for ((&source, &size), step) in source.iter().zip(sizes).zip(steps) {
        let low = match filter {
            Filter::Linear => libm::floor(source),
            Filter::Nearest { .. } => libm::floor(source + 0.5),
        };
        let high_share = if matches!(filter, Filter::Linear) { source - low } else { 0.0 };
        let neighbours = [(low, 1.0 - high_share), (low + 1.0, high_share)];
        let before = core::mem::take(corners);
        for (at, share) in before {
            for (place, part) in neighbours {
                if part > 0.0 && place >= 0.0 && place < size as f64 {
                    corners.push((at + index(place) * step, share * part));
                }
            }
        }
    }
    filter.outside()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within an axis")]
fn index(place: f64) -> usize {
    place as usize
}

/// The next position, the last axis fastest.
pub(super) fn advance(place: &mut [usize], sizes: &[usize]) {
    for (place, size) in place.iter_mut().zip(sizes).rev() {
        *place += 1;
        if *place < *size {
            return;
        }
        *place = 0;
    }
}

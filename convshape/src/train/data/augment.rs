//! Data augmentation: random changes of samples that should not change a model's answer.

mod geometry;
mod values;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use ndarray::ArrayD;
use rand::{Rng, RngExt};

use self::geometry::{Filter, SampleAxes};
use super::{DataError, Sample};
use crate::train::Context;

/// Random changes of the first input of each sample, applied in the order of the calls.
///
/// The input has a channel axis and one to three spatial axes: a signal `[channels, length]`, an image `[channels,
/// height, width]`, a volume `[channels, depth, height, width]`, or the same with the channels last
/// ([`Augment::for_chain`]). Spatial axes are counted from 0, without the channel axis. Areas outside the original
/// image are filled with zeros.
///
/// Geometric changes are [`flip`](Augment::flip), [`crop`](Augment::crop), [`shift`](Augment::shift),
/// [`rotate`](Augment::rotate) and [`scale`](Augment::scale); with [`masks`](Augment::masks) they change the first
/// target in the same way. The others change values, which are not clamped.
///
/// ```
/// use convshape::ndarray::{Array2, Array3};
/// use convshape::train::data::{Augment, Dataset, Pass, Sample, from_fn};
///
/// # fn main() -> Result<(), convshape::train::DataError> {
/// // Images with the class of each pixel.
/// let data = from_fn(8, |_| Sample::new(Array3::from_elem((3, 32, 32), 0.5), Array2::ones((32, 32))));
/// let augment = Augment::new().flip(1).rotate(15.0).crop(&[24, 24], 2).masks(0.0).brightness(0.2).noise(0.05);
/// let data = data.augment(augment);
/// let sample = data.sample(3, Pass::new(1, 0))?;
/// assert_eq!((sample.inputs[0].shape(), sample.targets[0].shape()), (&[3, 24, 24][..], &[24, 24][..]));
/// assert_eq!(data.sample(3, Pass::new(1, 0))?, sample);
/// assert_ne!(data.sample(3, Pass::new(1, 1))?, sample);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Augment {
    steps: Vec<Augmentation>,
    channels_last: bool,
    masks: Option<f32>,
}

#[derive(Clone, PartialEq, Debug)]
enum Augmentation {
    Flip(usize),
    Crop { sizes: Vec<usize>, padding: usize },
    Shift(f64),
    Rotate(f64),
    Scale(f64, f64),
    Brightness(f64),
    Contrast(f64),
    Saturation(f64),
    Noise(f64),
    Cutout(usize),
}

/// A geometric change after its random numbers are drawn.
enum Change {
    Flip(usize),
    /// The position of the window's first element, which may be outside, and its sizes.
    Window(Vec<isize>, Vec<usize>),
    /// Each position is read from the position times this matrix, relative to the middle.
    Affine(Vec<f64>),
}

impl Augment {
    /// No changes, for samples with the channels first.
    #[must_use]
    pub fn new() -> Augment {
        Augment::default()
    }

    /// Expects the channel axis where a chain has it: last in the dialects `flax` and `keras`
    /// (`Context::of::<Model>()`).
    #[must_use]
    pub fn for_chain(self, context: &Context) -> Augment {
        Augment { channels_last: context.channels_last, ..self }
    }

    /// Changes the first target like the input: a mask `[height, width]` of class indices, or one with channels.
    /// Positions between elements take the nearest one; positions outside become `outside`, such as 0 for the
    /// background or the class that the loss ignores.
    #[must_use]
    pub fn masks(self, outside: f32) -> Augment {
        Augment { masks: Some(outside), ..self }
    }

    /// Mirrors half of the samples along a spatial axis; axis 1 swaps left and right in an image.
    #[must_use]
    pub fn flip(self, axis: usize) -> Augment {
        self.then(Augmentation::Flip(axis))
    }

    /// Adds `padding` zeros at each end of each spatial axis and takes a random window of these sizes.
    #[must_use]
    pub fn crop(self, sizes: &[usize], padding: usize) -> Augment {
        self.then(Augmentation::Crop { sizes: sizes.to_vec(), padding })
    }

    /// Moves by whole elements, by at most this share of each spatial axis.
    #[must_use]
    pub fn shift(self, share: f64) -> Augment {
        self.then(Augmentation::Shift(share))
    }

    /// Rotates about the middle in the plane of the last two spatial axes, by at most `degrees` in either direction,
    /// with linear interpolation.
    #[must_use]
    pub fn rotate(self, degrees: f64) -> Augment {
        self.then(Augmentation::Rotate(degrees))
    }

    /// Enlarges all spatial axes about the middle, by a factor in this range, with linear interpolation.
    #[must_use]
    pub fn scale(self, low: f64, high: f64) -> Augment {
        self.then(Augmentation::Scale(low, high))
    }

    /// Multiplies values by a factor in `1 - most..=1 + most` (`torchvision.transforms.ColorJitter`, but without
    /// clamping, like the next two).
    #[must_use]
    pub fn brightness(self, most: f64) -> Augment {
        self.then(Augmentation::Brightness(most))
    }

    /// Multiplies the difference between values and their mean by a factor in `1 - most..=1 + most`.
    #[must_use]
    pub fn contrast(self, most: f64) -> Augment {
        self.then(Augmentation::Contrast(most))
    }

    /// Multiplies the difference between each colour and grey (ITU-R BT.601) by a factor in `1 - most..=1 + most`.
    #[must_use]
    pub fn saturation(self, most: f64) -> Augment {
        self.then(Augmentation::Saturation(most))
    }

    /// Adds normally distributed noise.
    #[must_use]
    pub fn noise(self, deviation: f64) -> Augment {
        self.then(Augmentation::Noise(deviation))
    }

    /// Sets a square, or cube, with this side to zero. Its middle can be anywhere, so part of it may be outside
    /// (DeVries and Taylor, 2017).
    #[must_use]
    pub fn cutout(self, side: usize) -> Augment {
        self.then(Augmentation::Cutout(side))
    }

    fn then(mut self, step: Augmentation) -> Augment {
        self.steps.push(step);
        self
    }

    /// Changes a sample randomly with the generator.
    ///
    /// # Errors
    /// If the sample does not have the axes that a change needs.
    pub fn apply(&self, sample: &mut Sample, rng: &mut dyn Rng) -> Result<(), DataError> {
        let Some(image) = sample.inputs.first_mut() else { return refuse("there is no input to change".into()) };
        let mut mask = match self.masks {
            None => None,
            Some(outside) => match sample.targets.first_mut() {
                Some(mask) => Some((mask, outside)),
                None => return refuse("there is no target to change as a mask".into()),
            },
        };
        for step in &self.steps {
            let grid = self.grid(image)?;
            let Some(change) = step.change(&grid, rng)? else {
                step.values(image, &grid, rng)?;
                continue;
            };
            if let Some((mask, outside)) = &mut mask {
                let of_mask = self.grid_of_mask(mask, &grid)?;
                **mask = change.apply(mask, &of_mask, Filter::Nearest { outside: *outside });
            }
            *image = change.apply(image, &grid, Filter::Linear);
        }
        Ok(())
    }

    fn grid(&self, array: &ArrayD<f32>) -> Result<SampleAxes, DataError> {
        let rank = array.ndim();
        if !(2..=4).contains(&rank) || array.is_empty() {
            let axes = if self.channels_last { "[spatial axes.., channels]" } else { "[channels, spatial axes..]" };
            return refuse(format!("found an input of shape {:?}, expected {axes} to change", array.shape()));
        }
        Ok(SampleAxes::of(array.shape(), Some(if self.channels_last { rank - 1 } else { 0 })))
    }

    fn grid_of_mask(&self, mask: &ArrayD<f32>, image: &SampleAxes) -> Result<SampleAxes, DataError> {
        let channel = (mask.ndim() > image.sizes.len()).then(|| if self.channels_last { mask.ndim() - 1 } else { 0 });
        let grid = SampleAxes::of(mask.shape(), channel);
        if grid.sizes == image.sizes {
            return Ok(grid);
        }
        refuse(format!("found a mask of shape {:?}, expected the image's {:?}", mask.shape(), image.sizes))
    }
}

impl Augmentation {
    /// The geometric change with its random numbers drawn; `None` if it changes values.
    fn change(&self, grid: &SampleAxes, rng: &mut dyn Rng) -> Result<Option<Change>, DataError> {
        let axes = grid.sizes.len();
        Ok(Some(match self {
            Augmentation::Flip(axis) => {
                if *axis >= axes {
                    return refuse(format!("cannot flip axis {axis} of the spatial axes {:?}", grid.sizes));
                }
                // An even number of flips cancels out.
                if rng.random::<bool>() {
                    Change::Flip(*axis)
                } else {
                    Change::Window(alloc::vec![0; axes], grid.sizes.clone())
                }
            }
            Augmentation::Crop { sizes, padding } => Change::Window(grid.window(sizes, *padding, rng)?, sizes.clone()),
            Augmentation::Shift(share) => {
                let share = in_range("a shift", *share, 0.0, Some(1.0))?;
                let first = grid.sizes.iter().map(|&size| {
                    let most = whole(share * size as f64);
                    rng.random_range(0..=2 * most).cast_signed() - most.cast_signed()
                });
                Change::Window(first.collect(), grid.sizes.clone())
            }
            Augmentation::Rotate(degrees) => {
                let most = in_range("a rotation", *degrees, 0.0, Some(360.0))?;
                if axes < 2 {
                    return refuse(format!("cannot rotate in the one spatial axis {:?}", grid.sizes));
                }
                Change::Affine(geometry::rotation(axes, between(-most, most, rng)))
            }
            Augmentation::Scale(low, high) => {
                let (low, high) =
                    (in_range("a scale", *low, 1e-3, Some(1e3))?, in_range("a scale", *high, 1e-3, Some(1e3))?);
                Change::Affine(geometry::enlargement(axes, between(low, high, rng)))
            }
            Augmentation::Brightness(_)
            | Augmentation::Contrast(_)
            | Augmentation::Saturation(_)
            | Augmentation::Noise(_)
            | Augmentation::Cutout(_) => {
                return Ok(None);
            }
        }))
    }

    /// The part of [`Augmentation::apply`] that changes the values of pixels and leaves them where they are.
    fn values(&self, image: &mut ArrayD<f32>, grid: &SampleAxes, rng: &mut dyn Rng) -> Result<(), DataError> {
        let mut factor = |name: &str, most: f64| {
            let most = in_range(name, most, 0.0, None)?;
            Ok::<f64, DataError>(between(1.0 - most, 1.0 + most, rng))
        };
        match self {
            Augmentation::Brightness(most) => values::brightness(image, factor("a brightness", *most)?),
            Augmentation::Contrast(most) => values::contrast(image, factor("a contrast", *most)?),
            Augmentation::Saturation(most) => values::saturation(image, grid, factor("a saturation", *most)?)?,
            Augmentation::Noise(deviation) => {
                values::noise(image, in_range("a deviation", *deviation, 0.0, None)?, rng);
            }
            Augmentation::Cutout(side) => values::cutout(image, grid, *side, rng),
            Augmentation::Flip(_)
            | Augmentation::Crop { .. }
            | Augmentation::Shift(_)
            | Augmentation::Rotate(_)
            | Augmentation::Scale(..) => {}
        }
        Ok(())
    }
}

impl Change {
    fn apply(&self, array: &ArrayD<f32>, grid: &SampleAxes, filter: Filter) -> ArrayD<f32> {
        match self {
            Change::Flip(axis) => geometry::flip(array, grid, *axis),
            Change::Window(first, sizes) => geometry::window(array, grid, first, sizes, filter.outside()),
            Change::Affine(matrix) => geometry::affine(array, grid, matrix, filter),
        }
    }
}

/// A random number between two bounds, given in any order.
fn between(a: f64, b: f64, rng: &mut dyn Rng) -> f64 {
    a + (b - a) * rng.random::<f64>()
}

/// Checks a setting; without `high` it may be any finite number from `low` on.
fn in_range(what: &str, found: f64, low: f64, high: Option<f64>) -> Result<f64, DataError> {
    if (low..=high.unwrap_or(f64::from(f32::MAX))).contains(&found) {
        return Ok(found);
    }
    let expected = match high {
        Some(high) => format!("{low} to {high}"),
        None => format!("a finite number, at least {low}"),
    };
    refuse(format!("{what} of {found}, expected {expected}"))
}

/// Rounds down a number that is not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounds down")]
fn whole(number: f64) -> usize {
    number as usize
}

fn refuse<T>(why: String) -> Result<T, DataError> {
    Err(DataError::Change(why))
}

#[cfg(test)]
mod tests;

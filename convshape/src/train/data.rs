//! Data sets, operations on their samples, and batches.
//!
//! A [`Dataset`] returns a sample for each index. There are [`Data`] (arrays in memory), [`Files`] (npy, npz,
//! safetensors and IDX, read sample by sample, so that they may be larger than memory), `ImageFolder` (with the
//! feature `image`), [`from_fn`] (a function of the index), [`stream`] (any iterator), and a `Vec<Sample>`.
//!
//! Each operation gives another data set: [`map`](Dataset::map), [`augment`](Dataset::augment),
//! [`mixup`](Dataset::mixup), [`one_hot`](Dataset::one_hot), [`subset`](Dataset::subset) and
//! [`split`](Dataset::split). [`Loader`] shuffles and makes batches, on another thread if wanted. `Fit`
//! takes any data set.
//!
//! Random changes depend only on the seed, the epoch and the index of the sample. Batch size, threads and resuming from
//! a checkpoint do not change them.
//!
//! ```
//! use convshape::ndarray::{Array3, arr0};
//! use convshape::train::data::{Augment, Dataset, Loader, Sample, Split, from_fn};
//!
//! # fn main() -> Result<(), convshape::train::DataError> {
//! // A picture and its class for each number.
//! let data = from_fn(100, |index| {
//!     Sample::new(Array3::from_elem((1, 8, 8), index as f32), arr0((index % 10) as f32))
//! });
//! let [training, test] = data.split(Split::fractions([0.8, 0.2]).seed(1))?;
//! let training = training
//!     .map(|sample, _| sample.inputs[0] /= 255.0)
//!     .augment(Augment::new().flip(1).crop(&[8, 8], 1));
//!
//! let loader = Loader::new(&training, 32).shuffled(1);
//! for batch in loader.epoch(0) {
//!     assert_eq!(batch?.inputs[0].shape()[1..], [1, 8, 8]);
//! }
//! assert_eq!((loader.batches(), test.len()), (3, 20));
//! # Ok(())
//! # }
//! ```

mod arrays;
mod augment;
mod error;
mod files;
#[cfg(feature = "image")]
mod folder;
mod loader;
mod map;
mod mixup;
mod random;
mod sample;
mod sources;
mod split;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rand::Rng;

pub use self::arrays::Data;
pub use self::augment::Augment;
pub use self::error::DataError;
#[doc(hidden)]
pub use self::files::dataset;
pub use self::files::{ArrayPath, Files};
#[cfg(feature = "image")]
pub use self::folder::ImageFolder;
pub use self::loader::Loader;
pub use self::map::{Map, Outcome};
pub use self::mixup::Mixup;
pub use self::random::Pass;
pub(super) use self::random::{Use, generator};
pub use self::sample::{Batch, Sample};
pub use self::sources::{FromFn, Stream, from_fn, stream};
pub use self::split::{Split, Subset};

/// A source of samples by index.
///
/// Your own data set needs [`len`](Dataset::len) and [`sample`](Dataset::sample); the other methods have defaults.
pub trait Dataset: Send + Sync {
    /// How many samples there are.
    fn len(&self) -> usize;

    /// The sample of an index, counted from 0. Random changes take their generator from [`Pass::rng`].
    ///
    /// # Errors
    /// If there is no such sample, or it cannot be read or made.
    fn sample(&self, index: usize, pass: Pass) -> Result<Sample, DataError>;

    /// The samples of these indices as one batch.
    ///
    /// # Errors
    /// Those of [`Dataset::sample`], and if samples differ in shape.
    fn gather(&self, places: &[usize], pass: Pass) -> Result<Batch, DataError> {
        let samples = places.iter().map(|&index| self.sample(index, pass).map_err(|error| error.at(index)));
        sample::stack(places, &samples.collect::<Result<Vec<_>, _>>()?)
    }

    /// Whether samples can only be read one after another, so that any other order would read everything again. A
    /// [`Loader`] does not shuffle such a data set.
    fn is_sequential(&self) -> bool {
        false
    }

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples of these indices as one batch, outside of any epoch.
    ///
    /// # Errors
    /// Those of [`Dataset::gather`].
    fn batch(&self, places: &[usize]) -> Result<Batch, DataError> {
        self.gather(places, Pass::default())
    }

    /// Changes each sample with a function, which returns nothing or a `Result`. The function gets a generator seeded
    /// for the sample and the epoch.
    fn map<F, R>(self, change: F) -> Map<Self, F>
    where
        Self: Sized,
        F: Fn(&mut Sample, &mut dyn Rng) -> R + Send + Sync,
        R: Outcome<()>,
    {
        Map::new(self, change)
    }

    /// Flips, shifts, crops and so on, differently in each epoch.
    fn augment(
        self,
        augment: Augment,
    ) -> Map<Self, impl Fn(&mut Sample, &mut dyn Rng) -> Result<(), DataError> + Send + Sync>
    where
        Self: Sized,
    {
        self.map(move |sample, rng| augment.apply(sample, rng))
    }

    /// Mixes each sample with another one (Zhang et al., 2018): the share of the first is drawn from the beta
    /// distribution with both parameters `alpha`, such as 0.2. Targets are mixed as well, so convert class indices to
    /// probabilities first ([`Dataset::one_hot`]).
    fn mixup(self, alpha: f64) -> Mixup<Self>
    where
        Self: Sized,
    {
        Mixup::new(self, alpha)
    }

    /// Converts the class index in the first target, `[..]`, to probabilities of `classes` classes: `[classes, ..]`, as
    /// `CrossEntropy` takes them.
    fn one_hot(
        self,
        classes: usize,
    ) -> Map<Self, impl Fn(&mut Sample, &mut dyn Rng) -> Result<(), DataError> + Send + Sync>
    where
        Self: Sized,
    {
        self.map(move |sample, _| mixup::one_hot(sample, classes))
    }

    /// Only the samples of these indices, in this order.
    ///
    /// # Errors
    /// If there is no such sample.
    fn subset(&self, places: Vec<usize>) -> Result<Subset<&Self>, DataError>
    where
        Self: Sized,
    {
        Subset::new(self, places)
    }

    /// Divides the samples into parts, each in the order of the data.
    ///
    /// # Errors
    /// If the parts need more samples than there are, or the number of classes is not the number of samples.
    fn split<const PARTS: usize>(&self, split: Split<'_, PARTS>) -> Result<[Subset<&Self>; PARTS], DataError>
    where
        Self: Sized,
    {
        split.of(self)
    }
}

/// A data set through a pointer.
macro_rules! through {
    ($($pointer:ty),*) => {$(
        impl<D: Dataset + ?Sized> Dataset for $pointer {
            fn len(&self) -> usize {
                (**self).len()
            }

            fn sample(&self, index: usize, pass: Pass) -> Result<Sample, DataError> {
                (**self).sample(index, pass)
            }

            fn gather(&self, places: &[usize], pass: Pass) -> Result<Batch, DataError> {
                (**self).gather(places, pass)
            }

            fn is_sequential(&self) -> bool {
                (**self).is_sequential()
            }
        }
    )*};
}
through!(&D, Box<D>, Arc<D>);

//! Samples, taken in batches, in an order that a seed gives.

mod dataset;

use alloc::vec::Vec;
use core::ops::Range;

use ndarray::{ArrayD, ArrayViewD, Axis, Slice};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::methods::batch::Inputs;
use crate::model::error::ShapeError;

pub use self::dataset::{DataError, Dataset, dataset};

/// Inputs and targets, the sample axis first: a view of arrays that lie elsewhere.
#[derive(Clone, Debug)]
pub struct Data<'a> {
    inputs: Vec<ArrayViewD<'a, f32>>,
    targets: Vec<ArrayViewD<'a, f32>>,
    samples: usize,
}

/// Some samples, an array for each input of the model and each target of the loss.
#[derive(Clone, PartialEq, Debug)]
pub struct Batch {
    /// The inputs.
    pub inputs: Vec<ArrayD<f32>>,
    /// The targets.
    pub targets: Vec<ArrayD<f32>>,
}

impl<'a> Data<'a> {
    /// Data from one array, or a tuple of them, on either side: `Data::new(x.view(), y.view())`. A
    /// loss without targets takes `()`.
    ///
    /// # Errors
    /// If the arrays have different numbers of samples.
    pub fn new(inputs: impl Inputs<'a>, targets: impl Inputs<'a>) -> Result<Data<'a>, ShapeError> {
        Data::from_views(inputs.batches(), targets.batches())
    }

    /// As [`Data::new`], from lists of views.
    ///
    /// # Errors
    /// If the arrays have different numbers of samples.
    pub fn from_views(
        inputs: Vec<ArrayViewD<'a, f32>>,
        targets: Vec<ArrayViewD<'a, f32>>,
    ) -> Result<Data<'a>, ShapeError> {
        let mut lengths = inputs.iter().chain(&targets).map(|array| array.shape().first().copied().unwrap_or(0));
        let samples = lengths.next().unwrap_or(0);
        match lengths.find(|length| *length != samples) {
            Some(found) => Err(ShapeError::Samples { found, expected: samples }),
            None => Ok(Data { inputs, targets, samples }),
        }
    }

    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// Neighbouring samples; the data must have them.
    pub(super) fn rows(&self, rows: &Range<usize>) -> Data<'a> {
        let of = |arrays: &[ArrayViewD<'a, f32>]| {
            let slice = |array: &ArrayViewD<'a, f32>| array.clone().slice_axis_move(Axis(0), Slice::from(rows.clone()));
            arrays.iter().map(slice).collect()
        };
        Data { inputs: of(&self.inputs), targets: of(&self.targets), samples: rows.len() }
    }

    /// The samples at these places.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn batch(&self, places: &[usize]) -> Batch {
        let select =
            |arrays: &[ArrayViewD<'_, f32>]| arrays.iter().map(|array| array.select(Axis(0), places)).collect();
        Batch { inputs: select(&self.inputs), targets: select(&self.targets) }
    }
}

impl Batch {
    /// The inputs as views.
    #[must_use]
    pub fn input_views(&self) -> Vec<ArrayViewD<'_, f32>> {
        self.inputs.iter().map(|array| array.view()).collect()
    }

    /// The targets as views.
    #[must_use]
    pub fn target_views(&self) -> Vec<ArrayViewD<'_, f32>> {
        self.targets.iter().map(|array| array.view()).collect()
    }
}

/// Takes data in batches. The order of an epoch depends on the seed and the epoch's number only, so
/// that training goes on anywhere.
#[derive(Clone, Debug)]
pub struct Loader<'a> {
    data: Data<'a>,
    batch: usize,
    seed: Option<u64>,
    whole_only: bool,
}

impl<'a> Loader<'a> {
    /// Batches of `batch` samples, at least one, in the order of the data. The last has what is left
    /// over: it may be smaller. A single sample, of which a normalisation has no statistics in training,
    /// joins the batch before, which is then larger by one.
    #[must_use]
    pub fn new(data: Data<'a>, batch: usize) -> Loader<'a> {
        Loader { data, batch: batch.max(1), seed: None, whole_only: false }
    }

    /// Another order in every epoch.
    #[must_use]
    pub fn shuffled(self, seed: u64) -> Loader<'a> {
        Loader { seed: Some(seed), ..self }
    }

    /// Leaves out a last batch that is smaller than the others.
    #[must_use]
    pub fn whole_batches_only(self) -> Loader<'a> {
        Loader { whole_only: true, ..self }
    }

    /// How many batches an epoch has.
    #[must_use]
    pub fn batches(&self) -> usize {
        let (whole, left) = (self.data.len() / self.batch, self.data.len() % self.batch);
        let has_own = left > 1 || (left == 1 && whole == 0);
        if self.whole_only || !has_own { whole } else { whole + 1 }
    }

    /// The batches of an epoch, counted from zero.
    pub fn epoch(&self, epoch: u64) -> impl Iterator<Item = Batch> + '_ {
        let order = self.order(epoch);
        let batches = self.batches();
        (0..batches).map(move |index| {
            let end = if self.whole_only || index + 1 < batches { (index + 1) * self.batch } else { order.len() };
            self.data.batch(&order[index * self.batch..end])
        })
    }

    /// The order of the samples: that of Fisher and Yates.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.data.len()).collect();
        if let Some(seed) = self.seed {
            let mut rng = generator(seed, Use::Order, epoch);
            for last in (1..order.len()).rev() {
                order.swap(last, rng.random_range(0..=last));
            }
        }
        order
    }
}

/// What random numbers are for.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Order,
    Step,
}

/// A generator of its own for each epoch and step, so that none has a state to be saved.
pub(super) fn generator(seed: u64, to: Use, number: u64) -> Xoshiro256PlusPlus {
    // Consecutive numbers are spread by the seeding itself; the factor keeps the seeds apart.
    let purpose: u64 = match to {
        Use::Order => 0x6f72_6465_7200_0000,
        Use::Step => 0x7374_6570_0000_0000,
    };
    Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(purpose) ^ number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use ndarray::{Array1, Array2};

    #[test]
    fn every_sample_comes_once_an_epoch() {
        let x = Array2::from_shape_fn((10, 2), |(sample, i)| (10 * sample + i) as f32);
        let y = Array1::from_shape_fn(10, |sample| sample as f32);
        let data = Data::new(x.view(), y.view()).unwrap();
        let loader = Loader::new(data, 4).shuffled(3);
        let targets =
            |epoch| loader.epoch(epoch).flat_map(|batch| batch.targets[0].iter().copied().collect::<Vec<_>>());
        let first: Vec<f32> = targets(0).collect();
        assert_eq!(first, targets(0).collect::<Vec<_>>());
        assert_ne!(first, targets(1).collect::<Vec<_>>());
        let mut sorted = first;
        sorted.sort_by(f32::total_cmp);
        assert_eq!(sorted, y.to_vec());
        for batch in loader.epoch(2) {
            assert!(batch.inputs[0].outer_iter().zip(&batch.targets[0]).all(|(x, y)| x[0] == 10.0 * y));
        }
        assert_eq!(loader.epoch(0).map(|batch| batch.targets[0].len()).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(loader.clone().whole_batches_only().epoch(0).count(), 2);
        let sizes = |samples: usize, batch: usize| -> Vec<usize> {
            let data = Data::new(y.slice(ndarray::s![..samples]), ()).unwrap();
            Loader::new(data, batch).epoch(0).map(|batch| batch.inputs[0].len()).collect()
        };
        assert_eq!(sizes(9, 4), [4, 5], "a single sample joins the batch before");
        assert_eq!((sizes(1, 4), sizes(0, 4), sizes(3, 1)), (vec![1], vec![], vec![1, 1, 1]));
    }

    #[test]
    fn arrays_have_as_many_samples() {
        let (x, y) = (Array1::zeros(3), Array1::zeros(4));
        let error = Data::new((x.view(), y.view()), ()).unwrap_err();
        assert_eq!(error, ShapeError::Samples { found: 4, expected: 3 });
        assert_eq!(Data::new(x.view(), ()).unwrap().batch(&[1, 1]).inputs, vec![ArrayD::<f32>::zeros(vec![2])]);
    }
}

//! Data in memory.

use alloc::vec::Vec;

use ndarray::{ArrayViewD, Axis};

use super::{Batch, DataError, Dataset, Pass, Sample};
use crate::methods::batch::Inputs;
use crate::model::error::ShapeError;

/// Inputs and targets, the sample axis first: views of existing arrays.
#[derive(Clone, Debug)]
pub struct Data<'a> {
    inputs: Vec<ArrayViewD<'a, f32>>,
    targets: Vec<ArrayViewD<'a, f32>>,
    samples: usize,
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

    /// Like [`Data::new`], from lists of views.
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

    fn check(&self, index: usize) -> Result<(), DataError> {
        if index < self.samples { Ok(()) } else { Err(DataError::Index { index, samples: self.samples }) }
    }
}

impl Batch {
    /// The batch as data to train on.
    ///
    /// # Errors
    /// If the arrays have different numbers of samples.
    pub fn data(&self) -> Result<Data<'_>, ShapeError> {
        Data::from_views(self.input_views(), self.target_views())
    }
}

impl Dataset for Data<'_> {
    fn len(&self) -> usize {
        self.samples
    }

    fn sample(&self, index: usize, _: Pass) -> Result<Sample, DataError> {
        self.check(index)?;
        let of = |arrays: &[ArrayViewD<'_, f32>]| {
            arrays.iter().map(|all| all.index_axis(Axis(0), index).to_owned()).collect()
        };
        Ok(Sample { inputs: of(&self.inputs), targets: of(&self.targets) })
    }

    fn gather(&self, places: &[usize], _: Pass) -> Result<Batch, DataError> {
        places.iter().try_for_each(|&index| self.check(index))?;
        let of = |arrays: &[ArrayViewD<'_, f32>]| arrays.iter().map(|all| all.select(Axis(0), places)).collect();
        Ok(Batch { inputs: of(&self.inputs), targets: of(&self.targets) })
    }
}

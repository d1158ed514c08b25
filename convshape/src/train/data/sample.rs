//! Samples, and batches of samples.

use alloc::vec;
use alloc::vec::Vec;

use ndarray::{Array, ArrayD, ArrayViewD, Axis, Dimension};

use super::{DataError, Dataset, Pass};

/// One sample: an array for each input of the model and each target of the loss, without a batch axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    /// The inputs.
    pub inputs: Vec<ArrayD<f32>>,
    /// The targets. A class index is an array without axes.
    pub targets: Vec<ArrayD<f32>>,
}

/// Several samples: an array for each input of the model and each target of the loss, with the batch axis first.
#[derive(Clone, PartialEq, Debug)]
pub struct Batch {
    /// The inputs.
    pub inputs: Vec<ArrayD<f32>>,
    /// The targets.
    pub targets: Vec<ArrayD<f32>>,
}

impl Sample {
    /// A sample of one input and one target.
    #[must_use]
    pub fn new(input: Array<f32, impl Dimension>, target: Array<f32, impl Dimension>) -> Sample {
        Sample { inputs: vec![input.into_dyn()], targets: vec![target.into_dyn()] }
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

impl Dataset for Vec<Sample> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn sample(&self, index: usize, _: Pass) -> Result<Sample, DataError> {
        self.get(index).cloned().ok_or(DataError::Index { index, samples: self.as_slice().len() })
    }
}

/// Several samples as one batch; `places` are their indices.
pub(super) fn stack(places: &[usize], samples: &[Sample]) -> Result<Batch, DataError> {
    Ok(Batch {
        inputs: stack_side("input", places, samples, |sample| &sample.inputs)?,
        targets: stack_side("target", places, samples, |sample| &sample.targets)?,
    })
}

fn stack_side(
    side: &'static str,
    places: &[usize],
    samples: &[Sample],
    of: impl Fn(&Sample) -> &Vec<ArrayD<f32>>,
) -> Result<Vec<ArrayD<f32>>, DataError> {
    let Some(first) = samples.first() else { return Ok(Vec::new()) };
    let named = |row: usize| (places[row], places[0]);
    for (row, sample) in samples.iter().enumerate() {
        let (found, expected) = (of(sample).len(), of(first).len());
        if found != expected {
            let (index, first) = named(row);
            return Err(DataError::Count { index, side, found, first, expected });
        }
    }
    let stacked = (0..of(first).len()).map(|number| {
        let views: Vec<_> = samples.iter().map(|sample| of(sample)[number].view()).collect();
        if let Some(row) = views.iter().position(|view| view.shape() != views[0].shape()) {
            let (found, expected) = (views[row].shape().to_vec(), views[0].shape().to_vec());
            let (index, first) = named(row);
            return Err(DataError::Differs { index, side, number, found, first, expected });
        }
        // All shapes are equal.
        ndarray::stack(Axis(0), &views).map_err(DataError::other)
    });
    stacked.collect()
}

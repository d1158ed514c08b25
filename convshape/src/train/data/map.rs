//! Data sets whose samples are changed by a function.

use core::error::Error;
use core::fmt;

use alloc::boxed::Box;

use rand::Rng;

use super::{DataError, Dataset, Pass, Sample};

/// The return value of your own function: the result itself, or a `Result` with any error.
pub trait Outcome<T> {
    /// The result.
    ///
    /// # Errors
    /// The function's own error.
    fn outcome(self) -> Result<T, DataError>;
}

impl Outcome<()> for () {
    fn outcome(self) -> Result<(), DataError> {
        Ok(())
    }
}

impl Outcome<Sample> for Sample {
    fn outcome(self) -> Result<Sample, DataError> {
        Ok(self)
    }
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Outcome<T> for Result<T, E> {
    fn outcome(self) -> Result<T, DataError> {
        self.map_err(|error| {
            let error: Box<dyn Error + Send + Sync> = error.into();
            match error.downcast::<DataError>() {
                Ok(error) => *error,
                Err(error) => DataError::Other(error),
            }
        })
    }
}

/// A data set whose samples are changed by a function ([`Dataset::map`]).
#[derive(Clone)]
pub struct Map<D, F> {
    data: D,
    change: F,
}

impl<D, F> Map<D, F> {
    pub(super) fn new(data: D, change: F) -> Map<D, F> {
        Map { data, change }
    }
}

impl<D: fmt::Debug, F> fmt::Debug for Map<D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("data", &self.data).finish_non_exhaustive()
    }
}

impl<D: Dataset, F, R> Dataset for Map<D, F>
where
    F: Fn(&mut Sample, &mut dyn Rng) -> R + Send + Sync,
    R: Outcome<()>,
{
    fn len(&self) -> usize {
        self.data.len()
    }

    fn sample(&self, index: usize, pass: Pass) -> Result<Sample, DataError> {
        let mut sample = self.data.sample(index, pass.inner())?;
        (self.change)(&mut sample, &mut pass.rng(index)).outcome()?;
        Ok(sample)
    }

    fn is_sequential(&self) -> bool {
        self.data.is_sequential()
    }
}

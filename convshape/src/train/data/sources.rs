//! Data sets from functions and iterators.

use core::fmt;
use std::sync::{Mutex, PoisonError};

use super::{DataError, Dataset, Outcome, Pass, Sample};

/// A data set of `samples` samples, each made by a function of its index.
///
/// The function returns a [`Sample`] or a `Result` of one.
pub fn from_fn<F, R>(samples: usize, make: F) -> FromFn<F>
where
    F: Fn(usize) -> R + Send + Sync,
    R: Outcome<Sample>,
{
    FromFn { samples, make }
}

/// The data set of [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F> {
    samples: usize,
    make: F,
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").field("samples", &self.samples).finish_non_exhaustive()
    }
}

impl<F, R> Dataset for FromFn<F>
where
    F: Fn(usize) -> R + Send + Sync,
    R: Outcome<Sample>,
{
    fn len(&self) -> usize {
        self.samples
    }

    fn sample(&self, index: usize, _: Pass) -> Result<Sample, DataError> {
        if index >= self.samples {
            return Err(DataError::Index { index, samples: self.samples });
        }
        (self.make)(index).outcome()
    }
}

/// A data set that reads an iterator, with `samples` samples per epoch. The function is called for each pass and may
/// return a different iterator each time.
///
/// Samples are read one after the other and not kept, so there is no shuffling: the iterator determines the order.
/// Collect a small data set to a `Vec<Sample>` instead.
///
/// ```
/// use convshape::ndarray::arr1;
/// use convshape::train::data::{Dataset, Loader, Sample, stream};
///
/// # fn main() -> Result<(), convshape::train::DataError> {
/// let data = stream(5, |pass| {
///     (0_u8..5).map(move |n| Sample::new(arr1(&[f32::from(n) + 10.0 * pass.epoch as f32]), arr1(&[f32::from(n)])))
/// });
/// let batches: Vec<_> = Loader::new(data, 3).epoch(1).collect::<Result<_, _>>()?;
/// assert_eq!(batches[1].inputs[0].as_slice(), Some(&[13.0, 14.0][..]));
/// # Ok(())
/// # }
/// ```
pub fn stream<I, F>(samples: usize, open: F) -> Stream<I, F>
where
    F: Fn(Pass) -> I + Send + Sync,
    I: Iterator<Item: Outcome<Sample>> + Send,
{
    Stream { samples, open, now: Mutex::new(None) }
}

/// The data set of [`stream`].
pub struct Stream<I, F> {
    samples: usize,
    open: F,
    now: Mutex<Option<Position<I>>>,
}

/// An iterator, and the number of samples that it has returned.
struct Position<I> {
    pass: Pass,
    given: usize,
    samples: I,
}

impl<I, F> fmt::Debug for Stream<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("samples", &self.samples).finish_non_exhaustive()
    }
}

impl<I, F> Dataset for Stream<I, F>
where
    F: Fn(Pass) -> I + Send + Sync,
    I: Iterator<Item: Outcome<Sample>> + Send,
{
    fn len(&self) -> usize {
        self.samples
    }

    fn sample(&self, index: usize, pass: Pass) -> Result<Sample, DataError> {
        if index >= self.samples {
            return Err(DataError::Index { index, samples: self.samples });
        }
        // If another thread panicked, the position is unknown.
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        // For an earlier sample, the iterator starts again.
        let position = now.take().filter(|now| now.pass == pass && now.given <= index);
        let mut position = position.unwrap_or_else(|| Position { pass, given: 0, samples: (self.open)(pass) });
        loop {
            let ended = DataError::Ended { found: position.given, expected: self.samples };
            let sample = position.samples.next().ok_or(ended)?;
            position.given += 1;
            if position.given > index {
                let sample = sample.outcome();
                *now = Some(position);
                return sample;
            }
        }
    }

    fn is_sequential(&self) -> bool {
        true
    }
}

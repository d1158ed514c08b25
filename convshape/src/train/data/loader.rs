//! Batches, in an order that depends on a seed.

use alloc::vec::Vec;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;

use rand::{Rng, RngExt};

use super::{Batch, DataError, Dataset, Pass, Use, generator};

/// Makes batches of data. The order of an epoch depends only on the seed and the number of the epoch, so training can
/// be resumed at any epoch.
#[derive(Clone, Debug)]
pub struct Loader<D> {
    data: D,
    batch: usize,
    seed: Option<u64>,
    whole_only: bool,
}

impl<D: Dataset> Loader<D> {
    /// Batches of `batch` samples, at least one, in the order of the data. The last one has the remaining samples and
    /// may be smaller. A single remaining sample joins the batch before, because a normalisation has no statistics of
    /// one sample in training.
    #[must_use]
    pub fn new(data: D, batch: usize) -> Loader<D> {
        Loader { data, batch: batch.max(1), seed: None, whole_only: false }
    }

    /// Shuffles the samples differently in every epoch. The seed also determines random changes of samples. A
    /// [`stream`](super::stream) keeps its own order.
    #[must_use]
    pub fn shuffled(self, seed: u64) -> Loader<D> {
        Loader { seed: Some(seed), ..self }
    }

    /// Drops a last batch that is smaller than the others.
    #[must_use]
    pub fn whole_batches_only(self) -> Loader<D> {
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
    pub fn epoch(&self, epoch: u64) -> impl Iterator<Item = Result<Batch, DataError>> + '_ {
        let pass = Pass::new(self.seed.unwrap_or(0), epoch);
        let order = self.order(epoch);
        let batches = self.batches();
        (0..batches).map(move |index| {
            let end = if self.whole_only || index + 1 < batches { (index + 1) * self.batch } else { order.len() };
            self.data.gather(&order[index * self.batch..end], pass)
        })
    }

    /// Calls `f` with the batches of [`Loader::epoch`], which another thread prepares while `f` works, at most `ahead`
    /// in advance. Without threads, or if `ahead` is 0, each batch is made when it is needed.
    pub fn prefetched<R>(
        &self,
        epoch: u64,
        ahead: usize,
        f: impl FnOnce(&mut dyn Iterator<Item = Result<Batch, DataError>>) -> R,
    ) -> R {
        if ahead == 0 {
            return f(&mut self.epoch(epoch));
        }
        // The other thread holds one more batch.
        let (sender, receiver) = mpsc::sync_channel(ahead - 1);
        thread::scope(|scope| {
            let make = move || {
                // Sending fails after the receiver is dropped.
                let _ = self.epoch(epoch).try_for_each(|batch| sender.send(batch));
            };
            match thread::Builder::new().name("convshape-data".into()).spawn_scoped(scope, make) {
                Err(_) => f(&mut self.epoch(epoch)),
                Ok(thread) => {
                    let mut batches = receiver.into_iter();
                    let result = f(&mut batches);
                    drop(batches);
                    match thread.join() {
                        Ok(()) => result,
                        Err(panic) => resume_unwind(panic),
                    }
                }
            }
        })
    }

    /// The order of the samples.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.data.len()).collect();
        if let Some(seed) = self.seed.filter(|_| !self.data.is_sequential()) {
            shuffle(&mut order, &mut generator(seed, Use::Order, epoch));
        }
        order
    }
}

/// Shuffles indices (Fisher and Yates).
pub(super) fn shuffle(places: &mut [usize], rng: &mut impl Rng) {
    for last in (1..places.len()).rev() {
        places.swap(last, rng.random_range(0..=last));
    }
}

#[cfg(test)]
mod tests;

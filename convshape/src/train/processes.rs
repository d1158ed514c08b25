//! Data-parallel training: several processes train one model, each on its share of every batch.
//!
//! Every process has all data and the same batches. It computes the gradients of its own rows of each batch. The
//! weighted mean over all processes is the gradient of the whole batch, so every process makes the step that a single
//! process would make.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::ops::Range;

use ndarray::{ArrayD, Axis, Slice};

use super::{Batch, Sample, Train};

/// Why processes cannot exchange data.
pub type ProcessError = Box<dyn Error + Send + Sync>;

/// The processes of a training, from the view of one of them. The crate `convshape-mpi` implements it with MPI.
///
/// All processes must make the same calls in the same order.
pub trait Processes: Send {
    /// The number of this process, counted from 0.
    fn rank(&self) -> usize;

    /// The number of processes.
    fn count(&self) -> usize;

    /// Replaces each number by its sum over all processes. All of them get the same bits.
    ///
    /// # Errors
    /// If a process does not answer.
    fn sum(&mut self, numbers: &mut [f32]) -> Result<(), ProcessError>;

    /// Sends the bytes of the first process to all.
    ///
    /// # Errors
    /// If a process does not answer.
    fn broadcast(&mut self, bytes: &mut Vec<u8>) -> Result<(), ProcessError>;
}

/// The rows of a batch that one process computes, and their share of the batch.
#[derive(Clone, PartialEq, Debug)]
pub struct Share {
    /// The rows.
    pub batch: Batch,
    /// Their number divided by the size of the whole batch. It is 0 for a process without rows, because the batch is
    /// smaller than the number of processes; it then computes the first row, which does not count.
    pub weight: f32,
}

impl Share {
    /// The rows of this process, which are contiguous. Processes have equally many rows, or one more.
    pub fn of(batch: &Batch, processes: &(impl Processes + ?Sized)) -> Share {
        let rows = batch.inputs.first().map_or(0, |input| input.shape().first().copied().unwrap_or(0));
        let (own, weight) = share(rows, processes);
        let select = |arrays: &[ArrayD<f32>]| {
            arrays.iter().map(|array| array.slice_axis(Axis(0), Slice::from(own.clone())).to_owned()).collect()
        };
        Share { batch: Batch { inputs: select(&batch.inputs), targets: select(&batch.targets) }, weight }
    }

    /// Averages the results of the processes: the loss, the gradients, and the model's running statistics. Afterwards
    /// all processes have the same.
    ///
    /// # Errors
    /// If a process does not answer.
    pub fn average<M: Train>(
        &self,
        processes: &mut (impl Processes + ?Sized),
        loss: &mut f32,
        model: &mut M,
        gradients: &mut M,
    ) -> Result<(), ProcessError> {
        // One message for everything: starting a message costs more than sending a small layer's gradients.
        let mut numbers = [*loss].to_vec();
        gradients.for_each_param(|_, gradient| numbers.extend_from_slice(gradient.as_slice()));
        model.for_each_statistic_mut(|_, statistic| numbers.extend_from_slice(statistic.as_slice()));
        for number in &mut numbers {
            // The values of a share without rows do not count.
            *number = if self.weight == 0.0 { 0.0 } else { *number * self.weight };
        }
        processes.sum(&mut numbers)?;
        let mut rest = numbers.as_slice();
        let mut take = |target: &mut [f32]| {
            let (own, others) = rest.split_at(target.len());
            target.copy_from_slice(own);
            rest = others;
        };
        take(core::slice::from_mut(loss));
        gradients.for_each_param_mut(|_, gradient| take(gradient.as_mut_slice()));
        model.for_each_statistic_mut(|_, statistic| take(statistic.as_mut_slice()));
        Ok(())
    }
}

/// The rows of one process, and their share of all.
#[expect(clippy::cast_possible_truncation, reason = "a share of 1")]
pub(super) fn share(rows: usize, processes: &(impl Processes + ?Sized)) -> (Range<usize>, f32) {
    let (rank, count) = (processes.rank(), processes.count().max(1));
    let own = rows * rank / count..rows * (rank + 1) / count;
    match own.len() {
        0 => (0..rows.min(1), 0.0),
        length => (own, (length as f64 / rows as f64) as f32),
    }
}

/// The mean over all processes of a number with these weights.
#[expect(clippy::cast_possible_truncation, reason = "what is cut off is the second number")]
pub(super) fn mean(processes: &mut (impl Processes + ?Sized), own: f64, weight: f32) -> Result<f64, ProcessError> {
    let own = if weight == 0.0 { 0.0 } else { own * f64::from(weight) };
    let high = own as f32;
    let mut parts = [high, (own - f64::from(high)) as f32];
    processes.sum(&mut parts)?;
    Ok(f64::from(parts[0]) + f64::from(parts[1]))
}

/// Sends the optional value of the first process to all.
#[cfg(feature = "safetensors")]
pub(super) fn same_bytes(
    processes: &mut (impl Processes + ?Sized),
    bytes: Option<Vec<u8>>,
) -> Result<Option<Vec<u8>>, ProcessError> {
    // One more byte: an empty file is not the same as none.
    let mut sent = bytes.map_or(Vec::new(), |mut bytes| {
        bytes.push(0);
        bytes
    });
    processes.broadcast(&mut sent)?;
    Ok(sent.pop().map(|_| sent))
}

/// Whether something holds for one of the processes.
pub(super) fn any(processes: &mut (impl Processes + ?Sized), own: bool) -> Result<bool, ProcessError> {
    let mut count = [if own { 1.0 } else { 0.0 }];
    processes.sum(&mut count)?;
    Ok(count != [0.0])
}

/// Checks that all processes would make the same steps.
pub(super) fn same_settings(processes: &mut (impl Processes + ?Sized), own: &str) -> Result<(), ProcessError> {
    let mut first = own.as_bytes().to_vec();
    processes.broadcast(&mut first)?;
    let differs = first != own.as_bytes();
    // All processes must fail: those that agree would wait for the others.
    let fails = any(processes, differs)?;
    if differs {
        let (rank, first) = (processes.rank(), String::from_utf8_lossy(&first).into_owned());
        return Err(format!("process {rank} trains {own}, process 0 {first}").into());
    }
    if fails { Err(format!("another process does not train {own}").into()) } else { Ok(()) }
}

/// Checks that all processes have the same data, by the first sample. Each takes its rows of every batch, so with a part
/// of the data each it would leave out most of them.
pub(super) fn same_data(processes: &mut (impl Processes + ?Sized), first: &Sample) -> Result<(), ProcessError> {
    let numbers = first.inputs.iter().chain(&first.targets).flatten();
    let own: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
    let mut sent = own.clone();
    processes.broadcast(&mut sent)?;
    if any(processes, own != sent)? {
        return Err("the processes have different first samples: each needs the whole data, and takes its rows".into());
    }
    Ok(())
}

/// Sends the parameters of the first process's model to all.
pub(super) fn same_model<M: Train>(
    processes: &mut (impl Processes + ?Sized),
    model: &mut M,
) -> Result<(), ProcessError> {
    let mut bytes = Vec::new();
    model.for_each_param(|_, param| bytes.extend(param.as_slice().iter().flat_map(|x| x.to_le_bytes())));
    let expected = bytes.len();
    processes.broadcast(&mut bytes)?;
    if bytes.len() != expected {
        return Err("the first process trains another model".into());
    }
    let (numbers, _) = bytes.as_chunks();
    let mut numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
    model.for_each_param_mut(|_, param| {
        for (element, number) in param.as_mut_slice().iter_mut().zip(&mut numbers) {
            *element = number;
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    struct TwoProcesses(usize, usize);

    impl Processes for TwoProcesses {
        fn rank(&self) -> usize {
            self.0
        }

        fn count(&self) -> usize {
            self.1
        }

        fn sum(&mut self, _: &mut [f32]) -> Result<(), ProcessError> {
            Err("alone".into())
        }

        fn broadcast(&mut self, _: &mut Vec<u8>) -> Result<(), ProcessError> {
            Err("alone".into())
        }
    }

    #[test]
    fn every_row_is_in_one_share() {
        for count in 1..6 {
            for rows in 1..12_usize {
                let shares: Vec<_> = (0..count).map(|rank| share(rows, &TwoProcesses(rank, count))).collect();
                let counted = shares.iter().filter(|(_, weight)| *weight > 0.0);
                let places: Vec<usize> = counted.flat_map(|(own, _)| own.clone()).collect();
                assert_eq!(places, (0..rows).collect::<Vec<_>>());
                let weights: f32 = shares.iter().map(|(_, weight)| weight).sum();
                assert!((weights - 1.0).abs() < 1e-6);
                assert!(shares.iter().all(|(own, _)| !own.is_empty()));
            }
        }
        let batch = Batch { inputs: vec![ArrayD::zeros(vec![5, 2])], targets: vec![ArrayD::zeros(vec![5])] };
        let Share { batch, weight } = Share::of(&batch, &TwoProcesses(1, 2));
        assert_eq!((batch.inputs[0].shape(), batch.targets[0].shape(), weight), (&[3, 2][..], &[3][..], 0.6));
    }
}

//! Samples mixed with others.

use alloc::format;
use alloc::vec;

use ndarray::{ArrayD, IxDyn};
use rand::RngExt;

use super::random::beta;
use super::{DataError, Dataset, Pass, Sample};
use crate::train::single;

/// A data set whose samples are mixed with others ([`Dataset::mixup`]).
#[derive(Clone, Debug)]
pub struct Mixup<D> {
    data: D,
    alpha: f64,
}

impl<D> Mixup<D> {
    pub(super) fn new(data: D, alpha: f64) -> Mixup<D> {
        Mixup { data, alpha }
    }
}

impl<D: Dataset> Dataset for Mixup<D> {
    fn len(&self) -> usize {
        self.data.len()
    }

    fn sample(&self, index: usize, pass: Pass) -> Result<Sample, DataError> {
        if !(self.alpha > 0.0 && self.alpha.is_finite()) {
            return Err(DataError::Change(format!(
                "mixup by a beta distribution of {}, expected more than 0",
                self.alpha
            )));
        }
        if self.data.is_sequential() {
            let why = "mixup takes samples in any order, which a stream does not have; collect it to a `Vec<Sample>`";
            return Err(DataError::Change(why.into()));
        }
        let mut sample = self.data.sample(index, pass.inner())?;
        let mut rng = pass.rng(index);
        let other = rng.random_range(0..self.data.len());
        let share = single(beta(self.alpha, &mut rng));
        let second = self.data.sample(other, pass.inner()).map_err(|error| error.at(other))?;
        let sides = [("input", &mut sample.inputs, second.inputs), ("target", &mut sample.targets, second.targets)];
        for (side, first, second) in sides {
            let (found, expected) = (second.len(), first.len());
            if found != expected {
                return Err(DataError::Count { index: other, side, found, first: index, expected });
            }
            for (number, (first, second)) in first.iter_mut().zip(second).enumerate() {
                let (found, expected) = (second.shape().to_vec(), first.shape().to_vec());
                if found != expected {
                    return Err(DataError::Differs { index: other, side, number, found, first: index, expected });
                }
                if side == "target" && first.ndim() == 0 {
                    let why =
                        format!("mixup found a class number as target {number}, expected probabilities: `one_hot`");
                    return Err(DataError::Change(why));
                }
                first.zip_mut_with(&second, |first, second| *first = share * *first + (1.0 - share) * second);
            }
        }
        Ok(sample)
    }
}

/// Converts the class indices in the first target to probabilities.
pub(super) fn one_hot(sample: &mut Sample, classes: usize) -> Result<(), DataError> {
    let Some(target) = sample.targets.first_mut() else {
        return Err(DataError::Change("there is no target to make probabilities of".into()));
    };
    let places = target.len();
    let mut elements = vec![0.0; classes.saturating_mul(places)];
    for (place, &number) in target.iter().enumerate() {
        let class = (0..classes).find(|&class| class as f32 == number);
        let refused = || {
            DataError::Change(format!(
                "found the class {number}, expected a whole number from 0 to {}",
                classes.saturating_sub(1)
            ))
        };
        elements[class.ok_or_else(refused)? * places + place] = 1.0;
    }
    let shape = [&[classes], target.shape()].concat();
    *target = ArrayD::from_shape_vec(IxDyn(&shape), elements).map_err(DataError::other)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::{from_fn, stream};
    use alloc::vec::Vec;
    use ndarray::{arr0, arr1};

    #[test]
    fn samples_and_targets_are_mixed_alike() {
        let data = from_fn(20, |index| Sample::new(arr1(&[index as f32, 1.0]), arr0((index % 4) as f32)));
        let hot = (&data).one_hot(4);
        assert_eq!(hot.batch(&[6]).unwrap().targets[0].as_slice(), Some(&[0.0, 0.0, 1.0, 0.0][..]));
        let mixed = (&hot).mixup(0.4);
        let all: Vec<usize> = (0..20).collect();
        let batch = mixed.gather(&all, Pass::new(1, 1)).unwrap();
        assert_eq!(batch, mixed.gather(&all, Pass::new(1, 1)).unwrap());
        assert_ne!(batch, mixed.gather(&all, Pass::new(1, 2)).unwrap());
        let mut changed = 0;
        for (index, (input, target)) in batch.inputs[0].outer_iter().zip(batch.targets[0].outer_iter()).enumerate() {
            assert!((target.sum() - 1.0).abs() < 1e-6 && (input[1] - 1.0).abs() < 1e-6);
            // Each mixed sample is between its own and another one, with the same weights for input and target.
            let possible = (0..20).any(|other| {
                let share =
                    if other == index { 1.0 } else { (input[0] - other as f32) / (index as f32 - other as f32) };
                let want = |class| {
                    let is = |sample: usize| f32::from(u8::from(sample % 4 == class));
                    share * is(index) + (1.0 - share) * is(other)
                };
                (-1e-5..1.0 + 1e-5).contains(&share) && (0..4).all(|class| (want(class) - target[class]).abs() < 1e-4)
            });
            assert!(possible, "{index}: {input} {target}");
            changed += usize::from(input[0] != index as f32);
        }
        assert!(changed > 10, "{changed}");
    }

    #[test]
    fn what_cannot_be_mixed_is_refused() {
        let data = from_fn(20, |index| Sample::new(arr1(&[index as f32]), arr0((index % 4) as f32)));
        let said = |error: DataError| alloc::string::ToString::to_string(&error);
        let error = said((&data).mixup(0.2).batch(&[3]).unwrap_err());
        assert_eq!(error, "sample 3: mixup found a class number as target 0, expected probabilities: `one_hot`");
        let error = said((&data).one_hot(3).batch(&[7]).unwrap_err());
        assert_eq!(error, "sample 7: found the class 3, expected a whole number from 0 to 2");
        for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!((&data).mixup(alpha).batch(&[3]).is_err());
        }
        let stream = stream(3, |_| (0..3).map(|_| Sample::new(arr1(&[0.0]), arr1(&[0.0]))));
        assert!(said(stream.mixup(0.2).batch(&[0]).unwrap_err()).contains("collect it"));
        let sizes = from_fn(20, |index| Sample::new(ndarray::Array1::zeros(index + 1), arr1(&[0.0])));
        assert!(said(sizes.mixup(0.2).batch(&[0]).unwrap_err()).contains("has the shape"));
    }
}

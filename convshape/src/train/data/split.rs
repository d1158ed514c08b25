//! Parts of a data set.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::{Batch, DataError, Dataset, Pass, Sample, Use, generator};
use crate::train::data::loader::shuffle;

/// Some samples of a data set ([`Dataset::subset`], [`Dataset::split`]).
#[derive(Clone, Debug)]
pub struct Subset<D> {
    data: D,
    places: Vec<usize>,
}

impl<D: Dataset> Subset<D> {
    pub(in crate::train) fn new(data: D, places: Vec<usize>) -> Result<Subset<D>, DataError> {
        let samples = data.len();
        match places.iter().find(|&&index| index >= samples) {
            Some(&index) => Err(DataError::Index { index, samples }),
            None => Ok(Subset { data, places }),
        }
    }

    /// The indices of its samples in the data set.
    #[must_use]
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// The index of a sample in the data set.
    fn place(&self, index: usize) -> Result<usize, DataError> {
        self.places.get(index).copied().ok_or(DataError::Index { index, samples: self.places.len() })
    }
}

impl<D: Dataset> Dataset for Subset<D> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn sample(&self, index: usize, pass: Pass) -> Result<Sample, DataError> {
        self.data.sample(self.place(index)?, pass)
    }

    fn gather(&self, places: &[usize], pass: Pass) -> Result<Batch, DataError> {
        let places: Vec<usize> = places.iter().map(|&index| self.place(index)).collect::<Result<_, _>>()?;
        self.data.gather(&places, pass)
    }

    fn is_sequential(&self) -> bool {
        self.data.is_sequential()
    }
}

/// How data is divided into parts ([`Dataset::split`]). The same seed gives the same parts.
///
/// ```
/// use convshape::ndarray::arr0;
/// use convshape::train::data::{Dataset, Sample, Split, from_fn};
///
/// # fn main() -> Result<(), convshape::train::DataError> {
/// // A tenth of the samples is of class 1.
/// let classes: Vec<usize> = (0..100).map(|index| usize::from(index % 10 == 0)).collect();
/// let data = from_fn(100, |index| Sample::new(arr0(index as f32), arr0(classes[index] as f32)));
/// let [training, test] = data.split(Split::fractions([0.8, 0.2]).seed(7).by_class(&classes))?;
/// assert_eq!((training.len(), test.len()), (80, 20));
/// assert_eq!(test.places().iter().filter(|place| classes[**place] == 1).count(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Split<'a, const PARTS: usize> {
    parts: PartSizes<PARTS>,
    seed: Option<u64>,
    classes: Option<&'a [usize]>,
}

#[derive(Clone, Debug)]
enum PartSizes<const PARTS: usize> {
    Fractions([f64; PARTS]),
    Sizes([usize; PARTS]),
}

/// The tolerance for the sum of fractions such as 0.7, 0.2 and 0.1, because of rounding.
const ROUNDING: f64 = 1e-9;

impl<'a, const PARTS: usize> Split<'a, PARTS> {
    /// Parts as fractions of all samples, such as `[0.8, 0.2]`. If they add up to 1, each sample is in one part; if to
    /// less, the rest is not used.
    #[must_use]
    pub fn fractions(fractions: [f64; PARTS]) -> Split<'a, PARTS> {
        Split { parts: PartSizes::Fractions(fractions), seed: None, classes: None }
    }

    /// Parts of these sizes, in samples. Remaining samples are not used.
    #[must_use]
    pub fn sizes(sizes: [usize; PARTS]) -> Split<'a, PARTS> {
        Split { parts: PartSizes::Sizes(sizes), seed: None, classes: None }
    }

    /// Draws the samples of each part. Without a seed the first samples are the first part.
    #[must_use]
    pub fn seed(self, seed: u64) -> Split<'a, PARTS> {
        Split { seed: Some(seed), ..self }
    }

    /// Gives each part its share of every class, up to one sample; `classes` is the class of each sample.
    #[must_use]
    pub fn by_class(self, classes: &'a [usize]) -> Split<'a, PARTS> {
        Split { classes: Some(classes), ..self }
    }

    pub(super) fn of<D: Dataset>(self, data: &D) -> Result<[Subset<&D>; PARTS], DataError> {
        let samples = data.len();
        let mut ends = self.ends(samples)?.into_iter();
        let order = self.order(samples)?;
        let mut start = 0;
        Ok([(); PARTS].map(|()| {
            let end = ends.next().unwrap_or(samples);
            let mut places = order[start..end].to_vec();
            places.sort_unstable();
            start = end;
            Subset { data, places }
        }))
    }

    /// The ends of the parts in the order of the samples, ascending.
    fn ends(&self, samples: usize) -> Result<Vec<usize>, DataError> {
        match &self.parts {
            PartSizes::Sizes(sizes) => {
                let sum = |sum: &mut usize, size: &usize| {
                    *sum = sum.saturating_add(*size);
                    Some(*sum)
                };
                let ends: Vec<usize> = sizes.iter().scan(0, sum).collect();
                match ends.last() {
                    Some(&found) if found > samples => {
                        Err(DataError::Split(format!("the parts {sizes:?} have {found} samples, there are {samples}")))
                    }
                    _ => Ok(ends),
                }
            }
            PartSizes::Fractions(fractions) => {
                let sum: f64 = fractions.iter().sum();
                if !fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction)) || sum > 1.0 + ROUNDING {
                    let why = format!("the fractions {fractions:?} are not shares of one whole");
                    return Err(DataError::Split(why));
                }
                let mut sum = 0.0;
                Ok(fractions
                    .iter()
                    .map(|fraction| {
                        sum += fraction;
                        rounded(sum, samples)
                    })
                    .collect())
            }
        }
    }

    /// The samples in an order in which every part is contiguous.
    fn order(&self, samples: usize) -> Result<Vec<usize>, DataError> {
        let mut order: Vec<usize> = (0..samples).collect();
        if let Some(seed) = self.seed {
            shuffle(&mut order, &mut generator(seed, Use::Order, u64::MAX));
        }
        let Some(classes) = self.classes else { return Ok(order) };
        if classes.len() != samples {
            let why = format!("`by_class` has {} classes, expected one for each of {samples} samples", classes.len());
            return Err(DataError::Split(why));
        }
        // Each class is spread evenly over the order: sample k of n is at (k + 1/2) / n.
        let mut counts = BTreeMap::new();
        classes.iter().for_each(|class| *counts.entry(class).or_insert(0_u64) += 1);
        let mut given = BTreeMap::new();
        let mut keyed = vec![];
        for (rank, &sample) in order.iter().enumerate() {
            let (class, given) = (&classes[sample], given.entry(classes[sample]).or_insert(0_u64));
            keyed.push(((2 * *given + 1) as f64 / (2 * counts[class]) as f64, rank, sample));
            *given += 1;
        }
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Ok(keyed.into_iter().map(|(_, _, sample)| sample).collect())
    }
}

/// A fraction of some samples, rounded to the nearest number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=samples")]
fn rounded(share: f64, samples: usize) -> usize {
    (share * samples as f64).round().clamp(0.0, samples as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::from_fn;
    use alloc::string::ToString;
    use ndarray::arr0;

    fn data(samples: usize) -> impl Dataset {
        from_fn(samples, |index| Sample::new(arr0(index as f32), arr0(0.0)))
    }

    #[test]
    fn every_sample_is_in_one_part() {
        for samples in 0..40 {
            let data = data(samples);
            for seed in [None, Some(3)] {
                let split = Split { seed, ..Split::fractions([0.7, 0.2, 0.1]) };
                let parts = data.split(split.clone()).expect("fractions");
                let mut all: Vec<usize> = parts.iter().flat_map(|part| part.places.clone()).collect();
                all.sort_unstable();
                assert_eq!(all, (0..samples).collect::<Vec<_>>());
                let again = data.split(split).expect("fractions");
                assert!(parts.iter().zip(&again).all(|(a, b)| a.places == b.places));
            }
        }
        let data = data(30);
        let of = |seed| data.split(Split::sizes([10, 15]).seed(seed)).expect("25 of 30")[0].places.clone();
        assert_ne!(of(1), of(2));
        assert_eq!(of(1).len(), 10);
        let [first, _] = data.split(Split::sizes([10, 15])).expect("25 of 30");
        assert_eq!(first.places, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn classes_keep_their_shares() {
        for seed in 0..20_u64 {
            let classes: Vec<usize> = (0..97_usize).map(|index| (index * index + 3) % 7 % 4).collect();
            let data = data(97);
            let parts = data.split(Split::fractions([0.5, 0.3, 0.2]).seed(seed).by_class(&classes)).expect("a split");
            for (part, fraction) in parts.iter().zip([0.5, 0.3, 0.2]) {
                for class in 0..4 {
                    let all = classes.iter().filter(|&&other| other == class).count();
                    let found = part.places.iter().filter(|&&place| classes[place] == class).count();
                    assert!((found as f64 - fraction * all as f64).abs() <= 1.5, "{found} of {all}, {fraction}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_split_is_refused() {
        let data = data(10);
        for fractions in [[0.8, 0.3], [-0.1, 0.5], [f64::NAN, 0.1], [f64::INFINITY, 0.0]] {
            assert!(data.split(Split::fractions(fractions)).is_err(), "{fractions:?}");
        }
        let error = data.split(Split::sizes([8, 3])).err().expect("11 of 10").to_string();
        assert_eq!(error, "the parts [8, 3] have 11 samples, there are 10");
        assert!(data.split(Split::sizes([usize::MAX, 3])).is_err());
        let error = data.split(Split::sizes([8, 2]).by_class(&[0, 1])).err().expect("two classes").to_string();
        assert_eq!(error, "`by_class` has 2 classes, expected one for each of 10 samples");
        assert!(matches!(data.subset(vec![3, 10]), Err(DataError::Index { index: 10, samples: 10 })));
    }
}

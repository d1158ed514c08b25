use super::*;
use crate::model::error::ShapeError;
use crate::train::data::{Data, Sample, from_fn, stream};
use alloc::string::ToString;
use alloc::vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use ndarray::{Array1, Array2, ArrayD, arr0, arr1};

#[test]
fn every_sample_comes_once_an_epoch() {
    let x = Array2::from_shape_fn((10, 2), |(sample, i)| (10 * sample + i) as f32);
    let y = Array1::from_shape_fn(10, |sample| sample as f32);
    let data = Data::new(x.view(), y.view()).unwrap();
    let loader = Loader::new(data, 4).shuffled(3);
    let batches = |epoch| loader.epoch(epoch).map(|batch| batch.expect("arrays"));
    let targets = |epoch| batches(epoch).flat_map(|batch| batch.targets[0].iter().copied().collect::<Vec<_>>());
    let first: Vec<f32> = targets(0).collect();
    assert_eq!(first, targets(0).collect::<Vec<_>>());
    assert_ne!(first, targets(1).collect::<Vec<_>>());
    let mut sorted = first;
    sorted.sort_by(f32::total_cmp);
    assert_eq!(sorted, y.to_vec());
    for batch in batches(2) {
        assert!(batch.inputs[0].outer_iter().zip(&batch.targets[0]).all(|(x, y)| x[0] == 10.0 * y));
    }
    assert_eq!(batches(0).map(|batch| batch.targets[0].len()).collect::<Vec<_>>(), [4, 4, 2]);
    assert_eq!(loader.clone().whole_batches_only().epoch(0).count(), 2);
    let sizes = |samples: usize, batch: usize| -> Vec<usize> {
        let data = Data::new(y.slice(ndarray::s![..samples]), ()).unwrap();
        Loader::new(data, batch).epoch(0).map(|batch| batch.expect("arrays").inputs[0].len()).collect()
    };
    assert_eq!(sizes(9, 4), [4, 5], "a single sample joins the batch before");
    assert_eq!((sizes(1, 4), sizes(0, 4), sizes(3, 1)), (vec![1], vec![], vec![1, 1, 1]));
}

#[test]
fn arrays_have_as_many_samples() {
    let (x, y) = (Array1::zeros(3), Array1::zeros(4));
    let error = Data::new((x.view(), y.view()), ()).unwrap_err();
    assert_eq!(error, ShapeError::Samples { found: 4, expected: 3 });
    let data = Data::new(x.view(), ()).unwrap();
    assert_eq!(data.batch(&[1, 1]).unwrap().inputs, vec![ArrayD::<f32>::zeros(vec![2])]);
    assert!(matches!(data.batch(&[1, 3]), Err(DataError::Index { index: 3, samples: 3 })));
    assert!(data.sample(3, Pass::default()).is_err());
}

/// Samples with a random number in each.
fn random(samples: usize) -> impl Dataset {
    from_fn(samples, |index| Sample::new(arr0(index as f32), arr0(0.0)))
        .map(|sample, rng| sample.targets[0].fill(rng.random::<f32>()))
}

fn pairs(batches: &mut dyn Iterator<Item = Result<Batch, DataError>>) -> Vec<(u32, u32)> {
    let rows = batches.flat_map(|batch| {
        let batch = batch.expect("a batch");
        batch.inputs[0].iter().zip(&batch.targets[0]).map(|(a, b)| (a.to_bits(), b.to_bits())).collect::<Vec<_>>()
    });
    rows.collect()
}

#[test]
fn what_is_random_depends_on_seed_epoch_and_sample() {
    let of = |batch: usize, seed: u64, epoch: u64, ahead: usize| {
        let mut found =
            Loader::new(random(23), batch).shuffled(seed).prefetched(epoch, ahead, |batches| pairs(batches));
        found.sort_unstable();
        found
    };
    let expected = of(4, 1, 0, 0);
    assert_eq!(expected.len(), 23);
    for (batch, ahead) in [(4, 1), (4, 3), (1, 1), (23, 2), (7, 100)] {
        assert_eq!(of(batch, 1, 0, ahead), expected, "{batch} {ahead}");
    }
    assert!(of(4, 2, 0, 0).iter().zip(&expected).all(|(a, b)| a.0 == b.0 && a.1 != b.1));
    assert!(of(4, 1, 1, 0).iter().zip(&expected).all(|(a, b)| a.0 == b.0 && a.1 != b.1));
    let twice = random(5).map(|sample, rng| sample.inputs[0].fill(rng.random::<f32>()));
    let batch = twice.batch(&[0, 1, 2, 3, 4]).expect("a batch");
    assert!(batch.inputs[0].iter().zip(&batch.targets[0]).all(|(a, b)| a != b), "each change draws for itself");
}

#[test]
fn a_thread_is_ahead_and_stops() {
    let made = AtomicUsize::new(0);
    let data = from_fn(100, |index| {
        made.fetch_add(1, Ordering::SeqCst);
        Sample::new(arr0(index as f32), arr0(0.0))
    });
    let first = Loader::new(&data, 2).prefetched(0, 3, |batches| batches.next().expect("a batch"));
    assert_eq!(first.expect("a batch").inputs[0], arr1(&[0.0, 1.0]).into_dyn());
    assert!(made.load(Ordering::SeqCst) <= 12, "at most the first, three waiting, and those under way");
    let order = Loader::new(&data, 7).shuffled(1);
    assert_eq!(order.prefetched(3, 2, |batches| pairs(batches)), pairs(&mut order.epoch(3)));
}

#[test]
#[should_panic(expected = "of the data")]
fn a_panic_is_that_of_the_data() {
    let data = from_fn(10, |index| {
        assert!(index < 5, "of the data");
        Sample::new(arr0(0.0), arr0(0.0))
    });
    Loader::new(data, 2).prefetched(0, 2, |batches| batches.count());
}

#[test]
fn errors_name_the_sample() {
    let data = from_fn(10, |index| match index {
        7 => Err("a broken sample"),
        _ => Ok(Sample::new(Array1::zeros(if index == 4 { 3 } else { 2 }), arr0(0.0))),
    });
    let error = |places: &[usize]| data.batch(places).unwrap_err().to_string();
    assert_eq!(error(&[1, 7]), "sample 7: a broken sample");
    assert_eq!(error(&[1, 4]), "sample 4: input 0 has the shape [3], that of sample 1 in the same batch has [2]");
    assert_eq!(error(&[10]), "there is no sample 10: there are 10, counted from 0");
    let subset = data.subset(vec![0, 7]).expect("two samples");
    assert_eq!(subset.batch(&[1]).unwrap_err().to_string(), "sample 7: a broken sample");
    let mapped = (&data).map(|_, _| Err::<(), _>(DataError::Change("no".into())));
    assert_eq!(mapped.batch(&[1]).unwrap_err().to_string(), "sample 1: no");
    let other = vec![Sample::new(arr0(0.0), arr0(0.0)), Sample { inputs: vec![], targets: vec![] }];
    assert_eq!(other.batch(&[0, 1]).unwrap_err().to_string(), "sample 1 has 0 arrays as input, sample 0 has 1");
}

#[test]
fn a_stream_is_read_once_an_epoch() {
    let (opened, read) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let data = stream(9, |pass| {
        opened.fetch_add(1, Ordering::SeqCst);
        let read = &read;
        (0..9_u8).map(move |n| {
            read.fetch_add(1, Ordering::SeqCst);
            Sample::new(arr0(f32::from(n)), arr0(pass.epoch as f32))
        })
    });
    let loader = Loader::new(&data, 2).shuffled(1);
    for epoch in 0..3 {
        let found = loader.prefetched(epoch, 2, |batches| pairs(batches));
        let expected: Vec<_> = (0..9_u8).map(|n| (f32::from(n).to_bits(), (epoch as f32).to_bits())).collect();
        assert_eq!(found, expected);
    }
    assert_eq!((opened.load(Ordering::SeqCst), read.load(Ordering::SeqCst)), (3, 27));
    let short = stream(5, |_| (0..3_u8).map(|_| Sample::new(arr0(0.0), arr0(0.0))));
    let error = Loader::new(short, 2).epoch(0).find_map(Result::err).expect("it ends").to_string();
    assert_eq!(error, "sample 3: the stream ended after 3 samples, expected 5");
}

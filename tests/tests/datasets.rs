//! Data sets of every kind through `Fit`: the same bits as arrays in memory, also with a thread ahead and after a stop.

use std::fs;
use std::path::PathBuf;

use convshape::train::data::{ArrayPath, Dataset, Files, Loader, Pass, Split, from_fn, stream};
use convshape::train::{Adam, Data, DataError, Fit, FitError, Mse, Sample, evaluate};
use convshape::{Model, ShapeError, conv_chain};
use convshape_tests::npy;
use ndarray::{Array2, ArrayD, Axis, arr1};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

conv_chain! {
    struct Line {
        input: [3];
        hidden: Linear(3 -> 4, activation: Tanh);
        out: Linear(4 -> 2);
        output: [2];
    }
}

const SAMPLES: usize = 13;

fn line() -> Line {
    Line::init(&mut StdRng::seed_from_u64(1))
}

fn arrays() -> (Array2<f32>, Array2<f32>) {
    let x = Array2::from_shape_fn((SAMPLES, 3), |(sample, axis)| ((7 * sample + 3 * axis) % 11) as f32 / 8.0 - 0.5);
    let y = Array2::from_shape_fn((SAMPLES, 2), |(sample, axis)| ((5 * sample + axis) % 7) as f32 / 8.0);
    (x, y)
}

fn sample(index: usize) -> Sample {
    let (x, y) = arrays();
    Sample::new(x.index_axis(Axis(0), index).to_owned(), y.index_axis(Axis(0), index).to_owned())
}

fn bits(model: &impl Model) -> Vec<u32> {
    let mut bits = Vec::new();
    model.for_each_param(|_, param| bits.extend(param.as_slice().iter().map(|x| x.to_bits())));
    bits
}

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("datasets-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

fn fit<'a>() -> Fit<'a, Adam, Mse> {
    Fit::new(Adam::new(1e-2), Mse).epochs(3).batch(4).seed(5)
}

fn trained(fit: Fit<'_, Adam, Mse>, data: &dyn Dataset) -> Vec<u32> {
    let mut model = line();
    fit.run(&mut model, data).expect("a training");
    bits(&model)
}

/// The arrays as files in each format, with numbers that bytes and eighths represent exactly.
fn files(name: &str) -> (PathBuf, [Files; 3]) {
    let folder = folder(name);
    let (x, y) = arrays();
    let of = |array: &Array2<f32>| {
        let elements: Vec<f32> = array.iter().copied().collect();
        npy::floats(array.shape(), move |place| elements[place])
    };
    let (x_path, y_path, both) = (folder.join("x.npy"), folder.join("y.npy"), folder.join("both.npz"));
    fs::write(&x_path, of(&x)).expect("a file");
    fs::write(&y_path, of(&y)).expect("a file");
    fs::write(&both, npy::npz(&[("y", of(&y)), ("x", of(&x))])).expect("a file");
    let bytes = |array: &Array2<f32>| array.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let (x_bytes, y_bytes) = (bytes(&x), bytes(&y));
    let view = |array: &Array2<f32>, bytes| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, array.shape().to_vec(), bytes).expect("a tensor")
    };
    let tensors = folder.join("both.safetensors");
    let stored = safetensors::serialize([("x", view(&x, &x_bytes)), ("y", view(&y, &y_bytes))], None).expect("bytes");
    fs::write(&tensors, stored).expect("a file");
    let pair = |x: ArrayPath, y: ArrayPath| Files::new().input(x).and_then(|files| files.target(y)).expect("arrays");
    let all = [
        pair((&x_path).into(), (&y_path).into()),
        pair((&both, "x").into(), (&both, "y").into()),
        pair((&tensors, "x").into(), (&tensors, "y").into()),
    ];
    (folder, all)
}

#[test]
fn every_source_gives_the_same_training() {
    let (x, y) = arrays();
    let data = Data::new(x.view(), y.view()).expect("as many");
    let expected = trained(fit(), &data);
    assert_ne!(expected, bits(&line()));
    let (folder, files) = files("sources");
    let in_memory: Vec<Sample> = (0..SAMPLES).map(sample).collect();
    let made = from_fn(SAMPLES, sample);
    let all = data.subset((0..SAMPLES).collect()).expect("all");
    let sources: [&dyn Dataset; 7] =
        [&files[0], &files[1], &files[2], &in_memory, &made, &all, &Box::new(data.clone())];
    for (number, source) in sources.iter().enumerate() {
        for ahead in [0, 1, 5] {
            assert_eq!(trained(fit().prefetch(ahead), *source), expected, "{number}, {ahead} ahead");
        }
        let loss = evaluate(&line(), *source, 5, &mut Mse).expect("a loss");
        assert_eq!(loss, evaluate(&line(), &data, 5, &mut Mse).expect("a loss"));
    }
    // A stream has its own order: here that of the loader.
    let order = stream(SAMPLES, |pass: Pass| {
        let (x, y) = arrays();
        let data = Data::new(x.view(), y.view()).expect("as many");
        let batches: Vec<_> =
            Loader::new(data, 1).shuffled(5).epoch(pass.epoch).map(|batch| batch.expect("one")).collect();
        let rows = batches.into_iter().map(|batch| {
            Sample::new(
                batch.inputs[0].index_axis(Axis(0), 0).to_owned(),
                batch.targets[0].index_axis(Axis(0), 0).to_owned(),
            )
        });
        rows.collect::<Vec<_>>().into_iter()
    });
    assert_eq!(trained(fit(), &order), expected);
    drop(files);
    fs::remove_dir_all(folder).expect("the folder");
}

#[test]
fn a_training_on_changed_samples_goes_on_bit_for_bit() {
    let folder = folder("resume");
    let data = from_fn(SAMPLES, sample).map(|sample, rng| sample.inputs[0].mapv_inplace(|x| x + rng.random::<f32>()));
    let checkpoint = folder.join("checkpoint.safetensors");
    let expected = trained(fit(), &data);
    let mut model = line();
    fit().epochs(1).checkpoint(&checkpoint).run(&mut model, &data).expect("the first epoch");
    fit().prefetch(2).checkpoint(&checkpoint).run(&mut model, &data).expect("the others");
    assert_eq!(bits(&model), expected);
    assert_ne!(trained(fit().seed(6), &data), expected);
    // Parts of a data set, one to train on and one to validate on.
    let [training, test] = data.split(Split::fractions([0.7, 0.3]).seed(1)).expect("two parts");
    let history = fit().validation(&test).run(&mut line(), &training).expect("a training");
    assert!(history.epochs.iter().all(|epoch| epoch.validation.is_some_and(f64::is_finite)));
    fs::remove_dir_all(folder).expect("the folder");
}

#[test]
fn errors_name_file_array_and_sample() {
    let folder = folder("errors");
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).expect("a file");
    write("x.npy", npy::floats(&[4, 3], |_| 1.0));
    write("five.npy", npy::floats(&[5, 2], |_| 1.0));
    write("complex.npy", npy::of("<c8", &[1], |_| 0).into_iter().chain([0; 7]).collect());
    write("pair.npz", npy::npz(&[("a", npy::floats(&[4, 3], |_| 1.0)), ("b", npy::floats(&[4, 2], |_| 1.0))]));
    write("text", b"no array at all".to_vec());
    write("cut.npy", npy::floats(&[4, 3], |_| 1.0)[..100].to_vec());
    let said = |error: DataError| error.to_string().replace(&format!("{}/", folder.display()), "");
    let open = |array: ArrayPath| said(Files::new().input(array).expect_err("no array"));
    let path = |name: &str| folder.join(name);
    assert_eq!(
        open(path("pair.npz").into()),
        "pair.npz: expected one array, found `a`, `b`; name one: `(path, \"name\")`"
    );
    assert_eq!(open((path("pair.npz"), "c").into()), "pair.npz: there is no array `c`, found `a`, `b`");
    assert_eq!(
        open(path("complex.npy").into()),
        "complex.npy: the elements of `complex` are complex, expected real numbers"
    );
    for name in ["text", "cut.npy", "absent.npy", "."] {
        assert!(open(path(name).into()).starts_with(&format!("{name}: ")), "{}", open(path(name).into()));
    }
    let x = || Files::new().input(path("x.npy")).expect("an array");
    let error = said(x().target(path("five.npy")).expect_err("another number"));
    assert_eq!(error, "five.npy: `five` has 5 samples, the first array has 4");

    // A file that becomes shorter after it was opened.
    let opened = x().target((path("pair.npz"), "b")).expect("arrays");
    write("x.npy", npy::floats(&[4, 3], |_| 1.0)[..110].to_vec());
    let error = said(opened.batch(&[0, 3]).expect_err("cut off"));
    assert!(error.starts_with("sample 3: x.npy: "), "{error}");
    let error = Fit::new(Adam::new(1e-2), Mse).run(&mut line(), &opened).expect_err("cut off");
    assert!(matches!(error, FitError::Data(DataError::Sample { .. })), "{error}");

    // Shapes that do not fit the chain give the same errors as arrays in memory.
    let wrong = from_fn(4, |_| Sample::new(arr1(&[1.0; 5]), arr1(&[1.0; 2])));
    let error = Fit::new(Adam::new(1e-2), Mse).run(&mut line(), &wrong).expect_err("five features");
    let (x, y) = (ArrayD::zeros(vec![4, 5]), ArrayD::zeros(vec![4, 2]));
    let data = Data::new(x.view(), y.view()).expect("as many");
    let expected = Fit::new(Adam::new(1e-2), Mse).run(&mut line(), &data).expect_err("five features");
    assert!(matches!(&error, FitError::Shape(ShapeError::Input { .. })), "{error}");
    assert_eq!(error.to_string(), expected.to_string());
    fs::remove_dir_all(folder).expect("the folder");
}

/// A file larger than memory, most of it a hole.
#[test]
fn files_are_read_sample_by_sample() {
    let folder = folder("large");
    let path = folder.join("large-idx");
    let (samples, side) = (200_000_u32, 1_u32 << 9);
    let header: Vec<u8> =
        [0, 0, 8, 3].into_iter().chain([samples, side, side].iter().flat_map(|size| size.to_be_bytes())).collect();
    let bytes = header.len() as u64 + u64::from(samples) * u64::from(side).pow(2);
    fs::write(&path, header).expect("a file");
    let file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
    // 49 GiB; a file system without sparse files rejects it, and then there is nothing to test.
    if file.set_len(bytes).is_ok() {
        let files = Files::new().input(&path).expect("an array");
        assert_eq!(files.len(), 200_000);
        let sample = files.sample(199_999, Pass::default()).expect("the last sample");
        assert_eq!(sample.inputs[0].shape(), [512, 512]);
    }
    fs::remove_dir_all(folder).expect("the folder");
}

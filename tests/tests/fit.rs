//! What `Fit` measures and keeps: metrics, callbacks, accumulated gradients, averages; and data that a chain names.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use convshape::train::{
    Accuracy, Adam, BinaryCrossEntropyWithLogits, Checkpoint, CrossEntropy, Data, F1, Fit, History, MeanAbsoluteError,
    Metric, Mse, Psnr, Sgd, TopK,
};
use convshape::{Model, conv_chain};
use ndarray::{Array2, ArrayD, Axis, s};
use rand::SeedableRng;
use rand::rngs::StdRng;

conv_chain! {
    struct Line {
        input: [3];
        hidden: Linear(3 -> 4, activation: Tanh);
        out: Linear(4 -> 2);
        output: [2];
    }
}

conv_chain! {
    struct Heads {
        input: [3];
        answer: Linear(3 -> 1);
        size: Linear(3 -> 1) from input;
        output: answer [1], size [1];
    }
}

conv_chain! {
    struct Scaled {
        input: [3];
        Scale(1/255);
        out: Linear(3 -> 2);
        output: [2];
    }
}

conv_chain! {
    struct Classifier {
        data: "../convshape/src/docs/errors/examples.npz" as (images, labels);
        input: [1, 8, 8];
        conv: Conv2d(1 -> 2, kernel: 3, activation: Relu);
        norm: BatchNorm;
        Flatten;
        fc: Linear(72 -> 4);
        output: [4];
    }
}

fn line(seed: u64) -> Line {
    Line::init(&mut StdRng::seed_from_u64(seed))
}

fn arrays() -> (Array2<f32>, Array2<f32>) {
    let x = Array2::from_shape_fn((12, 3), |(sample, axis)| ((7 * sample + 3 * axis) % 11) as f32 / 11.0 - 0.5);
    let y = Array2::from_shape_fn((12, 2), |(sample, axis)| ((5 * sample + axis) % 7) as f32 / 7.0);
    (x, y)
}

fn bits(model: &impl Model) -> Vec<u32> {
    let mut bits = Vec::new();
    model.for_each_param(|_, param| bits.extend(param.as_slice().iter().map(|x| x.to_bits())));
    bits
}

fn numbers(model: &impl Model) -> Vec<f32> {
    bits(model).into_iter().map(f32::from_bits).collect()
}

fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fit-{name}-{}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

#[test]
fn gathered_gradients_are_those_of_a_larger_batch() {
    let (x, y) = arrays();
    let data = Data::new(x.view(), y.view()).expect("as many");
    let fit = |batch: usize| Fit::new(Sgd::new(0.1), Mse).epochs(3).batch(batch).seed(5);
    let (mut whole, mut gathered) = (line(1), line(1));
    fit(12).run(&mut whole, &data).expect("a training");
    fit(5).accumulate(3).run(&mut gathered, &data).expect("a training");
    assert_ne!(bits(&whole), bits(&line(1)));
    for (a, b) in numbers(&whole).into_iter().zip(numbers(&gathered)) {
        assert!((a - b).abs() < 1e-6, "{a}, {b}");
    }
}

#[test]
fn an_average_follows_the_weights() {
    let (x, y) = arrays();
    let data = Data::new(x.view(), y.view()).expect("as many");
    let fit = || Fit::new(Sgd::new(0.5), Mse).epochs(1).batch(12);
    let (start, mut stepped, mut averaged) = (line(1), line(1), line(1));
    fit().run(&mut stepped, &data).expect("a training");
    fit().average(0.75).run(&mut averaged, &data).expect("a training");
    let expected = numbers(&start).into_iter().zip(numbers(&stepped)).map(|(old, new)| old + 0.25 * (new - old));
    for (found, expected) in numbers(&averaged).into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-7, "{found}, {expected}");
    }
}

#[test]
fn everything_goes_on_bit_for_bit() {
    let (x, y) = arrays();
    let data = Data::new(x.view(), y.view()).expect("as many");
    let fit = || {
        let fit = Fit::new(Adam::new(1e-2), Mse).batch(2).accumulate(2).average(0.9).seed(3);
        fit.metric(MeanAbsoluteError::default()).metric(Psnr::new(1.0)).patience(50)
    };
    let mut whole = line(1);
    let expected = fit().epochs(5).run(&mut whole, &data).expect("a training");
    let path = file("resumed");
    fit().epochs(2).checkpoint(&path).run(&mut line(1), &data).expect("a training");
    let mut model = line(2);
    let found = fit().epochs(5).checkpoint(&path).run(&mut model, &data).expect("a training");
    assert_eq!(bits(&model), bits(&whole));
    for (found, expected) in found.epochs.iter().zip(&expected.epochs) {
        assert_eq!(found.metrics, expected.metrics);
        assert_eq!(found.loss.to_bits(), expected.loss.to_bits());
    }
    assert_eq!(expected.epochs[0].metrics.len(), 2);
    fs::remove_file(path).expect("the checkpoint");
}

#[test]
fn a_callback_changes_the_model_and_ends_the_training() {
    let (x, y) = arrays();
    let data = Data::new(x.view(), y.view()).expect("as many");
    let (path, best) = (file("stopped"), file("best"));
    let mut seen = Vec::new();
    let mut model = line(1);
    let fit = Fit::new(Sgd::new(0.1), Mse).epochs(9).batch(4).checkpoint(&path).keep_best(&best);
    let history = fit.run_with(&mut model, &data, |model: &mut Line, epoch| {
        seen.push(epoch.epoch);
        if epoch.epoch == 3 {
            model.out.bias.as_mut_slice().fill(7.0);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    assert_eq!(history.expect("a training").epochs.len(), 3);
    assert_eq!(seen, [1, 2, 3]);
    assert_eq!(model.out.bias.as_slice(), [7.0, 7.0]);
    let checkpoint = Checkpoint::read(&path, &model).expect("a checkpoint");
    assert_eq!(bits(&checkpoint.model), bits(&model));
    // The best was written before the callback changed the model.
    let best_model = Line::load(&best).expect("the best model");
    assert_ne!(best_model.out.bias.as_slice(), [7.0, 7.0]);
    for file in [path, best] {
        fs::remove_file(file).expect("a file");
    }
}

#[test]
fn named_data_is_opened_and_trained_on() {
    let dataset = Classifier::dataset().expect("the data");
    assert_eq!(dataset.len(), 4);
    let some = dataset.batch(&[3, 1]).expect("two samples");
    assert_eq!((some.inputs[0].shape(), some.targets[0].as_slice()), (&[2, 1, 8, 8][..], Some(&[3.0, 1.0][..])));
    assert!(dataset.batch(&[4]).is_err());
    let all = dataset.read().expect("the samples");
    let mut model = Classifier::init(&mut StdRng::seed_from_u64(1));
    let fit = Fit::new(Adam::new(1e-2), CrossEntropy).epochs(60).batch(4);
    let fit = fit.metric(Accuracy::default()).metric(F1::default()).metric(TopK::new(2));
    let history = fit.run(&mut model, &all.data().expect("as many")).expect("a training");
    let last = history.epochs.last().expect("an epoch");
    let names: Vec<&str> = last.metrics.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["accuracy", "f1", "top_2"]);
    assert!(history.epochs.iter().all(|epoch| epoch.metrics.iter().all(|(_, value)| (0.0..=1.0).contains(value))));
    assert!(last.loss < history.epochs[0].loss, "{} is not below {}", last.loss, history.epochs[0].loss);
    let folder = file("events");
    history.write_tensorboard(&folder).expect("an event file");
    let names: Vec<_> = fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("a file")).collect();
    assert!(names.len() == 1 && names[0].file_name().to_string_lossy().starts_with("events.out.tfevents."));
    tensorboard_reads(&folder, &history);
    fs::remove_dir_all(folder).expect("the folder");
}

/// Reads event files back with TensorBoard. Runs `python3`, or what `CONVSHAPE_PYTHON` names; without TensorBoard it does
/// nothing.
#[expect(clippy::cast_possible_truncation, reason = "the file has single precision")]
fn tensorboard_reads(folder: &Path, history: &History) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/training/tensorboard_events.py");
    let python = env::var_os("CONVSHAPE_PYTHON").unwrap_or_else(|| "python3".into());
    let output = match Command::new(python).arg(script).arg(folder).output() {
        Err(error) => return eprintln!("{error}: no event file was checked"),
        Ok(output) if output.status.code() == Some(77) => {
            return eprintln!("TensorBoard is not installed: no event file was checked");
        }
        Ok(output) => output,
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut expected: Vec<String> = Vec::new();
    for epoch in &history.epochs {
        let curves = [("loss/training".to_owned(), epoch.loss), ("learning_rate".to_owned(), epoch.learning_rate)];
        let metrics = epoch.metrics.iter().map(|(name, value)| (format!("metric/{name}"), *value));
        let validation = epoch.validation.map(|loss| ("loss/validation".to_owned(), loss));
        let all = curves.into_iter().chain(metrics).chain(validation);
        expected.extend(all.map(|(tag, value)| format!("{tag} {} {:08x}", epoch.epoch, (value as f32).to_bits())));
    }
    expected.sort();
    let text = String::from_utf8(output.stdout).expect("text");
    let mut found: Vec<&str> = text.lines().collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

const BYTES_VARIABLE: &str = "CONVSHAPE_TEST_BYTES";

/// What the compiler says of files of bytes, `Fit` says of arrays of them.
#[test]
fn bytes_that_nothing_scales_are_told() {
    if env::var_os(BYTES_VARIABLE).is_some() {
        let (x, y) = arrays();
        let bytes = x.mapv(|x| (255.0 * (x + 0.5)).round());
        let fit = || Fit::new(Sgd::new(1e-6), Mse).epochs(2).quiet();
        for x in [&x, &bytes] {
            let data = Data::new(x.view(), y.view()).expect("as many");
            fit().run(&mut line(1), &data).expect("a training");
            fit().run(&mut Scaled::init(&mut StdRng::seed_from_u64(1)), &data).expect("a training");
        }
        return;
    }
    let output = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "bytes_that_nothing_scales_are_told", "--nocapture"])
        .env(BYTES_VARIABLE, "1")
        .output()
        .expect("a process");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(
        told.trim(),
        "warning: [CS0709] `Line`: `input` holds bytes, 0 to 255, and nothing scales them before `hidden`; weights are \
         initialised for inputs of about 1: training is slow or fails; read `input` through a scale first: \
         `Scale(1/255);`"
    );
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let (x, y) = arrays();
    let data = Data::new(x.view(), y.view()).expect("as many");
    let said = |fit: Fit<'_, Sgd, Mse>, data: &Data<'_>| {
        let mut model = line(1);
        let error = fit.quiet().run(&mut model, data).expect_err("no sense").to_string();
        assert_eq!(bits(&model), bits(&line(1)));
        error
    };
    let fit = || Fit::new(Sgd::new(0.1), Mse).batch(12);
    assert_eq!(said(fit().batch(0), &data), "`batch` is 0, expected at least 1");
    assert_eq!(said(Fit::new(Sgd::new(-0.1), Mse), &data), "`learning_rate` is -0.1, expected at least 0");
    assert_eq!(said(fit().average(1.5), &data), "`average` is 1.5, expected 0 to 1");
    assert_eq!(said(fit().clip_norm(f64::NAN), &data), "`clip_norm` is NaN, expected more than 0");
    assert_eq!(said(fit().clip_value(-1.0), &data), "`clip_value` is -1, expected more than 0");
    let (mut nan, mut infinite) = (x.clone(), y.clone());
    (nan[[7, 1]], infinite[[3, 0]]) = (f32::NAN, f32::INFINITY);
    let of_input = said(fit(), &Data::new(nan.view(), y.view()).expect("as many"));
    assert!(of_input.starts_with("step 1: the loss is NaN; input 0 has the element NaN in sample "), "{of_input}");
    let of_target = said(fit(), &Data::new(x.view(), infinite.view()).expect("as many"));
    assert!(of_target.starts_with("step 1: the loss is inf; target 0 has the element inf in sample "), "{of_target}");
}

#[test]
fn metrics_know_the_loss_and_read_any_output() {
    let (x, _) = arrays();
    let answers = x.map_axis(Axis(1), |x| f32::from(u8::from(x.sum() > 0.0))).insert_axis(Axis(1));
    let sums = x.sum_axis(Axis(1)).insert_axis(Axis(1));
    let data = Data::new(x.view(), (answers.view(), sums.view())).expect("as many");
    let mut model = Heads::init(&mut StdRng::seed_from_u64(1));
    // Of the sum of the features: its sign as a logit, and the sum itself.
    model.answer.weight.as_mut_slice().fill(0.1);
    model.size.weight.as_mut_slice().fill(1.0);
    model.answer.bias.as_mut_slice().fill(0.0);
    model.size.bias.as_mut_slice().fill(0.0);
    let fit = Fit::new(Sgd::new(0.0), (BinaryCrossEntropyWithLogits, Mse)).epochs(1).quiet();
    let fit = fit.metric(Accuracy::default()).metric(MeanAbsoluteError::default().on(1, 1));
    let metrics = fit.run(&mut model, &data).expect("a training").epochs[0].metrics.clone();
    assert_eq!(metrics[0], ("accuracy".to_owned(), 1.0));
    assert!(metrics[1].0 == "mean_absolute_error_1" && metrics[1].1 < 1e-6, "{metrics:?}");
    let fit = Fit::new(Sgd::new(0.0), Mse).quiet().metric(MeanAbsoluteError::default().on(1, 1));
    assert!(fit.run(&mut line(1), &Data::new(x.view(), x.slice(s![.., ..2])).expect("as many")).is_err());
}

/// The loss says which targets it needs, with the same words as for a file that does not fit.
#[test]
fn wrong_arrays_get_the_same_words_at_run_time() {
    let model = line(1);
    let input = ArrayD::zeros(vec![6, 3]);
    let said = |target: &[usize]| {
        let target = ArrayD::zeros(target);
        Model::gradients(&model, &[input.view()], &[target.view()], Mse).expect_err("another shape").to_string()
    };
    assert_eq!(
        said(&[6]),
        "`Mse`: found a target of shape [6], expected [6, 2]; these look like class numbers, which `CrossEntropy` takes"
    );
    assert!(said(&[6, 9, 2]).contains("there is a label for each of 9 steps"), "{}", said(&[6, 9, 2]));
    assert!(said(&[6, 5]).contains("the labels have 5 classes, the chain gives 2"), "{}", said(&[6, 5]));
    let labels = ArrayD::from_shape_fn(vec![6], |place| (place[0] % 2 + 1) as f32);
    let error = Model::gradients(&model, &[input.view()], &[labels.view()], CrossEntropy).expect_err("from 1");
    assert_eq!(
        error.to_string(),
        "`CrossEntropy`: sample 1 of the batch has the label 2, and the output has 2 classes, 0 to 1; labels from 1 to \
         2; the classes look counted from 1"
    );
    let permuted = ArrayD::<f32>::zeros(vec![3, 6]);
    let error = model.forward_batch(permuted.view().into_dimensionality().expect("two axes")).expect_err("permuted");
    assert_eq!(
        error.to_string(),
        "`Line`: `input` has features 6, expected 3 (found [3, 6], expected a batch of [3]); the samples look to be on \
         axis 1: they belong on axis 0; write `input.permuted_axes([1, 0])`"
    );
}

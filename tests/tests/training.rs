//! The training loop: it learns, is reproducible bit for bit, continues after an interruption, and stops when it
//! should.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use convshape::train::{
    Adam, AdamW, BinaryCrossEntropy, BinaryCrossEntropyWithLogits, Checkpoint, CrossEntropy, Custom, Data, Fit,
    FitError, Groups, Huber, KlDivergence, L1, Lamb, Lion, Loss, Mse, On, Optimizer, RmsProp, Sgd, StepDecay, Sum,
    Train, Weighted, evaluate,
};
use convshape::{Chain, LoadError, Model, SaveError, ShapeError, conv_chain};
use ndarray::{Array, Array2, Array4, ArrayD, ArrayViewD, IxDyn};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

conv_chain! {
    /// With everything that training mode changes.
    struct Net {
        input: [1, 4, 4];
        enc: Conv2d(1 -> 3, kernel: 2, stride: 2);
        norm: BatchNorm;
        Relu;
        Dropout(0.2);
        dec: ConvTranspose2d(undo enc, activation: Sigmoid);
        output: [1, 4, 4];
    }
}

conv_chain! {
    /// Two inputs, two outputs.
    struct Pair {
        input: a [3], b [2];
        x: Linear(3 -> 2) from a;
        y: Mul(x, b);
        output: x [2], y [2];
    }
}

conv_chain! {
    /// A part of the next one.
    struct Piece {
        input: [2, 4, 4];
        c: Conv2d(2 -> 2, kernel: 3, padding: 1);
        norm: BatchNorm;
        Relu;
        output: [2, 4, 4];
    }
}

conv_chain! {
    /// A chain in a chain, and a repeat.
    struct Whole {
        input: [2, 4, 4];
        first: Chain(Piece);
        blocks: repeat 2 { c: Conv2d(2, kernel: 1); Add(input); }
        last: Chain(Piece);
        Add(first, last);
        output: [2, 4, 4];
    }
}

conv_chain! {
    /// The same written out.
    struct Flat {
        input: [2, 4, 4];
        #[name = "first.c"]
        a: Conv2d(2 -> 2, kernel: 3, padding: 1);
        #[name = "first.norm"]
        b: BatchNorm;
        c: Relu;
        #[name = "blocks.0.c"]
        d: Conv2d(2, kernel: 1);
        e: Add(c, d);
        #[name = "blocks.1.c"]
        f: Conv2d(2, kernel: 1);
        g: Add(e, f);
        #[name = "last.c"]
        h: Conv2d(2 -> 2, kernel: 3, padding: 1);
        #[name = "last.norm"]
        i: BatchNorm;
        j: Relu;
        Add(c, j);
        output: [2, 4, 4];
    }
}

conv_chain! {
    /// For any even size.
    struct Any {
        for h in 1.., w in 1..;
        input: [1, 2*h, 2*w];
        down: Conv2d(1 -> 2, kernel: 2, stride: 2);
        up: ConvTranspose2d(undo down);
        output: [1, 2*h, 2*w];
    }
}

conv_chain! {
    /// For a size given by the type.
    struct Sized<const N: usize> {
        input: [1, N, N];
        c: Conv2d(1 -> 1, kernel: 3, padding: 1);
        output: [1, N, N];
    }
}

fn net(seed: u64) -> Net {
    Net::init(&mut StdRng::seed_from_u64(seed))
}

fn images(count: usize) -> Array4<f32> {
    let mut rng = StdRng::seed_from_u64(9);
    Array4::from_shape_simple_fn((count, 1, 4, 4), || rng.random_range(0.0..1.0))
}

fn fit<'a>() -> Fit<'a, Adam, Mse> {
    let decay = StepDecay { every: 2.0, factor: 0.5 };
    Fit::new(Adam::new(1e-2), Mse).batch(4).seed(5).schedule(decay).clip_norm(1.0)
}

/// A file for this test only, which does not exist yet.
fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.safetensors"));
    let _ = fs::remove_file(&path);
    path
}

/// All elements of a model, bit for bit.
fn bits(model: &impl Model) -> Vec<u32> {
    let mut bits = Vec::new();
    model.for_each_param(|_, param| bits.extend(param.as_slice().iter().map(|x| x.to_bits())));
    bits
}

#[test]
fn the_loss_sinks_and_runs_repeat() {
    let images = images(18);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let run = || {
        let mut model = net(1);
        let history = fit().epochs(30).validation(data.clone()).run(&mut model, &data).expect("a training");
        (bits(&model), history)
    };
    let (model, history) = run();
    let (first, last) = (&history.epochs[0], &history.epochs[29]);
    assert!(last.loss < first.loss && last.validation < first.validation, "{history:?}");
    assert_eq!(last.learning_rate, 1e-2 * 0.5_f64.powi(14));
    let (again, history_again) = run();
    assert_eq!(model, again);
    assert!(history.epochs.iter().zip(&history_again.epochs).all(|(a, b)| a.loss.to_bits() == b.loss.to_bits()));
}

#[test]
fn a_training_goes_on_where_it_was_interrupted() {
    let images = images(18);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let noisy = |fit: Fit<'static, Adam, Mse>| fit.prepare(|batch, rng| batch.inputs[0][[0, 0, 0, 0]] = rng.random());
    let mut whole = net(1);
    let expected = noisy(fit()).epochs(6).patience(50).run(&mut whole, &data).expect("a training");

    let path = file("resumed");
    let mut model = net(1);
    noisy(fit()).epochs(2).patience(50).checkpoint(&path).run(&mut model, &data).expect("a training");
    // Another process has only the file.
    let mut model = net(2);
    let found = noisy(fit()).epochs(6).patience(50).checkpoint(&path).run(&mut model, &data).expect("a training");
    assert_eq!(bits(&model), bits(&whole));
    let losses = |history: &convshape::train::History| -> Vec<(u64, u64)> {
        history.epochs.iter().map(|epoch| (epoch.loss.to_bits(), epoch.learning_rate.to_bits())).collect()
    };
    assert_eq!(losses(&found), losses(&expected));
}

#[track_caller]
fn assert_same(found: &Checkpoint<Net>, expected: &Checkpoint<Net>) {
    assert_eq!(bits(&found.model), bits(&expected.model));
    assert_eq!((&found.optimizer, &found.history), (&expected.optimizer, &expected.history));
    assert_eq!(found.steps, expected.steps);
}

/// A checkpoint appears in one step: until the last byte of the new one is written, and whenever writing fails, the old
/// one is read.
#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_old_one() {
    let images = images(8);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("killed");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).expect("a folder");
    let path = folder.join("checkpoint.safetensors");
    let mut model = net(1);
    fit().epochs(1).checkpoint(&path).run(&mut model, &data).expect("a training");
    let old = Checkpoint::read(&path, &model).expect("a checkpoint");
    // What a process leaves behind if it is killed while writing: part of a file under another name.
    let bytes = fs::read(&path).expect("the file");
    fs::write(folder.join(".checkpoint.safetensors.1.0.tmp"), &bytes[..bytes.len() / 2]).expect("half a file");
    assert_same(&Checkpoint::read(&path, &model).expect("the old one"), &old);
    // And a write that fails.
    let nowhere = folder.join("no such folder").join("checkpoint.safetensors");
    assert!(old.write(&nowhere).is_err());
    assert_same(&Checkpoint::read(&path, &net(3)).expect("the old one"), &old);
    // Half a file under the right name is rejected.
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("half a file");
    let error = fit().epochs(2).checkpoint(&path).run(&mut model, &data).expect_err("half a file");
    assert!(matches!(error, FitError::Load(_)), "{error}");
}

/// What the next test runs and kills.
#[test]
#[ignore = "runs for ever"]
fn writes_checkpoints_for_ever() {
    let Some(path) = env::var_os(PATH_VARIABLE) else { return };
    let images = images(8);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let _ = fit().epochs(u64::MAX).checkpoint(PathBuf::from(path)).run(&mut net(1), &data);
}

const PATH_VARIABLE: &str = "CONVSHAPE_TEST_CHECKPOINT";

#[test]
fn a_killed_training_leaves_a_whole_checkpoint() {
    let path = file("killed_process");
    for round in 0..8 {
        let mut process = Command::new(env::current_exe().expect("this test"))
            .args(["--exact", "writes_checkpoints_for_ever", "--ignored"])
            .env(PATH_VARIABLE, &path)
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        while !path.exists() {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(7 * round));
        process.kill().expect("it runs for ever");
        process.wait().expect("it was killed");
        let checkpoint = Checkpoint::read(&path, &net(1)).expect("a whole checkpoint");
        assert_eq!(checkpoint.steps, 2 * checkpoint.history.epochs.len() as u64);
    }
}

#[test]
fn a_loss_that_is_no_number_names_the_step_and_the_layer() {
    let images = images(8);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let mut model = net(1);
    model.dec.weight.as_mut_slice()[0] = f32::NAN;
    let before = bits(&model);
    let error = fit().run(&mut model, &data).expect_err("not a number").to_string();
    assert!(error.contains("step 1") && error.contains("`dec`"), "{error}");
    let trained = |bits: &[u32]| bits[..12].to_vec();
    assert_eq!(trained(&bits(&model)), trained(&before), "no step was made");

    let mut loss = Custom(|y: &ArrayViewD<'_, f32>| Ok((f64::INFINITY, ArrayD::zeros(y.raw_dim()))));
    let data = Data::new(images.view(), ()).expect("as many");
    let error = Fit::new(Sgd::new(0.1), &mut loss).run(&mut net(1), &data).expect_err("infinite").to_string();
    assert!(error.contains("inf") && error.contains("all layers are finite"), "{error}");
}

#[test]
fn patience_ends_a_training_and_keeps_the_best_model() {
    let images = images(8);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let mut model = net(1);
    let start = bits(&model);
    // With a learning rate of zero only the running statistics change.
    let history = Fit::new(Sgd::new(0.0), Mse).epochs(50).patience(3).run(&mut model, &data).expect("a training");
    assert!(history.epochs.len() < 50);
    assert_eq!(bits(&model).len(), start.len());
    let best = history.epochs.iter().map(|epoch| epoch.loss).fold(f64::INFINITY, f64::min);
    let position = history.epochs.iter().position(|epoch| epoch.loss == best).expect("the best");
    assert_eq!(history.epochs.len() - 1 - position, 3);
    assert_eq!(history.best(), Some(&history.epochs[position]));
    assert!(matches!(
        fit().run(&mut model, &Data::new(images.view().split_at(ndarray::Axis(0), 0).0, ()).expect("none")),
        Err(FitError::NoData)
    ));
}

#[test]
fn stored_statistics_move_in_training_only() {
    let images = images(8);
    let model = net(1);
    let (_, gradients) = model.gradients(images.view(), images.view(), Mse).expect("shapes that fit");
    assert!(gradients.norm.running_mean.as_slice().iter().all(|g| *g == 0.0));
    let mut trained = model.clone();
    let mut rng = StdRng::seed_from_u64(1);
    let (loss, _) = trained.gradients_train(images.view(), images.view(), Mse, &mut rng).expect("shapes that fit");
    let (again, _) = model
        .clone()
        .gradients_train(images.view(), images.view(), Mse, &mut StdRng::seed_from_u64(1))
        .expect("shapes that fit");
    assert_eq!(loss.to_bits(), again.to_bits());
    let (other, _) = model
        .clone()
        .gradients_train(images.view(), images.view(), Mse, &mut StdRng::seed_from_u64(2))
        .expect("shapes that fit");
    assert_ne!(loss.to_bits(), other.to_bits(), "another seed drops others");
    assert_ne!(trained.norm.running_mean, model.norm.running_mean);
    assert_ne!(trained.norm.running_var, model.norm.running_var);
    assert_eq!(trained.enc, model.enc);
}

#[test]
fn several_ports_are_tuples() {
    let model = Pair::init(&mut StdRng::seed_from_u64(1));
    let (a, b) = (Array2::from_elem((2, 3), 0.5_f32), Array2::from_elem((2, 2), 2.0_f32));
    let ones = Array2::<f32>::ones((2, 2));
    let ((da, db), gradients) = model.vjp((a.view(), b.view()), (ones.view(), ones.view())).expect("shapes that fit");
    // x + b x, with b = 2: three times the weights; the gradient of b is x.
    let weight = model.x.weight.as_slice();
    assert!((da[[1, 0]] - 3.0 * (weight[0] + weight[3])).abs() < 1e-6);
    let x = 0.5 * (weight[0] + weight[1] + weight[2]) + model.x.bias.as_slice()[0];
    assert!((db[[0, 0]] - x).abs() < 1e-6);
    assert_eq!(gradients.x.bias.as_slice(), [6.0, 6.0]);
    assert_eq!(gradients.x.weight.as_slice(), [3.0; 6]);
    // A loss for each output.
    let (loss, _) = model
        .gradients((a.view(), b.view()), (ones.view(), ones.view()), (Mse, Weighted(0.0, L1)))
        .expect("shapes that fit");
    let (first, _) = model.gradients((a.view(), b.view()), ones.view(), Mse).expect("the first output only");
    assert_eq!(loss, first);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let (images, model) = (images(3), net(1));
    let small = Array4::<f32>::zeros((3, 1, 4, 3));
    let error = model.gradients(small.view(), images.view(), Mse).expect_err("an input").to_string();
    assert!(error.contains("width 3, expected 4"), "{error}");
    let error = model.gradients(images.view(), small.view(), Mse).expect_err("a target").to_string();
    assert_eq!(error, "`Mse`: found a target of shape [3, 1, 4, 3], expected [3, 1, 4, 4]");
    let error = model.gradients(images.view(), (), Mse).expect_err("no target");
    assert!(matches!(error, ShapeError::Loss { expected_targets: 1, targets: 0, .. }), "{error}");
    let error = model.vjp(images.view(), small.view()).expect_err("a cotangent").to_string();
    assert!(error.contains("`output` has width 3, expected 4"), "{error}");
    let fewer = Array4::<f32>::zeros((2, 1, 4, 4));
    assert!(matches!(model.vjp(images.view(), fewer.view()), Err(ShapeError::Batch { found: 2, expected: 3, .. })));
}

/// One parameter vector `p = x.weight`, moved by known gradients.
fn steps(mut optimizer: impl Optimizer, gradients: &[f32]) -> Vec<f32> {
    let mut model = Pair::init(&mut StdRng::seed_from_u64(1));
    let mut gradient = model.clone();
    model.for_each_param_mut(|_, param| param.as_mut_slice().fill(1.0));
    gradients
        .iter()
        .map(|g| {
            gradient.for_each_param_mut(|_, param| param.as_mut_slice().fill(*g));
            optimizer.step(&mut model, &gradient).expect("parameters of their own shapes");
            model.x.weight.as_slice()[0]
        })
        .collect()
}

/// The formulas of PyTorch's documentation in f64, written out once more.
#[test]
fn optimizers_follow_pytorchs_formulas() {
    const GRADIENTS: [f32; 4] = [0.5, -0.25, 0.125, 2.0];
    let check = |found: Vec<f32>, rule: &mut dyn FnMut(f64, f64) -> f64| {
        let mut p = 1.0;
        for (found, g) in found.iter().zip(GRADIENTS) {
            p = rule(p, g.into());
            assert!((f64::from(*found) - p).abs() < 1e-6, "{found}, {p}");
        }
    };
    check(steps(Sgd::new(0.1).weight_decay(0.5), &GRADIENTS), &mut |p, g| p - 0.1 * (g + 0.5 * p));
    let mut v = 0.0;
    check(steps(Sgd::new(0.1).momentum(0.9).nesterov().weight_decay(0.5), &GRADIENTS), &mut |p, g| {
        let g = g + 0.5 * p;
        v = 0.9 * v + g;
        p - 0.1 * (g + 0.9 * v)
    });
    let (mut v, mut s) = (0.0, 0.0);
    check(steps(RmsProp::new(0.1).momentum(0.5).weight_decay(0.5), &GRADIENTS), &mut |p, g| {
        let g = g + 0.5 * p;
        s = 0.99 * s + 0.01 * g * g;
        v = 0.5 * v + g / (f64::sqrt(s) + 1e-8);
        p - 0.1 * v
    });
    for decoupled in [false, true] {
        let (mut m, mut v, mut t) = (0.0, 0.0, 0);
        let found = if decoupled {
            steps(AdamW::new(0.1).weight_decay(0.5), &GRADIENTS)
        } else {
            steps(Adam::new(0.1).weight_decay(0.5), &GRADIENTS)
        };
        check(found, &mut |p, g| {
            t += 1;
            let (p, g) = if decoupled { (p - 0.1 * 0.5 * p, g) } else { (p, g + 0.5 * p) };
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let (m, v) = (m / (1.0 - 0.9_f64.powi(t)), v / (1.0 - 0.999_f64.powi(t)));
            p - 0.1 * m / (f64::sqrt(v) + 1e-8)
        });
    }
}

#[test]
fn running_statistics_are_not_trained() {
    let images = images(8);
    let mut model = net(1);
    let before = model.norm.clone();
    let (_, gradients) = model.gradients(images.view(), images.view(), Mse).expect("shapes that fit");
    AdamW::new(0.1).weight_decay(0.5).step(&mut model, &gradients).expect("parameters of their own shapes");
    assert_eq!(model.norm.running_mean, before.running_mean);
    assert_eq!(model.norm.running_var, before.running_var);
    assert_ne!(model.norm.weight, before.weight);
}

/// Losses at known points, computed by hand, and their gradients by finite differences.
#[test]
fn losses() {
    let array = |shape: &[usize], data: &[f32]| Array::from_shape_vec(IxDyn(shape), data.to_vec()).expect("as many");
    let y = array(&[2, 3], &[0.2, 0.9, 0.5, 0.4, 0.7, 0.1]);
    let t = array(&[2, 3], &[0.0, 1.0, 0.5, 0.6, 0.2, 0.3]);
    check_loss(&mut Mse, &[&y], &[&t], (0.04 + 0.01 + 0.0 + 0.04 + 0.25 + 0.04) / 6.0);
    check_loss(&mut Weighted(2.0, Mse), &[&y], &[&t], (0.04 + 0.01 + 0.0 + 0.04 + 0.25 + 0.04) / 3.0);
    check_loss(&mut L1, &[&array(&[3], &[0.2, 0.9, -0.5])], &[&array(&[3], &[0.0, 1.0, 0.5])], 1.3 / 3.0);
    check_loss(&mut Huber { delta: 0.3 }, &[&y], &[&t], (0.02 + 0.005 + 0.0 + 0.02 + 0.3 * 0.35 + 0.02) / 6.0);
    let cross = |y: f64, t: f64| -t * y.ln() - (1.0 - t) * (1.0 - y).ln();
    let expected: f64 = y.iter().zip(&t).map(|(y, t)| cross((*y).into(), (*t).into())).sum();
    check_loss(&mut BinaryCrossEntropy, &[&y], &[&t], expected / 6.0);
    let sigmoid = |y: f64| 1.0 / (1.0 + (-y).exp());
    let expected: f64 = y.iter().zip(&t).map(|(y, t)| cross(sigmoid((*y).into()), (*t).into())).sum();
    check_loss(&mut BinaryCrossEntropyWithLogits, &[&y], &[&t], expected / 6.0);
    let log_softmax = |row: usize, class: usize| {
        let row: Vec<f64> = (0..3).map(|i| f64::from(y[[row, i]]).exp()).collect();
        (row[class] / row.iter().sum::<f64>()).ln()
    };
    check_loss(&mut CrossEntropy, &[&y], &[&array(&[2], &[2.0, 0.0])], -(log_softmax(0, 2) + log_softmax(1, 0)) / 2.0);
    let expected: f64 =
        ndarray::indices([2, 3]).into_iter().map(|(i, j)| -f64::from(t[[i, j]]) * log_softmax(i, j)).sum();
    check_loss(&mut CrossEntropy, &[&y], &[&t], expected / 2.0);
    let expected: f64 = y
        .iter()
        .zip(&t)
        .map(|(mu, logvar)| (f64::from(*mu), f64::from(*logvar)))
        .map(|(mu, logvar)| -0.5 * (1.0 + logvar - mu * mu - logvar.exp()))
        .sum();
    check_loss(&mut KlDivergence, &[&y, &t], &[], expected / 2.0);
    check_loss(&mut (Mse, KlDivergence), &[&y, &y, &t], &[&t], expected / 2.0 + 0.38 / 6.0);
}

#[track_caller]
fn check_loss(loss: &mut impl Loss, outputs: &[&ArrayD<f32>], targets: &[&ArrayD<f32>], expected: f64) {
    let targets: Vec<ArrayViewD<'_, f32>> = targets.iter().map(|target| target.view()).collect();
    let mut outputs: Vec<ArrayD<f32>> = outputs.iter().map(|output| (*output).clone()).collect();
    let mut evaluate = |outputs: &[ArrayD<f32>]| {
        let views: Vec<ArrayViewD<'_, f32>> = outputs.iter().map(|output| output.view()).collect();
        loss.evaluate(&views, &targets).expect("shapes that fit")
    };
    let found = evaluate(&outputs);
    assert!((found.value - expected).abs() < 1e-6, "{} is not {expected}", found.value);
    for port in 0..outputs.len() {
        for at in 0..outputs[port].len() {
            let place = |output: &mut ArrayD<f32>, value: f32| *output.iter_mut().nth(at).expect("an element") = value;
            let old = *outputs[port].iter().nth(at).expect("an element");
            // Steps that f32 represents exactly.
            let step = 2.0_f32.powi(-9);
            place(&mut outputs[port], old + step);
            let above = evaluate(&outputs).value;
            place(&mut outputs[port], old - step);
            let below = evaluate(&outputs).value;
            place(&mut outputs[port], old);
            let expected = (above - below) / (2.0 * f64::from(step));
            let gradient = f64::from(*found.gradients[port].iter().nth(at).expect("an element"));
            assert!((gradient - expected).abs() < 1e-3 * expected.abs().max(1e-2), "{at}: {gradient}, {expected}");
        }
    }
}

#[test]
fn validation_is_the_mean_over_samples() {
    let images = images(5);
    let model = net(1);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let whole = evaluate(&model, &data, 5, &mut Mse).expect("shapes that fit");
    let parts = evaluate(&model, &data, 2, &mut Mse).expect("shapes that fit");
    assert!((whole - parts).abs() < 1e-7);
    let (loss, _) = model.gradients(images.view(), images.view(), Mse).expect("shapes that fit");
    assert!((whole - f64::from(loss)).abs() < 1e-6);
}

#[test]
fn one_may_write_ones_own_optimizer() {
    let images = images(8);
    let mut model = net(1);
    let mut average = model.clone();
    for _ in 0..3 {
        let (_, gradients) = model.gradients(images.view(), images.view(), Mse).expect("shapes that fit");
        model.for_each_trained(&gradients, |name, param, gradient| {
            if name.starts_with("enc.") {
                return; // Frozen.
            }
            for (p, g) in param.as_mut_slice().iter_mut().zip(gradient.as_slice()) {
                *p -= 0.1 * g.signum();
            }
        });
        average.for_each_trained(&model, |_, average, param| {
            for (a, p) in average.as_mut_slice().iter_mut().zip(param.as_slice()) {
                *a += 0.5 * (p - *a);
            }
        });
    }
    assert_eq!(model.enc, net(1).enc);
    assert_ne!(model.dec, net(1).dec);
    assert_ne!(average.dec, model.dec);
}

/// A sub-chain's layers have the same gradients as without it, and its statistics change too.
#[test]
fn chains_in_chains() {
    let whole = Whole::init(&mut StdRng::seed_from_u64(1));
    let path = file("whole");
    whole.save(&path).expect("a file");
    let flat = Flat::load(&path).expect("the same names");
    let x = Array4::from_shape_fn((3, 2, 4, 4), |(n, c, y, x)| ((n + 2 * c + 3 * y + 5 * x) % 7) as f32 - 3.0);
    let (a, from_whole) = whole.gradients(x.view(), x.view(), Mse).expect("shapes that fit");
    let (b, from_flat) = flat.gradients(x.view(), x.view(), Mse).expect("shapes that fit");
    assert_eq!((a, bits(&from_whole)), (b, bits(&from_flat)));
    let (mut whole, mut flat) = (whole, flat);
    let (dx, _) = whole.vjp(x.view(), x.view()).expect("shapes that fit");
    assert_eq!(dx, flat.vjp(x.view(), x.view()).expect("shapes that fit").0);
    let mut rng = StdRng::seed_from_u64(1);
    whole.gradients_train(x.view(), x.view(), Mse, &mut rng).expect("shapes that fit");
    flat.gradients_train(x.view(), x.view(), Mse, &mut rng).expect("shapes that fit");
    assert_eq!(bits(&whole), bits(&flat));
}

#[test]
fn sizes_of_run_time_and_of_types() {
    let any = Any::init(&mut StdRng::seed_from_u64(1));
    for (height, width) in [(2, 4), (6, 2)] {
        let x = Array4::from_elem((2, 1, height, width), 0.5);
        let (_, gradients) = any.gradients(x.view(), x.view(), Mse).expect("a size of that form");
        assert!(gradients.down.weight.as_slice().iter().any(|g| *g != 0.0));
        assert_eq!(any.vjp(x.view(), x.view()).expect("a size of that form").0.shape(), x.shape());
    }
    let odd = Array4::from_elem((2, 1, 3, 4), 0.5);
    assert!(any.gradients(odd.view(), odd.view(), Mse).is_err());
    let mut sized = Sized::<5>::init(&mut StdRng::seed_from_u64(1));
    let x = Array4::from_elem((2, 1, 5, 5), 0.5);
    let data = Data::new(x.view(), x.view()).expect("as many");
    let history = Fit::new(Adam::new(0.1), Mse).epochs(5).run(&mut sized, &data).expect("a training");
    assert!(history.epochs[4].loss < history.epochs[0].loss);
}

/// The number of threads changes nothing: work is divided by sizes only.
#[test]
fn threads_change_no_bit() {
    let x = Array4::from_shape_fn((24, 1, 28, 28), |(n, _, y, x)| ((3 * n + 5 * y + 7 * x) % 11) as f32 / 11.0);
    let path = env::temp_dir().join(format!("convshape-threads-{}", std::process::id()));
    if let Some(path) = env::var_os(THREADS_VARIABLE) {
        let model = convshape_tests::models::MnistAe::init(&mut StdRng::seed_from_u64(1));
        let (_, gradients) = model.gradients(x.view(), x.view(), Mse).expect("shapes that fit");
        fs::write(path, format!("{:?}", bits(&gradients))).expect("a file");
        return;
    }
    let run = |threads: &str| {
        let status = Command::new(env::current_exe().expect("this test"))
            .args(["--exact", "threads_change_no_bit"])
            .env(THREADS_VARIABLE, &path)
            .env("RAYON_NUM_THREADS", threads)
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("a process").success());
        fs::read_to_string(&path).expect("the bits")
    };
    let (one, three) = (run("1"), run("3"));
    fs::remove_file(&path).expect("the file is there");
    assert!(one.len() > 1000 && one == three);
}

const THREADS_VARIABLE: &str = "CONVSHAPE_TEST_THREADS";

/// Five steps of each optimiser as in PyTorch with `f64`; optimisers that PyTorch lacks follow their papers:
/// `data/training/optimizers.py`.
#[test]
fn optimizers_are_those_of_pytorch() {
    let bytes = fs::read("data/training/optimizers.safetensors").expect("the record");
    let record = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let numbers = |name: &str| -> Vec<f32> {
        let (numbers, _) = record.tensor(name).expect("a record").data().as_chunks();
        numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    let (start, gradients) = (numbers("start"), numbers("gradients"));
    let optimizers: [(&str, Box<dyn Optimizer>); 14] = [
        ("sgd", Box::new(Sgd::new(0.1))),
        ("sgd_decay", Box::new(Sgd::new(0.1).weight_decay(0.3))),
        ("sgd_momentum", Box::new(Sgd::new(0.1).momentum(0.9).weight_decay(0.3))),
        ("sgd_nesterov", Box::new(Sgd::new(0.1).momentum(0.9).nesterov().weight_decay(0.3))),
        ("adam", Box::new(Adam::new(0.1))),
        ("adam_decay", Box::new(Adam::new(0.1).betas(0.8, 0.95).eps(1e-3).weight_decay(0.3))),
        ("adamw", Box::new(AdamW::new(0.1))),
        ("adamw_decay", Box::new(AdamW::new(0.1).betas(0.8, 0.95).eps(1e-3).weight_decay(0.3))),
        ("rmsprop", Box::new(RmsProp::new(0.1))),
        ("rmsprop_momentum", Box::new(RmsProp::new(0.1).alpha(0.9).momentum(0.5).weight_decay(0.3))),
        ("lion", Box::new(Lion::new(0.1))),
        ("lion_decay", Box::new(Lion::new(0.1).betas(0.8, 0.95).weight_decay(0.3))),
        ("lamb", Box::new(Lamb::new(0.1))),
        ("lamb_decay", Box::new(Lamb::new(0.1).betas(0.8, 0.95).eps(1e-3).weight_decay(0.3))),
    ];
    for (name, mut optimizer) in optimizers {
        let mut model = Pair::init(&mut StdRng::seed_from_u64(1));
        let mut gradient = model.clone();
        model.x.weight.as_mut_slice().copy_from_slice(&start);
        for (step, (of_step, expected)) in gradients.chunks(6).zip(numbers(name).chunks(6)).enumerate() {
            gradient.x.weight.as_mut_slice().copy_from_slice(of_step);
            optimizer.step(&mut model, &gradient).expect("parameters of their own shapes");
            for (found, expected) in model.x.weight.as_slice().iter().zip(expected) {
                assert!((found - expected).abs() < 2e-6, "{name}, step {step}: {found}, PyTorch has {expected}");
            }
        }
    }
}

#[test]
fn parameters_in_groups() {
    let images = images(8);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let groups = || Groups::new(Adam::new(1e-2)).freeze("enc.*").group("dec.*", Sgd::new(1e-1).momentum(0.9));
    let mut model = net(1);
    Fit::new(groups(), Mse).epochs(2).run(&mut model, &data).expect("a training");
    assert_eq!(model.enc, net(1).enc, "frozen");
    assert_ne!(model.dec, net(1).dec);
    assert_ne!(model.norm.weight, net(1).norm.weight);

    // Each group changes as with its optimiser alone.
    let (_, gradients) = model.gradients(images.view(), images.view(), Mse).expect("shapes that fit");
    let (mut grouped, mut by_sgd, mut by_adam) = (model.clone(), model.clone(), model.clone());
    let mut optimizer = groups();
    Optimizer::set_learning_rate(&mut optimizer, 5e-3);
    optimizer.step(&mut grouped, &gradients).expect("a step");
    Sgd::new(5e-2).momentum(0.9).step(&mut by_sgd, &gradients).expect("a step");
    Adam::new(5e-3).step(&mut by_adam, &gradients).expect("a step");
    assert_eq!((&grouped.dec, &grouped.norm.weight), (&by_sgd.dec, &by_adam.norm.weight));

    // And continues from a checkpoint, bit for bit.
    let path = file("groups");
    let mut whole = net(1);
    Fit::new(groups(), Mse).batch(4).epochs(4).run(&mut whole, &data).expect("a training");
    let mut part = net(1);
    Fit::new(groups(), Mse).batch(4).epochs(2).checkpoint(&path).run(&mut part, &data).expect("a training");
    let mut part = net(2);
    Fit::new(groups(), Mse).batch(4).epochs(4).checkpoint(&path).run(&mut part, &data).expect("a training");
    assert_eq!(bits(&part), bits(&whole));
}

/// A pattern with a slip of the pen would otherwise train what was to be frozen.
#[test]
fn a_pattern_must_match_a_parameter() {
    let images = images(8);
    let mut model = net(1);
    let (_, gradients) = model.gradients(images.view(), images.view(), Mse).expect("shapes that fit");
    let mut optimizer: Box<dyn Optimizer> = Box::new(Groups::new(Adam::new(1e-2)).freeze("encoder.*").freeze("enc.*"));
    let error = optimizer.step(&mut model, &gradients).expect_err("a slip");
    assert_eq!(
        error.to_string(),
        "no parameter matches the pattern `encoder.*`: the model trains `enc.weight`, `enc.bias`, `norm.weight`, \
         `norm.bias`, `dec.weight`, `dec.bias`"
    );
    assert_eq!(bits(&model), bits(&net(1)));
    let mut shadowed =
        Groups::new(Adam::new(1e-2)).freeze("enc.*").group("*.weight", Sgd::new(0.1)).freeze("dec.weight");
    shadowed.step(&mut model, &gradients).expect("each pattern matches, if only what an earlier one has");
}

/// The outputs of layers, as they are for whatever reads them.
#[test]
fn every_layer_shows_its_output() {
    let x = Array4::from_shape_fn((3, 2, 4, 4), |(n, c, y, x)| ((5 * n + 3 * c + 7 * y + x) % 9) as f32 / 9.0 - 0.5);
    let model = Flat::init(&mut StdRng::seed_from_u64(4));
    let found = model.layer_outputs(&[x.view().into_dyn()]).expect("shapes that fit");
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, Flat::LAYERS.iter().map(|layer| layer.name).collect::<Vec<_>>());
    for ((name, output), layer) in found.iter().zip(Flat::LAYERS) {
        let expected = layer.output.numbers().expect("numbers");
        assert_eq!(output.shape()[1..], expected[..layer.output.rank()], "{name}");
    }
    let of = |wanted: &str| &found.iter().find(|(name, _)| name == wanted).expect("a layer").1;
    assert!(of("b").iter().any(|x| *x < 0.0), "before the activation");
    assert_eq!(of("c"), &of("b").mapv(|x| x.max(0.0)));
    for (found, sum) in of("e").iter().zip((of("c") + of("d")).iter()) {
        assert!((found - sum).abs() < 1e-6);
    }
    let output: Array4<f32> = model.forward_batch(x.view()).expect("shapes that fit");
    for (found, expected) in found.last().expect("layers").1.iter().zip(&output) {
        assert!((found - expected).abs() < 1e-6);
    }
    // With an activation as a field, the layer's output is after it.
    let images = images(2);
    let layers = net(1).layer_outputs(&[images.view().into_dyn()]).expect("shapes that fit");
    assert_eq!(layers.iter().filter(|(name, _)| name == "enc").count(), 1);
}

/// Only the optimiser of a checkpoint can continue from it.
#[test]
fn a_checkpoint_of_another_optimizer_is_refused() {
    let images = images(8);
    let data = Data::new(images.view(), images.view()).expect("as many");
    let path = file("optimizers");
    let mut model = net(1);
    fit().epochs(1).checkpoint(&path).run(&mut model, &data).expect("a training");
    let written = fs::read(&path).expect("the file");
    let others: [Box<dyn Optimizer>; 5] = [
        Box::new(Sgd::new(0.1)),
        Box::new(AdamW::new(0.1)),
        Box::new(RmsProp::new(0.1)),
        Box::new(Lion::new(0.1)),
        Box::new(Groups::new(Adam::new(0.1)).freeze("enc.*")),
    ];
    for other in others {
        let (name, mut model) = (other.name(), net(3));
        let error = Fit::new(other, Mse).epochs(2).checkpoint(&path).run(&mut model, &data).expect_err("another");
        let text = error.to_string();
        assert!(matches!(error, FitError::Load(LoadError::Format { .. })), "{text}");
        assert!(text.contains("`Adam`") && text.contains(&format!("`{name}`")), "{text}");
        assert_eq!(bits(&model), bits(&net(3)), "nothing is changed");
    }
    // An optimiser that keeps different state for each parameter.
    let momentum = file("momentum");
    let sgd = |momentum: f64| Fit::new(Sgd::new(0.1).momentum(momentum), Mse).batch(4).epochs(2);
    sgd(0.9).epochs(1).checkpoint(&momentum).run(&mut model, &data).expect("a training");
    let error = sgd(0.0).checkpoint(&momentum).run(&mut model, &data).expect_err("no velocity").to_string();
    assert!(error.contains("velocity"), "{error}");
    // Another version, and a file that is not a checkpoint.
    let version = br#""version":"2""#;
    let place = written.windows(version.len()).position(|bytes| bytes == version).expect("a version");
    let mut newer = written;
    newer[place + version.len() - 2] = b'3';
    fs::write(&path, newer).expect("a file");
    let error = fit().epochs(2).checkpoint(&path).run(&mut model, &data).expect_err("a newer version").to_string();
    assert!(error.contains("version 3"), "{error}");
    model.save(&path).expect("weights");
    let error = fit().epochs(2).checkpoint(&path).run(&mut model, &data).expect_err("weights").to_string();
    assert!(error.ends_with("weights, and no checkpoint: `load` reads them"), "{error}");
}

#[test]
fn a_training_can_move_to_another_thread() {
    fn assert_send<T: Send>(_: &T) {}
    let images = images(8);
    let boxed: Box<dyn Optimizer> = Box::new(Adam::new(1e-2));
    let fit = Fit::new(boxed, Mse).epochs(2).prepare(|_, _| {});
    assert_send(&fit);
    thread::spawn(move || {
        let data = Data::new(images.view(), images.view()).expect("as many");
        fit.run(&mut net(1), &data).expect("a training");
    })
    .join()
    .expect("the thread ends");
}

#[test]
fn losses_are_made_of_others() {
    let array = |data: [f32; 3]| Array::from_shape_vec(IxDyn(&[3]), data.to_vec()).expect("as many");
    let (y, t) = (array([0.2, 0.9, -0.5]), array([0.0, 1.0, 0.5]));
    check_loss(&mut Sum(Mse, Weighted(0.5, L1)), &[&y], &[&t], (0.04 + 0.01 + 1.0) / 3.0 + 0.65 / 3.0);
    check_loss(&mut On(1, Mse), &[&t, &y], &[&t], (0.04 + 0.01 + 1.0) / 3.0);
    check_loss(&mut Sum(Mse, On(1, Mse)), &[&t, &y], &[&t], (0.04 + 0.01 + 1.0) / 3.0);
    let three = (Mse, L1, Weighted(2.0, Mse));
    check_loss(&mut { three }, &[&y, &y, &t], &[&t, &t, &t], (0.04 + 0.01 + 1.0) / 3.0 + 1.3 / 3.0);
}

/// The trait's methods have the names of the model's own methods.
#[test]
fn generic_code_has_every_operation() {
    fn round_trip<M: Model>(path: &std::path::Path, x: ArrayViewD<'_, f32>) -> Result<(), SaveError> {
        let model = M::init(&mut StdRng::seed_from_u64(1));
        model.save(path)?;
        let loaded = M::load(path).expect("the same chain");
        assert_eq!(bits(&loaded), bits(&model));
        assert_eq!(bits(&M::load_bytes(&fs::read(path).expect("the file")).expect("the same bytes")), bits(&model));
        let y = model.forward_batch(&[x.view()]).expect("shapes that fit");
        assert_eq!(model.run_batch(&[x.view()]).expect("shapes that fit"), y);
        let (loss, gradients) = model.gradients(&[x.view()], &[x.view()], Mse).expect("shapes that fit");
        let count = x.len() as f32;
        let cotangent = (&y[0] - &x).mapv(|difference| 2.0 * difference / count);
        let (_, by_vjp) = model.vjp(&[x.view()], &[cotangent.view()]).expect("shapes that fit");
        let mut expected = Vec::new();
        gradients.for_each_param(|_, gradient| expected.extend_from_slice(gradient.as_slice()));
        let mut found = Vec::new();
        by_vjp.for_each_param(|_, gradient| found.extend_from_slice(gradient.as_slice()));
        assert!(loss > 0.0 && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6));
        Ok(())
    }
    round_trip::<Net>(&file("generic"), images(3).view().into_dyn()).expect("a file");
}

conv_chain! {
    /// Ends with the layer that the loss applies itself.
    struct Twice {
        input: [4];
        a: Linear(4 -> 3);
        last: Softmax;
        output: [3];
    }
}

/// A softmax before a loss that applies one is legal but surely a mistake: it gets one warning.
#[test]
fn a_last_layer_that_the_loss_applies_is_told() {
    if env::var_os(TWICE_VARIABLE).is_some() {
        let model = Twice::init(&mut StdRng::seed_from_u64(1));
        let (x, t) = (Array2::ones((2, 4)), ndarray::Array1::zeros(2));
        for _ in 0..3 {
            model.gradients(x.view(), t.view(), CrossEntropy).expect("legal");
        }
        model.gradients(x.view(), Array2::zeros((2, 3)).view(), Mse).expect("a loss that applies nothing");
        return;
    }
    let output = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "a_last_layer_that_the_loss_applies_is_told", "--nocapture"])
        .env(TWICE_VARIABLE, "1")
        .output()
        .expect("a process");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(told.matches("`Twice` ends with `last`, a Softmax").count(), 1, "{told}");
}

const TWICE_VARIABLE: &str = "CONVSHAPE_TEST_TWICE";

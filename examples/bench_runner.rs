//! The benchmark suite as a program that reads commands line by line, so that other libraries can be timed next to it.
//!
//! ```sh
//! bench_runner --models DIR --threads 1
//! ```
//!
//! It answers `load CASE`, `check`, `time N` and `quit` on its standard input, one per line. A case has four files:
//! `CASE.bin` holds all weights, `CASE.x.bin` and `CASE.y.bin` input and output, as little-endian `f32`; `CASE.net`
//! lists the network's operations with the positions of their weights. For a training case the output is the target,
//! and `CASE.net` has the learning rate and the first losses. Chains are types, so the suite is written out, and
//! `CASE.net` only says where the weights of each layer are. The files have the channels first; single layers run on
//! channels-last tensors, which are made before the clock starts.
#![expect(clippy::print_stdout, reason = "it answers on its standard output")]

#[path = "../convshape/benches/suite/mod.rs"]
mod suite;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;
use std::{env, fs, io};

use convshape::__private::Parts;
use convshape::ndarray::ArrayD;
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::train::{Mse, Sgd, Train};
use convshape::{Chain, Model, Shape, ShapeError, Workspace};
use suite::{Visit, run_one, split, with_case, with_channels_last};

type Failure = Box<dyn Error>;

/// A case that is ready to run.
struct Case {
    run: Box<dyn FnMut()>,
    /// How much the results differ from the expected ones.
    error: Box<dyn Fn() -> f64>,
}

/// Makes a case from a network and its files.
#[derive(Clone)]
struct Load<'a> {
    net: &'a str,
    weights: &'a [f32],
    x: ArrayD<f32>,
    y: ArrayD<f32>,
    batch: usize,
}

impl Visit for Load<'_> {
    type Output = Result<Case, Failure>;

    fn visit<M: Model + Parts>(self, init: fn(&mut Xoshiro256PlusPlus) -> M) -> Result<Case, Failure> {
        let mut model = init(&mut Xoshiro256PlusPlus::seed_from_u64(0));
        fill(&mut model, self.net, self.weights)?;
        for (found, own) in [(&self.x, &<M as Chain>::INPUT), (&self.y, &<M as Chain>::OUTPUT)] {
            if found.shape() != dims(self.batch, own) {
                return Err(format!("{:?} for {own} in batches of {}", found.shape(), self.batch).into());
            }
        }
        match training(self.net) {
            Some((rate, losses)) => train(model, self.x, self.y, rate, losses),
            None if self.batch == 1 => infer_one(model, self.x, self.y),
            None => infer(model, self.x, self.y),
        }
    }
}

/// A run is one sample, into existing memory.
fn infer_one<M: Model + Parts>(model: M, x: ArrayD<f32>, expected: ArrayD<f32>) -> Result<Case, Failure> {
    let (x, expected) = (x.into_raw_vec_and_offset().0, expected.into_raw_vec_and_offset().0);
    let (mut workspace, y) = (Workspace::new::<M>(), Rc::new(RefCell::new(vec![0.0; expected.len()])));
    let found = Rc::clone(&y);
    let run = Rc::new(RefCell::new(move || run_one(&model, &x, black_box(&mut y.borrow_mut()), &mut workspace)));
    // The first run packs the weights.
    run.borrow_mut()();
    let again = Rc::clone(&run);
    Ok(Case {
        run: Box::new(move || run.borrow_mut()()),
        error: Box::new(move || {
            found.borrow_mut().fill(f32::NAN);
            again.borrow_mut()();
            error(&found.borrow(), &expected)
        }),
    })
}

/// A run is a batch.
fn infer<M: Model>(model: M, x: ArrayD<f32>, expected: ArrayD<f32>) -> Result<Case, Failure> {
    // The first run packs the weights.
    model.run_batch(&[x.view()])?;
    let run = move || model.run_batch(&[x.view()]).expect("the input has the chain's shape").swap_remove(0);
    let run = Rc::new(run);
    let again = Rc::clone(&run);
    Ok(Case {
        run: Box::new(move || drop(black_box(run()))),
        error: Box::new(move || error(&again().into_raw_vec_and_offset().0, expected.as_slice().unwrap_or_default())),
    })
}

/// A run is a step.
fn train<M: Model + Parts>(
    model: M,
    x: ArrayD<f32>,
    y: ArrayD<f32>,
    rate: f64,
    expected: Vec<f64>,
) -> Result<Case, Failure> {
    let step = move |model: &mut M| -> Result<f32, ShapeError> {
        let (loss, gradients) = model.loss_gradients(&[x.view()], &[y.view()], &mut Mse)?;
        Sgd::new(rate).step(model, &gradients)?;
        Ok(loss)
    };
    let step = Rc::new(step);
    let mut trained = model.clone();
    step(&mut trained)?;
    let again = Rc::clone(&step);
    let error = move || {
        let mut model = model.clone();
        let differences = expected.iter().map(|loss| again(&mut model).map(|found| (f64::from(found) - loss).abs()));
        let worst = differences.map(|difference| difference.unwrap_or(f64::INFINITY)).fold(0.0, f64::max);
        worst / (10.0 * (expected[0] - expected[expected.len() - 1]))
    };
    Ok(Case {
        run: Box::new(move || {
            black_box(step(&mut trained)).expect("ran before");
        }),
        error: Box::new(error),
    })
}

/// The learning rate and the first losses of a training case.
fn training(net: &str) -> Option<(f64, Vec<f64>)> {
    let words = net.lines().find_map(|line| line.strip_prefix("train "))?;
    let mut numbers = words.split_whitespace().map_while(|word| word.parse().ok());
    let rate = numbers.next()?;
    let losses: Vec<f64> = numbers.collect();
    (!losses.is_empty()).then_some((rate, losses))
}

/// The sizes after the name of an input or output: `input x 1 1 28 28`.
fn sizes(net: &str, word: &str) -> Result<Vec<usize>, Failure> {
    let line = net.lines().find_map(|line| line.strip_prefix(word)).ok_or_else(|| format!("no {word}is described"))?;
    Ok(line.split_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>()?)
}

/// The sizes of a batch.
fn dims(batch: usize, shape: &Shape) -> Vec<usize> {
    let sizes = shape.sizes().iter().filter_map(|size| usize::try_from(size.number()?).ok());
    [batch].into_iter().chain(sizes).collect()
}

/// Copies each layer's weights from the positions in the description. A bias missing there is zero.
fn fill<M: Model>(model: &mut M, net: &str, weights: &[f32]) -> Result<(), Failure> {
    let layers: Vec<BTreeMap<&str, usize>> = net.lines().map(places).filter(|places| !places.is_empty()).collect();
    let mut names: Vec<String> = Vec::new();
    let mut failure: Option<Failure> = None;
    model.for_each_param_mut(|name, param| {
        let (layer, field) = name.rsplit_once('.').unwrap_or(("", name));
        if names.last().map(String::as_str) != Some(layer) {
            names.push(layer.to_owned());
        }
        let Some(places) = layers.get(names.len() - 1) else {
            failure = Some(format!("no weights for `{name}`").into());
            return;
        };
        let key = match (field, places.contains_key("gamma")) {
            ("weight", true) => "gamma",
            ("bias", true) => "beta",
            ("running_mean", _) => "mean",
            ("running_var", _) => "var",
            ("bias", false) => "b",
            _ => "w",
        };
        match places.get(key) {
            Some(&at) => match weights.get(at..at + param.as_slice().len()) {
                Some(weights) => param.as_mut_slice().copy_from_slice(weights),
                None => failure = Some(format!("the weights of `{name}` reach beyond the file").into()),
            },
            None if key == "b" => param.as_mut_slice().fill(0.0),
            None => failure = Some(format!("no weights for `{name}`").into()),
        }
    });
    match failure {
        Some(failure) => Err(failure),
        None if names.len() != layers.len() => {
            Err(format!("{} layers with weights, expected {}", layers.len(), names.len()).into())
        }
        None => Ok(()),
    }
}

/// The positions of an operation's weights: `w=0:16,1,3,3` is `w` at 0.
fn places(line: &str) -> BTreeMap<&str, usize> {
    let pairs = line.split_whitespace().filter_map(|word| word.split_once('='));
    pairs.filter_map(|(key, value)| Some((key, value.split_once(':')?.0.parse().ok()?))).collect()
}

fn floats(path: &Path) -> Result<Vec<f32>, Failure> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
}

fn load(models: &Path, case: &str) -> Result<Case, Failure> {
    let file = |ending: &str| models.join(format!("{case}{ending}"));
    let net = fs::read_to_string(file(".net")).map_err(|error| format!("{case}: {error}"))?;
    let weights = floats(&file(".bin"))?;
    let (x, y) = (floats(&file(".x.bin"))?, floats(&file(".y.bin"))?);
    let name = case.strip_prefix("train_").unwrap_or(case);
    let (_, batch) = split(name);
    let (x, y) =
        (ArrayD::from_shape_vec(sizes(&net, "input ")?, x)?, ArrayD::from_shape_vec(sizes(&net, "output ")?, y)?);
    let channels_last = |array: &ArrayD<f32>| {
        let mut axes: Vec<usize> = (0..array.ndim()).collect();
        axes[1..].rotate_left(1);
        array.view().permuted_axes(axes).as_standard_layout().into_owned()
    };
    let last = Load { net: &net, weights: &weights, x: channels_last(&x), y: channels_last(&y), batch };
    let first = Load { x, y, ..last.clone() };
    let loaded = with_channels_last(name, last).or_else(|| with_case(name, first));
    loaded.ok_or_else(|| format!("no network for `{case}`"))?
}

/// The largest difference, in standard deviations of the expected output.
fn error(found: &[f32], expected: &[f32]) -> f64 {
    let numbers = || expected.iter().map(|&y| f64::from(y));
    let count = expected.len() as f64;
    let mean = numbers().sum::<f64>() / count;
    let deviation = (numbers().map(|y| (y - mean) * (y - mean)).sum::<f64>() / count).sqrt();
    let scale = if expected.len() == 1 { mean.abs() } else { deviation };
    let worst = found.iter().zip(numbers()).map(|(&y, expected)| (f64::from(y) - expected).abs());
    // `max` would ignore NaN.
    let finite = found.len() == expected.len() && found.iter().all(|y| y.is_finite());
    if finite { worst.fold(0.0, f64::max) / scale } else { f64::INFINITY }
}

fn answer(models: &Path, case: &mut Option<Case>, line: &str) -> Result<String, Failure> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    if word == "load" {
        *case = None;
        let start = Instant::now();
        *case = Some(load(models, rest.trim())?);
        return Ok(format!("load_s={:.6}", start.elapsed().as_secs_f64()));
    }
    let case = case.as_mut().ok_or("no case is loaded")?;
    match word {
        "check" => Ok(format!("err={:.3e}", (case.error)())),
        "time" => {
            let count: u32 = rest.trim().parse()?;
            let mut best = f64::INFINITY;
            let start = Instant::now();
            for _ in 0..count {
                let start = Instant::now();
                (case.run)();
                best = best.min(start.elapsed().as_secs_f64());
            }
            Ok(format!("n={count} total_s={:.9} best_s={best:.9}", start.elapsed().as_secs_f64()))
        }
        _ => Err(format!("what is `{word}`?").into()),
    }
}

fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let (mut models, mut threads) = (PathBuf::from("."), 1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{argument} wants a value"))?;
        match argument.as_str() {
            "--models" => models = value.into(),
            "--threads" => threads = value.parse()?,
            _ => return Err(format!("what is {argument}?").into()),
        }
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    println!("runner: ready threads={threads}");
    let mut case = None;
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim() == "quit" {
            break;
        }
        match answer(&models, &mut case, line.trim()) {
            Ok(words) => println!("ok {words}"),
            Err(failure) => println!("err {}", failure.to_string().replace('\n', " ")),
        }
        io::stdout().flush()?;
    }
    Ok(())
}

//! Training under `mpirun`. The test starts itself: the parent runs `mpirun` for each case, the processes it starts run
//! the case and leave their parameters in files.
#![expect(clippy::print_stdout, reason = "a test without a harness says what it ran")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use convshape::ndarray::{Array2, Array4, ArrayView, Axis, Dimension, Slice};
use convshape::train::{
    Adam, Checkpoint, Data, Fit, FitError, History, Loader, Mse, Optimizer, Processes, Sgd, Share, Train,
};
use convshape::{Model, conv_chain};
use convshape_mpi::Cluster;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

conv_chain! {
    struct Net {
        input: [1, 6, 6];
        enc: Conv2d(1 -> 4, kernel: 3, stride: 2, padding: 1, activation: Silu);
        code: Conv2d(4 -> 6, kernel: 3, activation: Tanh);
        dec: ConvTranspose2d(undo code, activation: Silu);
        out: ConvTranspose2d(undo enc, activation: Sigmoid);
        output: [1, 6, 6];
    }
}

conv_chain! {
    struct Normed {
        input: [1, 6, 6];
        c: Conv2d(1 -> 3, kernel: 3, padding: 1);
        n: BatchNorm;
        Silu;
        Flatten;
        head: Linear(108 -> 2);
        output: [2];
    }
}

/// The samples: batches of 5 leave shares of different sizes, and the last one has fewer rows than four processes.
const SAMPLES: usize = 22;
const BATCH: usize = 5;

fn images() -> Array4<f32> {
    let mut rng = StdRng::seed_from_u64(7);
    Array4::from_shape_simple_fn((SAMPLES, 1, 6, 6), || rng.random_range(0.0..1.0))
}

fn fit<'a, O: Optimizer>(optimizer: O) -> Fit<'a, O, Mse> {
    Fit::new(optimizer, Mse).batch(BATCH).seed(3).epochs(4).clip_norm(0.5)
}

/// Trains with a hand-written loop.
fn own_loop(model: &mut Net, data: Data<'_>, mut cluster: Option<Cluster>) {
    let loader = Loader::new(data, BATCH).shuffled(1);
    let mut optimizer = Sgd::new(0.2);
    for batch in (0..3).flat_map(|epoch| loader.epoch(epoch).collect::<Vec<_>>()) {
        let batch = batch.expect("arrays in memory");
        let step = |model: &Net, batch: &convshape::train::Batch| {
            model.loss_gradients(&batch.input_views(), &batch.target_views(), &mut Mse).expect("shapes that fit")
        };
        let gradients = match &mut cluster {
            None => step(model, &batch).1,
            Some(cluster) => {
                let share = Share::of(&batch, cluster);
                let (mut loss, mut gradients) = step(model, &share.batch);
                share.average(cluster, &mut loss, model, &mut gradients).expect("all answer");
                gradients
            }
        };
        optimizer.step(model, &gradients).expect("parameters of their own shapes");
    }
}

/// What one process does in a case; `None` is a single process without MPI.
fn case(name: &str, cluster: Option<&Cluster>, folder: &Path) -> Result<Vec<f32>, FitError> {
    let images = images();
    let data = Data::new(images.view(), images.view())?;
    let rank = cluster.map_or(0, Processes::rank);
    let net = || Net::init(&mut StdRng::seed_from_u64(1));
    fn go<M: Train, O: Optimizer>(
        fit: Fit<'_, O, Mse>,
        mut model: M,
        data: &Data<'_>,
        cluster: Option<&Cluster>,
    ) -> Result<(M, History), FitError> {
        let fit = match cluster {
            Some(cluster) => fit.processes(cluster.clone()),
            None => fit,
        };
        let history = fit.run(&mut model, data)?;
        Ok((model, history))
    }
    let with_history = |(model, history): (Net, History)| {
        let mut numbers = numbers(&model);
        #[expect(clippy::cast_possible_truncation, reason = "to compare with a tolerance")]
        numbers.extend(history.epochs.iter().flat_map(|e| [e.loss as f32, e.validation.unwrap_or(0.0) as f32]));
        numbers
    };
    let checkpoint = folder.join("checkpoint.safetensors");
    Ok(match name {
        "sgd" => with_history(go(fit(Sgd::new(0.3).momentum(0.9)), net(), &data, cluster)?),
        "adam" => with_history(go(fit(Adam::new(1e-2)).validation(data.clone()).patience(3), net(), &data, cluster)?),
        // Noise is drawn for the whole batch, so that it does not depend on the number of processes.
        "noise" => {
            let fit = fit(Sgd::new(0.3)).prepare(|batch, rng| {
                batch.inputs[0].mapv_inplace(|x| x + rng.random_range(-0.1..0.1));
            });
            with_history(go(fit, net(), &data, cluster)?)
        }
        "loop" => {
            let mut model = net();
            own_loop(&mut model, data, cluster.cloned());
            numbers(&model)
        }
        // Every process begins with a different model; the first one's counts.
        "begin" => {
            let model = Net::init(&mut StdRng::seed_from_u64(1 + rank as u64));
            with_history(go(fit(Sgd::new(0.3)), model, &data, cluster)?)
        }
        "norm" => {
            let targets = Array2::from_shape_fn((SAMPLES, 2), |(n, c)| ((n + c) % 3) as f32);
            let data = Data::new(images.view(), targets.view())?;
            let fit = Fit::new(Sgd::new(0.1), Mse).batch(4).whole_batches_only().epochs(1);
            numbers(&go(fit, Normed::init(&mut StdRng::seed_from_u64(1)), &data, cluster)?.0)
        }
        "first half" => {
            with_history(go(fit(Adam::new(1e-2)).epochs(2).checkpoint(&checkpoint), net(), &data, cluster)?)
        }
        "second half" => with_history(go(fit(Adam::new(1e-2)).checkpoint(&checkpoint), net(), &data, cluster)?),
        "whole" => with_history(go(fit(Adam::new(1e-2)), net(), &data, cluster)?),
        "settings" => {
            let fit = fit(Sgd::new(0.3)).batch(BATCH + rank);
            with_history(go(fit, net(), &data, cluster)?)
        }
        "rate" => with_history(go(fit(Sgd::new(0.3 + 0.1 * rank as f64)), net(), &data, cluster)?),
        // Each process has its own part of the data, as other libraries want it.
        "parts" => {
            let part = images.slice_axis(Axis(0), Slice::from(11 * rank..11 * rank + 11));
            with_history(go(fit(Sgd::new(0.3)), net(), &Data::new(part.view(), part.view())?, cluster)?)
        }
        // The last process fails in the third epoch, in three ways. It is at its second step; the first process has
        // then made one step and written its checkpoint.
        "error" | "panic" | "killed" => {
            let (mut steps, last) = (0, rank + 1 == cluster.map_or(1, Processes::count));
            let name = name.to_owned();
            let fit = fit(Sgd::new(0.3)).checkpoint(&checkpoint).prepare(move |batch, _| {
                steps += 1;
                if last && steps == 12 {
                    match name.as_str() {
                        "error" => batch.targets[0] = Array4::zeros((5, 1, 2, 2)).into_dyn(),
                        "panic" => panic!("on purpose"),
                        _ => std::process::abort(),
                    }
                }
            });
            with_history(go(fit, net(), &data, cluster)?)
        }
        other => unreachable!("no case `{other}`"),
    })
}

fn numbers(model: &impl Model) -> Vec<f32> {
    let mut numbers = Vec::new();
    model.for_each_param(|_, param| numbers.extend_from_slice(param.as_slice()));
    numbers
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("processes").join(name.replace(' ', "-"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn mpirun(name: &str, count: usize, folder: &Path) -> Output {
    let mut command = Command::new("mpirun");
    command.args(["--allow-run-as-root", "--oversubscribe", "-np", &count.to_string()]);
    command.arg(env::current_exe().expect("the test's own path")).args(["case", name]).arg(folder);
    // Waiting processes must leave the cores to those that compute.
    command.env("OMPI_MCA_mpi_yield_when_idle", "1").env("RAYON_NUM_THREADS", "1");
    command.output().expect("mpirun starts")
}

/// The numbers of all processes, which must have the same bits.
fn run(name: &str, count: usize, folder: &Path) -> Vec<f32> {
    let output = mpirun(name, count, folder);
    assert!(output.status.success(), "{name} on {count}: {}", String::from_utf8_lossy(&output.stderr));
    let read = |rank: usize| fs::read(folder.join(format!("{rank}.bin"))).expect("the numbers of a process");
    let first = read(0);
    for rank in 1..count {
        assert!(read(rank) == first, "{name} on {count}: process {rank} has other bits than the first");
    }
    first.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn worst(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let errors = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    errors.fold(0.0, |worst, error| if error > worst || error.is_nan() { error } else { worst })
}

/// The same as one process without MPI, up to roundings; with one process under MPI bit for bit.
fn same_as_one_process() {
    // Adam divides gradients by their own size, including their rounding errors.
    for (name, tolerance) in [("sgd", 2e-7), ("noise", 2e-7), ("begin", 2e-7), ("loop", 2e-7), ("adam", 5e-6)] {
        let folder = folder(name);
        let expected = case(name, None, &folder).expect("a training");
        assert_eq!(run(name, 1, &folder), expected, "{name}");
        for count in [2, 4] {
            let error = worst(&run(name, count, &folder), &expected);
            println!("{name} on {count} processes: {error:.1e} from one process");
            assert!(error <= tolerance, "{name} on {count} is off by {error:e}");
        }
    }
}

/// Statistics are those of a share: the mean over the shares of each process's result.
fn batch_norm_takes_the_share() {
    let folder = folder("norm");
    let found = run("norm", 2, &folder);
    let (images, targets) = (images(), Array2::from_shape_fn((SAMPLES, 2), |(n, c)| ((n + c) % 3) as f32));
    let data = Data::new(images.view(), targets.view()).expect("as many");
    let mut model = Normed::init(&mut StdRng::seed_from_u64(1));
    let mut optimizer = Sgd::new(0.1);
    fn half<D: Dimension>(array: ArrayView<'_, f32, D>, half: usize) -> ArrayView<'_, f32, D> {
        array.slice_axis_move(Axis(0), Slice::from(2 * half..2 * half + 2))
    }
    for batch in Loader::new(data, 4).shuffled(0).whole_batches_only().epoch(0) {
        let batch = batch.expect("arrays in memory");
        let halves: Vec<(Normed, Normed)> = (0..2)
            .map(|index| {
                let (mut model, mut rng) = (model.clone(), StdRng::seed_from_u64(0));
                let (x, t) = (half(batch.inputs[0].view(), index), half(batch.targets[0].view(), index));
                let (_, gradients) = model.loss_gradients_train(&[x], &[t], &mut Mse, &mut rng).expect("a fit");
                (model, gradients)
            })
            .collect();
        let mean = |a: &Normed, b: &Normed| {
            let (mut mean, other) = (a.clone(), numbers(b));
            let mut other = other.iter();
            mean.for_each_param_mut(|_, param| {
                param.as_mut_slice().iter_mut().zip(&mut other).for_each(|(a, b)| *a = 0.5 * (*a + b));
            });
            mean
        };
        let gradients = mean(&halves[0].1, &halves[1].1);
        model = mean(&halves[0].0, &halves[1].0);
        optimizer.step(&mut model, &gradients).expect("parameters of their own shapes");
    }
    let error = worst(&found, &numbers(&model));
    println!("norm on 2 processes: {error:.1e} from the mean of two halves");
    assert!(error <= 1e-6, "{error:e}");
}

fn interrupted_trainings_go_on() {
    let folder = folder("resumed");
    run("first half", 2, &folder);
    let resumed = run("second half", 2, &folder);
    assert_eq!(resumed, run("whole", 2, &folder));
    // Also with more processes.
    let _ = fs::remove_file(folder.join("checkpoint.safetensors"));
    run("first half", 2, &folder);
    assert!(worst(&run("second half", 4, &folder), &resumed) <= 5e-5);
}

fn one_that_fails_ends_all() {
    for name in ["error", "panic", "killed"] {
        let folder = folder(name);
        let output = mpirun(name, 3, &folder);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}: {message}");
        if name == "error" {
            assert!(message.contains("process 2 of 3: `Mse`: found a target of shape"), "{message}");
        }
        // Two epochs were complete.
        let model = Net::init(&mut StdRng::seed_from_u64(1));
        let checkpoint = Checkpoint::read(folder.join("checkpoint.safetensors"), &model).expect("a whole file");
        assert_eq!(checkpoint.history.epochs.len(), 2, "{name}");
        assert!(!folder.join("0.bin").exists(), "{name}");
    }
    for (name, expected) in [
        ("settings", "process 1 trains 4 epochs of 22 samples in batches of 6 with"),
        ("rate", "process 1 trains 4 epochs of 22 samples in batches of 5 with the seed 3 by Sgd at a rate of 0.4"),
        ("parts", "each needs the whole data, and takes its rows"),
    ] {
        let output = mpirun(name, 2, &folder(name));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.contains(expected), "{message}");
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, word, name, folder] = &arguments[..]
        && word == "case"
    {
        let folder = PathBuf::from(folder);
        return convshape_mpi::run(|cluster| {
            let numbers = case(name, Some(cluster), &folder)?;
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            fs::write(folder.join(format!("{}.bin", cluster.rank())), bytes).expect("a file");
            Ok::<(), FitError>(())
        });
    }
    let tests: [(&str, fn()); 4] = [
        ("same_as_one_process", same_as_one_process),
        ("batch_norm_takes_the_share", batch_norm_takes_the_share),
        ("interrupted_trainings_go_on", interrupted_trainings_go_on),
        ("one_that_fails_ends_all", one_that_fails_ends_all),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
}

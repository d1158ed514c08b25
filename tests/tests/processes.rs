//! `Fit` on several processes, simulated by threads: the parameters equal those of one process.

use std::ops::ControlFlow;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use convshape::train::{Adam, Data, Fit, FitError, Mse, ProcessError, Processes};
use convshape::{Model, conv_chain};
use ndarray::{Array4, Axis, Slice};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

conv_chain! {
    struct Net {
        input: [1, 4, 4];
        enc: Conv2d(1 -> 3, kernel: 2, stride: 2, activation: Tanh);
        dec: ConvTranspose2d(undo enc, activation: Sigmoid);
        output: [1, 4, 4];
    }
}

/// The messages between the threads.
struct Table {
    barrier: Barrier,
    numbers: Mutex<Vec<Vec<f32>>>,
    bytes: Mutex<Vec<u8>>,
}

struct Thread {
    rank: usize,
    count: usize,
    table: Arc<Table>,
}

impl Processes for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.count
    }

    fn sum(&mut self, numbers: &mut [f32]) -> Result<(), ProcessError> {
        self.table.numbers.lock().expect("no panic")[self.rank] = numbers.to_vec();
        self.table.barrier.wait();
        let all = self.table.numbers.lock().expect("no panic").clone();
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = all.iter().map(|own| own[index]).sum();
        }
        self.table.barrier.wait();
        Ok(())
    }

    fn broadcast(&mut self, bytes: &mut Vec<u8>) -> Result<(), ProcessError> {
        if self.rank == 0 {
            self.table.bytes.lock().expect("no panic").clone_from(bytes);
        }
        self.table.barrier.wait();
        bytes.clone_from(&self.table.bytes.lock().expect("no panic"));
        self.table.barrier.wait();
        Ok(())
    }
}

fn images() -> Array4<f32> {
    let mut rng = StdRng::seed_from_u64(9);
    Array4::from_shape_simple_fn((13, 1, 4, 4), || rng.random_range(0.0..1.0))
}

conv_chain! {
    struct Fixed {
        input: [1, 4, 4];
        c: Conv2d(1 -> 3, kernel: 1);
        n: BatchNorm;
        basis: Parameter([3, 1, 1], init: normal(1), train: false);
        Mul(n, basis);
        out: Conv2d(3 -> 1, kernel: 1);
        output: [1, 4, 4];
    }
}

/// Steps of 3 samples, the last of 4, from a model that each process initialises itself.
fn train(processes: Option<Thread>, epochs: u64) -> Result<(Net, Vec<f64>), FitError> {
    let images = images();
    let data = Data::new(images.view(), images.view())?;
    let rank = processes.as_ref().map_or(0, |thread| thread.rank as u64);
    let mut model = Net::init(&mut StdRng::seed_from_u64(1 + rank));
    let mut fit =
        Fit::new(Adam::new(1e-2), Mse).batch(3).seed(2).epochs(epochs).clip_norm(0.1).validation(data.clone());
    if let Some(processes) = processes {
        fit = fit.processes(processes);
    }
    let history = fit.run(&mut model, &data)?;
    Ok((model, history.epochs.iter().flat_map(|epoch| [epoch.loss, epoch.validation.unwrap_or(0.0)]).collect()))
}

/// What each of several processes gives.
fn on_threads<T: Send>(count: usize, run: impl Fn(Thread) -> T + Sync) -> Vec<T> {
    let (numbers, bytes) = (Mutex::new(vec![Vec::new(); count]), Mutex::new(Vec::new()));
    let table = Arc::new(Table { barrier: Barrier::new(count), numbers, bytes });
    thread::scope(|scope| {
        let start = |rank| {
            let (thread, run) = (Thread { rank, count, table: Arc::clone(&table) }, &run);
            scope.spawn(move || run(thread))
        };
        let threads: Vec<_> = (0..count).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn numbers(model: &Net) -> Vec<f32> {
    let mut numbers = Vec::new();
    model.for_each_param(|_, param| numbers.extend_from_slice(param.as_slice()));
    numbers
}

#[test]
fn processes_make_the_steps_of_one() {
    let (model, losses) = train(None, 3).expect("a training");
    for count in 1..=4 {
        let found: Vec<(Net, Vec<f64>)> =
            on_threads(count, |thread| train(Some(thread), 3)).into_iter().map(|run| run.expect("a run")).collect();
        for (other, other_losses) in &found {
            assert_eq!((numbers(other), other_losses), (numbers(&found[0].0), &found[0].1));
        }
        if count == 1 {
            // The mean of a validation is sent as two f32: all but the last bits of an f64.
            assert_eq!(numbers(&found[0].0), numbers(&model));
            assert!(found[0].1.iter().zip(&losses).all(|(a, b)| (a - b).abs() < 1e-14));
        }
        let errors = numbers(&found[0].0).into_iter().zip(numbers(&model)).map(|(a, b)| (a - b).abs());
        let worst = errors.fold(0.0, |worst: f32, error| if error > worst || error.is_nan() { error } else { worst });
        assert!(worst < 2e-5, "{count} processes are off by {worst:e}");
        assert!(found[0].1.iter().zip(&losses).all(|(a, b)| (a - b).abs() < 1e-6), "{:?} {losses:?}", found[0].1);
    }
}

#[test]
fn processes_with_other_settings_are_refused() {
    let found = on_threads(2, |thread| {
        let epochs = 3 + thread.rank as u64;
        train(Some(thread), epochs)
    });
    let errors: Vec<String> = found.into_iter().map(|run| run.expect_err("other epochs").to_string()).collect();
    let rest = "epochs of 13 samples in batches of 3 with the seed 2 by Adam at a rate of 0.01";
    assert!(errors[0].ends_with(&format!("another process does not train 3 {rest}")), "{errors:?}");
    assert!(errors[1].contains(&format!("process 1 trains 4 {rest}, process 0 3 {rest}")), "{errors:?}");
}

/// Each of three processes has its own part of the data, as other libraries want it.
#[test]
fn processes_with_other_data_are_refused() {
    let found = on_threads(3, |thread| {
        let images = images();
        let part = images.slice_axis(Axis(0), Slice::from(4 * thread.rank..4 * thread.rank + 4));
        let data = Data::new(part.view(), part.view())?;
        let mut model = Net::init(&mut StdRng::seed_from_u64(1));
        Fit::new(Adam::new(1e-2), Mse).batch(3).processes(thread).run(&mut model, &data)
    });
    for run in found {
        let error = run.expect_err("other data").to_string();
        assert!(error.ends_with("each needs the whole data, and takes its rows"), "{error}");
    }
}

/// A mean of equal numbers, weighted by shares, would be off by a rounding error.
#[test]
fn a_parameter_that_is_not_trained_keeps_its_bits() {
    let start = Fixed::init(&mut StdRng::seed_from_u64(1));
    let found = on_threads(3, |thread| {
        let images = images();
        let data = Data::new(images.view(), images.view()).expect("as many");
        let mut model = start.clone();
        let fit = Fit::new(Adam::new(1e-2), Mse).batch(5).epochs(4).processes(thread);
        fit.run(&mut model, &data).expect("a training");
        model
    });
    for model in found {
        assert_eq!(model.basis.as_slice(), start.basis.as_slice());
        assert_ne!(model.n.running_mean.as_slice(), start.n.running_mean.as_slice());
    }
}

#[test]
fn all_processes_stop_when_one_does() {
    let found = on_threads(3, |thread| {
        let images = images();
        let data = Data::new(images.view(), images.view()).expect("as many");
        let mut model = Net::init(&mut StdRng::seed_from_u64(1));
        let rank = thread.rank;
        let fit = Fit::new(Adam::new(1e-2), Mse).batch(5).epochs(4).processes(thread);
        let history = fit.run_with(&mut model, &data, |_, epoch| match (rank, epoch.epoch) {
            (1, 2) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        history.expect("a training").epochs.len()
    });
    assert_eq!(found, [2, 2, 2]);
}

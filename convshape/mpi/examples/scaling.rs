//! Times a training step on the processes that `mpirun` starts. `convshape/mpi/scaling` prints the times as a table.
//!
//! The batch stays, so with twice the processes a step of each has half the rows. The time of the exchange contains the
//! wait for the slowest process.
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

// The networks of the benchmark of training.
#[path = "../../benches/training/chains.rs"]
mod chains;

use std::time::{Duration, Instant};

use convshape::ShapeError;
use convshape::ndarray::ArrayD;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::rand::{RngExt, SeedableRng};
use convshape::train::{Adam, Batch, Mse, Optimizer, Processes, Share, Train};
use convshape_mpi::Cluster;

/// The steps before and during the measurement.
const WARM_UP: usize = 5;
const STEPS: usize = 40;

fn main() {
    convshape_mpi::run(|cluster| {
        time::<chains::CifarPool>("CIFAR classifier", 128, cluster)?;
        time::<chains::UnetGn>("U-Net on 64x64", 16, cluster)
    });
}

/// Prints the median times of a step and of its exchange: `name,processes,batch,bytes,step in ms,exchange in ms`.
fn time<M: Train>(name: &str, batch: usize, cluster: &Cluster) -> Result<(), ShapeError> {
    let mut cluster = cluster.clone();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut model = M::init(&mut rng);
    let mut numbers = |shape: &convshape::Shape| {
        let sizes = shape.numbers().unwrap_or_default();
        let sizes = [&[batch], &sizes[..shape.rank()]].concat();
        ArrayD::from_shape_simple_fn(sizes, || rng.random_range(-1.0..1.0))
    };
    let batch = Batch { inputs: vec![numbers(&M::INPUT)], targets: vec![numbers(&M::OUTPUT)] };
    let rows = batch.inputs[0].shape()[0];
    let mut adam = Adam::new(1e-4);
    let (mut steps, mut exchanges) = (Vec::new(), Vec::new());
    for _ in 0..WARM_UP + STEPS {
        let start = Instant::now();
        let share = Share::of(&batch, &cluster);
        let (inputs, targets) = (share.batch.input_views(), share.batch.target_views());
        let (mut loss, mut gradients) = model.loss_gradients_train(&inputs, &targets, &mut Mse, &mut rng)?;
        let exchange = Instant::now();
        share.average(&mut cluster, &mut loss, &mut model, &mut gradients).expect("MPI ends all processes that fail");
        exchanges.push(exchange.elapsed());
        Optimizer::step(&mut adam, &mut model, &gradients)?;
        steps.push(start.elapsed());
    }
    let median = |times: &mut Vec<Duration>| {
        times.drain(..WARM_UP);
        times.sort();
        1e3 * times[STEPS / 2].as_secs_f64()
    };
    let mut elements = 0;
    model.for_each_param(|_, param| elements += param.as_slice().len());
    if cluster.rank() == 0 {
        let (step, exchange, processes) = (median(&mut steps), median(&mut exchanges), cluster.count());
        println!("{name},{processes},{rows},{},{step:.2},{exchange:.2}", 4 * elements);
    }
    Ok(())
}

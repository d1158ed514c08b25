//! Trains checked convolutional chains on several processes, on one machine or a cluster, with MPI.
//!
//! Every process runs the same program. [`run`] starts MPI and passes it a [`Cluster`]. `Fit` uses that to average the
//! gradients of the processes' shares of each batch, so that every process makes the step that a single process would
//! make:
//!
//! ```no_run
//! use convshape::ndarray::Array4;
//! use convshape::rand::{SeedableRng, rngs::SmallRng};
//! use convshape::train::{Adam, Data, Fit, FitError, Mse};
//!
//! convshape::conv_chain! {
//!     struct Autoencoder {
//!         input: [1, 28, 28];
//!         enc: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
//!         dec: ConvTranspose2d(undo enc, activation: Sigmoid);
//!         output: [1, 28, 28];
//!     }
//! }
//!
//! fn main() {
//!     convshape_mpi::run(|cluster| {
//!         let images = Array4::<f32>::zeros((60_000, 1, 28, 28));
//!         let data = Data::new(images.view(), images.view())?;
//!         let mut model = Autoencoder::init(&mut SmallRng::seed_from_u64(1));
//!         let fit = Fit::new(Adam::new(1e-3), Mse).batch(256).checkpoint("autoencoder.safetensors");
//!         fit.processes(cluster.clone()).run(&mut model, &data)?;
//!         Ok::<_, FitError>(())
//!     });
//! }
//! ```
//!
//! ```sh
//! mpirun -np 4 target/release/autoencoder
//! ```
//!
//! # What is the same as in one process
//!
//! With the same data, settings and seed, the parameters are those of one process up to rounding: the batches are the
//! same, and a gradient is the weighted mean of the shares' gradients. All processes have the same bits at all times,
//! and an interrupted training run continues from its checkpoint with the same bits.
//!
//! Two layers see only a share: batch normalisation uses the statistics of the share in training (the running ones are
//! averaged after each step), and each process draws its own dropout. Use batches that leave enough rows to each
//! process.
//!
//! # Loops of one's own
//!
//! [`Share::of`](convshape::train::Share::of) takes the rows of a process from a batch, and
//! [`Share::average`](convshape::train::Share::average) averages the results.
//!
//! # Errors
//!
//! If a process returns an error, panics or is killed, all processes end, because the others would wait for it. The
//! first process writes checkpoints, each in one step, so that the last one is always complete.

use std::fmt::Display;
use std::io::Write;

use convshape::train::{ProcessError, Processes};
use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};

/// The most elements of one message: MPI counts them in an `int`.
const MESSAGE: usize = 1 << 28;

/// All processes that `mpirun` started, from the view of one of them. [`run`] creates it.
#[derive(Clone, Debug)]
pub struct Cluster {
    rank: usize,
    count: usize,
}

/// Starts MPI, runs a training, and ends MPI. It can be called once in a program.
///
/// If the training returns an error or panics, all processes end with the exit code 1, and the error of this one is on
/// standard error.
///
/// # Panics
/// If MPI is running already.
pub fn run<T, E: Display>(train: impl FnOnce(&Cluster) -> Result<T, E>) -> T {
    let started = mpi::initialize_with_threading(Threading::Serialized);
    let (universe, _) = started.expect("MPI is started once in a program");
    let world = universe.world();
    let number = |number: i32| usize::try_from(number).unwrap_or(0);
    let cluster = Cluster { rank: number(world.rank()), count: number(world.size()) };
    let guard = AbortOnPanic;
    let result = train(&cluster);
    drop(guard);
    match result {
        Ok(value) => value,
        Err(error) => {
            // In one piece, because `mpirun` mixes the processes' output.
            let message = format!("process {} of {}: {error}\n", cluster.rank, cluster.count);
            let _ = std::io::stderr().write_all(message.as_bytes());
            world.abort(1)
        }
    }
}

/// Ends the other processes when this one panics, because they would wait for it.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            SimpleCommunicator::world().abort(1);
        }
    }
}

/// MPI itself ends all processes when a message fails, so there are no errors here.
impl Processes for Cluster {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.count
    }

    /// An all-reduce. Its result is the same on all processes (MPI 4.0, section 6.9.6).
    fn sum(&mut self, numbers: &mut [f32]) -> Result<(), ProcessError> {
        let world = SimpleCommunicator::world();
        for numbers in numbers.chunks_mut(MESSAGE) {
            let own = numbers.to_vec();
            world.all_reduce_into(&own[..], numbers, SystemOperation::sum());
        }
        Ok(())
    }

    fn broadcast(&mut self, bytes: &mut Vec<u8>) -> Result<(), ProcessError> {
        let world = SimpleCommunicator::world();
        let first = world.process_at_rank(0);
        let mut length = bytes.len() as u64;
        first.broadcast_into(&mut length);
        bytes.resize(usize::try_from(length)?, 0);
        for bytes in bytes.chunks_mut(MESSAGE) {
            first.broadcast_into(bytes);
        }
        Ok(())
    }
}

//! An autoencoder of handwritten digits, trained on as many processes as `mpirun` starts.
//!
//! ```sh
//! cargo build --release --example digits
//! mpirun -np 2 target/release/examples/digits
//! ```
//!
//! The test error does not depend on the number of processes; the time does.
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::time::Instant;

use convshape::conv_chain;
use convshape::ndarray::{Array4, s};
use convshape::train::{Adam, Data, Fit, Mse, Processes, evaluate};
use convshape_mpi::Cluster;
use rand::SeedableRng;
use rand::rngs::StdRng;

conv_chain! {
    /// 8x8 digits through a code of 16 numbers and back.
    struct Digits {
        input: [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu) -> [16, 1, 1];

        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, activation: Sigmoid);

        output: [1, 8, 8];
    }
}

/// `examples/data/digits/README.md` in the repository says where the digits come from.
const DIGITS: &[u8] = include_bytes!("../../../examples/data/digits/images.npy");
const ROWS: usize = 1797;
/// The remaining rows are for testing.
const TRAINED: usize = 1437;
const EPOCHS: u64 = 20;

fn main() {
    convshape_mpi::run(train);
}

fn train(cluster: &Cluster) -> Result<(), Box<dyn Error>> {
    // The file ends with the pixels, from 0 to 16.
    let pixels = DIGITS.get(DIGITS.len().saturating_sub(ROWS * 64)..).unwrap_or_default();
    let pixels = pixels.iter().map(|&grey| f32::from(grey) / 16.0).collect();
    let images = Array4::from_shape_vec((ROWS, 1, 8, 8), pixels)?;
    let (training, test) = (images.slice(s![..TRAINED, .., .., ..]), images.slice(s![TRAINED.., .., .., ..]));
    let data = Data::new(training, training)?;

    let start = Instant::now();
    let mut model = Digits::init(&mut StdRng::seed_from_u64(1));
    let fit = Fit::new(Adam::new(3e-3), Mse).epochs(EPOCHS).batch(64).seed(1);
    fit.processes(cluster.clone()).run(&mut model, &data)?;
    let error = evaluate(&model, &Data::new(test, test)?, 64, &mut Mse)?;
    if cluster.rank() == 0 {
        let (count, seconds) = (cluster.count(), start.elapsed().as_secs_f64());
        println!("{count} processes, {EPOCHS} epochs in {seconds:.2} s, test error {error:.5}");
    }
    assert!(error < 0.03, "the test error is {error}");
    Ok(())
}

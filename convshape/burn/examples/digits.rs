//! An autoencoder of handwritten digits, trained with burn on the device that you name.
//!
//! ```sh
//! cargo run --release --example digits                                # the processor, by burn's own kernels
//! cargo run --release --example digits --features cuda -- cuda
//! cargo run --release --example digits --features vulkan -- vulkan
//! ```
//!
//! Afterwards the model runs in convshape, with the same error.
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::time::Instant;

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Int, Tensor, TensorData};
use convshape::conv_chain;
use convshape::ndarray::Array4;
use convshape_burn::{BurnModel, device};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

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
const EPOCHS: usize = 20;
const BATCH: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "flex".to_owned());
    let device = device(&name).ok_or_else(|| format!("no device `{name}`: is the feature of that name on?"))?;

    // The file ends with the pixels, from 0 to 16.
    let pixels = DIGITS.get(DIGITS.len().saturating_sub(ROWS * 64)..).unwrap_or_default();
    let pixels: Vec<f32> = pixels.iter().map(|&grey| f32::from(grey) / 16.0).collect();
    let images = Tensor::<4>::from_data(TensorData::new(pixels.clone(), [ROWS, 1, 8, 8]), &device);

    let mut rng = StdRng::seed_from_u64(1);
    let mut model = BurnModel::from_model(&Digits::init(&mut rng), &device.clone().autodiff())?;
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let start = Instant::now();
    let mut order: Vec<i64> = (0..i64::try_from(TRAINED)?).collect();
    for _ in 0..EPOCHS {
        order.shuffle(&mut rng);
        for rows in order.chunks(BATCH) {
            let rows = Tensor::<1, Int>::from_data(TensorData::new(rows.to_vec(), [rows.len()]), &device);
            let batch = images.clone().select(0, rows).autodiff();
            let found: Tensor<4> = model.forward(batch.clone())?;
            let loss = (found - batch).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = adam.step(3e-3, model, gradients);
        }
    }
    let test = images.narrow(0, TRAINED, ROWS - TRAINED);
    let found: Tensor<4> = model.valid().forward(test.clone())?;
    let error: f32 = (found - test).square().mean().into_scalar();
    println!("{name}: {EPOCHS} epochs in {:.1} s, test error {error:.5}", start.elapsed().as_secs_f64());

    let model = model.into_model()?;
    let test = Array4::from_shape_vec((ROWS - TRAINED, 1, 8, 8), pixels[TRAINED * 64..].to_vec())?;
    let again = (&model.forward_batch(test.view())? - &test).mapv(|x| x * x).mean().unwrap_or(f32::NAN);
    println!("convshape: the same model, test error {again:.5}");
    assert!(error < 0.03 && (error - again).abs() < 1e-5, "the test errors are {error} and {again}");
    Ok(())
}

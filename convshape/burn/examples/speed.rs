//! How many images a second a classifier is trained on, on the device that you name. `speed.py` trains the same network
//! in PyTorch.
//!
//! ```sh
//! cargo run --release --example speed --features cuda -- cuda
//! python3 examples/speed.py cuda
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

// The networks of the benchmark of training.
#[path = "../../benches/training/chains.rs"]
mod chains;

use std::error::Error;
use std::time::Instant;

use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Distribution, Tensor};
use convshape_burn::{BurnModel, device};
use rand::SeedableRng;
use rand::rngs::StdRng;

use self::chains::CifarPool;

const BATCH: usize = 256;
const WARM_UP: usize = 10;
const STEPS: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "flex".to_owned());
    let device =
        device(&name).ok_or_else(|| format!("no device `{name}`: is the feature of that name on?"))?.autodiff();
    let mut model = BurnModel::from_model(&CifarPool::init(&mut StdRng::seed_from_u64(1)), &device)?;
    let mut descent = SgdConfig::new().init();
    let images = Tensor::<4>::random([BATCH, 3, 32, 32], Distribution::Default, &device);
    let target = Tensor::<2>::random([BATCH, 10], Distribution::Default, &device);
    let mut start = Instant::now();
    for step in 0..WARM_UP + STEPS {
        let found: Tensor<2> = model.forward(images.clone())?;
        let loss = (found - target.clone()).square().mean();
        let gradients = GradientsParams::from_grads(loss.clone().backward(), &model);
        model = descent.step(1e-3, model, gradients);
        if step + 1 == WARM_UP || step + 1 == WARM_UP + STEPS {
            // Reading a number waits for the device.
            let loss: f32 = loss.into_scalar();
            assert!(loss.is_finite(), "the loss is {loss}");
            if step + 1 == WARM_UP {
                start = Instant::now();
            }
        }
    }
    println!("burn on {name}: {:.0} images a second", (STEPS * BATCH) as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

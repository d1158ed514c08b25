//! The lines for burn in the book's page "Where it runs" compile. `tests/tests/front_pages.rs` compares them.

use std::error::Error;

use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Tensor, TensorData};
use convshape::conv_chain;
use convshape_burn::BurnModel;

conv_chain! {
    struct Autoencoder {
        input: [1, 28, 28];
        enc: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        dec: ConvTranspose2d(undo enc, activation: Sigmoid);
        output: [1, 28, 28];
    }
}

#[expect(dead_code, reason = "it must compile")]
fn page(model: Autoencoder, batches: Vec<Vec<f32>>) -> Result<Autoencoder, Box<dyn Error>> {
    // from here
    let device = convshape_burn::device("cuda").ok_or("the feature `cuda` is off")?.autodiff();
    let mut net = BurnModel::from_model(&model, &device)?;
    let mut adam = AdamConfig::new().init();
    for images in batches {
        let images = Tensor::<4>::from_data(TensorData::new(images, [64, 1, 28, 28]), &device);
        let found: Tensor<4> = net.forward(images.clone())?;
        let loss = (found - images).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = adam.step(1e-3, net, gradients);
    }
    let model: Autoencoder = net.into_model()?;
    // to here
    Ok(model)
}

//! The generator of DCGAN (Radford, Metz and Chintala, 2015): 100 random numbers become a 64x64 colour image.
//!
//! A transposed convolution with kernel 4, stride 2 and padding 1 doubles height and width. The shapes are known before
//! anything runs: they are constants in `LAYERS`. The weights are random, so the picture shows the texture of an
//! untrained network.
//!
//! ```sh
//! cargo run --release --example dcgan_generator
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;

use convshape::ndarray::ArrayView4;
use convshape::train::write_grid;
use convshape::{Chain, Chw, Shape, Tensor, conv_chain};
use convshape_examples::picture_path;
use rand::{RngExt, SeedableRng, rngs::StdRng};

conv_chain! {
    /// Noise to images with values from -1 to 1.
    struct Generator {
        input: [100, 1, 1];

        up1: ConvTranspose2d(100 -> 512, kernel: 4, bias: false);
        BatchNorm;
        Relu;
        up2: ConvTranspose2d(512 -> 256, kernel: 4, stride: 2, padding: 1, bias: false);
        BatchNorm;
        Relu;
        up3: ConvTranspose2d(256 -> 128, kernel: 4, stride: 2, padding: 1, bias: false);
        BatchNorm;
        Relu;
        up4: ConvTranspose2d(128 -> 64, kernel: 4, stride: 2, padding: 1, bias: false);
        BatchNorm;
        Relu;
        up5: ConvTranspose2d(64 -> 3, kernel: 4, stride: 2, padding: 1, bias: false);
        Tanh;

        output: [3, 64, 64];
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // The layers that enlarge, without running anything.
    let growing: Vec<Shape> =
        Generator::LAYERS.iter().filter(|layer| layer.op == "ConvTranspose2d").map(|layer| layer.output).collect();
    growing.iter().for_each(|shape| println!("{shape}"));
    let expected = [[512, 4, 4], [256, 8, 8], [128, 16, 16], [64, 32, 32], [3, 64, 64]];
    assert_eq!(growing, expected.map(|sizes| Shape::of(&sizes)));

    let mut rng = StdRng::seed_from_u64(1);
    let model = Generator::init(&mut rng);
    let images: Vec<Tensor<f32, Chw<3, 64, 64>>> = (0..4)
        .map(|_| {
            let noise: Tensor<f32, Chw<100, 1, 1>> = Tensor::from_fn(|_| rng.random_range(-1.0..1.0));
            model.forward(&noise)
        })
        .collect();
    assert!(images.iter().flat_map(Tensor::as_slice).all(|value| (-1.0..=1.0).contains(value)));
    assert_ne!(images[0], images[1], "other noise, another image");

    let bright: Vec<f32> = images.iter().flat_map(|image| to_unit(image.as_slice())).collect();
    let picture = picture_path()?;
    write_grid(&picture, &[ArrayView4::from_shape((4, 3, 64, 64), &bright)?], 3)?;
    println!("four images: {}", picture.display());
    Ok(())
}

/// Maps the values of an image to 0..=1. An untrained network uses little of its range, so that is stretched.
fn to_unit(values: &[f32]) -> Vec<f32> {
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    values.iter().map(|value| (value - least) / (most - least)).collect()
}

//! A variational autoencoder (Kingma and Welling, 2013): two inputs, an image and noise, and several outputs.
//!
//! The encoder gives a normal distribution, `mu` and `logvar`; the decoder gets `z = mu + exp(logvar / 2) * eps`.
//! Because the noise is an input, the model has no hidden randomness: `eps = 0` gives the reconstruction of the mean.
//!
//! ```sh
//! cargo run --release --example vae
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use convshape::ndarray::{Array2, Array4, Axis};
use convshape::{C, Chain, Chw, ShapeError, Tensor, conv_chain};
use rand::{SeedableRng, rngs::StdRng};

conv_chain! {
    /// 16x16 images through a distribution over 4 numbers.
    struct Vae {
        input: image [1, 16, 16], eps [4];

        enc1: Conv2d(1 -> 8, kernel: 4, stride: 2, padding: 1, activation: Relu) from image;
        enc2: Conv2d(8 -> 16, kernel: 4, stride: 2, padding: 1, activation: Relu);
        features: Flatten;
        mu: Linear(256 -> 4);
        logvar: Linear(256 -> 4) from features;

        Scale(by: 0.5);
        deviation: Exp;
        noise: Mul(deviation, eps);
        z: Add(mu, noise);

        Linear(4 -> 256, activation: Relu);
        Reshape([16, 4, 4]);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        reconstruction: ConvTranspose2d(undo enc1, activation: Sigmoid);

        output: reconstruction [1, 16, 16], mu [4], logvar [4], z [4];
    }
}

type Image = Tensor<f32, Chw<1, 16, 16>>;
type Code = Tensor<f32, C<4>>;

fn main() -> Result<(), ShapeError> {
    let ports = |ports: &[(&str, convshape::Shape)]| {
        ports.iter().map(|(name, shape)| format!("{name} {shape}")).collect::<Vec<_>>().join(", ")
    };
    println!("from {} to {}", ports(Vae::INPUTS), ports(Vae::OUTPUTS));

    let model = Vae::init(&mut StdRng::seed_from_u64(1));
    let image: Image = Tensor::from_fn(|[_, y, x]| if y.abs_diff(x) < 2 { 1.0 } else { 0.0 });

    // Without noise, the code is the mean.
    let (of_mean, mu, logvar, z): (Image, Code, Code, Code) = model.forward((&image, &Code::zeros()));
    assert_eq!(z, mu);

    // With noise the code is where the formula puts it, and decodes to a different image.
    let eps: Code = Tensor::from_fn(|[i]| i as f32 - 1.5);
    let (sampled, _, _, z) = model.forward((&image, &eps));
    for i in 0..4 {
        let expected = mu.view()[i] + (logvar.view()[i] / 2.0).exp() * eps.view()[i];
        assert!((z.view()[i] - expected).abs() < 1e-6);
    }
    assert_ne!(sampled, of_mean);

    // A batch: arrays with the batch axis first, in the order of the ports.
    let images = Array4::from_shape_fn((3, 1, 16, 16), |(_, c, y, x)| image.view()[[c, y, x]]);
    let noise = Array2::from_shape_fn((3, 4), |(sample, i)| if sample == 0 { 0.0 } else { eps.view()[i] });
    let (reconstructions, ..) = model.forward_batch((images.view(), noise.view()))?;
    assert_eq!(reconstructions.index_axis(Axis(0), 0), of_mean.view());
    assert_eq!(reconstructions.index_axis(Axis(0), 1), sampled.view());
    println!("a batch gives what single samples give");
    Ok(())
}

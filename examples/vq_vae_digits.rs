//! A VQ-VAE (van den Oord, Vinyals and Kavukcuoglu, 2017) trained on digits: its code consists of 16 codebook entries.
//!
//! The vector quantiser is a user-defined layer, [`Quantiser`]. It replaces the vector at each position by the nearest
//! codebook entry. The gradient passes straight through. Its second output is a loss that moves the codebook towards
//! the vectors and keeps the vectors near the codebook.
//!
//! ```sh
//! cargo run --release --example vq_vae_digits
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;

use convshape::ndarray::s;
use convshape::train::{Adam, Data, Fit, Mean, Mse, Weighted};
use convshape::{Backward, C, Chw, CustomLayer, CustomParam, Forward, conv_chain};
use convshape_examples::{TEST_ROWS, digits, picture_path, write_pairs};
use rand::{SeedableRng, rngs::StdRng};

/// The nearest of `N` vectors of `D` numbers, at each of `H` x `W` positions.
struct Quantiser<const N: usize, const D: usize, const H: usize, const W: usize>;

/// How strongly the vectors are kept near the codebook.
const COMMITMENT: f32 = 0.25;

impl<const N: usize, const D: usize, const H: usize, const W: usize> Quantiser<N, D, H, W> {
    const POSITIONS: usize = H * W;

    /// The codebook entry nearest to the vector at a position.
    fn nearest(codebook: &[f32], x: &[f32], position: usize) -> usize {
        let distance = |entry: usize| -> f32 {
            (0..D).map(|d| (codebook[entry * D + d] - x[d * Self::POSITIONS + position]).powi(2)).sum()
        };
        (0..N).min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(0)
    }
}

impl<const N: usize, const D: usize, const H: usize, const W: usize> CustomLayer for Quantiser<N, D, H, W> {
    type Input = Chw<D, H, W>;
    type Output = (Chw<D, H, W>, C<1>);
    const PARAMS: &'static [CustomParam] = &[CustomParam::new("codebook", &[N as i64, D as i64]).normal(0.5)];
    const MACS: u64 = (N * D * H * W) as u64;

    fn forward(Forward { params, inputs, outputs }: Forward<'_>) {
        let (codebook, x) = (params[0], inputs[0]);
        for position in 0..Self::POSITIONS {
            let entry = Self::nearest(codebook, x, position);
            for d in 0..D {
                let (at, code) = (d * Self::POSITIONS + position, codebook[entry * D + d]);
                outputs[0][at] = code;
                outputs[1][0] += (1.0 + COMMITMENT) * (code - x[at]).powi(2) / x.len() as f32;
            }
        }
    }

    fn backward(layer: Backward<'_>) {
        let (codebook, x) = (layer.params[0], layer.inputs[0]);
        let loss = 2.0 * layer.output_gradients[1][0] / x.len() as f32;
        for position in 0..Self::POSITIONS {
            let entry = Self::nearest(codebook, x, position);
            for d in 0..D {
                let (at, code) = (d * Self::POSITIONS + position, entry * D + d);
                let away = loss * (codebook[code] - x[at]);
                layer.param_gradients[0][code] += away;
                layer.input_gradients[0][at] += layer.output_gradients[0][at] - COMMITMENT * away;
            }
        }
    }
}

conv_chain! {
    struct VqVae {
        input: [1, 8, 8];
        down: Conv2d(1 -> 32, kernel: 4, stride: 2, padding: 1, activation: Relu);
        Conv2d(32 -> 32, kernel: 3, padding: 1, activation: Relu);
        code: Conv2d(32 -> 8, kernel: 1);
        q: Custom(Quantiser<32, 8, 4, 4>) -> z [8, 4, 4], loss [1];
        Conv2d(8 -> 32, kernel: 3, padding: 1, activation: Relu) from q.z;
        image: ConvTranspose2d(undo down, activation: Sigmoid);
        loss: Identity from q.loss;
        output: image [1, 8, 8], loss [1];
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let images = digits()?;
    let (training, held_back) = (images.slice(s![..TEST_ROWS, .., .., ..]), images.slice(s![TEST_ROWS.., .., .., ..]));
    let mut model = VqVae::init(&mut StdRng::seed_from_u64(1));
    let before = model.q["codebook"].clone();
    let history = Fit::new(Adam::new(3e-3), (Mse, Weighted(0.1, Mean)))
        .epochs(30)
        .batch(32)
        .run(&mut model, &Data::new(training, training)?)?;
    let (first, last) = (&history.epochs[0], &history.epochs[29]);
    println!("loss: {:.4} after the first epoch, {:.4} after the last", first.loss, last.loss);
    assert!(last.loss < 0.5 * first.loss && model.q["codebook"] != before);

    let (found, _) = model.forward_batch(held_back)?;
    let mean = training.mean_axis(convshape::ndarray::Axis(0)).ok_or("there are digits")?;
    let error = |a: f32, b: f32| (a - b).powi(2);
    let count = held_back.len() as f32;
    let ours = found.iter().zip(held_back).map(|(a, b)| error(*a, *b)).sum::<f32>() / count;
    let by_mean = held_back.outer_iter().flat_map(|x| (&x - &mean).into_iter()).map(|d| d * d).sum::<f32>() / count;
    println!("mean squared error of unseen digits: {ours:.4}, of the mean digit {by_mean:.4}");
    assert!(ours < 0.5 * by_mean);

    let picture = picture_path()?;
    write_pairs(&picture, held_back, found.view())?;
    println!("digits and what their codes give: {}", picture.display());
    Ok(())
}

//! An autoencoder of handwritten digits, trained in PyTorch and run here with the same results.
//!
//! The chain below is checked at compile time: change one `stride` and it does not build, and the compiler says why.
//! The program loads the weights, compares with PyTorch's results, and writes a picture: digits in the upper row of
//! each pair, their reconstructions in the lower.
//!
//! ```sh
//! cargo run --release --example digits               # the picture goes to the target directory
//! cargo run --release --example digits digits.png    # or where you say
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::fs;

use convshape::conv_chain;
use convshape::ndarray::{Array4, Axis, Slice, s};
use convshape_examples::{mean_squared_error, picture_path, read_f32, read_u8, write_pairs};

conv_chain! {
    /// 8x8 digits through a code of 16 numbers and back.
    struct Digits {
        input: [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu) -> [16, 4, 4];
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu) -> [32, 2, 2];
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu) -> [16, 1, 1];

        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(32 -> 16, kernel: 3, stride: 2, padding: 1, output_padding: 1, activation: Relu)
            restores enc2;
        dec1: ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: _, activation: Sigmoid)
            restores enc1;

        output: [1, 8, 8];
    }
}

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits");
/// The remaining rows were not used for training.
const TEST_ROWS: usize = 1437;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}\n", Digits::summary());

    let model = Digits::load(format!("{DATA}/autoencoder.safetensors"))?;
    let pixels = read_u8(format!("{DATA}/images.npy"))?;
    let pixels = pixels.data.iter().map(|grey| f32::from(*grey) / 16.0).collect();
    let images = Array4::from_shape_vec((1797, 1, 8, 8), pixels)?;
    let reconstructed = model.forward_batch(images.view())?;

    // PyTorch's error on the rows not used for training.
    let reference: serde_json::Value = serde_json::from_str(&fs::read_to_string(format!("{DATA}/reference.json"))?)?;
    let expected = reference["test_mse"].as_f64().ok_or("no `test_mse` in reference.json")?;
    let test_rows = |batch: &Array4<f32>| batch.slice_axis(Axis(0), Slice::from(TEST_ROWS..)).iter().copied().collect();
    let (digits, back): (Vec<f32>, Vec<f32>) = (test_rows(&images), test_rows(&reconstructed));
    let found = mean_squared_error(&back, &digits);
    println!("mean squared error of {} digits: {found:.9}", images.len_of(Axis(0)) - TEST_ROWS);
    println!("the same in PyTorch:               {expected:.9}");
    assert!((found - expected).abs() < 1e-5);

    // And its output, pixel by pixel.
    let torch = read_f32(format!("{DATA}/reconstructed_first_64.npy"))?;
    let differences = reconstructed.iter().zip(&torch.data).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0.0, f32::max);
    println!("largest difference in 64 x 64 pixels: {largest:.1e}");
    assert!(largest < 1e-5);

    let picture = picture_path()?;
    let tests = s![TEST_ROWS.., .., .., ..];
    write_pairs(&picture, images.slice(tests), reconstructed.slice(tests))?;
    println!("digits above their reconstructions: {}", picture.display());
    Ok(())
}

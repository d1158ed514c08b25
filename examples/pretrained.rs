//! The autoencoder of `digits`, with the weights compiled in.
//!
//! The macro reads the header of the file at compile time: rename a layer, or change its channels or its kernel, and
//! the program does not build; the compiler says which tensor is missing or has the wrong shape. The program then needs
//! no file, no path and no error handling; it borrows the weights from itself.
//!
//! ```sh
//! cargo run --release --example pretrained
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::fs;

use convshape::conv_chain;
use convshape::ndarray::{Array4, Axis, Slice};
use convshape_examples::{mean_squared_error, read_u8};

conv_chain! {
    /// 8x8 digits through a code of 16 numbers and back.
    struct Digits {
        weights: "data/digits/autoencoder.safetensors";
        input: [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu) -> [16, 4, 4];
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu) -> [32, 2, 2];
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu) -> [16, 1, 1];

        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, activation: Sigmoid);

        output: [1, 8, 8];
    }
}

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits");
/// The remaining rows were not used for training.
const TEST_ROWS: usize = 1437;

fn main() -> Result<(), Box<dyn Error>> {
    let model = Digits::pretrained();

    let pixels = read_u8(format!("{DATA}/images.npy"))?;
    let pixels = pixels.data.iter().map(|grey| f32::from(*grey) / 16.0).collect();
    let images = Array4::from_shape_vec((1797, 1, 8, 8), pixels)?;
    let images = images.slice_axis(Axis(0), Slice::from(TEST_ROWS..)).to_owned();
    let reconstructed = model.forward_batch(images.view())?;

    // The same as from the file.
    let loaded = Digits::load(format!("{DATA}/autoencoder.safetensors"))?;
    assert_eq!(reconstructed, loaded.forward_batch(images.view())?);

    let reference: serde_json::Value = serde_json::from_str(&fs::read_to_string(format!("{DATA}/reference.json"))?)?;
    let expected = reference["test_mse"].as_f64().ok_or("no `test_mse` in reference.json")?;
    let flat = |batch: &Array4<f32>| batch.iter().copied().collect::<Vec<f32>>();
    let found = mean_squared_error(&flat(&reconstructed), &flat(&images));
    println!("{} digits with compiled-in weights", images.len_of(Axis(0)));
    println!("mean squared error:  {found:.9}");
    println!("the same in PyTorch: {expected:.9}");
    assert!((found - expected).abs() < 1e-5);
    Ok(())
}

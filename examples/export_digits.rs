//! The digits' autoencoder as an ONNX file, for a browser, a phone, a GPU, or a colleague's Python.
//!
//! ```sh
//! cargo run --release --example export_digits                      # the file goes to the target directory
//! cargo run --release --example export_digits autoencoder.onnx     # or where you say
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::path::PathBuf;

use convshape::conv_chain;
use convshape_examples::digits;

conv_chain! {
    /// 8x8 digits through a code of 16 numbers and back.
    struct Digits {
        input: image [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu);

        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(32 -> 16, kernel: 3, stride: 2, padding: 1, output_padding: 1, activation: Relu);
        dec1: ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1, activation: Sigmoid);

        output: dec1 [1, 8, 8];
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits/autoencoder.safetensors");
    let model = Digits::load(weights)?;
    let path = match std::env::args_os().nth(1) {
        Some(path) => PathBuf::from(path),
        None => std::env::current_exe()?.with_extension("onnx"),
    };
    convshape_onnx::save(&model, &path)?;
    println!("{}, for example in Python:\n", path.display());
    println!("    session = onnxruntime.InferenceSession({:?})", path.display().to_string());
    println!("    (digits,) = session.run(None, {{\"image\": x}})    # x: float32 [batch, 1, 8, 8], 0 to 1\n");

    // What was written comes back as the same model. The tests compare such files with onnxruntime.
    let back = Digits::load_bytes(&convshape_onnx::import_file(&path, "Digits")?.weights)?;
    let images = digits()?;
    assert_eq!(back.forward_batch(images.view())?, model.forward_batch(images.view())?);
    println!("read again, it reconstructs {} digits to the same bits", images.dim().0);
    Ok(())
}

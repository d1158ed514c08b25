//! Continues training from PyTorch's weights on different images, and saves for PyTorch.
//!
//! The autoencoder was trained in PyTorch on upright digits; here it learns digits lying on their side. The first layer
//! is frozen. The file that is written has PyTorch's names and layouts, so `load_state_dict` accepts it.
//!
//! ```sh
//! cargo run --release --example finetune
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::process::Command;

use convshape::ndarray::s;
use convshape::train::{AdamW, Data, Loader, Mse, Train, evaluate};
use convshape::{Model, conv_chain};
use convshape_examples::{TEST_ROWS, digits, picture_path};

conv_chain! {
    /// The autoencoder of the `digits` example.
    struct Digits {
        input: [1, 8, 8];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu);
        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, activation: Sigmoid);
        output: [1, 8, 8];
    }
}

const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits/autoencoder.safetensors");

/// Loads the file into PyTorch's modules, if Python has them.
const CHECK: &str = "
import json, struct, sys
try:
    from torch import float32, frombuffer, nn
except ImportError:
    sys.exit(77)
data = open(sys.argv[1], 'rb').read()
(length,) = struct.unpack('<Q', data[:8])
state = {}
for name, entry in json.loads(data[8 : 8 + length]).items():
    if name != '__metadata__':
        begin, end = (8 + length + offset for offset in entry['data_offsets'])
        state[name] = frombuffer(bytearray(data[begin:end]), dtype=float32).reshape(entry['shape'])
model = nn.Module()
model.enc1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
model.enc2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
model.code = nn.Conv2d(32, 16, 2)
model.dec3 = nn.ConvTranspose2d(16, 32, 2)
model.dec2 = nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1)
model.dec1 = nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1)
model.load_state_dict(state, strict=True)
";

fn main() -> Result<(), Box<dyn Error>> {
    let lying = digits()?.permuted_axes([0, 1, 3, 2]);
    let (training, test) = (lying.slice(s![..TEST_ROWS, .., .., ..]), lying.slice(s![TEST_ROWS.., .., .., ..]));
    let test = Data::new(test, test)?;

    let original = Digits::load(WEIGHTS)?;
    let before = evaluate(&original, &test, 64, &mut Mse)?;

    // The loop written out: a step takes three lines.
    let mut model = original.clone();
    let mut optimizer = AdamW::new(1e-3);
    let loader = Loader::new(Data::new(training, training)?, 32).shuffled(1);
    for epoch in 0..10 {
        for batch in loader.epoch(epoch) {
            let batch = batch?;
            let (inputs, targets) = (batch.input_views(), batch.target_views());
            let (_, gradients) = model.loss_gradients(&inputs, &targets, &mut Mse)?;
            optimizer.step(&mut model, &gradients)?;
            // Frozen: weight decay does not change it either.
            model.enc1 = original.enc1.clone();
        }
    }
    let after = evaluate(&model, &test, 64, &mut Mse)?;
    println!("mean squared error of lying digits: {before:.4} before, {after:.4} after");
    assert!(after < 0.7 * before);
    assert_eq!(model.enc1, original.enc1);

    let file = picture_path()?.with_extension("safetensors");
    model.save(&file)?;
    let params = |model: &Digits| {
        let mut params = Vec::new();
        model.for_each_param(|name, param| params.push((name.to_owned(), param.clone())));
        params
    };
    assert_eq!(params(&Digits::load(&file)?), params(&model));
    println!("{} tensors for PyTorch in {}", params(&model).len(), file.display());
    match Command::new("python3").args(["-c", CHECK]).arg(&file).status() {
        Ok(status) if status.success() => println!("PyTorch's `load_state_dict` takes it"),
        Ok(status) if status.code() != Some(77) => return Err("PyTorch does not take the file".into()),
        _ => println!("PyTorch is not installed here, so it was not asked"),
    }
    Ok(())
}

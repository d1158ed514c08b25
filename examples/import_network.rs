//! A published network from an ONNX file, as a chain whose source is part of this program.
//!
//! `cargo convshape import` wrote that source. Here the file is imported again, for its weights, and the chain says of a
//! line of text whether it is upside down, with onnxruntime's probabilities.
//!
//! ```sh
//! cargo run --release --example import_network
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use std::error::Error;
use std::fs;

use convshape::ndarray::{Array4, s};
use convshape_onnx::Importer;

include!("data/text_direction/text_direction.rs");

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/text_direction");
/// Height and width of the network's images, which the file leaves open.
const SIZE: (usize, usize) = (48, 192);

fn main() -> Result<(), Box<dyn Error>> {
    let importer = Importer::new("TextDirection").size("x.2", 48).size("x.3", 192);
    let imported = importer.file(format!("{DATA}/ch_ppocr_mobile_v2.0_cls_infer.onnx"))?;
    assert_eq!(imported.source, include_str!("data/text_direction/text_direction.rs"), "the source is out of date");
    let model = TextDirection::load_bytes(&imported.weights)?;
    println!("{}\n", TextDirection::summary());

    // The line of text, and the same turned by 180 degrees.
    let picture = image::open(format!("{DATA}/text.png"))?.to_rgb8();
    let mut x = Array4::zeros((2, 3, SIZE.0, SIZE.1));
    for (column, row, pixel) in picture.enumerate_pixels() {
        let (row, column) = (usize::try_from(row)?, usize::try_from(column)?);
        for (channel, value) in pixel.0.into_iter().enumerate() {
            x[[0, channel, row, column]] = f32::from(value) / 127.5 - 1.0;
        }
    }
    let turned = x.slice(s![0, .., ..;-1, ..;-1]).to_owned();
    x.slice_mut(s![1, .., .., ..]).assign(&turned);
    let found = model.forward_batch(x.view())?;

    let reference: serde_json::Value = serde_json::from_str(&fs::read_to_string(format!("{DATA}/reference.json"))?)?;
    for (line, name) in ["upright", "turned"].into_iter().enumerate() {
        let (up, down) = (found[[line, 0]], found[[line, 1]]);
        println!("{name}: {:.2} % upright, {:.2} % upside down", 100.0 * up, 100.0 * down);
        for (class, probability) in [up, down].into_iter().enumerate() {
            let expected =
                reference["probabilities"][line][class].as_f64().ok_or("no such number in reference.json")?;
            assert!((f64::from(probability) - expected).abs() < 1e-5, "onnxruntime says {expected}");
        }
    }
    Ok(())
}

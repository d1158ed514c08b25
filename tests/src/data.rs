//! Where the data is, and its containers: gzipped JSON lines and safetensors.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

use ndarray::{ArrayD, IxDyn};
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

/// A file under `data/`.
pub(crate) fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(relative)
}

/// The bytes of a file under `data/`.
pub(crate) fn bytes(relative: &str) -> Vec<u8> {
    fs::read(path(relative)).unwrap_or_else(|e| panic!("data/{relative}: {e}"))
}

/// The text of a file.
pub(crate) fn text(relative: &str) -> String {
    String::from_utf8(bytes(relative)).unwrap_or_else(|e| panic!("data/{relative}: {e}"))
}

/// The text of a gzipped file.
pub(crate) fn gunzip(relative: &str) -> String {
    let mut text = String::new();
    let compressed = bytes(relative);
    flate2::read::GzDecoder::new(compressed.as_slice())
        .read_to_string(&mut text)
        .unwrap_or_else(|e| panic!("data/{relative}: {e}"));
    text
}

/// The records of a gzipped file with one JSON value a line.
pub(crate) fn json_lines<T: DeserializeOwned>(relative: &str) -> Vec<T> {
    let parse = |(i, line)| serde_json::from_str(line).unwrap_or_else(|e| panic!("data/{relative}:{}: {e}", i + 1));
    gunzip(relative).lines().enumerate().map(parse).collect()
}

/// All f32 tensors of a safetensors file under `data/`, by name.
///
/// # Panics
/// If there is no such file.
#[must_use]
pub fn tensors(relative: &str) -> BTreeMap<String, ArrayD<f32>> {
    let file = bytes(relative);
    let parsed = SafeTensors::deserialize(&file).unwrap_or_else(|e| panic!("data/{relative}: {e}"));
    let floats = parsed.iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    floats
        .map(|(name, view)| {
            let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            let array = ArrayD::from_shape_vec(IxDyn(view.shape()), values);
            (name.to_owned(), array.unwrap_or_else(|e| panic!("data/{relative}: {name}: {e}")))
        })
        .collect()
}

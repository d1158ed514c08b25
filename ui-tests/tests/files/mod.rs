//! The files that `fail/weights`, `fail/data` and `pass` name.

use std::fs;
use std::path::{Path, PathBuf};

/// A tensor of a file: name, type, shape, bytes an element.
type Tensor<'a> = (&'a str, &'a str, &'a [usize], usize);

/// Puts them next to the Cargo.toml that trybuild compiles the tests with.
pub(super) fn write() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild").join(env!("CARGO_PKG_NAME"));
    let (data, folder) = (folder.join("data"), folder.join("weights"));
    fs::create_dir_all(&data).unwrap_or_else(|e| panic!("{}: {e}", data.display()));
    // The file of the errors' pages.
    write_bytes(data.join("examples.npz"), include_bytes!("../../../convshape/src/docs/errors/examples.npz"));
    write_bytes(data.join("text.npy"), b"not an array");
    fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let path = |name: &str| folder.join(name).with_extension("safetensors");
    let bias = ("enc.bias", "F32", [4].as_slice(), 4);
    save(path("right"), &[("enc.weight", "F32", &[4, 1, 3, 3], 4), bias, ("dec.weight", "F32", &[4, 1, 3, 3], 4)]);
    save(path("swapped"), &[("enc.weight", "F32", &[4, 1, 3, 3], 4), bias, ("dec.weight", "F32", &[1, 4, 3, 3], 4)]);
    let up = |name| (name, "F32", [1, 4, 2, 2].as_slice(), 4);
    save(path("twice_swapped"), &[up("up1.weight"), up("up2.weight")]);
    save(path("kernel_5"), &[("enc.weight", "F32", &[4, 1, 5, 5], 4), bias]);
    save(path("integers"), &[("enc.weight", "I8", &[4, 1, 3, 3], 1), bias]);
    save(path("without_bias"), &[("enc.weight", "F32", &[4, 1, 3, 3], 4)]);
    let (weight, bias) =
        (("encoder.0.weight", "F32", [4, 1, 3, 3].as_slice(), 4), ("encoder.0.bias", "F32", [4].as_slice(), 4));
    save(path("sequential"), &[weight, bias]);
    let (weight, bias) =
        (("model.enc.weight", "F32", [4, 1, 3, 3].as_slice(), 4), ("model.enc.bias", "F32", [4].as_slice(), 4));
    save(path("prefixed"), &[weight, bias, ("model.dec.weight", "F32", &[4, 1, 3, 3], 4)]);
    let block = |name| (name, "F32", [4, 4, 3, 3].as_slice(), 4);
    save(path("blocks"), &[block("layer1.0.conv1.weight"), block("layer1.1.conv1.weight")]);
    save(path("not_a_number"), &[("enc.bias", "F32", &[4], 4), ("enc.weight", "F32", &[4, 1, 3, 3], 4)]);
    let mut bytes = fs::read(path("not_a_number")).expect("a file just written");
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    write_bytes(path("not_a_number"), &bytes);
    write_bytes(path("zip"), b"PK\x03\x04 and so on");
    write_bytes(path("overlapping"), &overlapping());
}

/// A safetensors file of zeros.
fn save(path: PathBuf, tensors: &[Tensor<'_>]) {
    let mut entries = Vec::new();
    let mut at = 0;
    for (name, dtype, shape, size) in tensors {
        let end = at + shape.iter().product::<usize>() * size;
        entries.push(format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{at},{end}]}}"#));
        at = end;
    }
    let mut bytes = header(&entries);
    bytes.resize(bytes.len() + at, 0);
    write_bytes(path, &bytes);
}

fn header(entries: &[String]) -> Vec<u8> {
    let json = format!("{{{}}}", entries.join(","));
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json.as_bytes());
    bytes
}

/// A file of which two tensors have the same bytes.
fn overlapping() -> Vec<u8> {
    let entry = |name| format!(r#""{name}":{{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#);
    let mut bytes = header(&[entry("enc.bias"), entry("enc.scale")]);
    bytes.resize(bytes.len() + 16, 0);
    bytes
}

fn write_bytes(path: PathBuf, bytes: &[u8]) {
    fs::write(&path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

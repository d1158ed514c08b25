//! Weights that are compiled in.

use convshape_arith::code;

/// A weight file cannot be read.
///
/// ```text
/// weights: "model.safetensors";
/// ```
///
/// The path is relative to the crate's `Cargo.toml`, and the file is read while the chain compiles. It is missing, is a
/// directory, or must not be read.
///
/// ```text
/// weights: "models/autoencoder.safetensors";
/// ```
pub const CS0601: &str = code::WEIGHT_FILE.title;

/// A weight file has a damaged header.
///
/// ```text
/// weights: "models/autoencoder.pt";
/// ```
///
/// A safetensors file begins with the length of its header and the header itself, in JSON: for each tensor its type,
/// shape and place. That is not so here: another format, a download that was cut off, or a pointer of Git LFS. A `.pt`
/// file of PyTorch is converted with `safetensors.torch.save_file(model.state_dict(), path)`.
///
/// ```text
/// weights: "models/autoencoder.safetensors";
/// ```
pub const CS0602: &str = code::WEIGHT_HEADER.title;

/// A tensor that the weight file lacks.
///
/// ```text
/// enc: Conv2d(1 -> 16, kernel: 3);            // the file has `encoder.0.weight`
/// ```
///
/// The parameters of a layer are called as the layer: `enc.weight`, `enc.bias`. `#[name = ".."]` gives the name that
/// the file has.
///
/// ```text
/// #[name = "encoder.0"]
/// enc: Conv2d(1 -> 16, kernel: 3);
/// ```
pub const CS0603: &str = code::TENSOR_MISSING.title;

/// A tensor whose elements are no floating point numbers.
///
/// ```text
/// enc.weight: I8 [16, 1, 3, 3]
/// ```
///
/// Parameters are read from 64, 32 and 16 bit floating point numbers. Quantised weights need their scales multiplied in
/// first.
///
/// ```text
/// enc.weight: F32 [16, 1, 3, 3]
/// ```
pub const CS0604: &str = code::TENSOR_TYPE.title;

/// A tensor of another shape.
///
/// ```text
/// enc: Conv2d(1 -> 16, kernel: 5);            // the file has [16, 1, 3, 3]
/// ```
///
/// A convolution's weight is `[out, in / groups, kernel..]`, that of a transposed one `[in, out / groups, kernel..]`,
/// of `Linear` `[out, in]`. The message shows both shapes.
///
/// ```text
/// enc: Conv2d(1 -> 16, kernel: 3);
/// ```
pub const CS0605: &str = code::TENSOR_SHAPE.title;

/// A weight whose input and output channels stand in each other's place.
///
/// ```text
/// dec: ConvTranspose2d(32 -> 16, kernel: 3);  // the file has [16, 32, 3, 3]
/// ```
///
/// A transposed convolution keeps its weight as `[in, out, kernel..]`, the other way round than a convolution. This
/// file was written by something that swaps them; transpose the first two axes when writing it.
///
/// ```text
/// dec: ConvTranspose2d(32 -> 16, kernel: 3);  // the file has [32, 16, 3, 3]
/// ```
pub const CS0606: &str = code::TENSOR_SWAPPED.title;

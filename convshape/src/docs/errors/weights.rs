//! Weights that are compiled in. The examples name a small file of zeros next to this one:
//!
//! | tensor | type | shape |
//! |---|---|---|
//! | `enc.weight`, `dec.weight` | F32 | `[4, 1, 3, 3]` |
//! | `quantised.weight` | I8 | `[4, 1, 3, 3]` |
//! | `swapped.weight` | F32 | `[1, 4, 3, 3]` |
//!
//! and a `bias` for each.

use convshape_arith::code;

/// A weight file cannot be read.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         weights: "examples.safetensors";
///         input: [1, 9, 9];
///         enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
///
/// The path is relative to the crate's `Cargo.toml`, and the file is read while the chain compiles. It is missing, is a
/// directory, or must not be read. Here the folder is left out.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
pub const CS0601: &str = code::WEIGHT_FILE.title;

/// A weight file has a damaged header.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         weights: "Cargo.toml";
///         input: [1, 9, 9];
///         enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
///
/// A safetensors file begins with the length of its header and the header itself, in JSON: for each tensor its type,
/// shape and place. That is not so here: another format, a download that was cut off, or a pointer of Git LFS. A `.pt`
/// file of PyTorch is converted with `safetensors.torch.save_file(model.state_dict(), path)`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
pub const CS0602: &str = code::WEIGHT_HEADER.title;

/// A tensor that the weight file lacks.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         encoder: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
///
/// The parameters of a layer are called as the layer: `encoder.weight`, `encoder.bias`. `#[name = ".."]` gives the name
/// that the file has. A weight may also be stored as PyTorch's weight norm stores it.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         #[name = "enc"]
///         encoder: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
pub const CS0603: &str = code::TENSOR_MISSING.title;

/// A tensor whose elements are no floating point numbers.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         quantised: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
///
/// Parameters are read from 64, 32 and 16 bit floating point numbers. Quantised weights need their scales multiplied in
/// first.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
pub const CS0604: &str = code::TENSOR_TYPE.title;

/// A tensor of another shape.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         enc: Conv2d(1 -> 4, kernel: 5, stride: 2);
///         output: [4, 3, 3];
///     }
/// }
/// ```
///
/// In PyTorch a convolution's weight is `[out, in / groups, kernel..]`, that of a transposed one
/// `[in, out / groups, kernel..]`, of `Linear` `[out, in]`; other dialects keep them as their frameworks do. The message
/// shows both shapes. Here the weights are those of a kernel of 3.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
pub const CS0605: &str = code::TENSOR_SHAPE.title;

/// A weight whose input and output channels are swapped.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [4, 4, 4];
///         swapped: ConvTranspose2d(4 -> 1, kernel: 3, stride: 2);
///         output: [1, 9, 9];
///     }
/// }
/// ```
///
/// A transposed convolution keeps its weight as `[in, out, kernel..]`, the other way round than a convolution. This
/// file was written by something that swaps them; transpose the first two axes when writing it. Where both numbers are
/// equal the shape shows nothing: compare an output.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [4, 4, 4];
///         dec: ConvTranspose2d(4 -> 1, kernel: 3, stride: 2);
///         output: [1, 9, 9];
///     }
/// }
/// ```
pub const CS0606: &str = code::TENSOR_SWAPPED.title;

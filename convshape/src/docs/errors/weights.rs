//! Weight files that do not fit a chain. The examples use a small file of zeros next to this one:
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
/// The path is relative to the crate's `Cargo.toml`, and the compiler reads the file. It is missing, is a directory, or
/// cannot be read for lack of permission. Here the folder was left out.
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
/// shape and position. This file does not: it has another format, its download was cut off, or it is a pointer of Git
/// LFS. Convert a `.pt` file of PyTorch with `safetensors.torch.save_file(model.state_dict(), path)`.
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
/// The parameters of a layer are named after the layer: `encoder.weight`, `encoder.bias`. `#[name = ".."]` gives the
/// name in the file. A weight may also be stored with PyTorch's weight norm.
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

/// A tensor whose elements are not floating-point numbers.
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
/// Parameters are read from 64, 32 and 16 bit floating-point numbers. Multiply quantised weights by their scales first.
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

/// A tensor with the wrong shape.
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
/// In PyTorch the weight of a convolution is `[out, in / groups, kernel..]`, of a transposed one `[in, out / groups,
/// kernel..]`, and of `Linear` `[out, in]`; other dialects use their framework's layout. The message shows both shapes.
/// Here the weights are for a kernel of 3.
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
/// The weight of a transposed convolution is `[in, out, kernel..]`, with the two axes swapped compared to a
/// convolution. This file was written by something that swaps them; transpose the first two axes when you write it. If
/// the two numbers are equal the shapes cannot show this: compare an output.
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

/// A weight that is infinite or NaN.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         weights: "src/docs/errors/examples.safetensors";
///         input: [1, 9, 9];
///         wild: Conv2d(1 -> 4, kernel: 3, stride: 2);
///         output: [4, 4, 4];
///     }
/// }
/// ```
///
/// Every output that such a weight takes part in becomes infinite or NaN too. Mostly the training that wrote the file went
/// wrong: save the last epoch before that. `load` has the same check at run time, and both look only at tensors that the
/// chain uses.
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
pub const CS0607: &str = code::TENSOR_VALUE.title;

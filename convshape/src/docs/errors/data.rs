//! Data files that do not fit a chain. The examples use a small file next to this one:
//!
//! | array | type | shape |
//! |---|---|---|
//! | `images` | float32 | `[4, 1, 8, 8]` |
//! | `last` | float32 | `[4, 8, 8, 1]` |
//! | `fewer` | float32 | `[3, 1, 8, 8]` |
//! | `pixels` | uint8, 0 to 255 | `[4, 1, 8, 8]` |
//! | `labels` | uint8, 0 to 3 | `[4]` |
//! | `from_one` | uint8, 1 to 4 | `[4]` |
//! | `floats` | float32 | `[4]` |
//! | `one_hot` | float32 | `[4, 4]` |
//! | `words` | text | `[4]` |

use convshape_arith::code;

/// A data file cannot be read.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         data: "examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
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
///         data: "src/docs/errors/examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
pub const CS0701: &str = code::DATA_FILE.title;

/// A data file has a damaged header.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         data: "Cargo.toml";
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
///
/// The formats npy, npz, safetensors and IDX are recognised by their first bytes. This file has a different format, was
/// cut off, or has an invalid header: sizes that overflow, or fewer bytes than the elements need. Files of
/// `numpy.savez_compressed`, and npy and IDX files compressed with gzip, work as they are.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
pub const CS0702: &str = code::DATA_HEADER.title;

/// Arrays do not match the inputs and outputs.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz";
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
///
/// Arrays are assigned to the inputs and then the outputs, in order. Without names, the arrays named like the inputs
/// and outputs are used, or else all arrays in the file, which here are too many. `as (images, labels)` names them.
/// Outputs without an array are not checked.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
pub const CS0703: &str = code::DATA_ARRAYS.title;

/// An array whose samples do not have the shape of the input or output.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (last, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
///
/// All axes of an array except the first, which counts samples, must match the input or output. The message says which
/// ones differ and what is probably wrong: here the channels are last, but this dialect has them first.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
pub const CS0704: &str = code::DATA_SHAPE.title;

/// Arrays with different numbers of samples, or none.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (fewer, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
///
/// The first axis of every array counts samples: each input needs a label. An array without samples is an error too.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
pub const CS0705: &str = code::DATA_SAMPLES.title;

/// Labels in the wrong form for the output.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, floats);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
///
/// Labels for an output with several elements have as many elements themselves, one-hot or probabilities, or they are
/// class indices: integers without the class axis. Here they look like class indices but are floating-point numbers.
/// One-hot labels for an output with a single element, a label per step for a chain that gives one per sequence, and one
/// label per sample for a chain that gives a map, are rejected too. A loss reads the classes of an output on its channel
/// axis: if labels fit only with the classes on another axis, the message says which `Permute` moves them.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
pub const CS0706: &str = code::DATA_LABELS.title;

/// An array whose elements are not numbers.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, words);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
///
/// Text, complex numbers and Python objects cannot be used. Number the classes from 0 when you write the file.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
pub const CS0707: &str = code::DATA_TYPE.title;

/// A label that is not one of the classes.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, from_one);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
///
/// Classes are counted from 0; labels of a single output that ends in `Sigmoid` are 0 or 1. In maps of labels -100, -1
/// and 255 mark positions that the loss ignores.
/// Only the first four million labels of a large file are read.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         data: "src/docs/errors/examples.npz" as (images, labels);
///         input: [1, 8, 8];
///         conv: Conv2d(1 -> 2, kernel: 3);
///         Flatten;
///         fc: Linear(72 -> 4);
///         output: [4];
///     }
/// }
/// ```
pub const CS0708: &str = code::DATA_CLASS.title;

/// Bytes that are never scaled.
///
/// ```compile_fail
/// #[deny(deprecated)]
/// mod model {
///     convshape::conv_chain! {
///         pub struct Model {
///             data: "src/docs/errors/examples.npz" as (pixels, labels);
///             input: [1, 8, 8];
///             conv: Conv2d(1 -> 2, kernel: 3);
///             Flatten;
///             fc: Linear(72 -> 4);
///             output: [4];
///         }
///     }
/// }
/// ```
///
/// Bytes become numbers from 0 to 255, but weights are initialised for inputs of about 1. Scale them with
/// `Scale(1/255)` before the first layer, or with a normalisation. This is a warning. A macro can warn only through a
/// deprecated item, so `deny(deprecated)` turns it into an error. At run time `Fit` says the same on standard error of
/// arrays that look like bytes.
///
/// ```
/// #[deny(deprecated)]
/// mod model {
///     convshape::conv_chain! {
///         pub struct Model {
///             data: "src/docs/errors/examples.npz" as (pixels, labels);
///             input: [1, 8, 8];
///             Scale(1/255);
///             conv: Conv2d(1 -> 2, kernel: 3);
///             Flatten;
///             fc: Linear(72 -> 4);
///             output: [4];
///         }
///     }
/// }
/// ```
pub const CS0709: &str = code::DATA_BYTES.title;

//! Data that is checked against a chain. The examples name a small file next to this one:
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
/// The path is relative to the crate's `Cargo.toml`, and the file is read while the chain compiles. It is missing, is a
/// directory, or must not be read. Here the folder is left out.
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
/// Files of the formats npy, npz, safetensors and IDX are read, recognised by their first bytes. This one is of another
/// format, was cut off, or its header does not fit it: sizes that overflow, fewer bytes than the elements take. What is
/// compressed with gzip is unpacked first; `numpy.savez_compressed` needs nothing.
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

/// Arrays do not pair with inputs and outputs.
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
/// Arrays are for the inputs and then the outputs, in their order. Without names a file's arrays are those called like
/// the inputs and outputs, else all of them, and here there are too many. `as (images, labels)` names them. Outputs for
/// which nothing is named are not checked.
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

/// An array whose samples have another shape than its port.
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
/// All axes of an array but the first, which counts samples, are those of the input or output. The message says which
/// differ and what it looks like: here the channels are last, and this dialect takes them first.
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

/// Arrays with different numbers of samples.
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
/// The first axis of every array counts samples: each input needs its label.
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

/// Labels of another form than the output.
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
/// Labels for an output of several numbers are as many numbers, one-hot or probabilities, or they are class numbers:
/// whole numbers without the axis of classes. Here they look like class numbers, and are floating point numbers. One-hot
/// labels for an output of one number, or a label for each step where the chain gives one, are refused too.
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
/// Text, complex numbers and Python objects are not numbers that a chain takes. Number the classes from 0 where the file
/// is written.
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
/// Classes are counted from 0. -1 and -100, and 255 in maps of labels, are taken for places that a loss leaves out. Of
/// large files the first four million labels are read.
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

/// Bytes that nothing scales.
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
/// Bytes become numbers from 0 to 255, and weights are initialised for numbers of about 1. `Scale(1/255)` in front of
/// the first layer, or a normalisation, brings them there. This is a warning; a macro can warn only by using something
/// deprecated, so `deny(deprecated)` makes an error of it.
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

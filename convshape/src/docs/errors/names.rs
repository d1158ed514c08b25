//! Words and names.

use convshape_arith::code;

/// No layer has this name.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Covn2d(1 -> 8, kernel: 3);
///         output: [8, 26, 26];
///     }
/// }
/// ```
///
/// The message offers the nearest name of a layer, or of a block of this chain. Names are case sensitive. A dialect
/// also knows its own framework's names (`ReLU` and `BatchNorm2d` in torch).
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3);
///         output: [8, 26, 26];
///     }
/// }
/// ```
pub const CS0101: &str = code::UNKNOWN_LAYER.title;

/// The layer has no such field.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, strid: 2);
///         output: [8, 13, 13];
///     }
/// }
/// ```
///
/// The message offers the nearest field, or lists those that the layer has. A field of one layer may not exist in
/// another: `output_padding` belongs only to transposed convolutions.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 2);
///         output: [8, 13, 13];
///     }
/// }
/// ```
pub const CS0102: &str = code::UNKNOWN_FIELD.title;

/// A required field is missing.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, stride: 2);
///         output: [8, 13, 13];
///     }
/// }
/// ```
///
/// Most fields have PyTorch's defaults. Some have none because no value is usual: the `kernel` of a convolution or a
/// pool, the output channels, the factor of an `Upsample`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 2);
///         output: [8, 13, 13];
///     }
/// }
/// ```
pub const CS0103: &str = code::MISSING_FIELD.title;

/// A field is given twice, or with another that excludes it.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 7, 7];
///         Upsample(scale: 2, size: (14, 14));
///         output: [8, 14, 14];
///     }
/// }
/// ```
///
/// A factor of 2 and a size of 14 may agree today and differ once the input changes, so only one of the two may be
/// given. A framework's own word is the same field: `kernel_size` is `kernel`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 7, 7];
///         Upsample(scale: 2);
///         output: [8, 14, 14];
///     }
/// }
/// ```
pub const CS0104: &str = code::REPEATED_FIELD.title;

/// A value is of the wrong kind.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3.5);
///         output: [8, 26, 26];
///     }
/// }
/// ```
///
/// Sizes are integers. One value per axis is written `(3, 5)` or `[3, 5]`, one per axis and side `[(0, 1), (0, 1)]`;
/// flags are `true` or `false`. `_` (a hole) is only for kernels, paddings and channels.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: [3, 3]);
///         output: [8, 26, 26];
///     }
/// }
/// ```
pub const CS0105: &str = code::VALUE.title;

/// No statement has this name.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         skip: Conv2d(1 -> 8, kernel: 3, padding: 1);
///         Relu;
///         Concat(skpi, _);
///         output: [16, 28, 28];
///     }
/// }
/// ```
///
/// `from`, `restores`, `undo`, `Concat` and outputs refer to earlier statements by the names given there. Unnamed
/// layers are numbered in messages and files, but only a given name can be referred to. Names inside a block or a
/// repeat are not visible outside.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         skip: Conv2d(1 -> 8, kernel: 3, padding: 1);
///         Relu;
///         Concat(skip, _);
///         output: [16, 28, 28];
///     }
/// }
/// ```
pub const CS0106: &str = code::UNKNOWN_NAME.title;

/// Two things have the same name.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         repeat 2 {
///             #[name = "blocks.conv"]
///             Conv2d(8, kernel: 3, padding: 1);
///         }
///         output: [8, 28, 28];
///     }
/// }
/// ```
///
/// A name stands for one statement, one field of the model and one entry of the weight file. In a repeat, `{i}` in
/// `#[name = ".."]` is replaced by its variable, `{i + 1}` by the result, and `{#}` by the number of the pass.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         repeat i in 0..2 {
///             #[name = "blocks.{i}.conv"]
///             Conv2d(8, kernel: 3, padding: 1);
///         }
///         output: [8, 28, 28];
///     }
/// }
/// ```
pub const CS0107: &str = code::REPEATED_NAME.title;

/// A layer reads too few or too many statements.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         a: Relu;
///         b: Tanh from input;
///         BatchNorm2d(16) from (a, b);
///         output: [16, 28, 28];
///     }
/// }
/// ```
///
/// Layers such as `Concat`, `Add` and `Mul` read several statements, most others one (a convolution may read its weight
/// as a second one). The chain must say how to combine several into one.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         a: Relu;
///         b: Tanh from input;
///         Concat(a, b);
///         BatchNorm2d(16);
///         output: [16, 28, 28];
///     }
/// }
/// ```
pub const CS0108: &str = code::OPERANDS.title;

/// The dialect does not have this word.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, strides: 2);
///         output: [8, 13, 13];
///     }
/// }
/// ```
///
/// Each dialect has only its own framework's words, because the same word may mean something else elsewhere: `padding:
/// same` with a stride is allowed in keras but not in torch. The message names the word to use here, if there is one.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 2);
///         output: [8, 13, 13];
///     }
/// }
/// ```
pub const CS0109: &str = code::DIALECT.title;

/// A layer cannot be undone.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         pool: MaxPool2d(2);
///         ConvTranspose2d(undo pool);
///         output: [8, 28, 28];
///     }
/// }
/// ```
///
/// `undo` makes the transposed convolution whose shapes are the exact reverse of a convolution, or the convolution that
/// reverses a transposed one. The number of axes must be the same. What a pool dropped is lost: `MaxUnpool2d` puts
/// values back where a max pooling found its maxima, with zeros around them, and `Upsample` restores the size.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         pool: MaxPool2d(2);
///         MaxUnpool2d(undo pool);
///         output: [8, 28, 28];
///     }
/// }
/// ```
pub const CS0111: &str = code::UNDO.title;

/// A tied weight that cannot be shared.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 8, kernel: 4, stride: 2, padding: 1);
///         ConvTranspose2d(8 -> 1, kernel: 4, stride: 2, padding: 1, tied: true);
///         output: [1, 28, 28];
///     }
/// }
/// ```
///
/// A tied layer multiplies by the transposed weight of the layer named after `undo`; it has its own bias but no weight.
/// So `undo` must name a layer, the fields that determine the weight's shape (`kernel`, channels, `groups`) are that
/// layer's, and both must store it in the same layout. Because jax and flax flip a transposed convolution's kernel, it
/// needs `transpose_kernel: true` there.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 8, kernel: 4, stride: 2, padding: 1);
///         ConvTranspose2d(undo enc, tied: true);
///         output: [1, 28, 28];
///     }
/// }
/// ```
pub const CS0112: &str = code::TIED.title;

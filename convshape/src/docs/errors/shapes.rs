//! Shapes that do not fit together.

use convshape_arith::code;

/// A layer does not restore a shape as it should.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 5, stride: 2);
///         dec: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2) restores enc;
///         output: [1, 28, 28];
///     }
/// }
/// ```
///
/// `restores enc` requires the shape of `enc`'s input. A stride rounds down: with kernel 5 and stride 2, 27 rows give
/// `floor((27 - 5) / 2) + 1 = 12`, and 28 rows give 12 as well. The transposed layer cannot know which one it was, and
/// gives the smaller: `(12 - 1) * 2 + 5 = 27`. `output_padding: 1` gives the larger. So does `undo enc`, or
/// `output_padding: _`, which is solved.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 5, stride: 2);
///         dec: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2, output_padding: 1) restores enc;
///         output: [1, 28, 28];
///     }
/// }
/// ```
pub const CS0201: &str = code::RESTORES.title;

/// A shape comment does not hold.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 16, kernel: 3, stride: 2) -> [16, 14, 14];
///         output: [16, 14, 14];
///     }
/// }
/// ```
///
/// `-> [16, 14, 14]` after a layer is checked: `floor((28 - 3) / 2) + 1 = 13`. With `padding: 1` there are two more
/// input rows, and `floor((30 - 3) / 2) + 1 = 14`. `_` in a comment matches any size.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1) -> [16, 14, 14];
///         output: [16, 14, 14];
///     }
/// }
/// ```
pub const CS0202: &str = code::COMMENT.title;

/// The chain's output differs from the declared one.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [64, 7, 7];
///         ConvTranspose2d(64 -> 32, kernel: 4, stride: 2, padding: 1);
///         ConvTranspose2d(32 -> 1, kernel: 3, stride: 2, padding: 1);
///         output: [1, 28, 28];
///     }
/// }
/// ```
///
/// The last layer (or the one that an output names) has a different shape: `(14 - 1) * 2 - 2 * 1 + 3 = 27`. If a stride
/// upstream dropped the missing row, a note names that layer. It often helps to add the expected shape to some layers
/// (`-> [32, 14, 14]`): the first one that does not hold is the one to change.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [64, 7, 7];
///         ConvTranspose2d(64 -> 32, kernel: 4, stride: 2, padding: 1);
///         ConvTranspose2d(32 -> 1, kernel: 4, stride: 2, padding: 1);
///         output: [1, 28, 28];
///     }
/// }
/// ```
pub const CS0203: &str = code::OUTPUT.title;

/// The input has the wrong number of channels.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 32, 32];
///         Conv2d(3 -> 16, kernel: 3, padding: 1);
///         Conv2d(32 -> 64, kernel: 3, padding: 1);
///         output: [64, 32, 32];
///     }
/// }
/// ```
///
/// A convolution has a kernel for each of its input channels. The message says if the channels look swapped, if the
/// axes of the input look permuted (here channels come first), or if a skip connection seems to be missing. The input
/// channels may also be left out: `Conv2d(64, ..)`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 32, 32];
///         Conv2d(3 -> 16, kernel: 3, padding: 1);
///         Conv2d(16 -> 64, kernel: 3, padding: 1);
///         output: [64, 32, 32];
///     }
/// }
/// ```
pub const CS0204: &str = code::CHANNELS.title;

/// The sides of a concatenation differ.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 27, 27];
///         skip: Conv2d(1 -> 16, kernel: 3, padding: 1);
///         MaxPool2d(2);
///         up: ConvTranspose2d(16 -> 16, kernel: 2, stride: 2);
///         Concat(skip, up);
///         output: [32, 27, 27];
///     }
/// }
/// ```
///
/// `Concat` stacks channels; all other sizes must be equal. Here 27 rows were halved to 13, and 13 doubled is 26: the
/// row that `MaxPool2d` dropped is missing. Add it back with `output_padding`, pad or crop one side where they meet
/// (`Crop(like: up) from skip;`), or choose an input size that can be halved exactly.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 27, 27];
///         skip: Conv2d(1 -> 16, kernel: 3, padding: 1);
///         MaxPool2d(2);
///         up: ConvTranspose2d(16 -> 16, kernel: 2, stride: 2, output_padding: 1);
///         Concat(skip, up);
///         output: [32, 27, 27];
///     }
/// }
/// ```
pub const CS0205: &str = code::CONCAT.title;

/// The sides of a sum or product differ.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [16, 28, 28];
///         Conv2d(16 -> 32, kernel: 3, padding: 1);
///         Add(input, _);
///         output: [32, 28, 28];
///     }
/// }
/// ```
///
/// `Add` and `Mul` align shapes at their last axes and stretch axes of size 1; `[C]` goes over space. A residual branch
/// that changes its channels or its size needs a convolution with kernel 1 on the other branch that does the same.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [16, 28, 28];
///         main: Conv2d(16 -> 32, kernel: 3, padding: 1);
///         Conv2d(16 -> 32, kernel: 1) from input;
///         Add(main, _);
///         output: [32, 28, 28];
///     }
/// }
/// ```
pub const CS0206: &str = code::BROADCAST.title;

/// A reshape that changes the number of elements.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [100];
///         Linear(100 -> 1024);
///         Reshape([64, 7, 7]);
///         output: [64, 7, 7];
///     }
/// }
/// ```
///
/// `Reshape` only rearranges elements: a shape with `64 * 7 * 7 = 3136` cannot hold 1024.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [100];
///         Linear(100 -> 3136);
///         Reshape([64, 7, 7]);
///         output: [64, 7, 7];
///     }
/// }
/// ```
pub const CS0207: &str = code::ELEMENTS.title;

/// The input has the wrong number of axes.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 16000];
///         Conv2d(1 -> 16, kernel: 9, stride: 4);
///         output: [16, 3998];
///     }
/// }
/// ```
///
/// The digit in a layer's name counts the axes it slides over, without the channel axis. A signal `[1, 16000]` has one,
/// so it needs `Conv1d`. Shapes never have a batch axis here. After `Flatten` there are no spatial axes left.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 16000];
///         Conv1d(1 -> 16, kernel: 9, stride: 4);
///         output: [16, 3998];
///     }
/// }
/// ```
pub const CS0208: &str = code::RANK.title;

/// A linear layer gets the wrong number of features.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 2);
///         Flatten;
///         Linear(1568 -> 10);
///         output: [10];
///     }
/// }
/// ```
///
/// `Linear` works on the last axis. After `Flatten` its size is the product of all sizes: the convolution gives
/// `floor((28 - 3) / 2) + 1 = 13`, so there are `8 * 13 * 13 = 1352` features; 1568 would be `8 * 14 * 14`, with
/// `padding: 1`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 1);
///         Flatten;
///         Linear(1568 -> 10);
///         output: [10];
///     }
/// }
/// ```
pub const CS0209: &str = code::FEATURES.title;

/// A repeated body does not keep its shape.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         repeat 3 { Conv2d(8, kernel: 3); Relu; }
///         output: [8, 22, 22];
///     }
/// }
/// ```
///
/// Each pass reads the output of the pass before, so the body of a plain `repeat` must keep its shape. A body that
/// changes it needs a variable, so that passes can differ: `repeat c in [16, 32] { .. }`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         repeat 3 { Conv2d(8, kernel: 3, padding: 1); Relu; }
///         output: [8, 28, 28];
///     }
/// }
/// ```
pub const CS0210: &str = code::REPEAT_SHAPE.title;

/// A normalisation layer is for a different shape.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 32, 32];
///         Conv2d(3 -> 16, kernel: 3, padding: 1);
///         BatchNorm(32);
///         output: [16, 32, 32];
///     }
/// }
/// ```
///
/// A normalisation layer has a weight for each channel (`LayerNorm` for each element of the last axes). The number may
/// be left out; if it is given, it must be correct.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 32, 32];
///         Conv2d(3 -> 16, kernel: 3, padding: 1);
///         BatchNorm(16);
///         output: [16, 32, 32];
///     }
/// }
/// ```
pub const CS0211: &str = code::NORM.title;

/// A stride drops rows that nothing reads.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lossy: deny;
///         input: [1, 28, 28];
///         Conv2d(1 -> 16, kernel: 5, stride: 2);
///         output: [16, 12, 12];
///     }
/// }
/// ```
///
/// With kernel 5 and stride 2 the last window that fits into 28 rows ends at row 27: `(28 - 5) mod 2 = 1` row is never
/// read. This is legal and common, and the reason why the way back is one row short. `lossy: warn` and `lossy: deny`
/// report it; the default is `lossy: allow`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lossy: deny;
///         input: [1, 27, 27];
///         Conv2d(1 -> 16, kernel: 5, stride: 2);
///         output: [16, 12, 12];
///     }
/// }
/// ```
pub const CS0212: &str = code::LOSSY.title;

/// A statement that nothing reads.
///
/// ```compile_fail
/// #[deny(deprecated)]
/// mod model {
///     convshape::conv_chain! {
///         pub struct Model {
///             input: [8, 28, 28];
///             main: Conv2d(8 -> 8, kernel: 3, padding: 1);
///             Relu from input;
///             output: [8, 28, 28];
///         }
///     }
/// }
/// ```
///
/// A statement reads the previous one, unless `from` says otherwise. Here `main` is computed for nothing; usually an
/// `Add` or `Concat` was forgotten. This is a warning. A macro can warn only through a deprecated item, so
/// `deny(deprecated)` turns it into an error.
///
/// ```
/// #[deny(deprecated)]
/// mod model {
///     convshape::conv_chain! {
///         pub struct Model {
///             input: [8, 28, 28];
///             main: Conv2d(8 -> 8, kernel: 3, padding: 1);
///             skip: Relu from input;
///             Add(main, skip);
///             output: [8, 28, 28];
///         }
///     }
/// }
/// ```
pub const CS0213: &str = code::UNREAD.title;

/// Matrices that cannot be multiplied.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Scores {
///         input: q [64, 32], k [64, 32];
///         scores: MatMul(q, k);
///         output: scores [64, 64];
///     }
/// }
/// ```
///
/// `MatMul` multiplies the last two axes, rows by columns: the first matrix must have as many columns as the second has
/// rows. `transpose_a` and `transpose_b` swap the two axes of one of them.
///
/// ```
/// convshape::conv_chain! {
///     struct Scores {
///         input: q [64, 32], k [64, 32];
///         scores: MatMul(q, k, transpose_b: true);
///         output: scores [64, 64];
///     }
/// }
/// ```
pub const CS0214: &str = code::PRODUCT.title;

/// An initial state of a recurrent layer has the wrong shape.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: x [20, 64], h [128], c [128];
///         Lstm(64 -> 128) from (x, h, c);
///         output: [20, 128];
///     }
/// }
/// ```
///
/// Initial states are `[layers * directions, hidden]`, so `[1, hidden]` for one layer in one direction.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: x [20, 64], h [1, 128], c [1, 128];
///         Lstm(64 -> 128) from (x, h, c);
///         output: [20, 128];
///     }
/// }
/// ```
pub const CS0215: &str = code::STATE.title;

/// Queries, keys and values that do not fit.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Cross {
///         input: q [16, 64], k [20, 32], v [20, 64];
///         a: Attention(q, k, v, heads: 4);
///         output: a [16, 64];
///     }
/// }
/// ```
///
/// All are `[tokens, features]`, or have the same axes in front: `[windows, tokens, features]` attends within each
/// window. Each query is multiplied with each key, so both need the same number of features. Each key has a value, so
/// both need the same number of tokens. The output has the queries' tokens and the values' features.
///
/// A value added to the scores is `[tokens of q, tokens of k]`. A matrix for each head is `[heads, tokens of q, tokens
/// of k]`, and one for each window has the axis of windows in front of that. An axis of size 1 applies to all heads or
/// windows.
///
/// ```
/// convshape::conv_chain! {
///     struct Cross {
///         input: q [16, 64], k [20, 32], v [20, 64];
///         wide: Linear(32 -> 64) from k;
///         a: Attention(q, wide, v, heads: 4);
///         output: a [16, 64];
///     }
/// }
/// ```
pub const CS0216: &str = code::ATTENTION.title;

/// The array of a `Constant` does not match its shape: it has a different number of elements, or the same axes in a
/// different order.
///
/// ```compile_fail
/// static ANCHORS: [[f32; 2]; 300] = [[0.5; 2]; 300];
///
/// convshape::conv_chain! {
///     struct Model {
///         input: [2, 400];
///         anchors: Constant(ANCHORS, [2, 400]);
///         Add(_, anchors);
///         output: [2, 400];
///     }
/// }
/// ```
///
/// Elements are taken in row-major order. An array with one axis can have any shape with that number of elements. Use
/// `Permute` to change the order of the axes.
///
/// ```
/// static ANCHORS: [[f32; 2]; 400] = [[0.5; 2]; 400];
///
/// convshape::conv_chain! {
///     struct Model {
///         input: [2, 400];
///         rows: Constant(ANCHORS, [400, 2]);
///         anchors: Permute(1, 0) from rows;
///         Add(input, anchors);
///         output: [2, 400];
///     }
/// }
/// ```
pub const CS0217: &str = code::CONSTANT.title;

/// An unpooling whose input does not have its pooling's output shape.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 32, 32];
///         Conv2d(3 -> 16, kernel: 3, padding: 1);
///         pool: MaxPool2d(2);
///         Conv2d(16 -> 32, kernel: 3, padding: 1);
///         MaxUnpool2d(undo pool);
///         output: [16, 32, 32];
///     }
/// }
/// ```
///
/// `MaxUnpool2d(undo pool)` puts each element of its input where `pool` found its maximum, and gives the shape of
/// `pool`'s input. So its input must have as many channels and rows as the output of `pool`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 32, 32];
///         Conv2d(3 -> 16, kernel: 3, padding: 1);
///         pool: MaxPool2d(2);
///         Conv2d(16 -> 16, kernel: 3, padding: 1);
///         MaxUnpool2d(undo pool);
///         output: [16, 32, 32];
///     }
/// }
/// ```
pub const CS0218: &str = code::UNPOOL.title;

/// A user-defined layer whose type has different shapes.
///
/// ```compile_fail
/// use convshape::{Backward, C, CustomLayer, Forward};
///
/// struct Halves;
///
/// impl CustomLayer for Halves {
///     type Input = C<8>;
///     type Output = C<4>;
///     fn forward(_: Forward<'_>) {}
///     fn backward(_: Backward<'_>) {}
/// }
///
/// convshape::conv_chain! {
///     struct Model {
///         input: [8];
///         halves: Custom(Halves) -> [8];
///         output: [8];
///     }
/// }
/// ```
///
/// The macro cannot see a type: it trusts the shape written after `->`, and const evaluation compares that shape, and
/// the layer's input, with the type. If a type has several outputs, they are named in order: `Custom(Quantiser) -> z
/// [64, 8, 8], loss [1]`.
///
/// ```
/// use convshape::{Backward, C, CustomLayer, Forward};
///
/// struct Halves;
///
/// impl CustomLayer for Halves {
///     type Input = C<8>;
///     type Output = C<4>;
///     fn forward(_: Forward<'_>) {}
///     fn backward(_: Backward<'_>) {}
/// }
///
/// convshape::conv_chain! {
///     struct Model {
///         input: [8];
///         halves: Custom(Halves) -> [4];
///         output: [4];
///     }
/// }
/// ```
pub const CS0219: &str = code::CUSTOM.title;

/// A value that does not have the shape of the weight it is read as.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         w: Parameter([16, 8, 5, 5], init: normal(0.1));
///         half: Scale(0.5) from w;
///         conv: Conv2d(8 -> 16, kernel: 3) from (input, half);
///         output: [16, 24, 24];
///     }
/// }
/// ```
///
/// A convolution that reads two values takes the second as its weight and has none of its own. The value has the shape
/// and layout that its own weight would have: `[out, in / groups, ..]` in PyTorch, `[in, out / groups, ..]` for a
/// transposed convolution. Two images are joined by `Concat(a, b)`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         w: Parameter([16, 8, 5, 5], init: normal(0.1));
///         half: Scale(0.5) from w;
///         conv: Conv2d(8 -> 16, kernel: 5) from (input, half);
///         output: [16, 24, 24];
///     }
/// }
/// ```
pub const CS0220: &str = code::WEIGHT.title;

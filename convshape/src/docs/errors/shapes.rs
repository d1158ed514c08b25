//! Shapes that meet.

use convshape_arith::code;

/// A layer does not restore what it should.
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
/// `restores enc` demands the shape that went into `enc`. A stride rounds down: with kernel 5 and stride 2, 27 gives
/// `floor((27 - 5) / 2) + 1 = 12`, and 28 gives 12 as well. The way back cannot know which one it was, and takes the
/// smaller: `(12 - 1) * 2 + 5 = 27`. `output_padding: 1` asks for the larger. So does `undo enc`, or `output_padding:
/// _`, which works it out.
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
/// `-> [16, 14, 14]` behind a layer is checked: `floor((28 - 3) / 2) + 1 = 13`. With `padding: 1` two rows more go in,
/// and `floor((30 - 3) / 2) + 1 = 14`. `_` in a comment matches any size.
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

/// The chain does not give the output that it declares.
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
/// The last layer (or the one that an output names) has another shape: `(14 - 1) * 2 - 2 * 1 + 3 = 27`. Where a stride
/// further up dropped the row that is missing here, a note names that layer. Often it helps to write the shape expected
/// behind some layers (`-> [32, 14, 14]`): the first that does not hold is the one to change.
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

/// Another number of channels comes in.
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
/// `Concat` stacks channels; everything else must be equal. Here 27 rows were halved to 13, and 13 doubled is 26: the
/// row that `MaxPool2d` dropped is missing. Give it back with `output_padding`, pad or crop one side where they meet
/// (`Crop(like: up) from skip;`), or choose an input that halves evenly.
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
/// `Add` and `Mul` want equal shapes; only axes of size 1, and `[C]` over space, are stretched. A residual branch that
/// changes its channels or its size needs a convolution of kernel 1 on the other branch that does the same.
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

/// A reshape to another number of elements.
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
/// `Reshape` only arranges what is there: `64 * 7 * 7 = 3136` places for 1024 elements.
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

/// Another number of axes comes in.
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
/// The digit in a layer's name counts the axes it slides over; the channels come on top. A signal `[1, 16000]` has one,
/// so it takes `Conv1d`. Shapes never have a batch axis here. After `Flatten` there is nothing left to slide over.
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

/// A linear layer meets another number of features.
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
/// `Linear` works on the last axis. After `Flatten` that is the product of all: the convolution gives `floor((28 - 3) /
/// 2) + 1 = 13`, and `8 * 13 * 13 = 1352`; 1568 would be `8 * 14 * 14`, the size with `padding: 1`.
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
/// Each turn reads what the turn before gave, so the body of a plain `repeat` has to give the shape that it takes. A
/// body that changes it is written with a variable, whose turns may differ: `repeat c in [16, 32] { .. }`.
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

/// A normalisation layer is made for another shape.
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
/// be left out; if it is given, it must be right.
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
/// read. That is legal, and usual, and the reason why the way back is one short. `lossy: warn` and `lossy: deny` make
/// it seen; the default is `lossy: allow`.
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
/// A statement reads the one before it, unless `from` says otherwise. Here `main` is worked out for nothing: mostly a
/// forgotten `Add` or `Concat`. This is a warning; a macro can warn only by using something deprecated, so
/// `deny(deprecated)` makes an error of it.
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

/// A recurrent layer gets a first state of another shape.
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
/// First states are `[layers * directions, hidden]`, for one layer in one direction `[1, hidden]`.
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
/// All are `[tokens, features]`. Each query is multiplied with each key: both have as many features. Each key has a
/// value: both have as many tokens. What is added to the scores has their shape, `[tokens of q, tokens of k]`, or with
/// one matrix for each head `[heads, tokens of q, tokens of k]`. The output has the queries' tokens and the values'
/// features.
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

/// The array of a `Constant` does not fill its shape: it has another number of elements, or the same axes in another
/// order.
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
/// Elements are taken in the order in which they are in the array, row by row. An array of one axis takes any shape with
/// as many elements. `Permute` brings the axes into another order.
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

/// An unpooling of another shape than its pooling gave.
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
/// `MaxUnpool2d(undo pool)` puts each element that comes in back to the place where `pool` found its largest one, and
/// gives the shape that `pool` took. So as many channels and as many rows must come in as `pool` gave.
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

/// A user-defined layer whose type has other shapes.
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
/// The macro cannot see a type: it believes what is written after `->`, and const evaluation compares that, and what
/// comes in, with the type. A type that gives several values has them named, in its order:
/// `Custom(Quantiser) -> z [64, 8, 8], loss [1]`.
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

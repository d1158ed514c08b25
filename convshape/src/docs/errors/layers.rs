//! Inputs and fields that a layer rejects.

use convshape_arith::code;

/// A kernel is larger than its padded input.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 3, 3];
///         Conv2d(8 -> 16, kernel: 5);
///         output: [16, 1, 1];
///     }
/// }
/// ```
///
/// A kernel of 5 taps with dilation d covers `d * (5 - 1) + 1` rows, and the padded input must have at least that many.
/// Usually the strides before it shrank the input more than intended.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 3, 3];
///         Conv2d(8 -> 16, kernel: 5, padding: 1);
///         output: [16, 1, 1];
///     }
/// }
/// ```
pub const CS0301: &str = code::KERNEL.title;

/// A field that must be at least 1.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 0);
///         output: [8, 26, 26];
///     }
/// }
/// ```
///
/// With stride 0 a window never moves. Kernels, strides, dilations, groups, factors and channels must be at least 1.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 1);
///         output: [8, 26, 26];
///     }
/// }
/// ```
pub const CS0302: &str = code::NOT_POSITIVE.title;

/// A field that must not be negative.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, padding: -1);
///         output: [8, 24, 24];
///     }
/// }
/// ```
///
/// PyTorch rejects negative padding. To remove rows, use `Crop(1)`, or pairs such as `padding: [(-1, -1), (0, 0)]`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Crop(1);
///         Conv2d(1 -> 8, kernel: 3);
///         output: [8, 24, 24];
///     }
/// }
/// ```
pub const CS0303: &str = code::NEGATIVE.title;

/// Padding `same` with a stride.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 2, padding: same);
///         output: [8, 14, 14];
///     }
/// }
/// ```
///
/// The meaning of `same` with a stride differs between frameworks; PyTorch allows it only without one. For an odd
/// kernel k, `padding: (k - 1) / 2` gives `ceil(28 / 2) = 14` rows.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 1);
///         output: [8, 14, 14];
///     }
/// }
/// ```
pub const CS0304: &str = code::SAME_STRIDE.title;

/// Pooling pads more than half its window.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         MaxPool2d(3, stride: 2, padding: 2);
///         output: [8, 15, 15];
///     }
/// }
/// ```
///
/// With a kernel of 3 and a padding of 2, the first window would cover a single row of the input. PyTorch allows at
/// most `floor(3 / 2) = 1`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         MaxPool2d(3, stride: 2, padding: 1);
///         output: [8, 14, 14];
///     }
/// }
/// ```
pub const CS0305: &str = code::POOL_PADDING.title;

/// An output padding that is not smaller than the stride.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 14, 14];
///         ConvTranspose2d(8 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 2);
///         output: [1, 29, 29];
///     }
/// }
/// ```
///
/// With stride 2, two input sizes give the same output size, so there are only two to choose from: `output_padding` 0
/// and 1. PyTorch takes any number below the larger of stride and dilation. For more rows, change the kernel or the
/// padding: `(14 - 1) * 2 + 3 = 29`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 14, 14];
///         ConvTranspose2d(8 -> 1, kernel: 3, stride: 2);
///         output: [1, 29, 29];
///     }
/// }
/// ```
pub const CS0306: &str = code::OUTPUT_PADDING.title;

/// An output size that cannot be reached.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 14, 14];
///         ConvTranspose2d(8 -> 1, kernel: 3, stride: 2, padding: 1, output_size: (30, 30));
///         output: [1, 30, 30];
///     }
/// }
/// ```
///
/// `output_size` is another way to write `output_padding` and has the same range: from `(14 - 1) * 2 - 2 * 1 + 3 = 27`
/// rows to 28, with stride 2. Padding 0 gives 29 or 30.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 14, 14];
///         ConvTranspose2d(8 -> 1, kernel: 3, stride: 2, output_size: (30, 30));
///         output: [1, 30, 30];
///     }
/// }
/// ```
pub const CS0307: &str = code::OUTPUT_SIZE.title;

/// Groups do not divide the channels.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [32, 28, 28];
///         Conv2d(32 -> 48, kernel: 3, groups: 32);
///         output: [48, 26, 26];
///     }
/// }
/// ```
///
/// All groups have the same number of input channels and of output channels, so `groups` must divide both. A depthwise
/// convolution has as many groups as input channels, and a multiple of that number as output channels.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [32, 28, 28];
///         Conv2d(32 -> 64, kernel: 3, groups: 32);
///         output: [64, 26, 26];
///     }
/// }
/// ```
pub const CS0308: &str = code::GROUPS.title;

/// A border needs more rows than the input has.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 4, 4];
///         Conv2d(1 -> 8, kernel: 9, padding: 4, padding_mode: reflect);
///         output: [8, 4, 4];
///     }
/// }
/// ```
///
/// `reflect` mirrors the rows next to the edge, without the edge itself: 4 rows have 3 to mirror. `circular` wraps
/// around and has 4. `replicate` and `zeros` have no limit.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 4, 4];
///         Conv2d(1 -> 8, kernel: 9, padding: 4, padding_mode: replicate);
///         output: [8, 4, 4];
///     }
/// }
/// ```
pub const CS0309: &str = code::BORDER.title;

/// An output without rows.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 1, 1];
///         ConvTranspose2d(8 -> 1, kernel: 2, padding: 1);
///         output: [1, 1, 1];
///     }
/// }
/// ```
///
/// The padding of a transposed convolution crops its output: `(1 - 1) * 1 - 2 * 1 + 2 = 0` rows are left. The same
/// happens if a `Crop` removes everything, or should give more rows than its input has.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 1, 1];
///         ConvTranspose2d(8 -> 1, kernel: 3, padding: 1);
///         output: [1, 1, 1];
///     }
/// }
/// ```
pub const CS0310: &str = code::EMPTY.title;

/// A factor does not divide a size.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 32, 32];
///         Conv2d(3 -> 10, kernel: 3, padding: 1);
///         PixelShuffle(2);
///         output: [3, 64, 64];
///     }
/// }
/// ```
///
/// `PixelShuffle(2)` turns 4 channels into one with squares of 2 * 2 pixels: for 3 channels it needs 12.
/// `PixelUnshuffle(2)` needs even sizes.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 32, 32];
///         Conv2d(3 -> 12, kernel: 3, padding: 1);
///         PixelShuffle(2);
///         output: [3, 64, 64];
///     }
/// }
/// ```
pub const CS0311: &str = code::DIVISIBLE.title;

/// An invalid resize.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 100];
///         Upsample(2, mode: bilinear);
///         output: [8, 200];
///     }
/// }
/// ```
///
/// `linear` is for one axis, `bilinear` and `bicubic` for two, `trilinear` for three. `align_corners` is for these
/// modes and not for `nearest`. A scale must be positive.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 100];
///         Upsample(2, mode: linear);
///         output: [8, 200];
///     }
/// }
/// ```
pub const CS0312: &str = code::RESIZE.title;

/// A range of channels, or of elements along an axis, that does not exist.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [20];
///         Slice(channels: 10..24);
///         output: [14];
///     }
/// }
/// ```
///
/// Channels are counted from 0 and the end is not included: the last ten of 20 channels are `10..20`. Negative numbers
/// count from the end and an end left out is the last one, as in Python: `-10..` are the last ten, `..-3` all but three.
/// With a size known only at run time the range must exist for each value that its symbol can have.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [20];
///         Slice(channels: 10..20);
///         output: [10];
///     }
/// }
/// ```
pub const CS0313: &str = code::SLICE.title;

/// A padding mode that the layer does not have.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 14, 14];
///         ConvTranspose2d(8 -> 1, kernel: 4, stride: 2, padding: 1, padding_mode: reflect);
///         output: [1, 28, 28];
///     }
/// }
/// ```
///
/// A transposed convolution crops where a convolution pads, so it has no border to fill. To mirror the input's edge,
/// pad it first: `Pad(1, mode: reflect);`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 14, 14];
///         ConvTranspose2d(8 -> 1, kernel: 4, stride: 2, padding: 1);
///         output: [1, 28, 28];
///     }
/// }
/// ```
pub const CS0314: &str = code::BORDER_MODE.title;

/// A value for the wrong number of axes.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: (3, 3, 3));
///         output: [8, 26, 26];
///     }
/// }
/// ```
///
/// A `Conv2d` slides over height and width, so write one number for both, or two. There is no kernel size for channels.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: (3, 3));
///         output: [8, 26, 26];
///     }
/// }
/// ```
pub const CS0315: &str = code::FIELD_RANK.title;

/// An instance norm over a single element.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [16, 1, 1];
///         InstanceNorm(16);
///         output: [16, 1, 1];
///     }
/// }
/// ```
///
/// An instance norm subtracts the mean of each channel. If a channel has only one element, the mean is that element, so
/// the result is always zero. PyTorch rejects it.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [16, 1, 1];
///         GroupNorm(16, groups: 4);
///         output: [16, 1, 1];
///     }
/// }
/// ```
pub const CS0316: &str = code::INSTANCE.title;

/// A real number is outside the range of its field.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [16];
///         Dropout(50);
///         output: [16];
///     }
/// }
/// ```
///
/// `p` and `momentum` must be from 0 to 1, `eps` above 0, the `min` of a `Clamp` below its `max`, and every number
/// finite. Division of integers is exact here: `Scale(1/255)` multiplies by 0.0039.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [16];
///         Dropout(0.5);
///         output: [16];
///     }
/// }
/// ```
pub const CS0317: &str = code::RANGE.title;

/// An axis that does not exist.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 28, 28];
///         Mean(axis: 3);
///         output: [3, 28];
///     }
/// }
/// ```
///
/// Axes are counted from 0 without the batch, or from the end: 0 and -3 are the channels of `[3, 28, 28]`, 2 and -1 its
/// width. `Permute` must name each axis once.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [3, 28, 28];
///         Mean(axis: -1);
///         output: [3, 28];
///     }
/// }
/// ```
pub const CS0318: &str = code::AXIS.title;

/// Pieces that do not add up to the axis.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [144, 16];
///         s: Split([64, 64]);
///         Concat(s.1, s.0);
///         output: [144, 16];
///     }
/// }
/// ```
///
/// A `Split` divides an axis, by default the channels, into pieces that together make up the whole axis: `Split(2)`
/// into equal ones, `Split([64, 80])` into pieces of these sizes.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [144, 16];
///         s: Split([64, 80]);
///         Concat(s.1, s.0);
///         output: [144, 16];
///     }
/// }
/// ```
pub const CS0319: &str = code::PIECES.title;

/// Heads do not divide the features.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [16, 100];
///         MultiHeadAttention(100, heads: 8);
///         output: [16, 100];
///     }
/// }
/// ```
///
/// Each head has an equal share of the features of queries, keys and values, so the number of heads must divide them.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [16, 100];
///         MultiHeadAttention(100, heads: 10);
///         output: [16, 100];
///     }
/// }
/// ```
pub const CS0320: &str = code::HEADS.title;

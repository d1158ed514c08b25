//! What a layer refuses.

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
/// A kernel of 5 taps with dilation d covers `d * (5 - 1) + 1` rows; as many must be there, padding included. Usually
/// the strides before it have shrunk the input further than meant.
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
/// With stride 0 a window never moves on. Kernels, strides, dilations, groups, factors and channels are at least 1.
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
/// PyTorch refuses a negative padding. To cut rows off, say so: `Crop(1)`, or pairs such as `padding: [(-1, -1), (0,
/// 0)]`.
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
/// What `same` means with a stride differs between frameworks; PyTorch has it only without one. For an odd kernel k,
/// `padding: (k - 1) / 2` gives `ceil(28 / 2) = 14` rows.
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
/// With a kernel of 3 and a padding of 2 the first window would hold a single row of the input, and could be moved to
/// hold none. PyTorch allows at most `floor(3 / 2) = 1`.
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

/// An output padding that reaches the stride.
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
/// With stride 2 two sizes are rounded to one, so there are only two to choose from: `output_padding` 0 and 1. PyTorch
/// takes any below the larger of stride and dilation. For more rows, change the kernel or the padding: `(14 - 1) * 2 +
/// 3 = 29`.
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
/// `output_size` is a way to give `output_padding`, so it reaches as far: from `(14 - 1) * 2 - 2 * 1 + 3 = 27` rows to
/// 28, with stride 2. Padding 0 gives 29 to 30.
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

/// Channels do not divide into groups.
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
/// Each group takes as many input channels as the others, and gives as many output channels: `groups` divides both. A
/// depthwise convolution has as many groups as input channels, and a multiple of them as outputs.
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

/// A border copies more rows than there are.
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
/// `reflect` mirrors the rows next to the edge, without the edge: 4 rows have 3 to mirror. `circular` wraps around, and
/// has 4. `replicate` and `zeros` have no limit.
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
/// happens if a `Crop` takes everything, or is told to give more than came in.
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

/// A size that a factor does not divide.
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
/// `PixelShuffle(2)` makes a square of 2 * 2 pixels from 4 channels: for 3 channels it takes 12. `PixelUnshuffle(2)`
/// takes even sizes.
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

/// A resize that cannot be done.
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
/// `linear` is for one axis, `bilinear` and `bicubic` for two, `trilinear` for three. `align_corners` goes with these,
/// not with `nearest`. A scale is positive.
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

/// A range of channels that is not there.
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
/// Channels are counted from 0, and the end is not included: of 20 channels the last are `10..20`.
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
/// A transposed convolution crops where a convolution pads, so there is no border to fill. To mirror the input's edge,
/// pad it before: `Pad(1, mode: reflect);`.
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

/// A value for another number of axes.
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
/// A `Conv2d` slides over height and width: one number for both, or two. Channels have no kernel.
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
/// An instance norm subtracts the mean of each channel. Where a channel has one element, that is the element itself,
/// and the result is zero whatever came in. PyTorch refuses it.
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

/// A real number lies outside the range of its field.
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
/// `p` and `momentum` are from 0 to 1, `eps` is above 0, `min` of a `Clamp` is below `max`, and every number is finite.
/// Whole numbers divide as real ones here: `Scale(1/255)` multiplies by 0.0039.
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

/// An axis that is not there.
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
/// width. `Permute` names each axis once.
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

/// Pieces that are not the whole axis.
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
/// A `Split` divides an axis, without `axis:` the channels, into pieces that are all of it: `Split(2)` into equal ones,
/// `Split([64, 80])` into pieces of these sizes.
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

/// Features that do not divide into heads.
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
/// Each head has as many neighbouring features of queries, keys and values: the number of heads divides that of the
/// features.
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

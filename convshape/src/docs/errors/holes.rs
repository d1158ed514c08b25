//! Holes.

use convshape_arith::code;

/// A hole has no solution.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 5, stride: 2);
///         ConvTranspose2d(16 -> 1, kernel: 2, stride: 2, output_padding: _) restores enc;
///         output: [1, 28, 28];
///     }
/// }
/// ```
///
/// `_` is solved from the shape that the layer must give. `(12 - 1) * 2 + 2 = 24` rows plus an `output_padding` of at
/// most 1 never make 28. The mistake here is the kernel: `(12 - 1) * 2 + 5 + 1 = 28`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 5, stride: 2);
///         ConvTranspose2d(16 -> 1, kernel: 5, stride: 2, output_padding: _) restores enc;
///         output: [1, 28, 28];
///     }
/// }
/// ```
pub const CS0501: &str = code::NO_SOLUTION.title;

/// A hole has several solutions.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 16, kernel: _, stride: 2) -> [16, 13, 13];
///         output: [16, 13, 13];
///     }
/// }
/// ```
///
/// Kernels 3 and 4 both give `floor((28 - k) / 2) + 1 = 13`. The shapes are equal but the models are not, so choose
/// one. The message lists them.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 16, kernel: 3, stride: 2) -> [16, 13, 13];
///         output: [16, 13, 13];
///     }
/// }
/// ```
pub const CS0502: &str = code::AMBIGUOUS.title;

/// Nothing determines a hole.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 16, kernel: 3, padding: _);
///         Conv2d(16 -> 32, kernel: 3);
///         output: [32, 26, 26];
///     }
/// }
/// ```
///
/// A hole is solved from a shape comment on its own layer, from `restores`, or from `output` if only layers that keep
/// the shape come between.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 16, kernel: 3, padding: _) -> [16, 28, 28];
///         Conv2d(16 -> 32, kernel: 3);
///         output: [32, 26, 26];
///     }
/// }
/// ```
pub const CS0503: &str = code::NO_TARGET.title;

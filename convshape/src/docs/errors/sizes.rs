//! Sizes.

use convshape_arith::code;

/// A size below 1.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 0, 28];
///         Conv2d(1 -> 8, kernel: (1, 3));
///         output: [8, 1, 26];
///     }
/// }
/// ```
///
/// An axis has at least one row. If the size is computed (`28 - 28`), the message shows the result.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 1, 28];
///         Conv2d(1 -> 8, kernel: (1, 3));
///         output: [8, 1, 26];
///     }
/// }
/// ```
pub const CS0401: &str = code::SIZE_ZERO.title;

/// Sizes that no machine can hold.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [4000000000, 4000000000];
///         Relu;
///         output: [4000000000, 4000000000];
///     }
/// }
/// ```
///
/// The number of elements of each shape must fit `isize`, and each size must fit 64 bits. The usual cause is an extra
/// digit, or a stride in place of a kernel.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [4000, 4000];
///         Relu;
///         output: [4000, 4000];
///     }
/// }
/// ```
pub const CS0402: &str = code::TOO_LARGE.title;

/// A size must be a plain number here.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 96 / 0, kernel: 3);
///         output: [12, 26, 26];
///     }
/// }
/// ```
///
/// Division by zero, and a name that is not a size, have no value. Division drops the remainder, as in Rust: `100 / 8`
/// is 12.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 96 / 8, kernel: 3);
///         output: [12, 26, 26];
///     }
/// }
/// ```
pub const CS0403: &str = code::NOT_FIXED.title;

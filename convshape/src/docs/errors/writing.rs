//! Syntax errors.

use convshape_arith::code;

/// Another token is expected here.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc1 Conv2d(1 -> 8, kernel: 3);
///         output: [8, 26, 26];
///     }
/// }
/// ```
///
/// A statement is `name: Layer(..) from source -> [shape] restores layer;`. Everything except the layer is optional.
/// The message says what was expected. The other statements are still checked.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc1: Conv2d(1 -> 8, kernel: 3);
///         output: [8, 26, 26];
///     }
/// }
/// ```
pub const CS0001: &str = code::SYNTAX.title;

/// A line is written as in Python.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         self.enc1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
///         output: [16, 14, 14];
///     }
/// }
/// ```
///
/// A ported line is almost right: names and fields are followed by `:`, channels are written `in -> out`, and a shape
/// has no batch axis. The message shows the corrected line, ready to be copied.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1);
///         output: [16, 14, 14];
///     }
/// }
/// ```
pub const CS0002: &str = code::PYTHON.title;

/// A part of the chain is missing, occurs twice or is misplaced.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3);
///         output: [8, 26, 26];
///         Relu;
///     }
/// }
/// ```
///
/// The parts of a chain come in the order in which it runs: headers (`dialect`, `lossy`, ..), blocks, `input`, the
/// layers, `output`. Both ends are declared, so that every chain shows its interface.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Conv2d(1 -> 8, kernel: 3);
///         Relu;
///         output: [8, 26, 26];
///     }
/// }
/// ```
pub const CS0003: &str = code::PARTS.title;

/// A number is too large or malformed.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28px];
///         Relu;
///         output: [1, 28, 28];
///     }
/// }
/// ```
///
/// Sizes are integers that fit `i64`, without a unit. Underscores between digits are allowed: `16_000`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         Relu;
///         output: [1, 28, 28];
///     }
/// }
/// ```
pub const CS0004: &str = code::LITERAL.title;

/// An attribute is not understood.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         #[rename = "encoder.0"]
///         Conv2d(1 -> 8, kernel: 3);
///         output: [8, 26, 26];
///     }
/// }
/// ```
///
/// A statement takes doc comments, which appear on the generated field, and `#[name = ".."]`, the name of its
/// parameters in weight files. Attributes of the struct itself go before `struct`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [1, 28, 28];
///         #[name = "encoder.0"]
///         Conv2d(1 -> 8, kernel: 3);
///         output: [8, 26, 26];
///     }
/// }
/// ```
pub const CS0005: &str = code::ATTRIBUTE.title;

//! What is legal and surely not meant. These are warnings; `lint: deny;` among a chain's headers makes errors of them,
//! `lint: allow;` silences them, and so does `lint: allow` among one layer's arguments.

use convshape_arith::code;

/// Two activations in a row.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 3, activation: Relu);
///         Sigmoid;
///         output: [16, 26, 26];
///     }
/// }
/// ```
///
/// `enc` ends with a Relu, so the sigmoid never sees a number below zero and never gives one below 0.5. Bounds
/// (`Clamp`), `Exp`, `Softplus` and `Softmax` may follow an activation. The rule is one of those that Nikanjam et al. list
/// in "Automatic Fault Detection for Deep Learning Programs Using Graph Transformations" (2021).
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 3, activation: Sigmoid);
///         output: [16, 26, 26];
///     }
/// }
/// ```
pub const CS0801: &str = code::TWO_ACTIVATIONS.title;

/// A dropout before a batch norm.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 3, bias: false);
///         Dropout(0.2);
///         BatchNorm;
///         output: [16, 26, 26];
///     }
/// }
/// ```
///
/// Dropout changes the variance of its output in training and leaves it alone afterwards. The running variance that the
/// norm has gathered is then too large. See Li, Chen, Hu and Yang, "Understanding the Disharmony between Dropout and
/// Batch Normalization by Variance Shift" (2019). Dropout after the norm does no harm.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 3, bias: false);
///         BatchNorm;
///         Dropout(0.2);
///         output: [16, 26, 26];
///     }
/// }
/// ```
pub const CS0802: &str = code::DROPOUT_BEFORE_NORM.title;

/// A normalisation of single values.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [8, 28, 28];
///         GlobalAvgPool;
///         GroupNorm(groups: 8);
///         output: [8];
///     }
/// }
/// ```
///
/// Each of the eight groups has one value. Its mean is that value, so `(x - mean) / sqrt(var + eps)` is 0 whatever comes
/// in, and the layer gives its bias.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [8, 28, 28];
///         GlobalAvgPool;
///         GroupNorm(groups: 2);
///         output: [8];
///     }
/// }
/// ```
pub const CS0803: &str = code::NORM_OF_ONE.title;

/// A window that sees only border.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 3, padding: 3);
///         output: [16, 32, 32];
///     }
/// }
/// ```
///
/// With kernel 3 and padding 3 the first window covers rows -3 to -1: it reads nothing but zeros, and gives the bias.
/// Padding of 1 keeps the size; `Pad` makes an image larger on purpose.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 3, padding: 1);
///         output: [16, 28, 28];
///     }
/// }
/// ```
pub const CS0804: &str = code::WINDOW_OF_BORDER.title;

/// A bias that a batch norm removes.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 3);
///         BatchNorm;
///         output: [16, 26, 26];
///     }
/// }
/// ```
///
/// A batch norm subtracts the mean of each channel, and with it the bias: `(x + bias) - mean(x + bias) = x - mean(x)`.
/// The bias costs memory and time, and its gradient is zero. Published models have it (`vgg16_bn` does), so only
/// `lint: deny;` tells of it.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [1, 28, 28];
///         enc: Conv2d(1 -> 16, kernel: 3, bias: false);
///         BatchNorm;
///         output: [16, 26, 26];
///     }
/// }
/// ```
pub const CS0805: &str = code::BIAS_BEFORE_NORM.title;

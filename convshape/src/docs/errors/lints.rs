//! Lints: what is legal but surely a mistake. They are warnings. With `lint: deny;` among the chain's headers they are
//! errors; `lint: allow;`, or `lint: allow` among one layer's arguments, silences them.

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
/// `enc` ends with a Relu, so the sigmoid never sees a negative number and never gives less than 0.5. `Clamp`, `Exp`,
/// `Softplus` and `Softmax` may follow an activation. The rule is one of those that Nikanjam et al. list in "Automatic
/// Fault Detection for Deep Learning Programs Using Graph Transformations" (2021).
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
/// Dropout changes the variance of its output in training but not afterwards, so the running variance of the norm is
/// too large. See Li, Chen, Hu and Yang, "Understanding the Disharmony between Dropout and Batch Normalization by
/// Variance Shift" (2019). Dropout after the norm does no harm.
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
/// Each of the eight groups has one value. Its mean is that value, so `(x - mean) / sqrt(var + eps)` is 0 for every
/// input, and the layer gives only its bias.
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

/// A window that covers only border.
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
/// With kernel 3 and padding 3, the first window covers rows -3 to -1: it reads only zeros, and gives the bias. A
/// padding of 1 keeps the size; `Pad` enlarges an image on purpose.
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
/// A batch norm subtracts the mean of each channel and the bias with it: `(x + bias) - mean(x + bias) = x - mean(x)`.
/// The bias costs memory and time, and its gradient is zero. Published models have such biases (`vgg16_bn`), so only
/// `lint: deny;` reports them.
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

/// A value that fits the channels and the last axis.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [8, 28, 8];
///         enc: Conv2d(8 -> 8, kernel: 3, padding: 1);
///         gate: Parameter([8]);
///         Mul(enc, gate);
///         output: [8, 28, 8];
///     }
/// }
/// ```
///
/// A value with one axis goes over the channels. PyTorch aligns it with the last axis, here the width. Where both have
/// its size, write the shape with all axes: `[8, 1, 1]` for the channels, `[1, 8]` for the width. The rule that the last
/// axes belong together is [NumPy's](https://numpy.org/doc/stable/user/basics.broadcasting.html).
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [8, 28, 8];
///         enc: Conv2d(8 -> 8, kernel: 3, padding: 1);
///         gate: Parameter([8, 1, 1]);
///         Mul(enc, gate);
///         output: [8, 28, 8];
///     }
/// }
/// ```
pub const CS0806: &str = code::CHANNELS_OR_LAST.title;

/// An axis that a framework counts from the batch.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         dialect: keras;
///         lint: deny;
///         input: [28, 28, 8];
///         Softmax(axis: 1);
///         output: [28, 28, 8];
///     }
/// }
/// ```
///
/// Axes are counted without the batch, so this is a softmax over the width; Keras counts the batch as axis 0 and would
/// take the height (`keras.layers.Softmax`). Counted from the end both agree. An axis can also be named:
/// `axis: width`.
///
/// PyTorch's `dim` counts the batch as 0 here too. A parameter has no batch, so that `dim: 1` of it is `axis: 0`, and
/// PyTorch would take its axis 1; a warning says so.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         dialect: keras;
///         lint: deny;
///         input: [28, 28, 8];
///         Softmax(axis: -2);
///         output: [28, 28, 8];
///     }
/// }
/// ```
pub const CS0807: &str = code::COUNTED_AXIS.title;

/// A last layer that the loss applies itself.
///
/// ```
/// convshape::conv_chain! {
///     struct Classifier {
///         input: [1, 28, 28];
///         Flatten;
///         Linear(784 -> 10);
///         Softmax;
///         output: [10];
///     }
/// }
/// ```
///
/// With `CrossEntropy`, which applies a softmax, the softmax of this chain is applied twice: training is slow and the
/// model never becomes sure. The same holds for `Sigmoid` before `BinaryCrossEntropyWithLogits`. The chain alone is
/// right, so no compiler can warn: `gradients` and `Fit` do, once, on standard error. Leave the layer out, and apply it
/// where probabilities are wanted. The rule is in PyTorch's documentation of
/// [`CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html), whose input is
/// "unnormalized logits".
///
/// ```
/// convshape::conv_chain! {
///     struct Classifier {
///         input: [1, 28, 28];
///         Flatten;
///         Linear(784 -> 10);
///         output: [10];
///     }
/// }
/// ```
pub const CS0808: &str = code::LAST_LAYER.title;

/// A word of a framework that has no effect here.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         dialect: keras;
///         lint: deny;
///         input: [28, 28, 1];
///         Conv2D(16, kernel_size: 3, kernel_initializer: "he_normal");
///         output: [26, 26, 16];
///     }
/// }
/// ```
///
/// A line of Keras or Flax may be kept with what it says about training, but a chain is the model alone. `init` draws
/// weights as the framework does by default, and those of a file are not drawn; a penalty on weights is the
/// optimiser's (`weight_decay`); the shape of the input is that of `input`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         dialect: keras;
///         lint: deny;
///         input: [28, 28, 1];
///         Conv2D(16, kernel_size: 3);
///         output: [26, 26, 16];
///     }
/// }
/// ```
pub const CS0809: &str = code::NO_EFFECT.title;

/// An attention whose tokens are channels or rows of an image.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [3, 16, 16];
///         enc: Conv2d(3 -> 32, kernel: 3, padding: 1);
///         Attention(_, _, _, heads: 4);
///         output: [32, 16, 16];
///     }
/// }
/// ```
///
/// The last two axes are tokens and features. Behind a convolution these are the height and the width: each row of each
/// channel is a token, and the channels do not meet. To attend over the positions, make them tokens. The order is that
/// of PyTorch's
/// [`scaled_dot_product_attention`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html).
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [3, 16, 16];
///         enc: Conv2d(3 -> 32, kernel: 3, padding: 1);
///         Flatten(from: 1);
///         Permute(1, 0);
///         Attention(_, _, _, heads: 4);
///         Permute(1, 0);
///         Unflatten(1, [16, 16]);
///         output: [32, 16, 16];
///     }
/// }
/// ```
pub const CS0810: &str = code::ATTENDS_CHANNELS.title;

/// A value that fits the last axis of an image, not its channels.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [8, 28, 32];
///         enc: Conv2d(8 -> 8, kernel: 3, padding: 1);
///         gate: Parameter([32]);
///         Mul(enc, gate);
///         output: [8, 28, 32];
///     }
/// }
/// ```
///
/// A value with one axis usually belongs to the channels. This one has as many values as the image has columns, so it
/// goes over the width, as [NumPy's rule](https://numpy.org/doc/stable/user/basics.broadcasting.html) has it. If that is
/// meant, write `[1, 32]`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         lint: deny;
///         input: [8, 28, 32];
///         enc: Conv2d(8 -> 8, kernel: 3, padding: 1);
///         gate: Parameter([8]);
///         Mul(enc, gate);
///         output: [8, 28, 32];
///     }
/// }
/// ```
pub const CS0811: &str = code::ONLY_LAST.title;

/// An image whose channels are at the other end of its shape.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         dialect: keras;
///         lint: deny;
///         input: [3, 64, 64];
///         Conv2D(16, kernel_size: 3, padding: same);
///         output: [3, 64, 16];
///     }
/// }
/// ```
///
/// The first convolution reads three rows of an image with 64 channels, and takes them without a word, because its
/// channels are not written. [Keras](https://keras.io/api/layers/convolution_layers/convolution2d/) and flax have the
/// channels last, PyTorch has them first.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         dialect: keras;
///         lint: deny;
///         input: [64, 64, 3];
///         Conv2D(16, kernel_size: 3, padding: same);
///         output: [64, 64, 16];
///     }
/// }
/// ```
pub const CS0812: &str = code::TURNED_IMAGE.title;

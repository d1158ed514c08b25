//! What the same words mean in different frameworks.
//!
//! A chain uses one framework's dialect (`dialect: flax;`), which is torch by default. The dialect decides names,
//! defaults, the meaning of `padding` and `output_padding`, the axis order of shapes, and the layout of weights. If a
//! word that is right in one framework is the cause of an error in another, the message says so and names the word to
//! use.
//!
//! # `Conv`, then `ConvTranspose` with the same numbers
//!
//! In PyTorch, the `padding` of a transposed convolution crops what the convolution's padding added, so the same number
//! restores the size.
//!
//! ```
//! convshape::conv_chain! {
//!     struct Torch {
//!         input: [1, 4, 4];
//!         enc: Conv2d(1 -> 8, kernel: 3, padding: 0) -> [8, 2, 2];
//!         dec: ConvTranspose2d(8 -> 1, kernel: 3, padding: 0) restores enc;
//!         output: [1, 4, 4];
//!     }
//! }
//! ```
//!
//! In Flax and JAX it pads the dilated input, so `padding: 0` gives the smallest possible output: 2 rows become `2 - 3
//! + 1 = 0`.
//!
//! ```compile_fail
//! convshape::conv_chain! {
//!     struct Flax {
//!         dialect: flax;
//!         input: [4, 4, 1];
//!         enc: Conv2d(1 -> 8, kernel: 3, padding: 0) -> [2, 2, 8];
//!         dec: ConvTranspose2d(8 -> 1, kernel: 3, padding: 0) restores enc;
//!         output: [4, 4, 1];
//!     }
//! }
//! ```
//!
//! PyTorch's `padding: p` is `padding: dilation * (kernel - 1) - p` here; `valid` is PyTorch's 0.
//!
//! ```
//! convshape::conv_chain! {
//!     struct Flax {
//!         dialect: flax;
//!         input: [4, 4, 1];
//!         enc: Conv2d(1 -> 8, kernel: 3, padding: 0) -> [2, 2, 8];
//!         dec: ConvTranspose2d(8 -> 1, kernel: 3, padding: 2) restores enc;
//!         output: [4, 4, 1];
//!     }
//! }
//! ```
//!
//! With padding as a word the size is restored too, even for an even kernel:
//!
//! ```
//! convshape::conv_chain! {
//!     struct Words {
//!         dialect: flax;
//!         input: [5, 5, 1];
//!         valid: Conv2d(1 -> 8, kernel: 4, padding: valid) -> [2, 2, 8];
//!         ConvTranspose2d(8 -> 1, kernel: 4, padding: valid) restores valid;
//!         same: Conv2d(1 -> 8, kernel: 4, padding: same) -> [5, 5, 8];
//!         ConvTranspose2d(8 -> 1, kernel: 4, padding: same) restores same;
//!         circular: Conv2d(1 -> 8, kernel: 4, padding: circular) -> [5, 5, 8];
//!         ConvTranspose2d(8 -> 1, kernel: 4, padding: circular) restores circular;
//!         output: [5, 5, 1];
//!     }
//! }
//! ```
//!
//! # Rows that a stride drops
//!
//! `same` with a stride rounds up on the way down and multiplies on the way up: with stride 3, 16 rows become 6, which
//! become 18. The message names the layer that lost the size.
//!
//! ```compile_fail
//! convshape::conv_chain! {
//!     struct Same {
//!         dialect: jax;
//!         input: [1, 16, 16];
//!         enc: Conv2d(1 -> 8, kernel: 3, stride: 3, padding: same) -> [8, 6, 6];
//!         dec: ConvTranspose2d(8 -> 1, kernel: 3, stride: 3, padding: same) -> [1, 18, 18];
//!         output: [1, 16, 16];
//!     }
//! }
//! ```
//!
//! # The kernel's orientation
//!
//! In a transposed convolution, PyTorch, Keras and ONNX add the kernel at each input position. JAX and Flax slide it
//! over the dilated input unless `transpose_kernel` is set, which gives the output of the flipped kernel. For example,
//! `[[0, 1], [2, 3]]` with itself as kernel, cropped to one element, is 4 in PyTorch and 14 in Flax.
//!
//! With `transpose_kernel`, Flax stores a kernel as `[.., out, in]`. The `jax` dialect always stores `[out, in, ..]`.
//! But `lax.conv_transpose(.., transpose_kernel=True)` swaps the two axes itself, so an array that it takes as `OIHW`
//! is `[in, out, ..]`: swap them when you move a kernel between the two.
//!
//! ```
//! use convshape::ndarray::Array4;
//! use convshape::rand::{SeedableRng, rngs::SmallRng};
//! use convshape::conv_chain;
//!
//! conv_chain! {
//!     struct Torch {
//!         input: [1, 2, 2];
//!         up: ConvTranspose2d(1 -> 1, kernel: 2, padding: 1, bias: false);
//!         output: [1, 1, 1];
//!     }
//! }
//!
//! conv_chain! {
//!     struct Flax {
//!         dialect: flax;
//!         input: [2, 2, 1];
//!         up: ConvTranspose2d(1 -> 1, kernel: 2, padding: 0, bias: false);
//!         output: [1, 1, 1];
//!     }
//! }
//!
//! let numbers = vec![0.0, 1.0, 2.0, 3.0];
//! let mut rng = SmallRng::seed_from_u64(0);
//! let mut torch = Torch::init(&mut rng);
//! torch.up.weight.as_mut_slice().copy_from_slice(&numbers);
//! let mut flax = Flax::init(&mut rng);
//! flax.up.weight.as_mut_slice().copy_from_slice(&numbers);
//! let first = Array4::from_shape_vec((1, 1, 2, 2), numbers.clone()).unwrap();
//! let last = Array4::from_shape_vec((1, 2, 2, 1), numbers).unwrap();
//! assert_eq!(torch.forward_batch(first.view()).unwrap().sum(), 4.0);
//! assert_eq!(flax.forward_batch(last.view()).unwrap().sum(), 14.0);
//! ```
//!
//! # `Upsample` compared with PyTorch's
//!
//! `nearest` takes the row that PyTorch takes for `f32`, even at a tie between two rows that rounding decides. If the
//! factor rounds the output down to the input's size or to twice that (4 rows times 1.05), PyTorch takes different rows
//! for small images than for signals, volumes and large images. Here it is always the latter.
//!
//! Linear and cubic modes compute the position between two rows in `f64`. PyTorch uses `f32`, with a rounding error
//! that grows with the size of the axis: below 1e-4 of the distance between rows at 700 rows, and none if the factor is
//! a power of two.

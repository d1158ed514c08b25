//! The same words in different frameworks.
//!
//! A chain speaks one framework's dialect (`dialect: flax;`), torch where it does not say. Names, defaults, the meaning
//! of `padding` and `output_padding`, the axis order of shapes and the layout of weights are then that framework's.
//! Where a word that is right in one is the cause of an error in another, the message says so and gives the word to use.
//!
//! # `Conv`, then `ConvTranspose` with the same numbers
//!
//! In PyTorch `padding` of a transposed convolution crops what the convolution padded: the same numbers lead back.
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
//! In Flax and JAX it pads the dilated input, so that `padding: 0` gives the smallest output there is: 2 rows become
//! `2 - 3 + 1 = 0`.
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
//! What PyTorch calls `padding: p` is `padding: dilation * (kernel - 1) - p` here; `valid` is PyTorch's 0.
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
//! The words lead back as well, an even kernel too:
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
//! `same` with a stride rounds up on the way down and multiplies on the way up: with stride 3, 16 rows become 6 and come
//! back as 18. The message names the layer that lost the size.
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
//! PyTorch, Keras and ONNX stamp the kernel, JAX and Flax slide it over the dilated input unless `transpose_kernel` is
//! set: for the same weight their outputs are those of the kernel turned around. `[[0, 1], [2, 3]]` with itself as kernel,
//! cropped to one element, is 4 in PyTorch and 14 in Flax.
//!
//! With `transpose_kernel`, Flax has a kernel as `[.., out, in]` in files. The `jax` dialect keeps `[out, in, ..]` with it
//! as without; `lax.conv_transpose(.., transpose_kernel=True)` swaps the two axes itself, so that an array which it takes
//! as `OIHW` is `[in, out, ..]`: swap them when a kernel moves between the two.
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
//! The nearest row is the one that PyTorch takes for `f32`, also where a place falls on the edge between two rows and a
//! rounding decides. With a factor that rounds the output down to the input's size or twice that (1.05 of 4 rows),
//! PyTorch takes other rows for small images than for signals, volumes and large images; here it is the latter everywhere.
//!
//! Linear and cubic modes work out their place between two rows in `f64`, PyTorch in `f32`, which is off by a rounding that
//! grows with the axis: unless the factor is a power of two, below 1e-4 of the way from row to row at 700 rows.

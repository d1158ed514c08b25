//! Shapes as types, for code that is generic over sizes.
//!
//! There are four ways to have a compiler check shapes, and they go together.
//!
//! # The macro: sizes that are written down
//!
//! Start here. [`conv_chain!`](crate::conv_chain) reads a whole model. Its messages say which layer is wrong, with the
//! formula, the cause and what to write. It knows every layer and every dialect.
//!
//! ```
//! convshape::conv_chain! {
//!     struct Digits {
//!         input: [1, 28, 28];
//!         enc: Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 1, activation: Relu);
//!         dec: ConvTranspose2d(undo enc);
//!         output: [1, 28, 28];
//!     }
//! }
//! ```
//!
//! # Const generics: one model in a few sizes
//!
//! If the sizes are parameters of the model, or constants of another crate, the same checks run in const evaluation,
//! once for each size that is used: a mistake shows where the model is used with that size.
//!
//! ```
//! convshape::conv_chain! {
//!     struct Ae<const N: usize> {
//!         input: [1, N, N];
//!         enc: Conv2d(1 -> 8, kernel: 4, stride: 2, padding: 1);
//!         dec: ConvTranspose2d(undo enc);
//!         output: [1, N, N];
//!     }
//! }
//!
//! const _: () = Ae::<28>::CHECK;
//! const _: () = Ae::<64>::CHECK;
//! ```
//!
//! # Symbolic sizes: those that only run time knows
//!
//! A model for images of any size is checked for all sizes at once. Its inputs are `ndarray` views, and a size of the
//! wrong form is an error at run time.
//!
//! ```
//! convshape::conv_chain! {
//!     struct AnySize {
//!         for h in 1.., w in 1..;
//!         input: [3, 2*h, 2*w];
//!         down: Conv2d(3 -> 8, kernel: 4, stride: 2, padding: 1) -> [8, h, w];
//!         up: ConvTranspose2d(undo down);
//!         output: [3, 2*h, 2*w];
//!     }
//! }
//! ```
//!
//! # Types: functions that are generic over sizes
//!
//! This module is for libraries: for a function that works for the sizes of its callers but must not be called with
//! sizes that do not fit. Sizes are types of [`typenum`], which stable Rust can calculate with in the types of a
//! signature. A function states what it needs in its `where` clause. Its body is checked where it is written, for all
//! sizes, and the clause where it is called.
//!
//! ```
//! use convshape::rand::{SeedableRng, rngs::SmallRng};
//! use convshape::typed::typenum::{U1, U2, U3, U4, U28};
//! use convshape::typed::{Chw, Conv2d, ConvTranspose2d, Dims, Layer, Out, Restored, Tensor};
//!
//! type Image<H, W> = Tensor<f32, Chw<U1, H, W>>;
//! type Down = Conv2d<U1, U4, U3, U2, U1>;
//! type Up = ConvTranspose2d<U4, U1, U3, U2, U1, U1>;
//!
//! fn round_trip<H, W>(down: &Down, up: &Up, x: &Image<H, W>) -> Image<H, W>
//! where
//!     Chw<U1, H, W>: Dims,
//!     Down: Layer<Image<H, W>>,
//!     Up: Layer<Out<Down, Image<H, W>>, Output: Restored<Image<H, W>>>,
//! {
//!     up.forward(&down.forward(x)).restored()
//! }
//!
//! let rng = &mut SmallRng::seed_from_u64(1);
//! let same: Image<U28, U28> = round_trip(&Down::init(rng), &Up::init(rng), &Tensor::zeros());
//! ```
//!
//! With 27 rows the call is rejected:
//!
//! ```text
//! error[E0277]: `Chw<Decimal<1>, Decimal<28>, Decimal<28>>` does not restore `Chw<Decimal<1>, Decimal<27>, Decimal<27>>`
//! ```
//!
//! For sizes alone, [`ConvOut`], [`ConvTransposeOut`] and [`PoolOut`] are the results, and the traits [`Convolved`],
//! [`ConvTransposed`], [`Pooled`] and [`Restores`] the conditions. For tensors, there is [`Tensor`] with shapes such as
//! [`Chw`]. For layers, there are [`Conv2d`] and others; a tuple of layers is a layer, and so is every chain of the
//! macro whose sizes are literals. They use the same kernels as chains, with PyTorch's meaning and the channel axis
//! first.
//!
//! The compiler's messages about types are long. Their first line has the sizes in decimal; a size of 1024 or more is
//! shown as `Thousands<Decimal<3>, Decimal<136>>`. Compiling takes longer than with the macro, because each calculation
//! is a proof.

mod activation;
mod arithmetic;
mod axes;
mod chain;
mod conv;
mod convert;
mod dense;
mod dims;
mod join;
mod layer;
mod learnt;
mod norm;
mod number;
mod pool;
mod storage;
mod tensor;

pub use self::activation::{
    Exp, Gelu, Hardsigmoid, Hardswish, LeakyRelu, Relu, Relu6, Sigmoid, Silu, Softmax, Softplus, Tanh,
};
pub use self::arithmetic::{
    ChannelsOf, ConvOut, ConvTransposeOut, ConvTransposed, Convolved, InGroups, PoolOut, Pooled, Restores, word,
};
pub use self::axes::On;
pub use self::chain::InputOf;
#[doc(hidden)]
pub use self::chain::run_chain;
pub use self::conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
pub use self::dense::{FeaturesOf, Flatten, Linear, Reshape};
pub use self::dims::{C, Cdhw, Chw, Cl, Dhwc, Dims, Hwc, Lc, Reshapes, RestoresShape};
pub use self::join::{Channels, ChannelsReplaced, WithChannels};
pub use self::layer::{Layer, Out, forward};
pub use self::norm::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm};
pub use self::number::{Decimal, Shown, Thousands};
pub use self::pool::{
    AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, AvgPool3d, GlobalAvgPool, MaxPool1d, MaxPool2d, MaxPool3d, Spatial,
    UpsampleNearest2d,
};
pub use self::storage::{Boxed, FitsInline, Holds, Inline, Storage};
pub use self::tensor::{Joined, Restored, Split, Tensor};
pub use {generic_array, typenum};

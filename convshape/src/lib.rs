//! Convolutional models whose shapes are checked while they compile.
//!
//! The sizes in a convolutional model follow from each other by simple arithmetic that is easy to get wrong: a stride
//! rounds down, and 28 rows that became 12 come back as 27. In most frameworks you find out when the program runs,
//! often far from the mistake. [`conv_chain!`] does the arithmetic while the program compiles. If something does not
//! fit, the error shows the numbers, the cause and a fix. A program that compiles can run with PyTorch's weights and
//! gives PyTorch's results.
//!
//! ```
//! convshape::conv_chain! {
//!     struct Autoencoder {
//!         input: [1, 28, 28];
//!         enc: Conv2d(1 -> 16, kernel: 5, stride: 2, activation: Relu) -> [16, 12, 12];
//!         dec: ConvTranspose2d(undo enc, activation: Sigmoid);
//!         output: [1, 28, 28];
//!     }
//! }
//! ```
#![doc = include_str!("docs/picture.html")]
//!
//! | to | see |
//! |---|---|
//! | look up a word, a layer, a default, a formula | [`conv_chain!`], the reference |
//! | understand an error | [`errors`], a page for each code |
//! | port a model and its weights | [`dialects`], [Weights](#weights), and the book's chapter [Porting a model][porting] |
//! | train | the module `train`, and the book's chapter [Training][training] |
//! | know where it runs | [Running](#running), [Devices](#devices), and the book's chapter [Where it runs][running] |
//!
//! [porting]: https://github.com/convshape/convshape/blob/main/convshape/book/src/porting.md
//! [training]: https://github.com/convshape/convshape/blob/main/convshape/book/src/training.md
//! [running]: https://github.com/convshape/convshape/blob/main/convshape/book/src/running.md
//!
//! # Errors
//!
//! A chain that does not fit is a compile error on the word that has to change. The message begins with a code, the
//! layer and what is wrong; then come the formula with its numbers, the cause if it is upstream, and what to write:
//!
//! ```compile_fail
//! convshape::conv_chain! {
//!     struct Autoencoder {
//!         input: [1, 28, 28];
//!         enc: Conv2d(1 -> 16, kernel: 5, stride: 2) -> [16, 12, 12];
//!         dec: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2) restores enc;
//!         output: [1, 28, 28];
//!     }
//! }
//! ```
//!
//! ```text
//! error: [CS0201] `dec` does not restore `enc`: it gives [1, 27, 27], `enc` took [1, 28, 28]
//!        height: (12 - 1) * 2 - 2 * 0 + 1 * (5 - 1) + 0 + 1 = 27
//!        note: with stride 2, heights 27 and 28 both become 12 in `enc`
//!        help: in `dec`, set `output_padding: 1`
//!        help: in `dec`, set `kernel: 6`
//!        help: write `[1, 27, 27]` in `input` and `[1, 27, 27]` in `output`
//!  --> src/main.rs:5:14
//!   |
//! 5 |         dec: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2) restores enc;
//!   |              ^^^^^^^^^^^^^^^
//! ```
//!
//! What a compiler cannot see is an error value at run time: [`ShapeError`] for arrays, [`LoadError`] and [`SaveError`]
//! for files.
//!
//! # Running
//!
//! The macro generates a struct with a public field for each layer that has parameters, and these methods:
//!
//! - `init(&mut rng)` initialises the parameters as PyTorch does;
//! - `forward(&x)` runs one sample, from [`Tensor`] to [`Tensor`]; their types hold the shapes ([`Chw`], [`Cl`], [`C`], ..);
//! - `forward_batch(x)` runs an [`ndarray`] view with any strides and the batch axis first;
//! - `summary()` is a table of layers, outputs, parameters and multiply-accumulates, see [`Summary`].
//!
//! Debug builds run models very slowly unless the program's manifest optimises the library:
//!
//! ```toml
//! [profile.dev.package.convshape]
//! opt-level = 3
//! ```
//!
//! Several inputs or outputs are tuples. The constants of [`Chain`] give the shapes without running anything. To write
//! code for any model, use the trait [`Model`].
//!
//! ```
//! use convshape::rand::{SeedableRng, rngs::SmallRng};
//! use convshape::{Chain, Chw, Shape, Tensor, conv_chain};
//!
//! conv_chain! {
//!     struct Double {
//!         input: [3, 8, 8];
//!         up: ConvTranspose2d(3 -> 1, kernel: 4, stride: 2, padding: 1);
//!         output: [1, 16, 16];
//!     }
//! }
//!
//! assert_eq!(Double::OUTPUT, Shape::of(&[1, 16, 16]));
//! let model = Double::init(&mut SmallRng::seed_from_u64(1));
//! let image: Tensor<f32, Chw<3, 8, 8>> = Tensor::zeros();
//! let larger: Tensor<f32, Chw<1, 16, 16>> = model.forward(&image);
//! assert_eq!(larger.view()[[0, 3, 3]], model.up.bias.as_slice()[0]);
//! ```
//!
//! Layers are computed in `f32`, with the best vector instructions of the processor. Convolutions with many channels use
//! Winograd's algorithm, which needs fewer multiplications than the definition. Its rounding errors are two to four times
//! as large, and an infinite or NaN input also affects outputs next to those that read it. With the feature `rayon`, long
//! runs use several threads: inside a rayon pool those of the pool, elsewhere the library's own, which stay awake for a
//! moment after each run. There are as many as the processor has hardware threads, or fewer if the environment variable
//! `RAYON_NUM_THREADS` says so. The global pool of rayon is never started. Results do not depend on the number of threads.
//!
//! # Weights
//!
//! `load(path)`, `load_with(path, rename)` and `load_bytes(bytes)` read safetensors files, as Python writes them with
//! `safetensors.torch.save_file(model.state_dict(), path)`; `save(path)` writes them. A tensor is called `NAME.weight`,
//! `NAME.bias`, `NAME.running_mean` or `NAME.running_var`, where NAME is the layer's name or what `#[name = ".."]`
//! says. Everything is checked before any tensor is loaded.
//!
//! With the header `weights: "models/autoencoder.safetensors";` in a chain, the macro reads the file's header at
//! compile time, and again when the file changes. A tensor that is missing or has the wrong type or shape is a compile
//! error on its layer. `pretrained()` then returns the model with those weights. They are part of the program, and are
//! used in place if they are `f32`. It needs no file and no feature, and cannot fail. The path is relative to the
//! crate's `Cargo.toml`.
//!
//! # Devices
//!
//! Without its features the crate needs neither the standard library nor a heap. A chain without symbolic sizes then
//! runs in an array provided by the caller, reads and writes nested arrays, and borrows its weights from the program:
//! those of `pretrained()`, or one array with all elements of the model. An array that is too small does not compile.
//!
//! ```
//! use convshape::{Model, conv_chain};
//!
//! conv_chain! {
//!     struct Edges {
//!         input: [1, 4, 4];
//!         edge: Conv2d(1 -> 1, kernel: 2, bias: false, activation: Relu);
//!         output: [1, 3, 3];
//!     }
//! }
//!
//! static WEIGHTS: [f32; 4] = [1.0, -1.0, 1.0, -1.0];
//!
//! let model = Edges::from_static(&WEIGHTS)?;
//! let image = [[[1.0, 1.0, 0.0, 0.0]; 4]];
//! let mut edges = [[[0.0; 3]; 3]];
//! let mut memory = [0.0; Edges::WORKSPACE_BYTES / 4];
//! model.forward_into(&image, &mut edges, &mut memory);
//! assert_eq!(edges, [[[0.0, 2.0, 0.0]; 3]]);
//! # Ok::<(), convshape::ShapeError>(())
//! ```
//!
//! Values that are not needed at the same time share memory. Convolutions run row by row in `f32`, other layers use the
//! reference implementation; vector instructions need `std`.
//!
//! # Features
//!
//! The first six are on by default.
//!
//! - `std`: detects the processor's vector instructions at run time and uses them. Implies `alloc`.
//! - `alloc`: models and tensors on the heap: `init`, `forward`, `summary`.
//! - `ndarray`: batches as [`ndarray`] arrays: `forward_batch`, `view()`. Implies `alloc`.
//! - `safetensors`: the methods that read and write files. Implies `std`, as do the next two.
//! - `train`: gradients, losses, optimisers and the training loop.
//! - `rayon`: several threads for large enough work.
//! - `image`: folders of PNG and JPEG files as data. Implies `train`, as does the next one.
//! - `plot`: training curves as pictures.
//! - `serde`: serialises summaries, layers and histories. Implies `alloc`.
//! - `typed`: the module `typed`, with shapes as types of `typenum`, for code that is generic over sizes. Implies
//!   `alloc`.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod cpu;
mod docs;
#[cfg(feature = "alloc")]
pub mod graph;
mod methods;
mod model;
mod reference;
#[cfg(feature = "train")]
pub mod train;
#[cfg(feature = "typed")]
pub mod typed;
#[cfg(any(feature = "safetensors", feature = "train"))]
mod weights;

/// The snippets of the README and the book, compiled and run.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../book/src/start.md")]
    struct Start;
    #[doc = include_str!("../book/src/language.md")]
    struct Language;
    #[doc = include_str!("../book/src/messages.md")]
    struct Messages;
    #[doc = include_str!("../book/src/porting.md")]
    struct Porting;
    #[doc = include_str!("../book/src/onnx.md")]
    struct Onnx;
    #[doc = include_str!("../book/src/training.md")]
    struct Training;
    #[doc = include_str!("../book/src/running.md")]
    struct Running;
    #[doc = include_str!("../book/src/speed.md")]
    struct Speed;
}

pub use convshape_arith::padding;
pub use convshape_arith::shape::Shape;
#[cfg(feature = "ndarray")]
pub use ndarray;
pub use rand;

pub use crate::docs::{dialects, errors, layers};
#[doc(hidden)]
pub use crate::methods::check;
#[cfg(all(feature = "std", feature = "ndarray"))]
pub use crate::methods::graph_model::{GraphModel, RunError};
pub use crate::methods::model::Model;
#[cfg(all(feature = "std", feature = "ndarray"))]
pub use crate::methods::profile::{Profile, ProfileRow};
#[cfg(feature = "alloc")]
pub use crate::methods::summary::Summary;
pub use crate::model::chain::{Chain, LayerInfo};
#[cfg(feature = "alloc")]
pub use crate::model::custom::{Backward, CustomLayer, CustomParam, CustomParams, Forward, Shapes};
pub use crate::model::error::ShapeError;
pub use crate::model::param::{
    Bias, Normalisation, Param, SeparableWeights, SeparableWeightsBias, Statistics, Turns, Weight, WeightBias,
};
pub use crate::model::shapes::{C, Cdhw, Chw, Cl, Dhwc, Dims5, Dims6, Hwc, Index, Input, Lc, Output, TensorShape};
pub use crate::model::tensor::{Element, Tensor};
pub use crate::model::workspace::Memory;
#[cfg(feature = "alloc")]
pub use crate::model::workspace::Workspace;
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use crate::reference::constants::Constants;
#[doc(hidden)]
pub use crate::reference::kernels;
#[cfg(feature = "safetensors")]
pub use crate::weights::{Hint, LoadError, SaveError, TensorProblem};

/// Items that generated code uses. They are not part of the public interface.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "std")]
    pub use crate::cpu::peak_flops;
    #[cfg(feature = "ndarray")]
    pub use crate::methods::batch::{Inputs, Outputs, forward_batch};
    pub use crate::methods::check;
    pub use crate::methods::columns::{Layers, Steps};
    #[cfg(feature = "alloc")]
    pub use crate::methods::forward::forward;
    pub use crate::methods::forward::forward_into;
    #[cfg(feature = "train")]
    pub use crate::methods::gradient::{gradients, gradients_train, vjp};
    #[cfg(feature = "alloc")]
    pub use crate::methods::init::init;
    pub use crate::methods::pretrained::{Aligned, Stored, check_plain, pretrained};
    #[cfg(feature = "alloc")]
    pub use crate::methods::summary::summary;
    pub use crate::model::cache::Cache;
    #[cfg(feature = "alloc")]
    pub use crate::model::custom::custom_type;
    pub use crate::model::float::Float;
    pub use crate::model::param::{Assembly, ParamGroup};
    pub use crate::model::parts::{Parts, debug, from_static};
    pub use crate::model::ports::{InputSlices, OutputSlices};
    pub use crate::model::shapes::{Ends, Rank1, Rank2, Rank3, Rank4, Rank5, Rank6};
    pub use crate::model::slot::Slot;
    pub use crate::reference::layout::{laid_out, slots};
    #[cfg(feature = "train")]
    pub use crate::train::dataset;
    #[cfg(feature = "safetensors")]
    pub use crate::weights::{load, load_bytes, load_with, save};
    pub use convshape_arith as arith;
    pub use convshape_arith::program::{Action, HasProgram, Program, ProgramPort};
    pub use convshape_macros::conv_chain;
    pub use core;
    pub use core::primitive::str;
    #[cfg(feature = "safetensors")]
    pub use {alloc::string::String, std::path::Path};
}

/// Declares a model whose shapes are checked at compile time. This page is the reference of the language.
///
/// See also: [`layers`] has each layer's fields in each dialect, [`errors`] a page for each error code, [`dialects`]
/// what the same words mean in different frameworks, [`Chain`] and [`Model`] what every model has.
#[doc = include_str!("docs/reference.md")]
#[doc = include_str!("docs/layers.md")]
#[macro_export]
macro_rules! conv_chain {
    ($($chain:tt)*) => {
        // The generated code refers to the library by this path, whatever name the user's crate gives it.
        $crate::__private::conv_chain! { [$crate] $($chain)* }
    };
}

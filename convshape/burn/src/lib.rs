//! Checked convolutional chains as [burn](https://burn.dev) modules: on a GPU or any other of its devices, with its
//! autodiff, optimisers and training loops.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use convshape::rand::{SeedableRng, rngs::SmallRng};
//! use convshape_burn::BurnModel;
//!
//! convshape::conv_chain! {
//!     struct Autoencoder {
//!         input: [1, 28, 28];
//!         enc: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
//!         dec: ConvTranspose2d(undo enc, activation: Sigmoid);
//!         output: [1, 28, 28];
//!     }
//! }
//!
//! let device = Device::flex().autodiff();
//! let model = Autoencoder::init(&mut SmallRng::seed_from_u64(1));
//! let net = BurnModel::from_model(&model, &device)?;
//! let images = Tensor::<4>::ones([8, 1, 28, 28], &device);
//! let found: Tensor<4> = net.forward(images.clone())?;
//! let gradients = (found - images).square().mean().backward();
//! # drop(gradients);
//! let model: Autoencoder = net.into_model()?;
//! # drop(model);
//! # Ok::<(), convshape_burn::BurnError>(())
//! ```
//!
//! The layers come from [`convshape::graph`], so that shapes and the meaning of a dialect's fields are those that the
//! compiler checked. What burn lacks or does differently is expressed with other operations.

mod device;
mod error;
mod graph;
mod lower;
mod model;
mod param;
mod ports;

pub use crate::device::device;
pub use crate::error::BurnError;
pub use crate::graph::BurnGraph;
pub use crate::model::BurnModel;
pub use crate::ports::{AnyTensor, Ports};

//! Shapes as types.

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
mod number;
mod norm;
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
pub use self::number::{Shown, Size, Thousands};
pub use self::norm::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm};
pub use self::pool::{
    AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, GlobalAvgPool, MaxPool1d, MaxPool2d, Spatial, UpsampleNearest2d,
};
pub use self::storage::{Boxed, FitsInline, Holds, Inline, Storage};
pub use self::tensor::{Restored, Tensor};
pub use {generic_array, typenum};

//! Normalisation. `eps` is PyTorch's default, 1e-5.

use core::fmt;
use core::marker::PhantomData;

use convshape_arith::op::{Dialect, Op};
use rand::Rng;
use typenum::Unsigned;

use super::arithmetic::{ChannelsOf, InGroups};
use super::dims::{Dims, RestoresShape};
use super::layer::{Layer, Out};
use super::learnt::{Learnt, Operation, layer_with_params, run_learnt};
use super::number::{Shown, Text};
use super::pool::Spatial;
use super::storage::Holds;
use super::tensor::Tensor;
use crate::model::error::ShapeError;
use crate::model::param::Param;

const EPS: f64 = 1e-5;

layer_with_params! {
    /// Normalises each of `N` channels with running statistics.
    BatchNorm<N> where N: Unsigned =>
    Op::BatchNorm { dialect: Dialect::Torch, channels: Some(N::I64), eps: EPS, affine: true, momentum: 0.1 }
}

layer_with_params! {
    /// Normalises `N` channels in `G` groups.
    GroupNorm<N, G> where N: Unsigned, G: Unsigned =>
    Op::GroupNorm { dialect: Dialect::Torch, channels: Some(N::I64), groups: G::I64, eps: EPS }
}

layer_with_params! {
    /// Normalises each of `N` channels with its own statistics, with a weight and a bias per channel.
    InstanceNorm<N> where N: Unsigned =>
    Op::InstanceNorm { dialect: Dialect::Torch, channels: Some(N::I64), eps: EPS, affine: true }
}

layer_with_params! {
    /// Normalises over all axes of the shape `S`, with a weight and a bias per element.
    LayerNorm<S> where S: Dims =>
    Op::LayerNorm { dialect: Dialect::Torch, size: Some(S::SHAPE), eps: EPS }
}

macro_rules! keeps_shape {
    ($($name:ident<$($arg:ident),+> where { $($bounds:tt)+ })+) => {$(
        impl<$($arg,)+ S: Dims, B: Holds<S::Elements>> Layer<Tensor<f32, S, B>> for $name<$($arg),+>
        where
            $($bounds)+
        {
            type Output = Tensor<f32, S, B>;

            fn run(&self, x: &Tensor<f32, S, B>) -> Tensor<f32, S, B> {
                run_learnt::<Self, _, _, _>(&self.learnt, x)
            }
        }
    )+};
}

keeps_shape! {
    BatchNorm<N> where { N: Unsigned + Shown, S::Channels: ChannelsOf<N, BatchNorm<Text<N>>> }
    GroupNorm<N, G> where {
        N: Unsigned + Shown, G: Unsigned + Shown, S::Channels: ChannelsOf<N, GroupNorm<Text<N>, Text<G>>> + InGroups<N, G>
    }
    InstanceNorm<N> where { N: Unsigned + Shown, S: Spatial, S::Channels: ChannelsOf<N, InstanceNorm<Text<N>>> }
    LayerNorm<Of> where { Of: Dims, S: RestoresShape<Of> }
}

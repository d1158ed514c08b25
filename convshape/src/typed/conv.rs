//! Convolutions in both directions.

use core::fmt;
use core::marker::PhantomData;

use convshape_arith::op::{Conv, Dialect, Direction, Op, Padding};
use rand::Rng;
use typenum::{U0, U1, Unsigned};

use super::arithmetic::word::{Depth, Height, Length, Width};
use super::arithmetic::{ChannelsOf, ConvOut, ConvTransposeOut, ConvTransposed, Convolved, InGroups};
use super::axes::{At, Numbers, On};
use super::dims::{Cdhw, Chw, Cl, Dims};
use super::layer::{Layer, Out};
use super::learnt::{Learnt, Operation, layer_with_params, run_learnt};
use super::number::{Shown, Text};
use super::storage::Holds;
use super::tensor::Tensor;
use crate::model::error::ShapeError;
use crate::model::param::Param;

/// The common part of all convolutions, and the fields of each axis.
const fn conv(direction: Direction, rank: usize, channels: (i64, i64), groups: i64, bias: bool) -> Conv {
    let conv = Conv::new(Dialect::Torch, direction, rank);
    Conv { inputs: Some(channels.0), outputs: channels.1, groups, bias, ..conv }
}

macro_rules! convolutions {
    ($($(#[$doc:meta])* $name:ident $rank:literal $dims:ident<$($size:ident $axis:ident),+>;)+) => {$(
        layer_with_params! {
            $(#[$doc])*
            ///
            /// `I` and `O` are the numbers of channels, `K`, `S`, `P`, `D` the kernel, stride, padding
            /// and dilation: one size for all axes or a tuple, as `(U3, U5)`; `G` is the number of
            /// groups. The weight is `[O, I / G, taps..]`.
            $name<I, O, K, S = U1, P = U0, D = U1, G = U1; const BIAS = true>
            where I: Unsigned, O: Unsigned, G: Unsigned,
                K: Numbers<$rank>, S: Numbers<$rank>, P: Numbers<$rank>, D: Numbers<$rank> =>
            Op::Conv(Conv {
                kernel: K::EACH,
                stride: S::EACH,
                dilation: D::EACH,
                padding: Padding::Symmetric(P::EACH),
                ..conv(Direction::Forward, $rank, (I::I64, O::I64), G::I64, BIAS)
            })
        }

        impl<I, O, K, S, P, D, G, N, $($size,)+ B, const BIAS: bool> Layer<Tensor<f32, $dims<N, $($size),+>, B>>
            for $name<I, O, K, S, P, D, G, BIAS>
        where
            N: ChannelsOf<I, $name<Text<I>, Text<O>, Text<K>>> + InGroups<O, G>,
            I: Unsigned + Shown,
            O: Unsigned + Shown,
            G: Unsigned,
            K: Numbers<$rank> + Shown $(+ On<$axis>)+,
            S: Numbers<$rank> $(+ On<$axis>)+,
            P: Numbers<$rank> $(+ On<$axis>)+,
            D: Numbers<$rank> $(+ On<$axis>)+,
            $($size: Convolved<At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>>,)+
            $dims<N, $($size),+>: Dims,
            $dims<O, $(ConvOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>>),+>: Dims,
            B: Holds<<$dims<N, $($size),+> as Dims>::Elements>
                + Holds<<$dims<O, $(ConvOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>>),+>
                    as Dims>::Elements>,
        {
            type Output = Tensor<
                f32,
                $dims<O, $(ConvOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>>),+>,
                B,
            >;

            fn run(&self, x: &Tensor<f32, $dims<N, $($size),+>, B>) -> Self::Output {
                run_learnt::<Self, _, _, _>(&self.learnt, x)
            }
        }
    )+};
}

macro_rules! transposed {
    ($($(#[$doc:meta])* $name:ident $rank:literal $dims:ident<$($size:ident $axis:ident),+>;)+) => {$(
        layer_with_params! {
            $(#[$doc])*
            ///
            /// The arguments are those of the convolution, and `OP` is the output padding. The weight is
            /// `[I, O / G, taps..]`.
            $name<I, O, K, S = U1, P = U0, OP = U0, D = U1, G = U1; const BIAS = true>
            where I: Unsigned, O: Unsigned, G: Unsigned,
                K: Numbers<$rank>, S: Numbers<$rank>, P: Numbers<$rank>, OP: Numbers<$rank>, D: Numbers<$rank> =>
            Op::Conv(Conv {
                kernel: K::EACH,
                stride: S::EACH,
                dilation: D::EACH,
                padding: Padding::Symmetric(P::EACH),
                output_padding: Some(OP::EACH),
                ..conv(Direction::Transposed, $rank, (I::I64, O::I64), G::I64, BIAS)
            })
        }

        impl<I, O, K, S, P, OP, D, G, N, $($size,)+ B, const BIAS: bool> Layer<Tensor<f32, $dims<N, $($size),+>, B>>
            for $name<I, O, K, S, P, OP, D, G, BIAS>
        where
            N: ChannelsOf<I, $name<Text<I>, Text<O>, Text<K>>> + InGroups<O, G>,
            I: Unsigned + Shown,
            O: Unsigned + Shown,
            G: Unsigned,
            K: Numbers<$rank> + Shown $(+ On<$axis>)+,
            S: Numbers<$rank> $(+ On<$axis>)+,
            P: Numbers<$rank> $(+ On<$axis>)+,
            OP: Numbers<$rank> $(+ On<$axis>)+,
            D: Numbers<$rank> $(+ On<$axis>)+,
            $($size: ConvTransposed<At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>, At<OP, $axis>>,)+
            $dims<N, $($size),+>: Dims,
            $dims<O, $(
                ConvTransposeOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>, At<OP, $axis>>
            ),+>: Dims,
            B: Holds<<$dims<N, $($size),+> as Dims>::Elements>
                + Holds<<$dims<O, $(
                    ConvTransposeOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>, At<OP, $axis>>
                ),+> as Dims>::Elements>,
        {
            type Output = Tensor<
                f32,
                $dims<O, $(
                    ConvTransposeOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>, At<OP, $axis>>
                ),+>,
                B,
            >;

            fn run(&self, x: &Tensor<f32, $dims<N, $($size),+>, B>) -> Self::Output {
                run_learnt::<Self, _, _, _>(&self.learnt, x)
            }
        }
    )+};
}

convolutions! {
    /// A convolution over `[channels, length]`.
    Conv1d 1 Cl<L Length>;
    /// A convolution over `[channels, height, width]`.
    Conv2d 2 Chw<H Height, W Width>;
    /// A convolution over `[channels, depth, height, width]`.
    Conv3d 3 Cdhw<Z Depth, H Height, W Width>;
}

transposed! {
    /// A transposed convolution over `[channels, length]`.
    ConvTranspose1d 1 Cl<L Length>;
    /// A transposed convolution over `[channels, height, width]`.
    ConvTranspose2d 2 Chw<H Height, W Width>;
    /// A transposed convolution over `[channels, depth, height, width]`.
    ConvTranspose3d 3 Cdhw<Z Depth, H Height, W Width>;
}

//! Pooling and resizing.

use core::marker::PhantomData;
use core::ops::Mul;

use convshape_arith::op::{Dialect, Interpolation, Op, Padding, Pool, PoolKind, ResizeTo, Upsample};
use typenum::{Prod, U0, U1, Unsigned};

use super::arithmetic::word::{Depth, Factor, Height, Length, Width};
use super::arithmetic::{AtLeastOne, PoolOut, Pooled};
use super::axes::{At, Numbers, On};
use super::dims::{C, Cdhw, Chw, Cl, Dims};
use super::layer::{Layer, run_op};
use super::storage::Holds;
use super::tensor::Tensor;

macro_rules! pools {
    ($($(#[$doc:meta])* $name:ident $kind:ident $rank:literal $dims:ident<$($size:ident $axis:ident),+>;)+) => {$(
        $(#[$doc])*
        ///
        /// `K`, `S`, `P`, `D` are the window, its stride, padding and dilation: one size for all axes or a tuple.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name<K, S = K, P = U0, D = U1>(PhantomData<fn() -> (K, S, P, D)>);

        impl<K, S, P, D> Default for $name<K, S, P, D> {
            fn default() -> Self {
                Self(PhantomData)
            }
        }

        impl<K, S, P, D, N, $($size,)+ B> Layer<Tensor<f32, $dims<N, $($size),+>, B>> for $name<K, S, P, D>
        where
            K: Numbers<$rank> $(+ On<$axis>)+,
            S: Numbers<$rank> $(+ On<$axis>)+,
            P: Numbers<$rank> $(+ On<$axis>)+,
            D: Numbers<$rank> $(+ On<$axis>)+,
            $($size: Pooled<At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>>,)+
            $dims<N, $($size),+>: Dims,
            $dims<N, $(PoolOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>>),+>: Dims,
            B: Holds<<$dims<N, $($size),+> as Dims>::Elements>
                + Holds<<$dims<N, $(PoolOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>>),+>
                    as Dims>::Elements>,
        {
            type Output = Tensor<
                f32,
                $dims<N, $(PoolOut<$size, At<K, $axis>, At<S, $axis>, At<P, $axis>, At<D, $axis>>),+>,
                B,
            >;

            fn run(&self, x: &Tensor<f32, $dims<N, $($size),+>, B>) -> Self::Output {
                let pool = Pool {
                    kernel: K::EACH,
                    stride: S::EACH,
                    dilation: D::EACH,
                    padding: Padding::Symmetric(P::EACH),
                    ..Pool::new(Dialect::Torch, PoolKind::$kind, $rank)
                };
                run_op(&Op::Pool(pool), x)
            }
        }
    )+};
}

pools! {
    /// The largest value of each window over `[channels, length]`.
    MaxPool1d Max 1 Cl<L Length>;
    /// The largest value of each window over `[channels, height, width]`.
    MaxPool2d Max 2 Chw<H Height, W Width>;
    /// The largest value of each window over `[channels, depth, height, width]`.
    MaxPool3d Max 3 Cdhw<Z Depth, H Height, W Width>;
    /// The mean of each window over `[channels, length]`; padded elements count.
    AvgPool1d Avg 1 Cl<L Length>;
    /// The mean of each window over `[channels, height, width]`; padded elements count.
    AvgPool2d Avg 2 Chw<H Height, W Width>;
    /// The mean of each window over `[channels, depth, height, width]`; padded elements count.
    AvgPool3d Avg 3 Cdhw<Z Depth, H Height, W Width>;
}

/// Pools `[channels, height, width]` to `H` by `W`, each element the mean of its share of the input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdaptiveAvgPool2d<H, W = H>(PhantomData<fn() -> (H, W)>);

impl<H, W> Default for AdaptiveAvgPool2d<H, W> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<H, W, N, FromH, FromW, B> Layer<Tensor<f32, Chw<N, FromH, FromW>, B>> for AdaptiveAvgPool2d<H, W>
where
    H: Unsigned + AtLeastOne<Height>,
    W: Unsigned + AtLeastOne<Width>,
    Chw<N, FromH, FromW>: Dims,
    Chw<N, H, W>: Dims,
    B: Holds<<Chw<N, FromH, FromW> as Dims>::Elements> + Holds<<Chw<N, H, W> as Dims>::Elements>,
{
    type Output = Tensor<f32, Chw<N, H, W>, B>;

    fn run(&self, x: &Tensor<f32, Chw<N, FromH, FromW>, B>) -> Self::Output {
        run_op(&Op::AdaptivePool { kind: PoolKind::Avg, rank: 2, size: [H::I64, W::I64, 1] }, x)
    }
}

/// The mean of each channel over space: `[channels]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalAvgPool;

impl<S, B> Layer<Tensor<f32, S, B>> for GlobalAvgPool
where
    S: Dims + Spatial,
    C<S::Channels>: Dims,
    B: Holds<S::Elements> + Holds<<C<S::Channels> as Dims>::Elements>,
{
    type Output = Tensor<f32, C<S::Channels>, B>;

    fn run(&self, x: &Tensor<f32, S, B>) -> Self::Output {
        run_op(&Op::GlobalPool { kind: PoolKind::Avg, keep_axes: false }, x)
    }
}

/// A shape with spatial axes in addition to its channels.
#[diagnostic::on_unimplemented(
    message = "this layer works over space, but the input has channels only",
    label = "an input with spatial axes is wanted here"
)]
pub trait Spatial {}

impl<N, L> Spatial for Cl<N, L> {}
impl<N, H, W> Spatial for Chw<N, H, W> {}
impl<N, D, H, W> Spatial for Cdhw<N, D, H, W> {}

/// Repeats each row and column `By` times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UpsampleNearest2d<By>(PhantomData<fn() -> By>);

impl<By> Default for UpsampleNearest2d<By> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<By, N, H: Mul<By>, W: Mul<By>, B> Layer<Tensor<f32, Chw<N, H, W>, B>> for UpsampleNearest2d<By>
where
    By: Unsigned + AtLeastOne<Factor>,
    Chw<N, H, W>: Dims,
    Chw<N, Prod<H, By>, Prod<W, By>>: Dims,
    B: Holds<<Chw<N, H, W> as Dims>::Elements> + Holds<<Chw<N, Prod<H, By>, Prod<W, By>> as Dims>::Elements>,
{
    type Output = Tensor<f32, Chw<N, Prod<H, By>, Prod<W, By>>, B>;

    fn run(&self, x: &Tensor<f32, Chw<N, H, W>, B>) -> Self::Output {
        let to = ResizeTo::Scale([f64::from(By::U32); 3]);
        run_op(&Op::Upsample(Upsample { rank: None, to, mode: Interpolation::Nearest, align_corners: None }), x)
    }
}

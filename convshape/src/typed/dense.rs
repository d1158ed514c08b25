//! Dense layers, and layers that only change the shape.

use core::fmt;
use core::marker::PhantomData;

use convshape_arith::op::{Dialect, Op};
use rand::Rng;
use typenum::{B1, Eq, IsEqual, Unsigned};

use super::dims::{C, Cl, Dims, Reshapes};
use super::layer::{Layer, Out};
use super::learnt::{Learnt, Operation, layer_with_params, run_learnt};
use super::number::{Shown, Text};
use super::storage::Holds;
use super::tensor::Tensor;
use crate::model::error::ShapeError;
use crate::model::param::Param;

layer_with_params! {
    /// A matrix over the last axis, from `I` to `O` features. The weight is `[O, I]`.
    Linear<I, O; const BIAS = true> where I: Unsigned, O: Unsigned =>
    Op::Linear { dialect: Dialect::Torch, inputs: Some(I::I64), outputs: O::I64, bias: BIAS }
}

/// A number of features accepted by `Layer`, which is made for `Expected` features.
pub trait FeaturesOf<Expected, Layer> {}

impl<N, Expected, Layer> FeaturesOf<Expected, Layer> for N
where
    N: IsEqual<Expected> + Shown,
    Expected: Shown,
    Eq<N, Expected>: TakesFeatures<Layer, Text<N>, Text<Expected>>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Layer}` takes `{Expected}` features, but its input has `{Found}`",
    label = "the input has `{Found}` features, `{Expected}` are wanted"
)]
pub trait TakesFeatures<Layer, Found, Expected> {}

#[diagnostic::do_not_recommend]
impl<Layer, Found, Expected> TakesFeatures<Layer, Found, Expected> for B1 {}

macro_rules! linear {
    ($($dims:ident<$($before:ident)?>)+) => {$(
        impl<I, O, N, $($before,)? B, const BIAS: bool> Layer<Tensor<f32, $dims<$($before,)? N>, B>> for Linear<I, O, BIAS>
        where
            N: FeaturesOf<I, Linear<Text<I>, Text<O>>>,
            I: Unsigned + Shown,
            O: Unsigned + Shown,
            $dims<$($before,)? N>: Dims,
            $dims<$($before,)? O>: Dims,
            B: Holds<<$dims<$($before,)? N> as Dims>::Elements> + Holds<<$dims<$($before,)? O> as Dims>::Elements>,
        {
            type Output = Tensor<f32, $dims<$($before,)? O>, B>;

            fn run(&self, x: &Tensor<f32, $dims<$($before,)? N>, B>) -> Self::Output {
                run_learnt::<Self, _, _, _>(&self.learnt, x)
            }
        }
    )+};
}

linear! {
    C<>
    Cl<Rows>
}

/// Flattens all axes into one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flatten;

impl<S: Dims, B: Holds<S::Elements>> Layer<Tensor<f32, S, B>> for Flatten {
    type Output = Tensor<f32, C<S::Elements>, B>;

    fn run(&self, x: &Tensor<f32, S, B>) -> Self::Output {
        x.clone().flatten()
    }
}

/// The same elements in the shape `To`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reshape<To>(PhantomData<fn() -> To>);

impl<To> Default for Reshape<To> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S: Reshapes<To> + Dims, To: Dims, B> Layer<Tensor<f32, S, B>> for Reshape<To>
where
    B: Holds<S::Elements> + Holds<To::Elements>,
{
    type Output = Tensor<f32, To, B>;

    fn run(&self, x: &Tensor<f32, S, B>) -> Self::Output {
        x.clone().reshape()
    }
}

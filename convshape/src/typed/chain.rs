//! Literal chains as layers.

use typenum::B1;

use super::dims::{Compared, Dims};
use super::number::{Shown, Text};
use super::storage::Holds;
use super::tensor::Tensor;
use crate::shapes::TensorShape;

/// A shape that a chain, which is for `Expected`, takes.
pub trait InputOf<Expected, Chain> {}

impl<S, Expected, Chain> InputOf<Expected, Chain> for S
where
    S: Shown + Compared<Expected>,
    Expected: Shown,
    S::Equal: TakesInput<Chain, Text<S>, Text<Expected>>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Chain}` takes `{Expected}`, but `{Found}` comes in",
    label = "`{Found}` comes in, `{Expected}` is wanted"
)]
pub trait TakesInput<Chain, Found, Expected> {}

#[diagnostic::do_not_recommend]
impl<Chain, Found, Expected> TakesInput<Chain, Found, Expected> for B1 {}

const SAME: &str = "the macro writes the same shape in both ways";

/// Runs a chain whose input and output are `From` and `To` in types.
#[doc(hidden)]
pub fn run_chain<S, To, B, From: TensorShape, Into: TensorShape>(
    x: &Tensor<f32, S, B>,
    forward: impl FnOnce(&crate::Tensor<f32, From>) -> crate::Tensor<f32, Into>,
) -> Tensor<f32, To, B>
where
    S: Dims,
    To: Dims,
    B: Holds<S::Elements> + Holds<To::Elements>,
{
    let y = forward(&crate::Tensor::from_slice(x.as_slice()).expect(SAME));
    Tensor::from_slice(y.as_slice()).expect(SAME)
}

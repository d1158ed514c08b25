//! Literal chains as layers.

use typenum::B1;

use super::dims::{Compared, Dims};
use super::number::{Shown, Text};
use super::storage::Holds;
use super::tensor::Tensor;
use crate::methods::forward::forward_slices;
use crate::model::parts::Parts;

/// A shape accepted by a chain, which is made for `Expected`.
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
    message = "`{Chain}` takes `{Expected}`, but is given `{Found}`",
    label = "the input is `{Found}`, `{Expected}` is wanted"
)]
pub trait TakesInput<Chain, Found, Expected> {}

#[diagnostic::do_not_recommend]
impl<Chain, Found, Expected> TakesInput<Chain, Found, Expected> for B1 {}

/// Runs a chain whose input and output are `S` and `To` in types.
#[doc(hidden)]
pub fn run_chain<S, To, B>(chain: &impl Parts, x: &Tensor<f32, S, B>) -> Tensor<f32, To, B>
where
    S: Dims,
    To: Dims,
    B: Holds<S::Elements> + Holds<To::Elements>,
{
    let mut y = Tensor::zeros();
    forward_slices(chain, &[x.as_slice()], &mut [y.as_mut_slice()]);
    y
}

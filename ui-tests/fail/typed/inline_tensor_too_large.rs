use convshape::typed::typenum::*;
use convshape::typed::*;

fn take(_: Tensor<f32, Chw<U3, U100, U100>, Inline>) {}

fn main() {}

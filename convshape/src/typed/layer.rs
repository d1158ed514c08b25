//! The trait of layers, and sequences of layers.

use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::Shape;

use super::dims::Dims;
use super::storage::Holds;
use super::tensor::Tensor;
use crate::reference::kernels;

/// A layer for inputs of the type `X`. The layers of this module, tuples of layers and every literal
/// chain implement it.
///
/// The bound `Conv2d<..>: Layer<X>` of a generic function is checked where the function is called. Call a layer through
/// [`forward`] or the method of the same name; the error then says why it is rejected.
pub trait Layer<X> {
    /// The output.
    type Output;

    /// Runs the layer.
    fn run(&self, x: &X) -> Self::Output;
}

/// The output of the layer `L` for an input `X`.
pub type Out<L, X> = <L as Layer<X>>::Output;

/// Runs a layer, or a tuple of layers one after the other.
///
/// ```
/// use convshape::rand::{SeedableRng, rngs::SmallRng};
/// use convshape::typed::typenum::{U1, U2, U3, U14, U16, U28};
/// use convshape::typed::{Chw, Conv2d, Relu, Tensor, forward};
///
/// let rng = &mut SmallRng::seed_from_u64(1);
/// let encoder = (Conv2d::<U1, U16, U3, U2, U1>::init(rng), Relu);
/// let image: Tensor<f32, Chw<U1, U28, U28>> = Tensor::zeros();
/// let code: Tensor<f32, Chw<U16, U14, U14>> = forward(&encoder, &image);
/// ```
pub fn forward<L: Layer<X, Output = Y>, X, Y>(layer: &L, x: &X) -> Y {
    layer.run(x)
}

impl<L: Layer<X>, X> Layer<X> for &L {
    type Output = L::Output;

    fn run(&self, x: &X) -> L::Output {
        (**self).run(x)
    }
}

macro_rules! tuples {
    ($(($first:ident $first_out:ident, $($next:ident $x:ident $out:ident $place:tt),+))+) => {$(
        impl<X, $first: Layer<X, Output = $first_out>, $first_out, $($next: Layer<$x, Output = $out>, $out),+> Layer<X>
            for ($first, $($next),+)
        {
            type Output = tuples!(@last $($out)+);

            fn run(&self, x: &X) -> Self::Output {
                let x = self.0.run(x);
                $(let x = self.$place.run(&x);)+
                x
            }
        }
    )+};
    (@last $last:ident) => { $last };
    (@last $first:ident $($rest:ident)+) => { tuples!(@last $($rest)+) };
}

tuples! {
    (L0 X1, L1 X1 X2 1)
    (L0 X1, L1 X1 X2 1, L2 X2 X3 2)
    (L0 X1, L1 X1 X2 1, L2 X2 X3 2, L3 X3 X4 3)
    (L0 X1, L1 X1 X2 1, L2 X2 X3 2, L3 X3 X4 3, L4 X4 X5 4)
    (L0 X1, L1 X1 X2 1, L2 X2 X3 2, L3 X3 X4 3, L4 X4 X5 4, L5 X5 X6 5)
    (L0 X1, L1 X1 X2 1, L2 X2 X3 2, L3 X3 X4 3, L4 X4 X5 4, L5 X5 X6 5, L6 X6 X7 6)
    (L0 X1, L1 X1 X2 1, L2 X2 X3 2, L3 X3 X4 3, L4 X4 X5 4, L5 X5 X6 5, L6 X6 X7 6, L7 X7 X8 7)
}

/// Runs a layer without parameters. Its types have checked the shapes.
pub(super) fn run_op<S: Dims, B, To: Dims>(op: &Op, x: &Tensor<f32, S, B>) -> Tensor<f32, To, B>
where
    B: Holds<S::Elements> + Holds<To::Elements>,
{
    let mut y = Tensor::zeros();
    apply(op, &[], (&S::SHAPE, x.as_slice()), &To::SHAPE, y.as_mut_slice());
    y
}

/// Runs a layer by the reference implementation.
pub(super) fn apply(op: &Op, params: &[&[f32]], input: (&Shape, &[f32]), output: &Shape, y: &mut [f32]) {
    kernels::apply(op, AxisOrder::ChannelsFirst, params, &[input], output, y)
        .expect("the types say what the arithmetic says");
}

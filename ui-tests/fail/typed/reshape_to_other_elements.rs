use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let x: Tensor<f32, Chw<U1, U28, U28>> = Tensor::zeros();
    let _ = x.reshape::<Chw<U16, U7, U8>>();
}

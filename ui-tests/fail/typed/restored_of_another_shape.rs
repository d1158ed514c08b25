use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let x: Tensor<f32, Chw<U1, U28, U28>> = Tensor::zeros();
    let _: Tensor<f32, Chw<U1, U27, U27>> = x.restored();
}

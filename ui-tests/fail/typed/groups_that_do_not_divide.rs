use convshape::rand::{SeedableRng, rngs::SmallRng};
use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let x: Tensor<f32, Chw<U6, U8, U8>> = Tensor::zeros();
    Conv2d::<U6, U8, U3, U1, U1, U1, U4>::init(&mut SmallRng::seed_from_u64(1)).forward(&x);
}

use convshape::rand::{SeedableRng, rngs::SmallRng};
use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let small: Tensor<f32, Chw<U1, U2, U2>> = Tensor::zeros();
    Conv2d::<U1, U4, U7>::init(&mut SmallRng::seed_from_u64(1)).forward(&small);
}

use convshape::rand::{SeedableRng, rngs::SmallRng};
use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let rng = &mut SmallRng::seed_from_u64(1);
    let image: Tensor<f32, Chw<U1, U28, U28>> = Tensor::zeros();
    let layers = (Conv2d::<U1, U16, U3>::init(rng), Relu, Conv2d::<U8, U4, U3>::init(rng));
    forward(&layers, &image);
}

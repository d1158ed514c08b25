use convshape::rand::{SeedableRng, rngs::SmallRng};
use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let rng = &mut SmallRng::seed_from_u64(1);
    let image: Tensor<f32, Chw<U16, U14, U14>> = Tensor::zeros();
    forward(&(MaxPool2d::<U2>::default(), Flatten, Linear::<U100, U10>::init(rng)), &image);
}

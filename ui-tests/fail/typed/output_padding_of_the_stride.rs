use convshape::rand::{SeedableRng, rngs::SmallRng};
use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let code: Tensor<f32, Chw<U4, U14, U14>> = Tensor::zeros();
    ConvTranspose2d::<U4, U1, U3, U2, U1, U2>::init(&mut SmallRng::seed_from_u64(1)).forward(&code);
}

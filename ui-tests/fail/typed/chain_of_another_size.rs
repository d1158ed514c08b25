use convshape::rand::{SeedableRng, rngs::SmallRng};
use convshape::typed::typenum::*;
use convshape::typed::*;

convshape::conv_chain! {
    struct Encoder { input: [1, 28, 28]; Conv2d(1 -> 8, kernel: 3); output: [8, 26, 26]; }
}

fn main() {
    let image: Tensor<f32, Chw<U1, U32, U32>> = Tensor::zeros();
    forward(&Encoder::init(&mut SmallRng::seed_from_u64(1)), &image);
}

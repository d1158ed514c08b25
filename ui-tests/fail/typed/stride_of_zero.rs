use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let _: ConvOut<U28, U3, U0>;
}

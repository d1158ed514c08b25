use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let _: ConvTransposeOut<U1, U2, U1, U3>;
}

use convshape::typed::typenum::*;
use convshape::typed::*;

fn main() {
    let _: PoolOut<U28, U3, U2, U2>;
}

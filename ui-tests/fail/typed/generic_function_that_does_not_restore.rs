use convshape::typed::typenum::*;
use convshape::typed::*;

fn restores<N>()
where
    N: Convolved<U3, U2, U1, U1>,
    ConvOut<N, U3, U2, U1>: ConvTransposed<U3, U2, U1, U1, U0>,
    ConvTransposeOut<ConvOut<N, U3, U2, U1>, U3, U2, U1>: Restores<N>,
{
}

fn main() {
    restores::<U27>();
    restores::<U28>();
}

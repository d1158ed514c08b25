//! Shapes as types: generic functions, layers in tuples, and chains among them.

use convshape::rand::{SeedableRng, rngs::SmallRng};
use convshape::typed::typenum::{U0, U1, U2, U3, U4, U5, U6, U8, U10, U12, U14, U16, U28, U392};
use convshape::typed::{
    self, AvgPool2d, BatchNorm, C, Chw, Conv2d, ConvOut, ConvTranspose2d, ConvTransposeOut, ConvTransposed, Convolved,
    Dims, Flatten, Inline, LayerNorm, Linear, MaxPool2d, Relu, Restored, Restores, Softmax, UpsampleNearest2d, forward,
};
use convshape::{Tensor, conv_chain};

conv_chain! {
    struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 1, activation: Relu);
        output: [8, 14, 14];
    }
}

conv_chain! {
    struct Two {
        input: a [2, 4], b [2, 4];
        sum: Add(a, b);
        output: sum [2, 4], a [2, 4];
    }
}

conv_chain! {
    struct Last {
        dialect: keras;
        input: [8, 8, 3];
        Conv2D(3 -> 4, kernel_size: 3, padding: "same");
        output: [8, 8, 4];
    }
}

type Down = Conv2d<U1, U4, U3, U2, U1>;
type Up = ConvTranspose2d<U4, U1, U3, U2, U1, U1>;

/// For every height and width that the two layers give back.
fn round_trip<H, W>(down: &Down, up: &Up, x: &typed::Tensor<f32, Chw<U1, H, W>>) -> typed::Tensor<f32, Chw<U1, H, W>>
where
    Chw<U1, H, W>: Dims,
    Down: typed::Layer<typed::Tensor<f32, Chw<U1, H, W>>>,
    Up: typed::Layer<
            typed::Out<Down, typed::Tensor<f32, Chw<U1, H, W>>>,
            Output: Restored<typed::Tensor<f32, Chw<U1, H, W>>>,
        >,
{
    up.forward(&down.forward(x)).restored()
}

/// The same of one axis, in sizes only.
fn restores<N>()
where
    N: Convolved<U3, U2, U1, U1>,
    ConvOut<N, U3, U2, U1>: ConvTransposed<U3, U2, U1, U1, U1>,
    ConvTransposeOut<ConvOut<N, U3, U2, U1>, U3, U2, U1, U1, U1>: Restores<N>,
{
}

fn main() {
    let rng = &mut SmallRng::seed_from_u64(1);
    restores::<U28>();
    let (down, up) = (Down::init(rng), Up::init(rng));
    let image: typed::Tensor<f32, Chw<U1, U28, U28>> = typed::Tensor::from_fn(|i| (i % 7) as f32);
    let _: typed::Tensor<f32, Chw<U1, U28, U28>> = round_trip(&down, &up, &image);

    let encoder = Encoder::init(rng);
    let head = (
        &encoder,
        MaxPool2d::<U2>::default(),
        BatchNorm::<U8>::init(rng),
        Flatten,
        Linear::<U392, U10>::init(rng),
        LayerNorm::<C<U10>>::init(rng),
        Softmax,
    );
    let classes: typed::Tensor<f32, C<U10>> = forward(&head, &image);
    assert!((classes.as_slice().iter().sum::<f32>() - 1.0).abs() < 1e-5);

    // The chain gives the same from either kind of tensor.
    let plain: Tensor<f32, convshape::Chw<1, 28, 28>> = image.clone().into();
    let code: Tensor<f32, convshape::Chw<8, 14, 14>> = forward(&encoder, &plain);
    assert_eq!(forward(&encoder, &image).as_slice(), code.as_slice());
    let code: typed::Tensor<f32, Chw<U8, U14, U14>> = code.into();
    let (first, rest) = code.split::<U2>();
    let joined: typed::Tensor<f32, Chw<U8, U14, U14>> = first.concat::<U6>(&rest).reshape();
    assert_eq!(joined, code);

    let two = Two::init(rng);
    let x: Tensor<f32, convshape::Cl<2, 4>> = [[1.0, 2.0, 3.0, 4.0]; 2].into();
    let (sum, a) = forward(&two, &(x.clone(), x.clone()));
    assert_eq!(sum.as_nested(), &[[2.0, 4.0, 6.0, 8.0]; 2]);
    assert_eq!(a, x);

    let last = Last::init(rng);
    let x: typed::Tensor<f32, typed::Hwc<U8, U8, U3>> = typed::Tensor::zeros();
    let _: typed::Tensor<f32, typed::Hwc<U8, U8, U4>> = forward(&last, &x);

    // On the stack, with a kernel that is not square.
    let small: typed::Tensor<f32, Chw<U1, U12, U16>, Inline> = typed::Tensor::zeros();
    let wide = (Conv2d::<U1, U2, (U3, U5), U1, (U1, U2)>::init(rng), Relu, AvgPool2d::<U2>::default());
    let pooled: typed::Tensor<f32, Chw<U2, U6, U8>, Inline> = forward(&wide, &small);
    let _: typed::Tensor<f32, Chw<U2, U12, U16>, Inline> = forward(&UpsampleNearest2d::<U2>::default(), &pooled);
    let free: Conv2d<U1, U1, U1, U1, U0, U1, U1, false> = Conv2d::from_params(&[&[2.0]]).expect("one weight");
    assert_eq!(free.forward(&small).as_slice(), small.as_slice());
    assert!(Conv2d::<U1, U1, U1>::from_params(&[&[2.0]]).is_err());
}

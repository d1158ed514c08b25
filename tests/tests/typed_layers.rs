//! Layers of `typed` give the same results as the layers of a chain, and no tensor needs much stack.

use std::thread;

use convshape::rand::SeedableRng;
use convshape::rand::rngs::SmallRng;
use convshape::typed::typenum::{U1, U2, U3, U4, U6, U7, U8, U64, U72, U512};
use convshape::typed::{
    AvgPool2d, BatchNorm, C, Chw, Conv2d, ConvTranspose2d, Flatten, Gelu, GroupNorm, LayerNorm, Linear, MaxPool2d,
    Relu, Tensor, forward,
};
use convshape::{Model, conv_chain};

conv_chain! {
    struct Chain {
        input: [2, 7, 8];
        a: Conv2d(2 -> 4, kernel: (3, 2), stride: (1, 2), padding: 1, groups: 2);
        b: BatchNorm(4);
        Relu;
        c: ConvTranspose2d(4 -> 6, kernel: 3, stride: 2, padding: 1, output_padding: 1, bias: false);
        d: GroupNorm(6, groups: 3);
        MaxPool2d(3, stride: 2, padding: 1);
        Gelu;
        AvgPool2d(2, stride: (1, 2));
        Flatten;
        e: Linear(72 -> 4);
        f: LayerNorm;
        output: [4];
    }
}

#[test]
fn layers_give_what_chains_give() {
    let mut model = Chain::init(&mut SmallRng::seed_from_u64(3));
    // Every parameter has an effect.
    let mut place = 0_u8;
    model.for_each_param_mut(|_, param| {
        for value in param.as_mut_slice() {
            place = (place + 37) % 101;
            *value = (f32::from(place) + 20.0) / 101.0;
        }
    });
    let params = |name: &str| {
        let mut found = Vec::new();
        model.for_each_param(|full, param| {
            if full.split('.').next() == Some(name) {
                found.push(param.as_slice().to_vec());
            }
        });
        found
    };
    macro_rules! layer {
        ($layer:ty, $name:literal) => {{
            let params = params($name);
            let slices: Vec<&[f32]> = params.iter().map(Vec::as_slice).collect();
            <$layer>::from_params(&slices).expect("the same parameters")
        }};
    }
    let layers = (
        (
            layer!(Conv2d<U2, U4, (U3, U2), (U1, U2), U1, U1, U2>, "a"),
            layer!(BatchNorm<U4>, "b"),
            Relu,
            layer!(ConvTranspose2d<U4, U6, U3, U2, U1, U1, U1, U1, false>, "c"),
            layer!(GroupNorm<U6, U3>, "d"),
        ),
        (MaxPool2d::<U3, U2, U1>::default(), Gelu, AvgPool2d::<U2, (U1, U2)>::default(), Flatten),
        layer!(Linear<U72, U4>, "e"),
        layer!(LayerNorm<C<U4>>, "f"),
    );
    let x: Tensor<f32, Chw<U2, U7, U8>> = Tensor::from_fn(|i| (i % 13) as f32 / 13.0 - 0.4);
    let y: Tensor<f32, C<U4>> = forward(&layers, &x);
    let expected: Tensor<f32, C<U4>> = forward(&model, &x);
    for (found, expected) in y.as_slice().iter().zip(expected.as_slice()) {
        assert!((found - expected).abs() < 1e-4, "{y:?} {expected:?}");
    }
}

#[test]
fn large_tensors_need_little_stack() {
    // 64 MiB of elements in a thread with 128 KiB of stack.
    let run = || {
        let large: Tensor<f32, Chw<U64, U512, U512>> = Tensor::zeros();
        let copy = large.clone();
        assert_eq!(forward(&Relu, &large), copy);
        assert_eq!(copy.flatten().as_slice().len(), 1 << 24);
    };
    thread::Builder::new().stack_size(128 << 10).spawn(run).expect("a thread").join().expect("no overflow");
}

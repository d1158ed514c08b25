//! A chain as a burn module: names, ports, symbols, records, devices.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use convshape::ndarray::Array4;
use convshape::{Model, conv_chain};
use convshape_burn::BurnModel;
use convshape_tests::models::{KerasAe, Unet};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::{device, error, params_by_name, tensor};

conv_chain! {
    struct Parts {
        input: x [4, 6, 6], t [4];
        first: Conv2d(4 -> 4, kernel: 3, padding: 1);
        blocks: repeat 2 { c: Conv2d(4, kernel: 1); norm: BatchNorm; Add(input); }
        Mul(_, t);
        sum: Add(_, x);
        mean: GlobalAvgPool;
        output: sum [4, 6, 6], mean [4];
    }
}

conv_chain! {
    struct Symbolic {
        for h in 1..=8, w in 2..;
        input: x [3, 4*h, 4*w + 2], y [3, 4*h, 4*w + 2];
        both: Concat(x, y);
        enc: Conv2d(6 -> 8, kernel: 2, stride: 2, activation: Gelu);
        wrap: Conv2d(8 -> 8, kernel: 3, padding: 1, padding_mode: circular);
        GroupNorm(groups: 4);
        Add(_, enc);
        up: Upsample(2, mode: bilinear);
        dec: ConvTranspose2d(undo enc, tied: true) from enc;
        mean: GlobalAvgPool;
        output: dec [6, 4*h, 4*w + 2], up [8, 4*h, 4*w + 2], mean [6];
    }
}

fn names<M: Model>() {
    let model = M::init(&mut StdRng::seed_from_u64(1));
    let module = BurnModel::from_model(&model, &device()).expect("burn has all of it");
    let found = params_by_name(&module);
    let mut count = 0;
    model.for_each_param(|name, param| {
        assert_eq!(found[name], param.as_slice(), "{name}");
        count += 1;
    });
    assert_eq!(found.len(), count);
}

#[test]
fn parameters_have_the_chains_names() {
    names::<Parts>();
    names::<Unet>();
    names::<KerasAe>();
}

#[test]
fn ports_are_tuples() {
    let model = Parts::init(&mut StdRng::seed_from_u64(1));
    let module = BurnModel::from_model(&model, &Device::flex()).expect("burn has all of it");
    let x = Array4::from_shape_fn((2, 4, 6, 6), |(n, c, h, w)| ((n + 3 * c + 5 * h + 7 * w) % 11) as f32 / 11.0);
    let t = convshape::ndarray::Array2::from_shape_fn((2, 4), |(n, c)| (n + c) as f32 - 1.0);
    let (sum, mean) = model.forward_batch((x.view(), t.view())).expect("shapes that fit");
    let device = Device::flex();
    let inputs: (Tensor<4>, Tensor<2>) = (
        tensor(&x.into_dyn(), &device).try_into().expect("four axes"),
        tensor(&t.into_dyn(), &device).try_into().expect("two axes"),
    );
    let found: (Tensor<4>, Tensor<2>) = module.forward(inputs).expect("shapes that fit");
    let close = |found: Vec<f32>, expected: Vec<f32>| {
        let (worst, rms) = error(&found, expected.iter().map(|&x| f64::from(x)));
        assert!(worst <= 1e-5 * rms, "{worst:e} of {rms:e}");
    };
    close(found.0.try_into_vec_as().expect("numbers"), sum.into_iter().collect());
    close(found.1.try_into_vec_as().expect("numbers"), mean.into_iter().collect());
}

#[test]
fn symbols_are_what_the_inputs_say() {
    let model = Symbolic::init(&mut StdRng::seed_from_u64(1));
    let module = BurnModel::from_model(&model, &Device::flex()).expect("burn has all of it");
    for (h, w) in [(1, 2), (3, 5)] {
        let images = |shift: usize| {
            Array4::from_shape_fn((2, 3, 4 * h, 4 * w + 2), |(n, c, y, x)| {
                ((n + 3 * c + 5 * y + 7 * x + shift) % 11) as f32 / 11.0
            })
        };
        let (x, y) = (images(0), images(4));
        let (dec, up, mean) = model.forward_batch((x.view(), y.view())).expect("shapes that fit");
        let inputs = vec![tensor(&x.into_dyn(), &Device::flex()), tensor(&y.into_dyn(), &Device::flex())];
        let found: Vec<_> = module.forward(inputs).expect("shapes that fit");
        let expected = [dec.into_dyn(), up.into_dyn(), mean.into_dyn()];
        for (found, expected) in found.into_iter().zip(expected) {
            assert_eq!(found.dims(), expected.shape());
            let (worst, rms) = error(&crate::support::numbers(found), expected.iter().map(|&x| f64::from(x)));
            assert!(worst <= 1e-5 * rms, "{worst:e} of {rms:e}");
        }
    }
}

#[test]
fn records_bring_a_module_back() {
    let module = |seed| {
        let model = Unet::init(&mut StdRng::seed_from_u64(seed));
        BurnModel::from_model(&model, &device()).expect("burn has all of it")
    };
    let (first, second) = (module(1), module(2));
    assert_ne!(params_by_name(&first), params_by_name(&second));
    let second = second.load_record(first.clone().into_record());
    assert_eq!(params_by_name(&first), params_by_name(&second));
    assert_eq!(first.num_params(), first.clone().fork(&device()).num_params());
    assert_eq!(first.devices(), [device()]);
}

#[test]
fn an_empty_batch_gives_an_empty_batch() {
    let model = Unet::init(&mut StdRng::seed_from_u64(1));
    let module = BurnModel::from_model(&model, &Device::flex()).expect("burn has all of it");
    let expected = model.forward_batch(Array4::<f32>::zeros((0, 3, 16, 24)).view()).expect("shapes that fit");
    let found: Tensor<4> =
        module.forward(Tensor::<4>::zeros([0, 3, 16, 24], &Device::flex())).expect("shapes that fit");
    assert_eq!(found.dims(), <[usize; 4]>::from(expected.dim()));
}

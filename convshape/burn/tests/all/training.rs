//! Training mode: batch statistics, running statistics and dropout, as in convshape.

use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor};
use convshape::conv_chain;
use convshape::ndarray::{Array4, ArrayD};
use convshape::train::{Mse, Sgd, Train};
use convshape_burn::BurnModel;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{device, error, numbers, tensor};

conv_chain! {
    struct Normed {
        input: [2, 5, 4];
        a: Conv2d(2 -> 3, kernel: 3, padding: 1, bias: false);
        n: BatchNorm;
        Relu;
        b: ConvTranspose2d(3 -> 2, kernel: 3, padding: 1);
        m: BatchNorm(momentum: 0.3, affine: false);
        output: [2, 5, 4];
    }
}

conv_chain! {
    struct NormedLast {
        dialect: keras;
        input: [5, 4, 2];
        a: Conv2D(3, kernel_size: 3, padding: "same");
        n: BatchNormalization;
        output: [5, 4, 3];
    }
}

conv_chain! {
    struct Fixed {
        input: [2, 5];
        c: Conv1d(2 -> 3, kernel: 1);
        basis: Parameter([3, 1], init: 0.5, train: false);
        gain: Parameter([3, 1], init: 2.0);
        Mul(c, basis, gain);
        output: [3, 5];
    }
}

conv_chain! {
    struct NormedRow {
        input: [2];
        l: Linear(2 -> 3);
        n: BatchNorm;
        output: [3];
    }
}

conv_chain! {
    struct Dropping {
        input: [64, 4, 4];
        Dropout(0.25);
        a: Dropout2d(0.5);
        output: [64, 4, 4];
    }
}

fn images(shape: [usize; 4]) -> Array4<f32> {
    let mut rng = StdRng::seed_from_u64(3);
    Array4::from_shape_simple_fn(shape, || rng.random_range(-1.0..2.0))
}

/// Three steps of gradient descent in training mode give the same parameters and running statistics.
fn assert_steps<M: Train>(shape: [usize; 4], target: [usize; 4]) {
    let (x, t) = (images(shape).into_dyn(), images(target).into_dyn());
    let mut rng = StdRng::seed_from_u64(1);
    let mut ours = M::init(&mut rng);
    let mut module = BurnModel::from_model(&ours, &device()).expect("burn has all of it");
    let (mut descent, mut burns) = (Sgd::new(0.1), SgdConfig::new().init());
    for _ in 0..3 {
        let step = ours.loss_gradients_train(&[x.view()], &[t.view()], &mut Mse, &mut rng);
        let (loss, gradients) = step.expect("shapes that fit");
        descent.step(&mut ours, &gradients).expect("parameters of their own shapes");

        let found: Vec<_> = module.forward(vec![tensor(&x, &device())]).expect("shapes that fit");
        let found = found.into_iter().next().expect("an output").into_flat();
        let theirs = (found - tensor(&t, &device()).into_flat()).square().mean();
        let theirs_loss: f32 = theirs.clone().into_scalar();
        assert!((theirs_loss - loss).abs() <= 1e-5 * loss, "{theirs_loss} {loss}");
        let gradients = GradientsParams::from_grads(theirs.backward(), &module);
        module = burns.step(0.1, module, gradients);
    }
    let back = module.valid().into_model().expect("numbers of the device");
    let mut theirs = Vec::new();
    back.for_each_param(|_, param| theirs.push(param.as_slice().to_vec()));
    let mut index = 0;
    ours.for_each_param(|name, param| {
        let (worst, rms) = error(&theirs[index], param.as_slice().iter().map(|&x| f64::from(x)));
        assert!(worst <= 2e-6 + 1e-5 * rms, "{name} is off by {worst:e} of {rms:e}");
        index += 1;
    });
}

#[test]
fn batch_normalisation_trains_as_ours() {
    assert_steps::<Normed>([3, 2, 5, 4], [3, 2, 5, 4]);
    assert_steps::<NormedLast>([3, 5, 4, 2], [3, 5, 4, 3]);
}

#[test]
fn running_statistics_move_in_training_alone() {
    let model = Normed::init(&mut StdRng::seed_from_u64(1));
    let x = images([3, 2, 5, 4]).into_dyn();
    let mean = |module: &BurnModel<Normed>| {
        let model = module.clone().into_model().expect("numbers of the device");
        model.n.running_mean.as_slice().to_vec()
    };
    let run = |module: &BurnModel<Normed>, device: &Device| {
        let _: Vec<_> = module.forward(vec![tensor(&x, device)]).expect("shapes that fit");
    };
    let plain = BurnModel::from_model(&model, &Device::flex()).expect("burn has all of it");
    run(&plain, &Device::flex());
    assert_eq!(mean(&plain), model.n.running_mean.as_slice());
    let module = BurnModel::from_model(&model, &device()).expect("burn has all of it");
    run(&module.valid(), &device());
    run(&module.clone().with_training(false), &device());
    run(&module.clone().freeze(), &device());
    assert_eq!(mean(&module), model.n.running_mean.as_slice());
    run(&module, &device());
    assert_ne!(mean(&module), model.n.running_mean.as_slice());
    // And again after a validation.
    let again = module.valid().train();
    let before = mean(&again);
    run(&again, &device());
    assert_ne!(mean(&again), before);
}

#[test]
fn dropout_keeps_the_mean_and_drops_whole_channels() {
    let model = Dropping::init(&mut StdRng::seed_from_u64(1));
    let module = BurnModel::from_model(&model, &device()).expect("burn has all of it");
    let ones = ArrayD::<f32>::ones(vec![64, 64, 4, 4]);
    let x = tensor(&ones, &device());
    let y: Vec<_> = module.forward(vec![x.clone()]).expect("shapes that fit");
    let y = numbers(y.into_iter().next().expect("an output"));
    let kept = 1.0 / 0.75 / 0.5;
    assert!(y.iter().all(|&y| y == 0.0 || (y - kept).abs() < 1e-5));
    let mean = y.iter().sum::<f32>() / 65536.0;
    assert!((mean - 1.0).abs() < 0.1, "{mean}");
    let empty = y.chunks(16).filter(|channel| channel.iter().all(|&y| y == 0.0)).count();
    assert!((1600..2500).contains(&empty), "{empty} of 4096");
    let valid: Tensor<4> = module.valid().forward(Tensor::<4>::ones([2, 64, 4, 4], &Device::flex())).expect("fits");
    assert!(valid.equal_elem(1.0).all().into_scalar::<bool>());
}

#[test]
fn a_parameter_that_is_not_trained_stays() {
    let model = Fixed::init(&mut StdRng::seed_from_u64(1));
    let train = |module: BurnModel<Fixed>| {
        let y: Tensor<3> = module.forward(Tensor::<3>::ones([2, 2, 5], &device())).expect("fits");
        let gradients = GradientsParams::from_grads(y.square().sum().backward(), &module);
        SgdConfig::new().init().step(0.1, module, gradients).into_model().expect("numbers of the device")
    };
    let module = BurnModel::from_model(&model, &device()).expect("burn has all of it");
    for module in [module.clone(), module.valid().train(), module.freeze().unfreeze()] {
        let trained = train(module);
        assert_eq!(trained.basis.as_slice(), model.basis.as_slice());
        assert_ne!(trained.gain.as_slice(), model.gain.as_slice());
    }
}

#[test]
fn one_value_of_a_channel_has_no_variance() {
    let model = NormedRow::init(&mut StdRng::seed_from_u64(1));
    let module = BurnModel::from_model(&model, &device()).expect("burn has all of it");
    let row = || Tensor::<2>::ones([1, 2], &device());
    let error = module.forward::<_, Tensor<2>>(row()).expect_err("one value");
    assert_eq!(
        error.to_string(),
        "`n` takes its statistics from the batch, and found 1 value of each channel, expected at least 2: a variance \
         needs them; take larger batches"
    );
    module.clone().with_training(false).forward::<_, Tensor<2>>(row()).expect("stored statistics");
    let back = module.into_model().expect("numbers of the device");
    assert_eq!(back.n.running_var.as_slice(), model.n.running_var.as_slice());
}

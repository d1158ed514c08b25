//! Gradients, and the first training steps, equal the frameworks' own for all golden models.

use convshape::train::{Adam, Mse, Optimizer, Sgd, Train};
use convshape_tests::golden::{self, Model};
use convshape_tests::models::{
    Ae3d, AudioAe, DcganDiscriminator, DcganGenerator, FlaxLinenAe, FlaxNnxAe, KerasAe, KerasAudioAe, MnistAe, Unet,
    Vae,
};
use ndarray::{ArrayD, ArrayViewD};

/// If a gradient is almost zero, Adam divides one rounding error by another.
const ADAM: f64 = 5e-6;

fn worst(found: impl Iterator<Item = (f32, f32)>) -> f64 {
    let errors = found.map(|(a, b)| (f64::from(a) - f64::from(b)).abs());
    // Not `f64::max`, which would ignore NaN.
    errors.fold(0.0, |worst, error| if error > worst || error.is_nan() { error } else { worst })
}

/// Compares every parameter that PyTorch trains with the recorded `KIND/NAME`.
fn assert_params<M: convshape::Model>(golden: &Model, kind: &str, found: &M, relative: f64, absolute: f64) {
    let mut compared = 0;
    found.for_each_param(|name, param| {
        let Some(expected) = find(golden, &format!("{kind}/{name}")) else { return };
        assert_eq!(param.shape(), expected.shape(), "{}: {name}", golden.name);
        let largest = expected.iter().fold(0.0_f64, |largest, x| largest.max(f64::from(x.abs())));
        let error = worst(param.as_slice().iter().copied().zip(expected.iter().copied()));
        let allowed = relative * largest + absolute;
        assert!(error <= allowed, "{}: {kind}/{name} is off by {error:e}, allowed {allowed:e}", golden.name);
        compared += 1;
    });
    let recorded = golden.io_tensors().filter(|(name, _)| name.starts_with(&format!("{kind}/"))).count();
    assert_eq!(compared, recorded, "{}: {kind}", golden.name);
}

/// Gradients of the parameters and of the input, and three steps of each optimiser.
fn assert_training<M: Train>(golden: &Model, model: &M) {
    let inputs: Vec<ArrayD<f32>> = ["input", "input1"].iter().filter_map(|name| find(golden, name)).collect();
    let inputs: Vec<ArrayViewD<'_, f32>> = inputs.iter().map(|input| input.view()).collect();
    let target = find(golden, "target").expect("a target");
    let step = |model: &M| {
        let (loss, gradients) = model.loss_gradients(&inputs, &[target.view()], &mut Mse).expect("shapes that fit");
        (f64::from(loss), gradients)
    };

    let (loss, gradients) = step(model);
    assert_close(golden, "loss", loss, golden.json["loss"].as_f64().expect("a loss"));
    assert_params(golden, "grad", &gradients, 2e-5, 1e-9);

    let mut outputs = model.run_batch(&inputs).expect("shapes that fit");
    let count = target.len() as f32;
    let cotangent = (&outputs[0] - &target) * (2.0 / count);
    outputs[0] = cotangent;
    let (input_gradients, again) = model.vjp_batch(&inputs, outputs).expect("shapes that fit");
    assert_params(golden, "grad", &again, 2e-5, 1e-9);
    let expected = find(golden, "grad_input").expect("a gradient");
    let largest = expected.iter().fold(0.0_f64, |largest, x| largest.max(f64::from(x.abs())));
    let error = worst(input_gradients[0].iter().copied().zip(expected.iter().copied()));
    assert!(error <= 2e-5 * largest, "{}: grad_input is off by {error:e} of {largest:e}", golden.name);

    // For keras' models there are no steps.
    if golden.json.get("optim_losses").is_some() {
        three_steps(golden, "sgd", model.clone(), Sgd::new(0.01).momentum(0.9), step, 1e-6);
        three_steps(golden, "adam", model.clone(), Adam::new(1e-3), step, ADAM);
    }
}

fn three_steps<M: Train>(
    golden: &Model,
    kind: &str,
    mut model: M,
    mut optimizer: impl Optimizer,
    step: impl Fn(&M) -> (f64, M),
    absolute: f64,
) {
    let losses: Vec<f64> =
        serde_json::from_value(golden.json["optim_losses"][kind].clone()).expect("a loss before each step");
    for expected in &losses[..3] {
        let (loss, gradients) = step(&model);
        assert_close(golden, kind, loss, *expected);
        optimizer.step(&mut model, &gradients).expect("parameters of their own shapes");
    }
    assert_params(golden, &format!("{kind}3"), &model, 0.0, absolute);
}

fn find(golden: &Model, name: &str) -> Option<ArrayD<f32>> {
    golden.io_tensors().find(|(found, _)| *found == name).map(|(_, tensor)| tensor.clone())
}

#[track_caller]
fn assert_close(golden: &Model, what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-5 * expected.abs(), "{}: {what} {found}, {expected}", golden.name);
}

macro_rules! models {
    ($($test:ident $model:ident;)+) => {$(
        #[test]
        fn $test() {
            let golden = golden::model(stringify!($test));
            assert_training(&golden, &$model::load(&golden.weights).expect("weights"));
        }
    )+};
}

models! {
    torch_ae3d Ae3d;
    torch_audio_ae AudioAe;
    torch_dcgan_discriminator DcganDiscriminator;
    torch_dcgan_generator DcganGenerator;
    torch_mnist_ae MnistAe;
    torch_unet Unet;
    torch_vae Vae;
    flax_linen_ae FlaxLinenAe;
    flax_nnx_ae FlaxNnxAe;
    keras_ae KerasAe;
    keras_audio_ae KerasAudioAe;
}

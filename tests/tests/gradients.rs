//! Gradients, and the first steps of training, are PyTorch's on all golden models.

use convshape::train::Mse;
use convshape::Model as _;
use convshape_tests::golden::{self, Model};
use convshape_tests::models::{Ae3d, AudioAe, DcganDiscriminator, DcganGenerator, MnistAe, Unet, Vae};
use ndarray::{Array, ArrayD, ArrayView, ArrayView2, ArrayView4, Dimension, Ix2, Ix4, Ix5};

fn worst(found: impl Iterator<Item = (f32, f32)>) -> f64 {
    let errors = found.map(|(a, b)| (f64::from(a) - f64::from(b)).abs());
    // Not `f64::max`, which would pass over a NaN.
    errors.fold(0.0, |worst, error| if error > worst || error.is_nan() { error } else { worst })
}

/// Compares every parameter that PyTorch trains with the recorded `KIND/NAME`.
fn assert_params<M: convshape::Model>(golden: &Model, kind: &str, found: &M, relative: f64, absolute: f64) {
    let mut compared = 0;
    found.for_each_param(|name, param| {
        if name.ends_with("running_mean") || name.ends_with("running_var") {
            return;
        }
        let expected: ArrayD<f32> = golden.io(&format!("{kind}/{name}"));
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

#[test]
fn probe() {
    let golden = golden::model("torch_mnist_ae");
    let model = MnistAe::load(&golden.weights).expect("weights");
    let (x, t): (Array<f32, Ix4>, Array<f32, Ix4>) = (golden.io("input"), golden.io("target"));
    let (loss, grads) = model.gradients(x.view(), t.view(), Mse).unwrap();
    println!("{loss}");
    grads.for_each_param(|name, g| {
        let expected: ArrayD<f32> = golden.io(&format!("grad/{name}"));
        println!("{name} {:e}", worst(g.as_slice().iter().copied().zip(expected.iter().copied())));
    });
    assert_params(&golden, "grad", &grads, 1e-5, 1e-9);
}

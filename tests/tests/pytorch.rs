//! Training as in PyTorch, and files that PyTorch accepts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use convshape::train::{Mse, Sgd, Train};
use convshape::{Model, Param, conv_chain};
use convshape_tests::golden;
use ndarray::{Array4, ArrayD};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

conv_chain! {
    /// The model of `data/training/batch_norm.py`.
    struct Normed {
        input: [2, 6, 6];
        enc: Conv2d(2 -> 3, kernel: 3, stride: 2, padding: 1);
        norm: BatchNorm(3, momentum: 0.2, activation: Relu);
        dec: ConvTranspose2d(undo enc);
        plain: BatchNorm(2, affine: false, eps: 1e-3);
        output: [2, 6, 6];
    }
}

conv_chain! {
    /// The model of `data/training/load_state_dict.py`.
    struct Saved {
        input: [2, 6, 6];
        enc: Conv2d(2 -> 4, kernel: 3, stride: 2, padding: 1);
        norm: BatchNorm(activation: Relu);
        blocks: repeat 2 { c: Conv2d(4, kernel: 1); Add(input); }
        Flatten;
        code: Linear(36 -> 5, bias: false);
        back: Linear(5 -> 36);
        Reshape([4, 3, 3]);
        dec: ConvTranspose2d(undo enc, activation: Sigmoid);
        output: [2, 6, 6];
    }
}

type Recorded = BTreeMap<String, ArrayD<f32>>;

/// Compares every parameter that was recorded as `KIND/NAME`.
#[track_caller]
fn assert_params(recorded: &Recorded, kind: &str, model: &impl Model) {
    let mut compared = 0;
    model.for_each_param(|name, param| {
        let Some(expected) = recorded.get(&format!("{kind}/{name}")) else { return };
        assert_eq!(param.shape(), expected.shape());
        let largest = expected.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        for (found, expected) in param.as_slice().iter().zip(expected) {
            // A bias before a normalisation has gradient zero, apart from rounding.
            let error = (found - expected).abs();
            assert!(error <= 1e-5 * largest + 1e-6, "{kind}/{name}: {found}, {expected}");
        }
        compared += 1;
    });
    assert_eq!(compared, recorded.keys().filter(|name| name.starts_with(&format!("{kind}/"))).count());
}

#[test]
fn batch_norm_trains_as_in_pytorch() {
    let recorded = golden::tensors("training/batch_norm.safetensors");
    let mut model = Normed::init(&mut StdRng::seed_from_u64(1));
    let copy = |name: &str, param: &mut Param| {
        if let Some(value) = recorded.get(&format!("before/{name}")) {
            param.as_mut_slice().copy_from_slice(value.as_slice().expect("contiguous"));
        }
    };
    model.for_each_param_mut(copy);
    let (x, target) = (recorded["input"].view(), recorded["target"].view());
    let mut rng = StdRng::seed_from_u64(1);

    let mut optimizer = Sgd::new(0.05);
    for (step, expected) in recorded["losses"].iter().enumerate() {
        let (loss, gradients) =
            model.loss_gradients_train(&[x.view()], &[target.view()], &mut Mse, &mut rng).expect("shapes that fit");
        assert!((loss - expected).abs() <= 1e-6 * expected, "step {step}: {loss}, {expected}");
        if step == 0 {
            assert_params(&recorded, "grad", &gradients);
        }
        optimizer.step(&mut model, &gradients).expect("parameters of their own shapes");
        assert_params(&recorded, &format!("step{}", step + 1), &model);
    }
    assert_params(&recorded, "after", &model);
    // And with the running averages after training.
    let found = model.run_batch(&[x.view()]).expect("shapes that fit");
    for (found, expected) in found[0].iter().zip(&recorded["stored"]) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found}, {expected}");
    }
}

/// The gradient of the input in training, from that of the loss by the chain rule.
#[test]
fn gradients_of_inputs_are_pytorchs_in_training() {
    let recorded = golden::tensors("training/batch_norm.safetensors");
    let mut model = Normed::init(&mut StdRng::seed_from_u64(1));
    model.for_each_param_mut(|name, param| {
        if let Some(value) = recorded.get(&format!("before/{name}")) {
            param.as_mut_slice().copy_from_slice(value.as_slice().expect("contiguous"));
        }
    });
    let (x, target) = (recorded["input"].view(), &recorded["target"]);
    let mut rng = StdRng::seed_from_u64(1);
    // In training only the loss sees the outputs: `Custom` reads them.
    let mut outputs = None;
    let mut loss = convshape::train::Custom(|y: &ndarray::ArrayViewD<'_, f32>| {
        outputs = Some(y.to_owned());
        Ok((0.0, ArrayD::zeros(y.raw_dim())))
    });
    model.clone().loss_gradients_train(&[x.view()], &[], &mut loss, &mut rng).expect("shapes that fit");
    let outputs = outputs.expect("the loss was asked");
    let cotangent = (&outputs - target) * (2.0 / target.len() as f32);
    let (found, _) = model.vjp_batch_train(&[x.view()], vec![cotangent], &mut rng).expect("shapes that fit");
    let expected = &recorded["grad_input"];
    let largest = expected.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    for (found, expected) in found[0].iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5 * largest, "{found}, {expected}");
    }
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pytorch");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn write(path: &Path, numbers: &Array4<f32>) {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    fs::write(path, bytes).expect("a file");
}

/// Runs `python3`, or what `CONVSHAPE_PYTHON` names; without PyTorch the test does nothing.
#[test]
fn load_state_dict_takes_what_is_saved() {
    let mut model = Saved::init(&mut StdRng::seed_from_u64(1));
    let mut rng = StdRng::seed_from_u64(2);
    let x = Array4::from_shape_simple_fn((3, 2, 6, 6), || rng.random_range(-1.0..1.0_f32));
    // So that the running averages are not those of a new model.
    model.gradients_train(x.view(), x.view(), Mse, &mut rng).expect("shapes that fit");
    let [file, input, output] = ["model.safetensors", "input", "output"].map(|name| folder().join(name));
    model.save(&file).expect("a file");
    write(&input, &x);
    write(&output, &model.forward_batch(x.view()).expect("shapes that fit"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/training/load_state_dict.py");
    let python = env::var_os("CONVSHAPE_PYTHON").unwrap_or_else(|| "python3".into());
    match Command::new(python).arg(script).args([file, input, output]).status() {
        Ok(status) if status.code() == Some(77) => eprintln!("PyTorch is not installed: nothing was checked"),
        Ok(status) => assert!(status.success(), "PyTorch does not take the file"),
        Err(error) => eprintln!("{error}: nothing was checked"),
    }
}

//! What the tests share.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use convshape::ndarray::ArrayD;
use convshape_burn::AnyTensor;

/// The device of the recorded models' tests, with autodiff: the processor, or the one that `CONVSHAPE_BURN_DEVICE` names.
pub(crate) fn device() -> Device {
    match std::env::var("CONVSHAPE_BURN_DEVICE") {
        Ok(name) => convshape_burn::device(&name).expect("a device of a feature of this crate").autodiff(),
        Err(_) => Device::flex().autodiff(),
    }
}

pub(crate) fn tensor(array: &ArrayD<f32>, device: &Device) -> AnyTensor {
    let numbers: Vec<f32> = array.iter().copied().collect();
    AnyTensor::new(numbers, array.shape().to_vec(), device).expect("as many elements")
}

pub(crate) fn numbers(tensor: AnyTensor) -> Vec<f32> {
    tensor.into_flat().try_into_vec_as().expect("numbers of the device")
}

/// The largest error, and the root mean square of what is expected.
pub(crate) fn error(found: &[f32], expected: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    let errors = found.iter().zip(&expected).map(|(&found, expected)| (f64::from(found) - expected).abs());
    // Not `f64::max`, which would ignore NaN.
    let worst = errors.fold(0.0, |worst, error| if error > worst || error.is_nan() { error } else { worst });
    let squares: f64 = expected.iter().map(|x| x * x).sum();
    let rms = (squares / expected.len().max(1) as f64).sqrt();
    (worst, rms)
}

/// The parameters of a module, or their gradients, by path.
#[derive(Default)]
struct Collected<'a> {
    path: Vec<String>,
    gradients: Option<&'a Gradients>,
    found: BTreeMap<String, Vec<f32>>,
}

impl ModuleVisitor for Collected<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = match self.gradients {
            Some(gradients) => param.val().grad(gradients),
            None => Some(param.val()),
        };
        if let Some(tensor) = tensor {
            let numbers = tensor.try_into_vec_as().expect("numbers of the device");
            self.found.insert(self.path.join("."), numbers);
        }
    }
}

pub(crate) fn params_by_name(module: &impl Module) -> BTreeMap<String, Vec<f32>> {
    let mut collected = Collected::default();
    module.visit(&mut collected);
    collected.found
}

pub(crate) fn gradients_by_name(module: &impl Module, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    let mut collected = Collected { gradients: Some(gradients), ..Collected::default() };
    module.visit(&mut collected);
    collected.found
}

//! The recorded models: outputs and gradients equal the frameworks', and so do the parameters after steps of SGD and
//! Adam.
#![expect(clippy::print_stdout, reason = "the table of errors in the README")]

use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use convshape::ndarray::ArrayD;
use convshape::train::Train;
use convshape_burn::{AnyTensor, BurnModel};
use convshape_tests::golden;
use convshape_tests::models::{
    Ae3d, AudioAe, DcganDiscriminator, DcganGenerator, FlaxLinenAe, FlaxNnxAe, KerasAe, KerasAudioAe, MnistAe, Unet,
    Vae,
};

use crate::support::{device, error, gradients_by_name, numbers, params_by_name, tensor};

/// Largest errors, relative to the root mean square.
const OUTPUT: f64 = 3e-6;
const GRADIENT: f64 = 2e-5;
/// Largest errors of a parameter after three steps. Adam divides a gradient by its own size; if it is almost zero, this
/// divides one rounding error by another. A step is 1e-3 long.
const SGD: f64 = 5e-7;
const ADAM: f64 = 5e-5;

struct Case<M> {
    golden: golden::Model,
    model: M,
    inputs: Vec<ArrayD<f32>>,
    target: ArrayD<f32>,
}

impl<M: Train> Case<M> {
    fn new(name: &str) -> Case<M> {
        let golden = golden::model(name);
        let model = M::load(&golden.weights).expect("weights");
        let find = |name: &str| golden.io_tensors().find(|(found, _)| *found == name).map(|(_, array)| array.clone());
        let inputs = ["input", "input1"].iter().filter_map(|name| find(name)).collect();
        let target = find("target").expect("a target");
        Case { golden, model, inputs, target }
    }

    fn module(&self) -> BurnModel<M> {
        BurnModel::from_model(&self.model, &device()).expect("burn has all of it").with_training(false)
    }

    fn forward(&self, module: &BurnModel<M>) -> AnyTensor {
        let inputs: Vec<AnyTensor> = self.inputs.iter().map(|input| tensor(input, &device())).collect();
        let mut outputs: Vec<AnyTensor> = module.forward(inputs).expect("the recorded shapes");
        outputs.remove(0)
    }

    fn gradients(&self, module: &BurnModel<M>) -> burn::tensor::Gradients {
        let output = self.forward(module).into_flat();
        (output - tensor(&self.target, &device()).into_flat()).square().mean().backward()
    }

    /// Compares with the recorded `KIND/NAME`.
    fn compare(&self, kind: &str, found: impl Fn(&str) -> Option<Vec<f32>>, allowed: impl Fn(f64) -> f64) {
        let (mut compared, mut most) = (0, 0.0_f64);
        for (name, expected) in self.golden.io_tensors() {
            let Some(name) = name.strip_prefix(kind).and_then(|name| name.strip_prefix('/')) else { continue };
            let found = found(name).unwrap_or_else(|| panic!("{}: no {kind} of `{name}`", self.golden.name));
            let (worst, rms) = error(&found, expected.iter().map(|&x| f64::from(x)));
            assert!(worst <= allowed(rms), "{}: {kind}/{name} is off by {worst:e} of {rms:e}", self.golden.name);
            compared += 1;
            most = most.max(if kind == "grad" { worst / rms.max(1e-9) } else { worst });
        }
        println!("{} {kind}: {most:.1e}", self.golden.name);
        let mut trained = 0;
        self.model.clone().for_each_trained(&self.model, |_, _, _| trained += 1);
        assert_eq!(compared, trained, "{}: {kind}", self.golden.name);
    }

    fn three_steps(&self, kind: &str, mut optimizer: ModuleOptimizer, rate: f64, allowed: f64) {
        let mut module = self.module();
        for _ in 0..3 {
            let gradients = GradientsParams::from_grads(self.gradients(&module), &module);
            module = optimizer.step(rate, module, gradients);
        }
        let params = params_by_name(&module);
        self.compare(&format!("{kind}3"), |name| params.get(name).cloned(), |_| allowed);
        // And back.
        module.into_model().expect("numbers of the device").for_each_param(|name, param| {
            assert_eq!(param.as_slice(), params[name], "{}: {name}", self.golden.name);
        });
    }

    fn check(&self) {
        let module = self.module();
        let expected: ArrayD<f32> = self.golden.io("output");
        let found = self.forward(&module);
        assert_eq!(found.dims(), expected.shape(), "{}", self.golden.name);
        let (worst, rms) = error(&numbers(found), expected.iter().map(|&x| f64::from(x)));
        println!("{} output: {:.1e}", self.golden.name, worst / rms);
        assert!(worst <= OUTPUT * rms, "{}: the output is off by {worst:e} of {rms:e}", self.golden.name);

        let gradients = gradients_by_name(&module, &self.gradients(&module));
        self.compare("grad", |name| gradients.get(name).cloned(), |rms| GRADIENT * rms + 1e-8);
        // No steps are recorded for keras' models.
        if self.golden.json.get("optim_losses").is_some() {
            let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
            self.three_steps("sgd", SgdConfig::new().with_momentum(Some(momentum)).init(), 0.01, SGD);
            self.three_steps("adam", AdamConfig::new().with_epsilon(1e-8).init(), 1e-3, ADAM);
        }
    }
}

macro_rules! models {
    ($($test:ident $model:ident;)+) => {$(
        #[test]
        fn $test() {
            Case::<$model>::new(stringify!($test)).check();
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

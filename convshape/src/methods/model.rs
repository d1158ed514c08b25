//! The trait of all models, for generic code.

#[cfg(feature = "alloc")]
use alloc::string::{String, ToString};
#[cfg(feature = "ndarray")]
use alloc::vec::Vec;

#[cfg(feature = "safetensors")]
use std::path::Path;

#[cfg(feature = "ndarray")]
use ndarray::{ArrayD, ArrayViewD};
#[cfg(feature = "alloc")]
use rand::Rng;

use convshape_arith::program::HasProgram;

#[cfg(feature = "train")]
use crate::methods::gradient::{self, Mode};
#[cfg(feature = "train")]
use crate::methods::loss::Loss;
use crate::model::chain::Chain;
#[cfg(feature = "ndarray")]
use crate::model::error::ShapeError;
#[cfg(feature = "alloc")]
use crate::model::param::Param;
use crate::model::parts::Parts;
#[cfg(feature = "alloc")]
use crate::model::parts::specs;
#[cfg(feature = "alloc")]
use crate::model::workspace::Workspace;
use crate::model::workspace::workspace_bytes;
#[cfg(feature = "safetensors")]
use crate::weights::{self, LoadError, SaveError};

/// A chain with parameters. Every generated struct implements it.
pub trait Model: Chain + HasProgram + Clone + Send + Sync + 'static {
    /// The bytes of memory for one sample in `forward_into`, see [`Memory`]. Zero if sizes are known only at run time;
    /// a workspace then grows in its first run.
    ///
    /// [`Memory`]: crate::Memory
    const WORKSPACE_BYTES: usize;

    /// A model with new random parameters, initialised like the dialect's framework.
    #[cfg(feature = "alloc")]
    fn init(rng: &mut impl Rng) -> Self;

    /// Reads a model from a safetensors file.
    ///
    /// # Errors
    /// If the file cannot be read, is not a safetensors file, lacks a tensor of the model, has it in the wrong shape,
    /// or has a parameter that a layer of the model does not have. The error names all such tensors.
    #[cfg(feature = "safetensors")]
    fn load(path: impl AsRef<Path>) -> Result<Self, LoadError>;

    /// Reads a model from the bytes of a safetensors file.
    ///
    /// # Errors
    /// Those of [`Model::load`].
    #[cfg(feature = "safetensors")]
    fn load_bytes(bytes: &[u8]) -> Result<Self, LoadError>;

    /// Writes the model to a safetensors file. An existing file of this name is replaced in one step, once the new one
    /// is complete and on disk.
    ///
    /// # Errors
    /// If the file cannot be written, or a parameter was replaced by one of a different shape.
    #[cfg(feature = "safetensors")]
    fn save(&self, path: impl AsRef<Path>) -> Result<(), SaveError>;

    /// Calls `f` with each parameter and its name in files (`enc1.weight`), in the order of the
    /// layers.
    #[cfg(feature = "alloc")]
    fn for_each_param(&self, f: impl FnMut(&str, &Param));

    /// Calls `f` with a mutable reference to each parameter and with its name in files.
    #[cfg(feature = "alloc")]
    fn for_each_param_mut(&mut self, f: impl FnMut(&str, &mut Param));

    /// Runs a batch. Takes one array for each of [`Chain::INPUTS`], with the batch axis first and any strides, and
    /// returns one array for each of [`Chain::OUTPUTS`].
    ///
    /// # Errors
    /// If an input does not have the shape that the chain was checked for, or the batches differ in size; also if a
    /// parameter was replaced by one of a different shape.
    #[cfg(feature = "ndarray")]
    fn forward_batch(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError>;

    /// The same as [`Model::forward_batch`], under a name that no generated method hides.
    ///
    /// # Errors
    /// Those of [`Model::forward_batch`].
    #[cfg(feature = "ndarray")]
    fn run_batch(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError> {
        self.forward_batch(inputs)
    }

    /// The loss of a batch and the gradients of the parameters, with the type of the model. Normalisation uses its
    /// running statistics, and dropout is off.
    ///
    /// # Errors
    /// If an input or target does not have the shape that the chain and the loss take.
    #[cfg(feature = "train")]
    fn gradients(
        &self,
        inputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
        loss: impl Loss,
    ) -> Result<(f32, Self), ShapeError>;

    /// The gradients of the inputs and of the parameters, given those of the outputs, for any loss.
    ///
    /// # Errors
    /// If an input or cotangent does not have the shape of the chain's inputs and outputs.
    #[cfg(feature = "train")]
    fn vjp(
        &self,
        inputs: &[ArrayViewD<'_, f32>],
        cotangents: &[ArrayViewD<'_, f32>],
    ) -> Result<(Vec<ArrayD<f32>>, Self), ShapeError>;

    /// Runs a batch several times, for at least 0.3 seconds, and reports how long each layer took: a table with time,
    /// speed, and percent of the processor's peak. Fused layers share a row. `None` for a model that runs with the
    /// reference implementation, and on targets without a clock, such as `wasm32-unknown-unknown`.
    ///
    /// # Errors
    /// Those of [`Model::forward_batch`].
    #[cfg(all(feature = "std", feature = "ndarray"))]
    fn profile(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Option<crate::Profile>, ShapeError>;
}

impl<M: Parts + Chain + Clone + Send + Sync + 'static> Model for M {
    const WORKSPACE_BYTES: usize = workspace_bytes(M::PROGRAM, M::SLOTS);

    #[cfg(feature = "alloc")]
    fn init(rng: &mut impl Rng) -> M {
        crate::methods::init::init(rng)
    }

    #[cfg(feature = "safetensors")]
    fn load(path: impl AsRef<Path>) -> Result<M, LoadError> {
        weights::load(path)
    }

    #[cfg(feature = "safetensors")]
    fn load_bytes(bytes: &[u8]) -> Result<M, LoadError> {
        weights::load_bytes(bytes)
    }

    #[cfg(feature = "safetensors")]
    fn save(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        weights::save(self, path)
    }

    #[cfg(feature = "alloc")]
    fn for_each_param(&self, mut f: impl FnMut(&str, &Param)) {
        let mut names = names::<M>();
        self.visit(&mut |param| {
            if let Some(name) = names.next() {
                f(&name, param);
            }
        });
    }

    #[cfg(feature = "alloc")]
    fn for_each_param_mut(&mut self, mut f: impl FnMut(&str, &mut Param)) {
        let mut names = names::<M>();
        self.visit_mut(&mut |param| {
            if let Some(name) = names.next() {
                f(&name, param);
            }
        });
    }

    #[cfg(feature = "ndarray")]
    fn forward_batch(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, ShapeError> {
        crate::methods::batch::run_batch(self, inputs)
    }

    #[cfg(feature = "train")]
    fn gradients(
        &self,
        inputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
        mut loss: impl Loss,
    ) -> Result<(f32, M), ShapeError> {
        let (loss, gradients) = gradient::of_loss(self, inputs, targets, &mut loss, Mode::Stored)?;
        Ok((loss, gradients.params))
    }

    #[cfg(feature = "train")]
    fn vjp(
        &self,
        inputs: &[ArrayViewD<'_, f32>],
        cotangents: &[ArrayViewD<'_, f32>],
    ) -> Result<(Vec<ArrayD<f32>>, M), ShapeError> {
        let cotangents = cotangents.iter().map(ArrayViewD::to_owned).collect();
        gradient::vjp_of(self, inputs, cotangents, Mode::Stored).map(|gradients| (gradients.inputs, gradients.params))
    }

    #[cfg(all(feature = "std", feature = "ndarray"))]
    fn profile(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Option<crate::Profile>, ShapeError> {
        crate::methods::profile::profile(self, inputs)
    }
}

/// The names of a model's parameters in files.
#[cfg(feature = "alloc")]
fn names<M: Parts>() -> impl Iterator<Item = String> {
    specs::<M>().map(|spec| spec.name.to_string())
}

#[cfg(feature = "alloc")]
impl Workspace {
    /// Memory for one sample of a model.
    #[must_use]
    pub fn new<M: Model>() -> Workspace {
        Workspace::with_elements(M::WORKSPACE_BYTES.div_ceil(size_of::<f32>()))
    }
}

#[cfg(all(test, feature = "ndarray"))]
mod tests {
    use super::*;
    use crate::methods::batch::forward_batch;
    use crate::methods::forward::forward;
    use crate::model::param::ParamGroup;
    use crate::model::shapes::Cl;
    use crate::model::tensor::Tensor;
    use crate::model::test_model::{Outer, Small};
    use alloc::string::{String, ToString};
    use ndarray::{Array3, ArrayView3, IxDyn, s};
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    type Sample = Tensor<f32, Cl<2, 4>>;

    fn model<M: Parts>() -> M {
        crate::methods::init::init(&mut Xoshiro256PlusPlus::seed_from_u64(1))
    }

    fn ramp(batch: usize) -> Array3<f32> {
        Array3::from_shape_fn((batch, 2, 4), |(n, c, x)| (8 * n + 4 * c + x) as f32 / 8.0)
    }

    fn run(model: &Small, x: ArrayView3<'_, f32>) -> Result<Array3<f32>, ShapeError> {
        forward_batch(model, x)
    }

    #[test]
    fn parameters_have_the_names_of_files() {
        let mut model = model::<Outer>();
        let mut names: Vec<String> = Vec::new();
        model.for_each_param(|name, param| names.push(alloc::format!("{name} {:?}", param.shape())));
        let expected = [
            "norm.running_mean [2]",
            "norm.running_var [2]",
            "sub.enc.weight [3, 2, 2]",
            "sub.enc.bias [3]",
            "sub.dec.weight [3, 2, 2]",
            "head.weight [3, 2, 2]",
        ];
        assert_eq!(names, expected);
        model.for_each_param_mut(|name, param| {
            if name == "sub.enc.bias" {
                param.as_mut_slice().fill(7.0);
            }
        });
        assert_eq!(model.sub.enc.bias.as_slice(), [7.0; 3]);
    }

    #[test]
    fn initialisation_is_that_of_pytorch() {
        let model = model::<Outer>();
        assert_eq!(model.norm.running_mean.as_slice(), [0.0; 2]);
        assert_eq!(model.norm.running_var.as_slice(), [1.0; 2]);
        // fan_in is 2 * 2 in either direction.
        for param in [&model.sub.enc.weight, &model.sub.enc.bias, &model.sub.dec.weight] {
            assert!(param.as_slice().iter().all(|w| w.abs() <= 0.5));
            assert!(param.as_slice().iter().any(|w| w.abs() > 0.1));
        }
        assert_eq!(model, self::model::<Outer>());
    }

    #[test]
    fn packed_weights_are_never_stale() {
        let mut model = model::<Outer>();
        let (x, y) = (ramp(2), ramp(2));
        let run = |model: &Outer| model.run_batch(&[x.view().into_dyn(), y.view().into_dyn()]).unwrap();
        let before = run(&model);
        let kept = model.clone();
        model.sub.dec.weight.as_mut_slice()[0] += 1.0;
        let after = run(&model);
        assert_ne!(before, after);
        assert_eq!(run(&kept), before);
        // A model with the same parameters that has never run.
        let fresh: Outer = crate::model::parts::assemble({
            let mut params = Vec::new();
            let mut specs = specs::<Outer>();
            model.visit(&mut |param: &Param| {
                params.push(Param::new(specs.next().unwrap().shape, param.as_slice().to_vec()));
            });
            params
        });
        assert_eq!(run(&fresh), after);
        model.sub.dec.weight = kept.sub.dec.weight.clone();
        assert_eq!(run(&model), before);
    }

    #[test]
    fn a_batch_is_its_samples() {
        let model = model::<Small>();
        let batch = ramp(3);
        let outputs = run(&model, batch.view()).unwrap();
        for (x, y) in batch.outer_iter().zip(outputs.outer_iter()) {
            let sample: Sample = forward(&model, &Sample::from_view(x).unwrap());
            assert_eq!(sample.view(), y);
        }
        assert_eq!(run(&model, ramp(0).view()).unwrap().shape(), [0, 2, 4]);
    }

    #[test]
    fn strides_do_not_matter() {
        let model = model::<Small>();
        let batch = ramp(4);
        let expected = run(&model, batch.slice(s![1..;2, .., ..;-1]).to_owned().view()).unwrap();
        assert_eq!(run(&model, batch.slice(s![1..;2, .., ..;-1])).unwrap(), expected);
        let channels_last = batch.view().permuted_axes([0, 2, 1]).as_standard_layout().into_owned();
        let expected = run(&model, batch.view()).unwrap();
        assert_eq!(run(&model, channels_last.view().permuted_axes([0, 2, 1])).unwrap(), expected);
    }

    #[test]
    fn several_ports_are_tuples() {
        let model = model::<Outer>();
        let (x, y) = (Sample::from_fn(|[c, x]| (c + x) as f32), Sample::zeros());
        let (out, sub): (Tensor<f32, Cl<3, 2>>, Sample) = forward(&model, (&x, &y));
        assert!(out.as_slice().iter().all(|&value| value >= 0.0));
        // The norm's statistics are those of a new model, so it is almost the identity.
        let alone: Sample = forward(&model.sub, &x);
        assert!(sub.as_slice().iter().zip(alone.as_slice()).all(|(a, b)| (a - b).abs() < 1e-4));

        let (x, y) = (ramp(2), ramp(2));
        let (out, sub): (Array3<f32>, Array3<f32>) = forward_batch(&model, (x.view(), y.view())).unwrap();
        assert_eq!((out.dim(), sub.dim()), ((2, 3, 2), (2, 2, 4)));
        let dynamic = model.run_batch(&[x.view().into_dyn(), y.view().into_dyn()]).unwrap();
        assert_eq!(dynamic, [out.into_dyn(), sub.into_dyn()]);
    }

    #[test]
    fn wrong_inputs_are_named() {
        let model = model::<Outer>();
        let run = |inputs: &[ArrayViewD<'_, f32>]| model.run_batch(inputs).unwrap_err().to_string();
        let (two, three) = (ramp(2).into_dyn(), ramp(3).into_dyn());
        let wide = Array3::<f32>::zeros((2, 2, 5)).into_dyn();
        assert_eq!(run(&[two.view()]), "`Outer` takes 2 inputs, found 1");
        assert_eq!(
            run(&[two.view(), wide.view()]),
            "`Outer`: `y` has size 5 on axis 2, expected 4 (found [2, 2, 5], expected a batch of [2, 4])"
        );
        assert_eq!(
            run(&[two.view(), three.view()]),
            "`Outer`: the batch axis of `y` has size 3, that of `x` has size 2"
        );
        let scalar = ArrayD::<f32>::zeros(IxDyn(&[]));
        assert!(run(&[scalar.view(), two.view()]).contains("`x` has 0 axes, expected 3"));
    }

    #[test]
    fn replaced_parameters_are_named() {
        let mut model = model::<Outer>();
        model.sub.dec.weight = model.norm.running_mean.clone();
        let error = model.run_batch(&[ramp(1).view().into_dyn(), ramp(1).view().into_dyn()]).unwrap_err();
        assert_eq!(error.to_string(), "`Outer`: the parameter `sub.dec.weight` has shape [2], expected [3, 2, 2]");
    }
}

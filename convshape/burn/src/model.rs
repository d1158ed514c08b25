//! A model as a burn module.

use std::marker::PhantomData;

use burn::module::{Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor};
use burn::tensor::Device;
use convshape::Model;
use convshape::graph::Graph;
use convshape::rand::SeedableRng;
use convshape::rand::rngs::SmallRng;

use crate::{BurnError, BurnGraph, Ports};

/// A checked chain as a burn [`Module`]: on any of burn's devices, with its autodiff, optimisers and training loops.
///
/// Parameters have the chain's names (`enc1.weight`) and the layout of its files. Tensors have the batch axis first,
/// then the axes of the chain's shapes.
pub struct BurnModel<M> {
    graph: BurnGraph,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> BurnModel<M> {
    /// The model on a device. With `device.autodiff()` it can be trained.
    ///
    /// # Errors
    /// If burn cannot express a layer, or a parameter was replaced by one of a different size.
    pub fn from_model(model: &M, device: &Device) -> Result<BurnModel<M>, BurnError> {
        let mut params = Vec::new();
        model.for_each_param(|_, param| params.push(param.as_slice().to_vec()));
        Ok(BurnModel { graph: BurnGraph::new(&Graph::of::<M>(), &params, device)?, model: PhantomData })
    }

    /// The model with the current parameters.
    ///
    /// # Errors
    /// If a device fails.
    pub fn into_model(self) -> Result<M, BurnError> {
        let mut params = self.graph.params()?.into_iter();
        let mut model = M::init(&mut SmallRng::seed_from_u64(0));
        model.for_each_param_mut(|_, param| {
            if let Some(elements) = params.next() {
                param.as_mut_slice().copy_from_slice(&elements);
            }
        });
        Ok(model)
    }
}

impl<M> BurnModel<M> {
    /// Runs a batch. Inputs and outputs are a tensor, or a tuple of tensors in the order of the chain's ports, each
    /// with the batch axis first: `let y: Tensor<4> = model.forward(x)?;`.
    ///
    /// On a device with autodiff, batch normalisation and dropout run as in training, until [`Module::valid`],
    /// [`Module::freeze`] or [`BurnModel::with_training`] says otherwise.
    ///
    /// # Errors
    /// If an input has the wrong shape, or the number of tensors given or requested is wrong.
    pub fn forward<X: Ports, Y: Ports>(&self, inputs: X) -> Result<Y, BurnError> {
        self.graph.forward(inputs)
    }

    /// Whether batch normalisation uses the statistics of the batch and dropout is active, on a device with autodiff.
    /// On by default. If off, gradients are those of convshape's `gradients`, which uses the running statistics.
    #[must_use]
    pub fn with_training(self, is_on: bool) -> BurnModel<M> {
        self.with(|graph| graph.with_training(is_on))
    }

    fn with(self, change: impl FnOnce(BurnGraph) -> BurnGraph) -> BurnModel<M> {
        BurnModel { graph: change(self.graph), model: PhantomData }
    }
}

impl<M> Clone for BurnModel<M> {
    fn clone(&self) -> BurnModel<M> {
        BurnModel { graph: self.graph.clone(), model: PhantomData }
    }
}

impl<M> std::fmt::Debug for BurnModel<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BurnModel({}, {} parameters)", self.graph.graph().name(), self.graph.num_params())
    }
}

impl<M> std::fmt::Display for BurnModel<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl<M> Module for BurnModel<M> {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.graph.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> BurnModel<M> {
        self.with(|graph| graph.fork(device))
    }

    fn to_device(self, device: &Device) -> BurnModel<M> {
        self.with(|graph| graph.to_device(device))
    }

    fn train(self) -> BurnModel<M> {
        self.with(Module::train)
    }

    fn valid(&self) -> BurnModel<M> {
        BurnModel { graph: self.graph.valid(), model: PhantomData }
    }

    fn materialize(self) -> BurnModel<M> {
        self.with(Module::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.graph.visit(visitor);
    }

    fn map<V: ModuleMapper>(self, mapper: &mut V) -> BurnModel<M> {
        self.with(|graph| graph.map(mapper))
    }
}

impl<M> ModuleDisplayDefault for BurnModel<M> {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&self.to_string()).optional()
    }
}

impl<M> ModuleDisplay for BurnModel<M> {}

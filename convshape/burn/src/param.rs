//! One parameter in burn's form.

use burn::module::{Devices, Module, ModuleMapper, ModuleVisitor, Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};
use convshape::graph::Parameter as Spec;

use crate::BurnError;

/// A parameter in the shape and layout of the chain's files. Burn has the number of axes in the type.
#[derive(Clone, Debug)]
pub(crate) enum Parameter {
    Rank1(Param<Tensor<1>>),
    Rank2(Param<Tensor<2>>),
    Rank3(Param<Tensor<3>>),
    Rank4(Param<Tensor<4>>),
    Rank5(Param<Tensor<5>>),
    Rank6(Param<Tensor<6>>),
    /// A running mean or variance: it changes when the model runs, and has no gradient.
    Statistic(RunningState<Tensor<1>>),
}

/// Evaluates one expression for a parameter of whatever rank.
macro_rules! each {
    ($parameter:expr, $inner:ident => $body:expr) => {
        match $parameter {
            Parameter::Rank1($inner) => $body,
            Parameter::Rank2($inner) => $body,
            Parameter::Rank3($inner) => $body,
            Parameter::Rank4($inner) => $body,
            Parameter::Rank5($inner) => $body,
            Parameter::Rank6($inner) => $body,
            Parameter::Statistic($inner) => $body,
        }
    };
}

/// A new parameter made from this one.
macro_rules! map {
    ($parameter:expr, $inner:ident => $body:expr) => {
        match $parameter {
            Parameter::Rank1($inner) => Parameter::Rank1($body),
            Parameter::Rank2($inner) => Parameter::Rank2($body),
            Parameter::Rank3($inner) => Parameter::Rank3($body),
            Parameter::Rank4($inner) => Parameter::Rank4($body),
            Parameter::Rank5($inner) => Parameter::Rank5($body),
            Parameter::Rank6($inner) => Parameter::Rank6($body),
            Parameter::Statistic($inner) => Parameter::Statistic($body),
        }
    };
}

impl Parameter {
    /// A parameter with these elements; there are as many as the chain has.
    pub(crate) fn new(spec: &Spec, elements: &[f32], device: &Device) -> Parameter {
        fn tensor<const D: usize>(elements: &[f32], dims: &[usize], device: &Device) -> Tensor<D> {
            Tensor::from_data(TensorData::new(elements.to_vec(), dims.to_vec()), device)
        }
        fn param<const D: usize>(spec: &Spec, elements: &[f32], dims: &[usize], device: &Device) -> Param<Tensor<D>> {
            Param::from_tensor(tensor(elements, dims, device)).set_require_grad(!spec.role.is_statistic())
        }
        let number = |size: &convshape::graph::Size| size.number().and_then(|size| usize::try_from(size).ok());
        let dims: Vec<usize> = spec.shape.sizes().iter().map(|size| number(size).unwrap_or(0)).collect();
        match (spec.role.is_running(), dims.len()) {
            (true, _) => Parameter::Statistic(RunningState::new(tensor(elements, &[elements.len()], device))),
            (_, 2) => Parameter::Rank2(param(spec, elements, &dims, device)),
            (_, 3) => Parameter::Rank3(param(spec, elements, &dims, device)),
            (_, 4) => Parameter::Rank4(param(spec, elements, &dims, device)),
            (_, 5) => Parameter::Rank5(param(spec, elements, &dims, device)),
            (_, 6) => Parameter::Rank6(param(spec, elements, &dims, device)),
            (_, _) => Parameter::Rank1(param(spec, elements, &[elements.len()], device)),
        }
    }

    /// Its elements in another shape.
    pub(crate) fn reshaped<const D: usize>(&self, dims: [usize; D]) -> Tensor<D> {
        match self {
            Parameter::Rank1(param) => param.val().reshape(dims),
            Parameter::Rank2(param) => param.val().reshape(dims),
            Parameter::Rank3(param) => param.val().reshape(dims),
            Parameter::Rank4(param) => param.val().reshape(dims),
            Parameter::Rank5(param) => param.val().reshape(dims),
            Parameter::Rank6(param) => param.val().reshape(dims),
            Parameter::Statistic(state) => state.value_sync().reshape(dims),
        }
    }

    /// Moves a running statistic by `share` towards `new`.
    pub(crate) fn update(&self, new: Tensor<1>, share: f64) {
        if let Parameter::Statistic(state) = self {
            let old = state.value_sync().to_device(&new.device());
            state.update((old.mul_scalar(1.0 - share) + new.mul_scalar(share)).detach());
        }
    }

    pub(crate) fn is_autodiff(&self) -> bool {
        match self {
            Parameter::Statistic(state) => state.value().is_autodiff(),
            Parameter::Rank1(param) => param.is_autodiff(),
            Parameter::Rank2(param) => param.is_autodiff(),
            Parameter::Rank3(param) => param.is_autodiff(),
            Parameter::Rank4(param) => param.is_autodiff(),
            Parameter::Rank5(param) => param.is_autodiff(),
            Parameter::Rank6(param) => param.is_autodiff(),
        }
    }

    /// Its elements in the order of the chain's files.
    pub(crate) fn elements(&self, name: &str, count: usize) -> Result<Vec<f32>, BurnError> {
        let read = self.reshaped([count]).try_into_vec_as();
        read.map_err(|error| BurnError::Read { name: name.to_owned(), message: format!("{error:?}") })
    }

    pub(crate) fn collect_devices(&self, devices: Devices) -> Devices {
        each!(self, param => param.collect_devices(devices))
    }

    pub(crate) fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        each!(self, param => Module::visit(param, visitor));
    }

    pub(crate) fn map<M: ModuleMapper>(self, mapper: &mut M) -> Parameter {
        map!(self, param => Module::map(param, mapper))
    }

    pub(crate) fn fork(self, device: &Device) -> Parameter {
        map!(self, param => Module::fork(param, device))
    }

    #[expect(clippy::wrong_self_convention, reason = "the name of burn's `Module`")]
    pub(crate) fn to_device(self, device: &Device) -> Parameter {
        map!(self, param => Module::to_device(param, device))
    }

    pub(crate) fn train(self) -> Parameter {
        map!(self, param => Module::train(param))
    }

    pub(crate) fn valid(&self) -> Parameter {
        map!(self, param => Module::valid(param))
    }

    pub(crate) fn materialize(self) -> Parameter {
        map!(self, param => Module::materialize(param))
    }
}

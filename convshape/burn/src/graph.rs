//! A graph with its parameters as a burn module.

use std::borrow::Cow;

use burn::module::{Devices, Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use convshape::Shape;
use convshape::graph::{Graph, Size};

use crate::lower::{self, Run};
use crate::param::Parameter;
use crate::{AnyTensor, BurnError, Ports};

/// The kind of this module in the paths that visitors see.
const CONTAINER: &str = "Struct:BurnModel";
/// The name of the flag that burn's `freeze` clears.
const TRAINING: &str = "training";

/// A graph as a burn module, for code that has no model type: [`BurnModel`](crate::BurnModel) without the chain.
#[derive(Clone, Debug)]
pub struct BurnGraph {
    /// The graph as in the chain, perhaps with symbols.
    graph: Graph,
    /// The graph to run, if no size is a symbol.
    lowered: Option<Graph>,
    params: Vec<Parameter>,
    training: Param<Flag>,
}

impl BurnGraph {
    /// A graph with the elements of its parameters, in their order and layout.
    ///
    /// # Errors
    /// If burn cannot express a layer, or a parameter does not have the graph's number of elements.
    pub fn new(graph: &Graph, params: &[Vec<f32>], device: &Device) -> Result<BurnGraph, BurnError> {
        for node in graph.nodes() {
            lower::check(node)?;
        }
        let mut tensors = Vec::with_capacity(graph.params().len());
        for (index, spec) in graph.params().iter().enumerate() {
            let elements = params.get(index).map_or(&[][..], Vec::as_slice);
            let (found, expected) = (elements.len(), spec.elements.len());
            if found != expected {
                return Err(BurnError::Param { name: spec.name.clone(), found, expected });
            }
            tensors.push(Parameter::new(spec, elements, device));
        }
        let lowered = if graph.symbols().is_empty() { Some(graph.lowered()?) } else { None };
        Ok(BurnGraph { graph: graph.clone(), lowered, params: tensors, training: Param::from_bool(true) })
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The elements of its parameters, in their order and layout.
    ///
    /// # Errors
    /// If a device fails.
    pub fn params(&self) -> Result<Vec<Vec<f32>>, BurnError> {
        let specs = self.graph.params().iter();
        specs.zip(&self.params).map(|(spec, param)| param.elements(&spec.name, spec.elements.len())).collect()
    }

    /// Whether batch normalisation uses the statistics of the batch and dropout is active, on a device with autodiff.
    /// On by default. If off, gradients are those with running statistics.
    #[must_use]
    pub fn with_training(self, is_on: bool) -> BurnGraph {
        BurnGraph { training: self.training.with_value(is_on), ..self }
    }

    /// Runs a batch: see [`BurnModel::forward`](crate::BurnModel::forward).
    ///
    /// # Errors
    /// If an input has the wrong shape, or the number of tensors given or requested is wrong.
    pub fn forward<X: Ports, Y: Ports>(&self, inputs: X) -> Result<Y, BurnError> {
        if let Some(found) = Y::COUNT {
            self.check_ports("outputs", found, self.graph.outputs().len())?;
        }
        Y::from_tensors(self.run(inputs.into_tensors())?)
    }

    fn run(&self, inputs: Vec<AnyTensor>) -> Result<Vec<AnyTensor>, BurnError> {
        self.check_ports("inputs", inputs.len(), self.graph.inputs().len())?;
        let graph = self.bound(&inputs)?;
        let batch = inputs[0].dims[0];
        let dims = |shape: &Shape| std::iter::once(batch).chain(lower::sizes(shape)).collect::<Vec<_>>();
        for (port, input) in graph.inputs().iter().zip(&inputs) {
            if input.dims[0] != batch {
                return Err(BurnError::Batch { input: port.name.clone(), found: input.dims[0], expected: batch });
            }
        }
        let outputs = graph.outputs().iter().map(|port| dims(graph.shape(port.value)));
        if batch == 0 {
            let device = inputs[0].flat.device();
            return Ok(outputs.map(|dims| AnyTensor { dims, flat: Tensor::zeros([0], &device) }).collect());
        }
        let on_autodiff =
            self.params.iter().any(Parameter::is_autodiff) || inputs.iter().any(|input| input.flat.is_autodiff());
        let training = self.training.val().is_enabled() && on_autodiff;
        let flat = inputs.into_iter().map(|input| input.flat).collect();
        let values = Run::new(&graph, &self.params, training, batch).outputs(flat)?;
        Ok(outputs.zip(values).map(|(dims, flat)| AnyTensor { dims, flat }).collect())
    }

    fn with_params(self, change: impl FnMut(Parameter) -> Parameter) -> BurnGraph {
        BurnGraph { params: self.params.into_iter().map(change).collect(), ..self }
    }

    fn check_ports(&self, ports: &'static str, found: usize, expected: usize) -> Result<(), BurnError> {
        if found == expected {
            return Ok(());
        }
        Err(BurnError::Ports { chain: self.graph.name().to_owned(), ports, found, expected })
    }

    /// The graph to run on inputs of these sizes.
    fn bound(&self, inputs: &[AnyTensor]) -> Result<Cow<'_, Graph>, BurnError> {
        let graph = match &self.lowered {
            Some(graph) => Cow::Borrowed(graph),
            None => Cow::Owned(self.graph.bind(&self.symbols(inputs))?.lowered()?),
        };
        for (port, input) in graph.inputs().iter().zip(inputs) {
            let sizes = input.dims.get(1..).unwrap_or_default();
            if input.dims.is_empty() || sizes != lower::sizes(graph.shape(port.value)) {
                let (input, found) = (port.name.clone(), input.dims.clone());
                let value = self.graph.inputs().iter().find(|port| port.name == input).map_or(0, |port| port.value);
                return Err(BurnError::Input { input, found, expected: *self.graph.shape(value) });
            }
        }
        Ok(graph)
    }

    /// The values of the symbols for the sizes of the inputs.
    fn symbols(&self, inputs: &[AnyTensor]) -> Vec<(&'static str, i64)> {
        let mut values = Vec::new();
        for (port, input) in self.graph.inputs().iter().zip(inputs) {
            let shape = self.graph.shape(port.value);
            for (size, &found) in shape.sizes().iter().zip(input.dims.iter().skip(1)) {
                if let Size::Symbolic { scale, symbol, offset } = *size {
                    let value = i64::try_from(found).unwrap_or(i64::MAX).saturating_sub(offset) / scale;
                    values.push((shape.scope()[usize::from(symbol)].name, value));
                }
            }
        }
        values
    }
}

impl Module for BurnGraph {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.params.iter().fold(devices, |devices, param| param.collect_devices(devices))
    }

    fn fork(self, device: &Device) -> BurnGraph {
        self.with_params(|param| param.fork(device))
    }

    fn to_device(self, device: &Device) -> BurnGraph {
        self.with_params(|param| param.to_device(device))
    }

    fn train(self) -> BurnGraph {
        let training = self.training.clone().train();
        BurnGraph { training, ..self.with_params(Parameter::train) }
    }

    fn valid(&self) -> BurnGraph {
        let params = self.params.iter().map(Parameter::valid).collect();
        let training = self.training.valid();
        BurnGraph { graph: self.graph.clone(), lowered: self.lowered.clone(), params, training }
    }

    fn materialize(self) -> BurnGraph {
        self.with_params(Parameter::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        for (spec, param) in self.graph.params().iter().zip(&self.params) {
            spec.name.split('.').for_each(|part| visitor.enter_module(part, CONTAINER));
            param.visit(visitor);
            spec.name.rsplit('.').for_each(|part| visitor.exit_module(part, CONTAINER));
        }
        visitor.enter_module(TRAINING, CONTAINER);
        self.training.visit(visitor);
        visitor.exit_module(TRAINING, CONTAINER);
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> BurnGraph {
        let mut params = Vec::with_capacity(self.params.len());
        for (spec, param) in self.graph.params().iter().zip(self.params) {
            spec.name.split('.').for_each(|part| mapper.enter_module(part, CONTAINER));
            params.push(param.map(mapper));
            spec.name.rsplit('.').for_each(|part| mapper.exit_module(part, CONTAINER));
        }
        mapper.enter_module(TRAINING, CONTAINER);
        let training = Module::map(self.training, mapper);
        mapper.exit_module(TRAINING, CONTAINER);
        BurnGraph { params, training, ..self }
    }
}

//! A graph that runs without a type of its own.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::graph::{Graph, GraphError, Parameter};
use convshape_arith::shape::Shape;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use crate::cpu::{Engine, Level, Spares};
use crate::methods::batch::{copied_elements, elements_of};
use crate::model::error::PlanError;
use crate::model::param::{AxisSizes, Param};
use crate::model::workspace::is_allocatable;

/// A graph with its parameters, ready to run: for tools that read a chain or a file at run time and have no type for
/// it. It uses the same kernels as compiled models.
///
/// ```
/// use convshape::graph::op::Activation;
/// use convshape::graph::{AxisOrder, Graph, Op};
/// use convshape::ndarray::arr2;
/// use convshape::{GraphModel, Shape};
///
/// let mut graph = Graph::new("Net", AxisOrder::ChannelsFirst);
/// let x = graph.input("input", Shape::of(&[2]));
/// let y = graph.push("relu", Op::Activation(Activation::Relu), &[x])?;
/// graph.output("output", y)?;
/// let model = GraphModel::new(graph, Vec::new())?;
/// let outputs = model.forward_batch(&[arr2(&[[1.0, -1.0]]).view().into_dyn()])?;
/// assert_eq!(outputs[0], arr2(&[[1.0, 0.0]]).into_dyn());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GraphModel {
    graph: Graph,
    engine: Engine,
}

/// Why a graph cannot run.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The graph cannot be built for its shapes.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A size is a symbol; [`Graph::bind`] puts a number in its place.
    #[error("a size of the graph is a symbol")]
    Symbols,
    /// The wrong number of parameters.
    #[error("the graph has {expected} parameters, found {found}")]
    Params {
        /// The number given.
        found: usize,
        /// The number in the graph.
        expected: usize,
    },
    /// A parameter with the wrong number of elements.
    #[error("the parameter `{param}` has shape {shape}, found {found} elements")]
    Param {
        /// Its name in files.
        param: String,
        /// Its number of elements.
        found: usize,
        /// Its shape.
        shape: Shape,
    },
    /// The wrong number of inputs.
    #[error("the graph has {expected} inputs, found {found}")]
    Inputs {
        /// The number given.
        found: usize,
        /// The number in the graph.
        expected: usize,
    },
    /// An input has the wrong shape, or a different number of samples than the first input.
    #[error("`{input}` is a batch of shape {expected}, found an array of shape {found:?}")]
    Input {
        /// The input.
        input: String,
        /// The array's shape.
        found: Vec<usize>,
        /// The shape of a sample.
        expected: Shape,
    },
    /// The batch, or its outputs, are larger than memory.
    #[error("a batch of {batch} is larger than memory")]
    Memory {
        /// How many samples there are.
        batch: usize,
    },
    /// The planner does not know a layer: a bug in this library.
    #[error("convshape has no plan for `{layer}`; this is a bug, please report it")]
    Unplanned {
        /// The layer.
        layer: String,
    },
}

impl From<PlanError> for RunError {
    fn from(error: PlanError) -> RunError {
        match error {
            PlanError::Layer(error) => RunError::Graph(error),
            PlanError::Symbols => RunError::Symbols,
            PlanError::Unplanned { layer } => RunError::Unplanned { layer },
        }
    }
}

impl GraphModel {
    /// A graph with its parameters: the elements of each of [`Graph::params`], in row-major order.
    ///
    /// # Errors
    /// If a size of the graph is a symbol, or the parameters do not match the graph.
    pub fn new(graph: Graph, params: Vec<Vec<f32>>) -> Result<GraphModel, RunError> {
        let expected = graph.params().len();
        if params.len() != expected {
            return Err(RunError::Params { found: params.len(), expected });
        }
        let param = |(param, elements): (&Parameter, Vec<f32>)| {
            let (found, shape) = (elements.len(), param.shape);
            match found == param.elements.len() {
                true => Ok(Param::new(AxisSizes::of(&shape), elements)),
                false => Err(RunError::Param { param: param.name.clone(), found, shape }),
            }
        };
        let params: Vec<Param> = graph.params().iter().zip(params).map(param).collect::<Result<_, _>>()?;
        let params: Vec<&Param> = params.iter().collect();
        let engine = Engine::new(&graph.lowered()?, &params, Level::best(), Arc::new(Spares::default()))?;
        Ok(GraphModel { engine, graph })
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Runs a batch. The first axis of every array is the batch, the others are those of the graph's inputs and
    /// outputs.
    ///
    /// # Errors
    /// If the inputs do not match the graph, or they or the outputs are larger than memory.
    pub fn forward_batch(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, RunError> {
        let batch = self.batch(inputs)?;
        if !is_allocatable(copied_elements(inputs)) {
            return Err(RunError::Memory { batch });
        }
        let dense: Vec<Cow<'_, [f32]>> = inputs.iter().map(elements_of).collect();
        let dense: Vec<&[f32]> = dense.iter().map(|elements| &**elements).collect();
        let sizes: Vec<Vec<usize>> = self.engine.outputs().iter().map(|shape| batched(batch, shape)).collect();
        let counts: Vec<Option<usize>> = sizes.iter().map(|sizes| count(sizes)).collect();
        let total = counts.iter().try_fold(0_usize, |sum, count| sum.checked_add((*count)?));
        if !is_allocatable(total) {
            return Err(RunError::Memory { batch });
        }
        let mut outputs: Vec<Vec<f32>> = counts.into_iter().map(|count| vec![0.0; count.unwrap_or(0)]).collect();
        let mut slices: Vec<&mut [f32]> = outputs.iter_mut().map(|output| &mut output[..]).collect();
        self.engine.run(batch, &dense, &mut slices);
        let arrays = sizes.into_iter().zip(outputs).map(|(sizes, output)| {
            ArrayD::from_shape_vec(IxDyn(&sizes), output).map_err(|_| RunError::Memory { batch })
        });
        arrays.collect()
    }

    /// Runs a batch several times, for at least 0.3 seconds, and reports how long each layer took. Fused layers have one
    /// row. `None` on targets without a clock, such as `wasm32-unknown-unknown`.
    ///
    /// # Errors
    /// Those of [`GraphModel::forward_batch`].
    #[cfg(feature = "std")]
    pub fn profile(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Option<crate::Profile>, RunError> {
        let outputs = self.forward_batch(inputs)?;
        let batch = outputs.first().map_or(0, |output| output.len_of(Axis(0)));
        let dense: Vec<Cow<'_, [f32]>> = inputs.iter().map(elements_of).collect();
        let kind = |name: &str| {
            let node = self.graph.nodes().iter().find(|node| node.name == name)?;
            // The name of the variant.
            let text = alloc::format!("{:?}", node.op);
            let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
            Some((text[..end].into(), *self.graph.shape(*node.outputs.first()?)))
        };
        Ok(crate::methods::profile::of_engine(self.graph.name(), &self.engine, batch, &dense, &kind))
    }

    /// The number of samples in the inputs.
    fn batch(&self, inputs: &[ArrayViewD<'_, f32>]) -> Result<usize, RunError> {
        let ports = self.graph.inputs();
        if inputs.len() != ports.len() {
            return Err(RunError::Inputs { found: inputs.len(), expected: ports.len() });
        }
        let batch = inputs.first().and_then(|input| input.shape().first()).copied().unwrap_or(0);
        for (port, input) in ports.iter().zip(inputs) {
            let expected = *self.graph.shape(port.value);
            if input.shape() != batched(batch, &expected) {
                let (name, found) = (port.name.clone(), input.shape().to_vec());
                return Err(RunError::Input { input: name, found, expected });
            }
        }
        Ok(batch)
    }
}

/// The sizes of a batch of samples.
fn batched(batch: usize, shape: &Shape) -> Vec<usize> {
    let sizes = shape.numbers().unwrap_or_default();
    core::iter::once(batch).chain(sizes[..shape.rank()].iter().copied()).collect()
}

fn count(sizes: &[usize]) -> Option<usize> {
    sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size))
}

impl core::fmt::Debug for GraphModel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "GraphModel({})", self.graph.name())
    }
}

#[cfg(test)]
mod tests {
    use convshape_arith::op::{AxisOrder, Dialect, Op};
    use convshape_arith::size::{Size, Symbol};
    use ndarray::{Array2, arr2};

    use super::*;

    fn linear() -> Graph {
        let mut graph = Graph::new("Net", AxisOrder::ChannelsFirst);
        let x = graph.input("input", Shape::of(&[2]));
        let op = Op::Linear { dialect: Dialect::Torch, inputs: None, outputs: 1, bias: true };
        let y = graph.push("line", op, &[x]).unwrap();
        graph.output("output", y).unwrap();
        graph
    }

    #[test]
    fn a_graph_gives_its_numbers() {
        let model = GraphModel::new(linear(), [[2.0, 3.0].to_vec(), [0.5].to_vec()].to_vec()).unwrap();
        let x = arr2(&[[1.0, 10.0], [100.0, 1000.0]]);
        let given = model.forward_batch(&[x.view().into_dyn()]).unwrap();
        assert_eq!(given, [arr2(&[[32.5], [3200.5]]).into_dyn()]);
        let given = model.forward_batch(&[x.t().into_dyn()]).unwrap();
        assert_eq!(given, [arr2(&[[302.5], [3020.5]]).into_dyn()]);
    }

    #[test]
    #[cfg(feature = "std")]
    fn a_profile_names_the_operations() {
        let model = GraphModel::new(linear(), [[2.0, 3.0].to_vec(), [0.5].to_vec()].to_vec()).unwrap();
        let profile = model.profile(&[arr2(&[[1.0, 10.0]]).view().into_dyn()]).unwrap().unwrap();
        let rows: Vec<_> = profile.rows().iter().filter(|row| !row.layers.is_empty()).collect();
        assert_eq!((&rows[0].layers[..], &rows[0].op[..], rows[0].macs), ("line", "Linear", 2));
        assert_eq!(rows[0].output, Some(Shape::of(&[1])));
    }

    /// A batch of more bytes than any memory.
    const ENDLESS: usize = usize::MAX / 4;

    #[test]
    fn what_does_not_fit_is_an_error() {
        let elements = |counts: &[usize]| counts.iter().map(|&count| vec![1.0; count]).collect::<Vec<_>>();
        let error = |counts: &[usize]| GraphModel::new(linear(), elements(counts)).unwrap_err();
        assert_eq!(error(&[2]), RunError::Params { found: 1, expected: 2 });
        assert!(matches!(error(&[3, 1]), RunError::Param { found: 3, .. }));
        const N: &[Symbol] = &[Symbol { name: "n", low: 1, high: 9 }];
        let any = Shape::new(&[Size::Symbolic { scale: 1, symbol: 0, offset: 0 }, Size::Number(2)], N);
        let symbolic = linear().with_inputs(&[any]).unwrap();
        assert_eq!(GraphModel::new(symbolic, elements(&[2, 1])).unwrap_err(), RunError::Symbols);
        let model = GraphModel::new(linear(), elements(&[2, 1])).unwrap();
        assert_eq!(model.forward_batch(&[]).unwrap_err(), RunError::Inputs { found: 0, expected: 1 });
        let wide = Array2::<f32>::zeros((1, 3)).into_dyn();
        assert!(matches!(model.forward_batch(&[wide.view()]).unwrap_err(), RunError::Input { .. }));
        let scalar = ArrayD::<f32>::zeros(IxDyn(&[]));
        assert!(matches!(model.forward_batch(&[scalar.view()]).unwrap_err(), RunError::Input { .. }));
        let endless = ArrayD::<f32>::zeros(IxDyn(&[1, 2]));
        let endless = endless.broadcast(IxDyn(&[ENDLESS, 2])).unwrap();
        assert_eq!(model.forward_batch(&[endless]).unwrap_err(), RunError::Memory { batch: ENDLESS });
        let none = Array2::<f32>::zeros((0, 2)).into_dyn();
        assert_eq!(model.forward_batch(&[none.view()]).unwrap()[0].shape(), [0, 1]);
    }
}

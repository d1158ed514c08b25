//! A model as an ONNX file.
//!
//! Uses the operators of opset 17, which every current engine supports. Inputs and outputs keep the chain's order of
//! axes. Inside, layers with spatial axes have the channels first, as ONNX requires, and each value is transposed at
//! most once.

mod along;
mod attention;
mod attribute;
mod conv;
mod error;
mod layers;
mod norm;
mod pool;
mod recurrent;
mod resize;
mod weights;
mod writer;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use convshape::Model;
use convshape::graph::{AxisOrder, Graph, Op};

pub use self::error::ExportError;

use self::writer::{FileValue, Writer};

/// The model as an ONNX file.
///
/// The first axis of every input and output is the batch, named `batch`; symbols keep their names (`16*h`). The file
/// has the shape of every value.
///
/// # Errors
/// If ONNX cannot express a layer.
pub fn to_bytes<M: Model>(model: &M) -> Result<Vec<u8>, ExportError> {
    let mut params = Vec::new();
    model.for_each_param(|_, param| params.push(param.as_slice().to_vec()));
    graph_to_bytes(&Graph::of::<M>(), &params)
}

/// Writes [`to_bytes`] to a file.
///
/// # Errors
/// Those of [`to_bytes`], and if the file cannot be written; an existing file is then unchanged.
pub fn save<M: Model>(model: &M, path: impl AsRef<Path>) -> Result<(), ExportError> {
    let (bytes, path) = (to_bytes(model)?, path.as_ref());
    // Written next to the old file and then renamed, so that nobody sees half of it.
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
        ExportError::Io { path: path.to_owned(), error }
    })
}

/// A graph as an ONNX file, with the elements of its parameters in their order and layout.
///
/// # Errors
/// If ONNX cannot express a layer, or a parameter does not have the graph's number of elements.
pub fn graph_to_bytes(graph: &Graph, params: &[Vec<f32>]) -> Result<Vec<u8>, ExportError> {
    for (index, param) in graph.params().iter().enumerate() {
        let found = params.get(index).map_or(0, Vec::len);
        if found != param.elements.len() {
            return Err(ExportError::Param { name: param.name.clone(), found, expected: param.elements.len() });
        }
    }
    let mut export = Export::new(graph, params);
    let needed = needed(graph);
    for node in graph.nodes().iter().filter(|node| node.outputs.iter().any(|&value| needed[value])) {
        export.writer.begin(&node.name);
        let output = layers::layer(&mut export, node)?;
        export.give(node.outputs[0], output);
    }
    export.outputs();
    Ok(export.writer.finish(graph))
}

/// Which values the file has: those that an output depends on, except what becomes the numbers of a kernel.
fn needed(graph: &Graph) -> Vec<bool> {
    let mut needed = vec![false; graph.values().len()];
    graph.outputs().iter().for_each(|port| needed[port.value] = true);
    for node in graph.nodes().iter().rev() {
        if node.outputs.iter().any(|&value| needed[value]) {
            let read = if matches!(node.op, Op::Conv(_)) { &node.inputs[..1] } else { &node.inputs };
            read.iter().for_each(|&value| needed[value] = true);
        }
    }
    needed
}

/// A value of the chain, in the orders of axes in which the file has it.
#[derive(Clone, Default)]
struct ValueForms {
    /// In the chain's order.
    natural: Option<FileValue>,
    /// With the channels first.
    first: Option<FileValue>,
}

/// A tensor of the file, and whether its channels are first (or both orders are the same).
enum Output {
    Natural(FileValue),
    First(FileValue),
}

/// An export in progress.
struct Export<'a> {
    graph: &'a Graph,
    params: &'a [Vec<f32>],
    values: Vec<ValueForms>,
    /// For each run of a recurrent layer, the nodes that compute it.
    runs: HashMap<usize, recurrent::Run>,
    writer: Writer,
}

impl<'a> Export<'a> {
    fn new(graph: &'a Graph, params: &'a [Vec<f32>]) -> Export<'a> {
        let mut writer = Writer::default();
        let mut values = vec![ValueForms::default(); graph.values().len()];
        // Ports first, so that they keep their names.
        for port in graph.outputs() {
            writer.reserve(&port.name);
        }
        for port in graph.inputs() {
            values[port.value].natural = Some(writer.input(&port.name, *graph.shape(port.value)));
        }
        Export { graph, params, values, runs: HashMap::new(), writer }
    }

    fn channels_last(&self) -> bool {
        self.graph.order() == AxisOrder::ChannelsLast
    }

    fn give(&mut self, value: usize, output: Output) {
        if self.runs.contains_key(&value) {
            // Its outputs have the layer's name.
            return;
        }
        let slot = &mut self.values[value];
        match output {
            Output::Natural(tensor) => slot.natural = Some(self.writer.end(tensor)),
            Output::First(tensor) => slot.first = Some(self.writer.end(tensor)),
        }
    }

    /// A value in the order of the chain.
    fn natural(&mut self, value: usize) -> FileValue {
        let known = self.values[value].clone();
        match (known.natural, known.first) {
            (Some(tensor), _) => tensor,
            (None, Some(first)) => {
                let rank = first.shape.rank();
                let axes: Vec<usize> = (1..rank).chain([0]).collect();
                let tensor = if self.reordered(rank) { self.writer.transpose(&first, &axes) } else { first };
                self.writer.keep(&tensor);
                self.values[value].natural = Some(tensor.clone());
                tensor
            }
            (None, None) => unreachable!("nodes read values of earlier ones"),
        }
    }

    /// A value with the channels first.
    fn first(&mut self, value: usize) -> FileValue {
        let known = self.values[value].clone();
        match (known.natural, known.first) {
            (_, Some(tensor)) => tensor,
            (Some(natural), None) => {
                let rank = natural.shape.rank();
                let axes: Vec<usize> = [rank - 1].into_iter().chain(0..rank - 1).collect();
                let tensor = if self.reordered(rank) { self.writer.transpose(&natural, &axes) } else { natural };
                self.writer.keep(&tensor);
                self.values[value].first = Some(tensor.clone());
                tensor
            }
            (None, None) => unreachable!("nodes read values of earlier ones"),
        }
    }

    /// Whether the two orders differ for values with that many axes.
    fn reordered(&self, rank: usize) -> bool {
        self.channels_last() && rank > 1
    }

    /// The chain's outputs, under their names.
    fn outputs(&mut self) {
        for port in self.graph.outputs() {
            let tensor = self.natural(port.value);
            self.values[port.value].natural = Some(self.writer.output(&port.name, &tensor));
        }
    }
}
